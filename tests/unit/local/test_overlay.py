import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from feedmirror.adapters.sqlite import SqliteStore
from feedmirror.local.overlay import OverlayStore
from feedmirror.ports.object_store import Content, LostConditionError, ObjectStore

# Keys whose order by UTF-8 bytes is not that of UTF-16, and one that begins another.
KEYS = ("a", "a/b", "a/c", "b", "é", "\uffee", "\U0001f600")
# A put names a key, a body, and what it is to replace: nothing, what is there, or what is not.
PUTS = st.lists(
    st.tuples(
        st.sampled_from(KEYS), st.binary(max_size=3), st.sampled_from(["new", "right", "wrong"])
    ),
    max_size=12,
)


def put(store: ObjectStore, key: str, body: bytes, *, replaces: str) -> str:
    """Put as a job does, and tell what came of it."""
    present = store.head(key)
    etag = {"new": None, "right": present.etag if present else '"0"', "wrong": '"0"'}[replaces]
    try:
        return store.put(key, Content(body, "text/plain"), replaces=etag)
    except LostConditionError:
        return "lost"


def listed(store: ObjectStore) -> dict[tuple[str, str], list[tuple[str, str, int]]]:
    return {
        (prefix, after): [(s.key, s.etag, s.size) for s in store.list(prefix, after=after)]
        for prefix in ("", "a", "a/", "z")
        for after in ("", "a", "a/b", "é")
    }


@given(before=PUTS, after=PUTS)
@settings(max_examples=40, deadline=None)
def test_an_overlay_behaves_as_the_store_would_and_leaves_it_as_it_is(
    before: list[tuple[str, bytes, str]], after: list[tuple[str, bytes, str]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        real, twin = (SqliteStore(Path(folder) / "store", name) for name in ("real", "twin"))
        for store in (real, twin):
            for key, body, replaces in before:
                put(store, key, body, replaces=replaces)
        untouched = listed(real)
        overlay = OverlayStore(real)

        for key, body, replaces in after:
            assert put(overlay, key, body, replaces=replaces) == put(
                twin, key, body, replaces=replaces
            )

        assert listed(overlay) == listed(twin)
        assert [overlay.get(key) for key in KEYS] == [twin.get(key) for key in KEYS]
        assert listed(real) == untouched
        real.close()
        twin.close()
