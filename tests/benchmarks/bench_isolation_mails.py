"""What it costs to read mails in a child process, beside reading them in this one.

``python tests/benchmarks/bench_isolation_mails.py [rounds]`` reads the fifty mails of tests/mails,
one with a signature whose key DNS is asked for, and mails that are made to be slow. What counts is
the time of a processor, in both processes; of several rounds the least. Only on Linux.
"""

import json
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from builders import a_mirror
from feedmirror.adapters.isolation.child_process import ChildProcess
from feedmirror.adapters.isolation.codec import to_json
from feedmirror.adapters.isolation.mail_reader import IsolatedMailReader, mail_child
from feedmirror.takedowns.reading.understanding import Understanding
from feedmirror.takedowns.reading.understood import MailReader
from feedmirror.takedowns.senders.receipt import Receipt, Verdict, mailbox_key
from signed_mail import Zone, a_key, a_mail, signed

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MIRROR = a_mirror()
MAILS = sorted((Path(__file__).parents[1] / "mails").glob("*.eml"))
ZONE = Zone({"sel._domainkey.news.example": (a_key().record(),)})
HEADERS = {
    "From": "Ann <ann@news.example>",
    "To": MIRROR.contact,
    "Subject": "Please",
    "Date": "Sun, 22 Nov 2026 11:00:00 +0000",
    "Message-ID": "<1@news.example>",
}
SIGNED = signed(a_mail(HEADERS), "news.example")
RECEIPT = Receipt(
    ses_id="one",
    received=NOW,
    from_keys=(mailbox_key("ann@news.example"),),
    dkim=Verdict.PASS,
    dmarc=Verdict.GRAY,
)
SLOW = {
    "6,000 words that all ask": b"From: a@example.com\n\n" + b"remove it " * 50_000,
    "100,000 bare hosts": b"From: a@example.com\n\n" + b"a.it " * 100_000,
    "60,000 nested tags": b"Content-Type: text/html\n\n" + b"<div><b>" * 60_000,
    "2 MB of addresses": b"From: a@example.com\n\n" + b"http://a.example/ " * 110_000,
    "40 MB": b"From: a@example.com\n\n" + b"a" * 40_000_000,
}


def spent(child: ChildProcess | None) -> float:
    """Return the seconds of a processor that this process and a child have had."""
    own = time.process_time()
    if child is None or child.pid is None:
        return own
    return own + int(Path(f"/proc/{child.pid}/schedstat").read_text("ascii").split()[0]) / 1e9


def least(reader: MailReader, mails: Sequence[bytes], rounds: int) -> float:
    """Return the milliseconds of a processor that it takes to read a mail."""
    child = reader.child if isinstance(reader, IsolatedMailReader) else None
    found = []
    for _ in range(rounds):
        began = spent(child)
        for raw in mails:
            reader.read(raw, RECEIPT, judged=NOW)
        found.append((spent(child) - began) / len(mails) * 1000)
    return min(found)


def starts(rounds: int) -> tuple[float, float]:
    """Return the milliseconds of a first mail: by the clock, at the least, and of a processor."""
    clock = []
    before, own = resource.getrusage(resource.RUSAGE_CHILDREN), time.process_time()
    for _ in range(rounds):
        child = mail_child()
        began = time.perf_counter()
        IsolatedMailReader(child, MIRROR, ZONE).read(SIGNED, RECEIPT, judged=NOW)
        clock.append(time.perf_counter() - began)
        child.close()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    processor += time.process_time() - own
    return min(clock) * 1000, processor / rounds * 1000


def table(rounds: int) -> Iterator[str]:
    """Yield what is printed."""
    clock, processor = starts(rounds)
    yield f"the first mail: {clock:.0f} ms, {processor:.0f} of a processor"
    child = mail_child()
    there, here = IsolatedMailReader(child, MIRROR, ZONE), Understanding(MIRROR, ZONE)
    raws = [path.read_bytes() for path in MAILS]
    for reader in (there, here):
        least(reader, raws, 1)
    for name, mails in (("each of fifty mails", raws), ("a signed mail", [SIGNED] * 20)):
        apart, inside = (least(reader, mails, rounds) for reader in (there, here))
        yield f"{name}: {apart:.1f} ms apart, {inside:.1f} here, {apart - inside:.1f} more"
    sizes = [len(json.dumps(to_json(there.read(raw, RECEIPT, judged=NOW)))) for raw in raws]
    yield f"what is handed on of a mail: {max(sizes):,} bytes at the most"
    for name, raw in SLOW.items():
        yield f"{name}: {least(there, [raw], 1):.0f} ms"
    status = Path(f"/proc/{child.pid}/status").read_text("ascii").splitlines()
    largest = dict(line.split(":", 1) for line in status)["VmHWM"].split()[0]
    yield f"the child at the most: {int(largest) // 1024} MB"
    child.close()


def main() -> None:
    """Print the table."""
    for line in table(int(sys.argv[1]) if len(sys.argv) > 1 else 5):
        print(line)  # noqa: T201 -- what a benchmark is for


if __name__ == "__main__":
    main()
