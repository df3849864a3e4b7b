"""What a request leaves out: no rule for a whole site can leave something out, a person can."""

from dataclasses import replace

from feedmirror.suppression import Scope
from feedmirror.takedowns.notices.hearing import Hearing, Mention, Verdict
from feedmirror.takedowns.notices.naming import compared, is_site
from feedmirror.takedowns.notices.notice import EXCEPTION, Kind, Notice, Target
from feedmirror.takedowns.notices.targets import written_address

_ASKING = frozenset({Kind.REMOVAL, Kind.URGENT})


def heed_exceptions(notice: Notice, body: Hearing, title: Hearing) -> Notice:
    """Leave to a person what cannot be kept by leaving out an address.

    An address that is to be kept is never a target, whatever else the mail says of it.
    """
    heard = Hearing((*body.remarks, *title.remarks), (*body.mentions, *title.mentions))
    spared = _addresses(heard, Verdict.SPARED)
    if notice.kind is Kind.UNCLEAR and heard.says("kind.excepts"):
        return _in_doubt(notice, spared)
    if notice.kind not in _ASKING or not (spared or heard.says("kind.excepts", "kind.spares")):
        return notice
    if notice.scope not in {None, Scope.ITEM}:
        return _in_doubt(replace(notice, targets=()), spared)
    if _is_doubtful(notice, heard, spared):
        return _in_doubt(notice, spared)
    return replace(notice, targets=_apart_from(notice.targets, spared))


def _is_doubtful(notice: Notice, heard: Hearing, spared: frozenset[str]) -> bool:
    """Tell whether it says both of one address, or excepts what has none."""
    nameless = heard.says("kind.excepts") and (not spared or notice.scope is None)
    both = spared & _addresses(heard, Verdict.ASKED)
    return nameless or bool(both) or heard.says("scope.all_but")


def _in_doubt(notice: Notice, spared: frozenset[str]) -> Notice:
    named = (target for target in notice.targets if not is_site(target))
    return replace(
        notice,
        kind=Kind.URGENT if notice.kind is Kind.URGENT else Kind.UNCLEAR,
        scope=Scope.ITEM if notice.scope is Scope.ITEM else None,
        targets=_apart_from(tuple(named), spared),
        mine=False,
        subdomains=False,
        unclear=(*notice.unclear, EXCEPTION),
    )


def _apart_from(targets: tuple[Target, ...], spared: frozenset[str]) -> tuple[Target, ...]:
    return tuple(target for target in targets if compared(target.value) not in spared)


def _addresses(heard: Hearing, verdict: Verdict) -> frozenset[str]:
    def is_so(mention: Mention) -> bool:
        return mention.verdict is verdict and not mention.credit

    found = {compared(written_address(one.text)) for one in heard.mentions if is_so(one)}
    return frozenset(found - {""})
