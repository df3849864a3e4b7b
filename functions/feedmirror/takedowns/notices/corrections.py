"""What is to be changed about a credit, as far as the words say it."""

from feedmirror.takedowns.notices.hearing import Hearing, Remark
from feedmirror.takedowns.notices.notice import Correction
from feedmirror.takedowns.notices.reaching import author_name
from feedmirror.takedowns.notices.targets import written_address

_KINDS = ("author", "link", "publisher", "rights")


def correction_of(heard: Hearing) -> Correction:
    """Return the correction that a text asks for; the most that one phrase says of it counts."""
    what = next((kind for kind in _KINDS if heard.says(f"correction.{kind}")), "")
    changes = [_change(remark) for remark in heard.remarks if remark.name == "correction.changes"]
    old, new, is_link = max(changes, key=_worth, default=("", "", False))
    if is_link:
        what = "link"
    return Correction(what, old=old, new=new)


def _change(remark: Remark) -> tuple[str, str, bool]:
    links = [value for name, value in remark.slots if name == "link"]
    if links:
        return (links[0] if len(links) > 1 else "", links[-1], True)
    old, new = remark.slot("old"), remark.slot("new")
    if address := _address_in(new):
        return _address_in(old), address, True
    return author_name(old), author_name(new), False


def _address_in(words: str) -> str:
    """Return the first word that is an address with a path or a scheme, or nothing."""
    return next((word for word in words.split() if "/" in word and written_address(word)), "")


def _worth(change: tuple[str, str, bool]) -> tuple[int, int]:
    old, new, _ = change
    return (bool(old) + bool(new), len(old) + len(new))
