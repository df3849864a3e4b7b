from threading import Thread

import pytest

from feedmirror.adapters.lookups import Looked, Lookups


def test_a_name_for_which_the_system_has_no_thread_waits_for_the_next_that_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lookups: Lookups[str] = Lookups(wake=lambda: None)

    def refuse(_: Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(Thread, "start", refuse)
        assert lookups.ask("one.invalid", "first") is None
        assert lookups.take() == []
    monkeypatch.setattr(
        "feedmirror.adapters.lookups._looked_up", lambda name: Looked((f"address of {name}",))
    )
    monkeypatch.setattr(Thread, "start", Thread.run)  # so that it has ended when it has begun
    assert lookups.ask("two.invalid", "second") is None

    assert lookups.take() == [
        ("first", Looked(("address of one.invalid",))),
        ("second", Looked(("address of two.invalid",))),
    ]
    assert lookups.ask("one.invalid", "third") == Looked(("address of one.invalid",))
