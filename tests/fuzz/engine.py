"""One target under the coverage-guided fuzzer, in a process of its own.

``python tests/fuzz/engine.py TARGET FOLDER LIBFUZZER-OPTION...``: what fails is written to
``FOLDER/findings``, what reaches new branches to ``FOLDER/corpus``.
"""

import resource
import sys
import time
from itertools import islice
from pathlib import Path

import atheris

sys.path[:0] = [str(Path(__file__).parents[1])]

# Whose branches the fuzzer sees, as far as a target imports them.
_INSTRUMENTED = ["feedmirror", "feedparser", "dkim", "protego"]
# What matches every word of a mail with every phrase would be all that the time is spent on.
_SLOW = ["feedmirror.takedowns.notices.phrases", "feedmirror.takedowns.notices.hearing"]
_MOST_MEMORY = 3 * 2**30  # bytes of addresses, the fuzzer's own among them
_MOST_SECONDS = 4.0  # of processor time for one input: instrumented code takes twice its time
_MOST_SEEDS = 150


def main() -> None:
    """Fuzz one target until libFuzzer's options end it, or something is found."""
    name, folder, *options = sys.argv[1:]
    with atheris.instrument_imports(include=_INSTRUMENTED, exclude=_SLOW):
        from fuzz.mutation import Mutator  # noqa: PLC0415 -- within the instrumentation
        from fuzz.registry import target_named  # noqa: PLC0415 -- as above

        target = target_named(name)
        whole = (seed for seed in target.seeds() if len(seed) <= target.longest)
        seeds = list(islice(whole, _MOST_SEEDS))
        for seed in seeds:  # also instruments what is imported late
            target.run(seed)

    corpus, findings = Path(folder) / "corpus", Path(folder) / "findings"
    for each in (corpus, findings):
        each.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))

    def once(data: bytes) -> None:
        began = time.process_time()
        target.run(data)
        took = time.process_time() - began
        assert took <= _MOST_SECONDS, f"{took:.1f} seconds for {len(data)} bytes"

    def plain(data: bytes, longest: int) -> bytes:
        mutated: bytes = atheris.Mutate(data, longest)  # which Setup() puts another in place of
        return mutated

    mutator = Mutator(target.tokens, target.grain, seeds, plain)
    arguments = [f"-max_len={target.longest}", f"-artifact_prefix={findings}/", *options]
    atheris.Setup([sys.argv[0], *arguments, str(corpus)], once, custom_mutator=mutator)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
