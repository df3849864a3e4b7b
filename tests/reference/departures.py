"""The table of departures from the protocol, and what found each: the simulator or the model."""

from model.variants import VARIANTS
from reference.markdown import table
from simulator.planted import FOUND, SEARCHED


def departures() -> str:
    """Return each departure, the first seed that finds it in the code, and the model's scenario."""
    return table(
        ("departure", "planted into the code, the simulator finds it", "the model finds it in"),
        ((name, _by_simulator(name), f"“{VARIANTS[name].scenario}”") for name in VARIANTS),
    )


def _by_simulator(name: str) -> str:
    if name not in FOUND:
        return "not planted"
    seed = FOUND[name]
    return f"not in {SEARCHED} seeds" if seed is None else f"by seed {seed}"
