"""Nobody else's say (promise P2): what anybody on the internet may write, as raw mails to the jobs.

Each test is a row of the table of abuse cases. What counts is the end of it: what can be read on
the mirror afterwards, to whom mail has left, and where the case stands.
"""

import re
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from email.message import EmailMessage
from email.utils import format_datetime
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

import signed_mail
from feedmirror.configuration import Unproven
from feedmirror.records import Item, Tombstone
from feedmirror.takedowns.casework.cases import Case, Event, State, case_of_mail
from feedmirror.takedowns.casework.orders import orders_from_json
from feedmirror.takedowns.decisions.claims import Standing
from feedmirror.takedowns.senders.receipt import read_receipt
from memory_world import MemoryWorld
from takedown_world import CONTACT, a_mail, ses_record
from world import SITE, Documents, entry, rss

OWNER, WEBMASTER = "ann@news.example.com", "webmaster@news.example.com"
EDITOR, OPERATOR = "editor@news.example.com", "ops@example.org"
RIVAL = "legal@rival-legal.example"
NEWS = 30  # items
TENANTS = (
    "alice.blogspot.com",
    "alice.github.io",
    "alice.substack.com",
    "alice.wordpress.com",
    "blog.example.co.uk",
    "medium.com",
)
OTHERS = tuple(f"{name}.example" for name in ("first", "second", "third"))
BOOKS = "xn--bcher-kva.example"  # bücher.example
ONE = f"Please take down {SITE}/1 now and in the future."
ALL = "Please remove our whole site news.example.com from your mirror, now and in the future."
FORGED: Mapping[str, Mapping[str, str]] = {
    "a policy of none": {"dmarc": "FAIL", "policy": "none", "dkim": "GRAY", "spf": "PASS"},
    "a policy of quarantine": {"dmarc": "FAIL", "policy": "quarantine", "dkim": "FAIL"},
    "a policy of reject": {"dmarc": "FAIL", "policy": "reject", "dkim": "FAIL"},
    "no DMARC record": {"dmarc": "GRAY", "dkim": "GRAY", "spf": "GRAY"},
    "no DMARC record, and the forger's own SPF": {"dmarc": "GRAY", "dkim": "GRAY", "spf": "PASS"},
    "no DMARC record, and the forger's own signature": {"dmarc": "GRAY", "dkim": "PASS"},
    "a check that broke": {"dmarc": "PROCESSING_FAILED", "dkim": "PASS"},
    "no scanning": {"dmarc": "DISABLED", "dkim": "DISABLED", "spf": "DISABLED"},
    "a verdict that nobody knows": {"dmarc": "MAYBE"},
}


@pytest.fixture(scope="module")
def mirrored(documents: Documents) -> MemoryWorld:
    """News with an editor, tenants of platforms, and others that state no contact."""
    world = MemoryWorld(documents)
    contact = f"<managingEditor>{EDITOR} (Ed)</managingEditor>"
    world.serve(rss(*(entry(number) for number in range(NEWS)), extra=contact))
    for host in (*TENANTS, *OTHERS, BOOKS):
        world.serve(rss(entry(1, link=f"https://{host}/1")), f"/{host}", site=f"https://{host}")
    world.run()
    assert len(shown(world)) == NEWS + len(TENANTS) + len(OTHERS) + 1
    return world


@pytest.fixture
def world(mirrored: MemoryWorld) -> Iterator[MemoryWorld]:
    """A mirror of one's own; the publishers are shared, and serve again what they did."""
    served = dict(mirrored.documents)
    yield mirrored.copy()
    mirrored.documents.clear()
    mirrored.documents.update(served)


def shown(world: MemoryWorld) -> set[str]:
    """Return the addresses of the originals whose record and page can be read."""
    found = set()
    for record in world.records().values():
        page = world.stores.site.head(f"{record.host}/{record.id}/index.html")
        if isinstance(record, Item) and page is not None:
            found.add(record.attribution.original_url)
    return found


def gone(world: MemoryWorld) -> int:
    return sum(isinstance(record, Tombstone) for record in world.records().values())


def is_untouched(world: MemoryWorld) -> bool:
    """Tell whether nothing is out of sight, nor kept from coming."""
    return gone(world) == 0 and not list(world.stores.ledger.list("suppressions/"))


def written_to(world: MemoryWorld) -> list[str]:
    """Return whom we have written to, in order."""
    return [mail["To"].addresses[0].addr_spec for mail in world.sent()]


def answer_to(world: MemoryWorld) -> str:
    """Return where the last mail of ours is answered to."""
    found = world.sent()[-1]["Reply-To"].addresses[0].addr_spec
    assert isinstance(found, str)
    return found


def page_of(world: MemoryWorld, number: int | str) -> str:
    """Return the mirror's own address of one item of the news."""
    (item,) = (i for i in world.items() if i.attribution.original_url == f"{SITE}/{number}")
    return f"{world.mirror.site}/{item.host}/{item.id}/"


def naming(*addresses: str) -> str:
    return "Please take these down now and in the future:\n" + "\n".join(addresses)


def raw_mail(world: MemoryWorld, head: str, text: str = ONE) -> bytes:
    """Return a mail whose ``From`` lines are given as they stand."""
    date = format_datetime(world.now)
    rest = f"To: {CONTACT}\r\nSubject: Removal\r\nDate: {date}\r\nMessage-ID: <raw@x.example>\r\n"
    return f"{head}\r\n{rest}\r\n{text}\r\n".encode("utf-8", "surrogateescape")


def hours_pass(world: MemoryWorld, hours: float) -> None:
    world.later(hours)
    world.takedowns().hour(time_left=lambda: world.time_left)


# A forged From.


@pytest.mark.parametrize("forged", FORGED)
@pytest.mark.parametrize("text", [ONE, ALL, "I withdraw my request.", "Remove everything, now."])
@pytest.mark.parametrize("sender", [OWNER, WEBMASTER, "bob@first.example"])
def test_a_forged_from_takes_nothing_down_and_is_never_written_to(
    world: MemoryWorld, sender: str, text: str, forged: str
) -> None:
    world.write(text, sender=sender, verdicts=FORGED[forged])

    assert is_untouched(world)
    assert set(written_to(world)) <= {EDITOR, OPERATOR}


@pytest.mark.parametrize("policy", ["none", "quarantine", "reject"])
def test_a_feeds_contact_that_dmarc_says_is_forged_hears_nothing(
    world: MemoryWorld, policy: str
) -> None:
    world.write(ONE, sender=EDITOR, verdicts={"dmarc": "FAIL", "policy": policy, "dkim": "FAIL"})

    assert is_untouched(world)
    assert set(written_to(world)) <= {OPERATOR}


def test_forged_mails_ask_a_feeds_contact_once_a_week_and_nobody_else(world: MemoryWorld) -> None:
    for number in range(12):
        sender = f"someone{number}@forged.example"
        world.write(naming(f"{SITE}/{number}"), sender=sender, verdicts=FORGED["no DMARC record"])

    assert is_untouched(world)
    assert written_to(world).count(EDITOR) == 1
    assert set(written_to(world)) == {EDITOR, OPERATOR}


def test_a_forged_mail_uses_up_nothing_of_whom_it_names(world: MemoryWorld) -> None:
    for number in range(25):
        world.write(f"{ONE} {number}", sender=OWNER, verdicts=FORGED["a policy of none"])

    assert world.write(ONE, sender=OWNER).state is State.REMOVED


# A rival that passes DMARC.


def test_a_stranger_masks_for_a_fortnight_the_publisher_is_told_and_it_comes_back(
    world: MemoryWorld,
) -> None:
    before = shown(world)
    case = world.write(naming(*(f"{SITE}/{n}" for n in range(25))), sender=RIVAL)

    assert case.state is State.MASKED
    assert len(before - shown(world)) == 25
    assert set(written_to(world)) == {RIVAL, EDITOR}
    assert written_to(world).count(EDITOR) == 1
    hours_pass(world, 14 * 24 + 1)
    assert world.case(case).state is State.LAPSED
    assert shown(world) == before


@pytest.mark.parametrize(
    "addresses",
    [
        [f"{SITE}/{number}" for number in range(26)],
        [f"{SITE}/1", *(f"https://{host}/1" for host in OTHERS)],
    ],
    ids=["26 items", "4 hosts"],
)
def test_a_stranger_who_names_more_masks_nothing(world: MemoryWorld, addresses: list[str]) -> None:
    world.write(naming(*addresses), sender=RIVAL)

    assert is_untouched(world)
    assert EDITOR not in written_to(world)


@pytest.mark.parametrize("sender", ["someone@gmail.com", "someone@outlook.com", "x@proton.me"])
def test_a_freemail_senders_wish_waits_for_a_person(world: MemoryWorld, sender: str) -> None:
    world.write(ONE, sender=sender)

    assert is_untouched(world)
    assert OPERATOR in written_to(world)


def test_strangers_have_one_open_case_a_host(world: MemoryWorld) -> None:
    first = world.write(naming(f"{SITE}/1"), sender=RIVAL)
    second = world.write(naming(f"{SITE}/2"), sender="other@another-rival.example")

    assert (first.state, gone(world)) == (State.MASKED, 1)
    assert second.state is not State.MASKED


def test_an_item_is_masked_once_without_proof_whoever_asks(world: MemoryWorld) -> None:
    world.write(naming(f"{SITE}/1"), sender=RIVAL)
    hours_pass(world, 15 * 24)
    assert gone(world) == 0

    world.write(naming(f"{SITE}/1"), sender="other@another-rival.example")

    assert gone(world) == 0


def test_a_stranger_whose_case_lapsed_masks_nothing_more(world: MemoryWorld) -> None:
    world.write(naming(f"{SITE}/1"), sender=RIVAL)
    hours_pass(world, 15 * 24)

    world.write(naming(f"{SITE}/2"), sender=RIVAL)

    assert gone(world) == 0


def test_a_stranger_has_three_masks_a_day(world: MemoryWorld) -> None:
    for address in (f"{SITE}/1", *(f"https://{host}/1" for host in OTHERS)):
        world.write(naming(address), sender=RIVAL)

    assert gone(world) == 3


@pytest.mark.parametrize("text", [ALL, "Please remove everything by Ann from news.example.com."])
def test_a_stranger_who_wants_a_whole_site_or_author_masks_nothing(
    world: MemoryWorld, text: str
) -> None:
    world.write(text, sender=RIVAL)

    assert is_untouched(world)
    assert OPERATOR in written_to(world)


@pytest.mark.parametrize("sender", [EDITOR, OWNER])
def test_a_counter_notice_brings_it_back_and_bars_the_stranger(
    world: MemoryWorld, sender: str
) -> None:
    masked = world.write(naming(f"{SITE}/1", f"{SITE}/2"), sender=RIVAL)
    assert gone(world) == 2

    text = f"This is a counter-notice: {SITE}/1 and {SITE}/2 were masked by mistake. Restore them."
    world.write(text, sender=sender)

    assert gone(world) == 0
    assert world.case(masked).state is State.RESTORED
    world.later(24)
    again = world.write(naming(f"{SITE}/1", f"{SITE}/2"), sender=RIVAL)
    assert (again.state is State.MASKED, gone(world)) == (False, 0)


def test_the_publishers_no_to_the_warning_brings_it_back(world: MemoryWorld) -> None:
    world.write(naming(f"{SITE}/1"), sender=RIVAL)
    warning = next(mail for mail in world.sent() if mail["To"].addresses[0].addr_spec == EDITOR)
    to = warning["Reply-To"].addresses[0].addr_spec

    world.write("No, this is ours. Please put it back.", sender=EDITOR, to=to)

    assert gone(world) == 0


def test_a_stranger_cannot_answer_for_the_publisher_who_was_warned(world: MemoryWorld) -> None:
    case = world.write(naming(f"{SITE}/1"), sender=RIVAL)
    warning = next(mail for mail in world.sent() if mail["To"].addresses[0].addr_spec == EDITOR)
    to = warning["Reply-To"].addresses[0].addr_spec

    world.write("Yes, please do remove it for good.", sender=RIVAL, to=to)
    world.write("Yes, I confirm it.", sender=EDITOR, to=to, verdicts=FORGED["a policy of none"])

    assert world.case(case).state is State.MASKED
    hours_pass(world, 15 * 24)
    assert gone(world) == 0


def test_where_the_operator_wants_no_masks_a_stranger_masks_nothing(world: MemoryWorld) -> None:
    world.mirror = replace(world.mirror, unproven=Unproven.REVIEW)

    world.write(ONE, sender=RIVAL)

    assert is_untouched(world)


# From, read in two ways.

EVIL = "x@evil.example"
TWO_FACED = {
    "a display name that is an address": f"From: {OWNER} <{EVIL}>",
    "a quoted display name that is an address": f'From: "{OWNER}" <{EVIL}>',
    "an encoded display name that is an address": (
        f"From: =?utf-8?q?{OWNER.replace('@', '=40')}?= <{EVIL}>"
    ),
    "two From headers, the victim first": f"From: {OWNER}\r\nFrom: {EVIL}",
    "two From headers, the victim last": f"From: {EVIL}\r\nFrom: {OWNER}",
    "a group": f"From: us: {OWNER};",
    "several authors": f"From: {OWNER}, {EVIL}",
    "a route": f"From: <@evil.example:{OWNER}>",
    "two pairs of angles": f"From: <{OWNER}> <{EVIL}>",
    "a comment": f"From: {OWNER} ({EVIL}) <{EVIL}>",
    "a NUL": f"From: {OWNER}\x00@evil.example",
    "a name with a blank": f"From : {OWNER}\r\nFrom: {EVIL}",
    "a folded name": f"X: y\r\n From: {OWNER}\r\nFrom: {OWNER}, {EVIL}",
    "a lone CR": f"From: {EVIL}\rFrom: {OWNER}",
    "a quoted local part": f'From: "{OWNER} "@evil.example',
    "a dot at the end": f"From: {OWNER}.",
    "a literal": "From: ann@[192.0.2.1]",
    "a public suffix": "From: ann@co.uk",
    "full-width letters": "From: ann@news．example．com",
    "no From": "Sender: ann@news.example.com",
    "an empty From": "From:",
    "thousands of brackets": "From: " + "(" * 800 + OWNER + ")" * 800,
}


@pytest.mark.parametrize("trick", TWO_FACED)
def test_a_from_that_readers_may_read_in_two_ways_is_nobody(world: MemoryWorld, trick: str) -> None:
    raw = raw_mail(world, TWO_FACED[trick])
    case = world.take_in(world.arrive(raw), raw)  # and SES says that DMARC has passed

    assert case.decision is not None
    assert case.decision["sender"]["proof"] == "none"
    assert is_untouched(world)
    assert set(written_to(world)) <= {EDITOR, OPERATOR}


def test_a_from_that_ses_reads_as_another_is_nobody(world: MemoryWorld) -> None:
    raw = raw_mail(world, f"From: {OWNER}")
    record = ses_record(world.arrive(raw), raw, now=world.now)
    record["ses"]["mail"]["commonHeaders"]["from"] = [EVIL]
    case = world.takedowns().receive(
        record["ses"]["mail"]["messageId"], read_receipt(record), time_left=lambda: world.time_left
    )

    assert case is not None
    assert is_untouched(world)
    assert set(written_to(world)) <= {EDITOR, OPERATOR}


# What the mail says of its own authentication.

AUTHENTICATED = (
    "Authentication-Results: amazonses.com; spf=pass (spfCheck: domain of news.example.com"
    " designates 192.0.2.1 as permitted sender) client-ip=192.0.2.1;"
    f" envelope-from={OWNER}; helo=news.example.com; dkim=pass header.i=@news.example.com;"
    " dmarc=pass header.from=news.example.com;"
)
CLAIMED = {
    "SES's own header, on top": f"{AUTHENTICATED}\r\nFrom: {OWNER}",
    "SES's own header, below": f"From: {OWNER}\r\n{AUTHENTICATED}",
    "every header of SES's": (
        "X-SES-Spam-Verdict: PASS\r\nX-SES-Virus-Verdict: PASS\r\nReceived-SPF: pass\r\n"
        f"{AUTHENTICATED}\r\nX-SES-RECEIPT: abc\r\nX-SES-DKIM-SIGNATURE: a=rsa-sha256\r\n"
        f"From: {OWNER}"
    ),
    "ARC": (
        "ARC-Seal: i=1; cv=none; d=evil.example; s=x; b=abc\r\nARC-Authentication-Results: i=1;"
        f" evil.example; dmarc=pass header.from=news.example.com\r\nFrom: {OWNER}"
    ),
    "a local part that SES echoes": (
        'Return-Path: <"x; dmarc=pass header.from=news.example.com; "@evil.example>\r\n'
        "Authentication-Results: amazonses.com; spf=pass client-ip=192.0.2.1; envelope-from="
        '"x; dmarc=pass header.from=news.example.com; "@evil.example; dkim=none;'
        f" dmarc=fail header.from=news.example.com;\r\nFrom: {OWNER}"
    ),
}


@pytest.mark.parametrize("claim", CLAIMED)
@pytest.mark.parametrize("forged", ["a policy of none", "no DMARC record"])
def test_what_a_mail_says_of_its_own_authentication_counts_for_nothing(
    world: MemoryWorld, claim: str, forged: str
) -> None:
    raw = raw_mail(world, CLAIMED[claim])
    case = world.take_in(world.arrive(raw), raw, verdicts=FORGED[forged])

    assert case.decision is not None
    assert case.decision["sender"]["proof"] == "none"
    assert is_untouched(world)
    assert set(written_to(world)) <= {EDITOR, OPERATOR}


def test_a_quoted_local_part_of_the_envelope_is_never_parsed(world: MemoryWorld) -> None:
    raw = raw_mail(world, f"From: {OWNER}")
    record = ses_record(world.arrive(raw), raw, now=world.now, verdicts=FORGED["a policy of none"])
    record["ses"]["mail"]["source"] = '"x dmarc=pass header.from=news.example.com"@evil.example'
    world.takedowns().receive(
        record["ses"]["mail"]["messageId"], read_receipt(record), time_left=lambda: world.time_left
    )

    assert is_untouched(world)
    assert set(written_to(world)) <= {EDITOR, OPERATOR}


# DKIM, sent again.

GRAY = {"dmarc": "GRAY", "dkim": "PASS", "spf": "GRAY"}


@pytest.fixture
def signing(world: MemoryWorld) -> MemoryWorld:
    """A site without a DMARC policy that signs its mail."""
    world.zone.texts["sel._domainkey.news.example.com"] = signed_mail.a_key().record()
    return world


def signed(world: MemoryWorld, text: str = ONE, **changes: str) -> bytes:
    """Return a mail of the site's, signed by it."""
    headers = {
        "From": OWNER,
        "To": CONTACT,
        "Subject": "Removal",
        "Date": format_datetime(world.now),
        "Message-ID": "<signed@news.example.com>",
        **changes,
    }
    return signed_mail.signed(signed_mail.a_mail(headers, f"{text}\r\n"), "news.example.com")


def deliver(world: MemoryWorld, raw: bytes, verdicts: Mapping[str, str] = GRAY) -> Case:
    return world.take_in(world.arrive(raw), raw, verdicts=verdicts)


def test_a_signature_alone_proves_a_mail_to_us(signing: MemoryWorld) -> None:
    assert deliver(signing, signed(signing)).state is State.REMOVED
    assert gone(signing) == 1


def test_a_signed_mail_works_once(signing: MemoryWorld) -> None:
    raw = signed(signing)
    deliver(signing, raw)
    to = answer_to(signing)
    withdrawal = {"To": to, "Message-ID": "<2@news.example.com>"}
    back = signed(signing, "I withdraw my request, please put it back.", **withdrawal)
    signing.take_in(signing.arrive(back), back, to=to, verdicts=GRAY)
    assert gone(signing) == 0
    before = len(signing.sent())

    replayed = deliver(signing, raw)

    assert (replayed.state, gone(signing)) == (State.RECORDED, 0)
    assert len(signing.sent()) == before


REPLAYS: dict[str, Callable[[MemoryWorld], bytes]] = {
    "to somebody else": lambda world: signed(world, To="other@elsewhere.example"),
    "of last week": lambda world: signed(world, Date="Fri, 13 Nov 2026 12:00:00 +0000"),
    "of next month": lambda world: signed(world, Date="Tue, 22 Dec 2026 12:00:00 +0000"),
    "with a Subject put before": lambda world: b"Subject: Removal\r\n" + signed(world),
    "with other words": lambda world: signed(world, "Hello.").replace(b"Hello.", ONE.encode()),
    "with a From put before": lambda world: b"From: ann@news.example.com\r\n" + signed(world),
    "by another domain": lambda world: signed(world).replace(
        b"d=news.example.com", b"d=evil.example"
    ),
}


@pytest.mark.parametrize("replay", REPLAYS)
def test_a_signature_that_is_not_of_this_mail_to_us_proves_nothing(
    signing: MemoryWorld, replay: str
) -> None:
    case = deliver(signing, REPLAYS[replay](signing))

    assert case.decision is not None
    assert case.decision["sender"]["proof"] == "none"
    assert is_untouched(signing)
    assert set(written_to(signing)) <= {EDITOR, OPERATOR}


def with_appended_words(world: MemoryWorld, text: str = ONE) -> bytes:
    """Return a mail of the site's whose signature covers its first words only."""
    headers = {
        "From": OWNER,
        "To": CONTACT,
        "Subject": "Hello",
        "Date": format_datetime(world.now),
        "Message-ID": "<l@news.example.com>",
    }
    whole = signed_mail.a_mail(headers, "Hello.\r\n")
    return signed_mail.signed(whole, "news.example.com", l="8") + f"{text}\r\n".encode()


def test_words_that_are_appended_behind_a_signature_prove_nothing(signing: MemoryWorld) -> None:
    case = deliver(signing, with_appended_words(signing))

    assert is_untouched(signing)
    assert case.decision is not None
    assert case.decision["sender"]["proof"] == "none"


def resend(world: MemoryWorld, raw: bytes, **verdicts: str) -> Case:
    """Deliver somebody's mail again, from an envelope of one's own; by default DMARC passes."""
    record = ses_record(world.arrive(raw), raw, now=world.now, verdicts=verdicts)
    record["ses"]["mail"]["source"] = EVIL
    case = world.takedowns().receive(
        record["ses"]["mail"]["messageId"], read_receipt(record), time_left=lambda: world.time_left
    )
    assert case is not None
    return case


BACK = {
    "a withdrawal": f"I withdraw my request for {SITE}/1, please put it back.",
    "a counter-notice": f"This is a counter-notice: {SITE}/1 was masked by mistake. Restore it.",
}


@pytest.mark.parametrize("back", BACK)
def test_a_replay_that_passes_dmarc_brings_nothing_back(signing: MemoryWorld, back: str) -> None:
    signing.write(ONE, sender=OWNER if back == "a withdrawal" else RIVAL)
    assert gone(signing) == 1

    resend(signing, with_appended_words(signing, BACK[back]))

    assert gone(signing) == 1


@pytest.mark.parametrize(
    "replay", ["to somebody else", "of last week", "with words behind the signature"]
)
@pytest.mark.parametrize("spf", ["PASS", "GRAY", "FAIL"])  # of the envelope, which is anybody's
def test_a_replay_that_passes_dmarc_takes_nothing_down(
    signing: MemoryWorld, replay: str, spf: str
) -> None:
    raw = {**REPLAYS, "with words behind the signature": with_appended_words}[replay](signing)
    resend(signing, raw, spf=spf)
    hours_pass(signing, 15 * 24)

    assert gone(signing) == 0


def test_a_mail_of_ones_own_passes_by_its_envelope_or_by_its_signature(
    signing: MemoryWorld,
) -> None:
    by_envelope = signing.write(naming(f"{SITE}/1"), sender=OWNER, verdicts={"dkim": "GRAY"})
    raw = signed(signing, f"Please take down {SITE}/2 now and in the future.")
    record = ses_record(signing.arrive(raw), raw, now=signing.now)
    record["ses"]["mail"]["source"] = "bounces@help-desk.example"  # which sends for the site
    by_signature = signing.takedowns().receive(
        record["ses"]["mail"]["messageId"],
        read_receipt(record),
        time_left=lambda: signing.time_left,
    )

    assert by_signature is not None
    assert by_envelope.state is by_signature.state is State.REMOVED


def test_an_envelope_that_says_the_victims_domain_proves_nothing_if_spf_fails(
    signing: MemoryWorld,
) -> None:
    deliver(signing, with_appended_words(signing), {"spf": "FAIL"})  # and MAIL FROM is the owner
    hours_pass(signing, 15 * 24)

    assert gone(signing) == 0


# Copies of somebody else's items.


@pytest.mark.parametrize(
    "sender", ["bob@planet.example.net", "webmaster@planet.example.net", "carl@planet-mail.example"]
)
@pytest.mark.parametrize("named", ["the original", "the copy"])
def test_who_carries_a_copy_takes_down_the_copy_and_never_the_original(
    world: MemoryWorld, sender: str, named: str
) -> None:
    by_carl = "<author>carl@planet-mail.example (Carl)</author>"
    world.serve(
        rss(entry(1, guid="copied", more=by_carl)), "/planet", site="https://planet.example.net"
    )
    world.later()
    world.run()
    (copied,) = (i for i in world.items() if i.host == "planet.example.net")
    page = f"{world.mirror.site}/{copied.host}/{copied.id}/"

    world.write(naming(f"{SITE}/1" if named == "the original" else page), sender=sender)
    hours_pass(world, 15 * 24)

    assert f"{SITE}/1" in {
        i.attribution.original_url for i in world.items() if i.host != copied.host
    }
    world.later()
    world.run()
    assert f"{SITE}/1" in {
        i.attribution.original_url for i in world.items() if i.host != copied.host
    }


def test_a_planets_owner_keeps_the_planets_copy_away_for_good(world: MemoryWorld) -> None:
    planet = "https://planet.example.net"
    world.serve(rss(entry(1, guid="copied")), "/planet", site=planet)
    world.later()
    world.run()
    (copied,) = (i for i in world.items() if i.host == "planet.example.net")
    page = f"{world.mirror.site}/{copied.host}/{copied.id}/"

    world.write(f"Please take down {page} now and in the future.", sender=f"ann@{copied.host}")
    world.serve(rss(entry(1, guid="again", text="Edited.")), "/planet", site=planet)
    world.later()
    world.run()

    assert [i for i in world.items() if i.host == copied.host] == []


def test_the_originals_owner_takes_down_every_copy(world: MemoryWorld) -> None:
    world.serve(rss(entry(1, guid="copied")), "/planet", site="https://planet.example.net")
    world.later()
    world.run()

    assert world.write(ONE, sender=OWNER).state is State.REMOVED
    world.serve(rss(entry(1, guid="again")), "/planet", site="https://planet.example.net")
    world.later()
    world.run()

    assert f"{SITE}/1" not in {i.attribution.original_url for i in world.items()}


def test_a_counter_notice_to_one_item_leaves_a_strangers_other_masks(world: MemoryWorld) -> None:
    world.write(naming(f"{SITE}/1", f"{SITE}/2", f"{SITE}/3"), sender=RIVAL)
    assert gone(world) == 3

    world.write(f"Counter-notice: {SITE}/2 was masked by mistake. Restore it.", sender=EDITOR)

    assert f"{SITE}/2" in shown(world)
    assert gone(world) == 2
    hours_pass(world, 15 * 24)
    assert gone(world) == 0


@pytest.mark.parametrize("sender", [OWNER, RIVAL])
def test_a_withdrawal_of_one_item_leaves_the_others(world: MemoryWorld, sender: str) -> None:
    world.write(naming(f"{SITE}/1", f"{SITE}/2", f"{SITE}/3"), sender=sender)
    assert gone(world) == 3

    text = f"I withdraw my request for {SITE}/2, please put it back."
    world.write(text, sender=sender, to=answer_to(world))

    assert f"{SITE}/2" in shown(world)
    assert gone(world) == 2
    world.serve(rss(*(entry(number, text="Edited.") for number in range(NEWS))))
    world.later()
    world.run()
    assert gone(world) == 2


# Hosts that nobody has for himself.

NOBODYS = {
    "co.uk": "webmaster@example.co.uk",
    "blogspot.com": "webmaster@blogspot.com",
    "github.io": "webmaster@github.io",
    "substack.com": "legal@substack.com",
    "wordpress.com": "webmaster@wordpress.com",
    "gmail.com": "webmaster@gmail.com",
    "medium.com": "legal@medium.com",
    "mirror.example.org": "webmaster@mirror.example.org",
    "https://mirror.example.org/": "webmaster@mirror.example.org",
}
WHOLE = "Please remove our whole site {} from your mirror, now and in the future."
WITH_ALL_BELOW = "Please remove everything on {} and all its subdomains, now and in the future."


@pytest.mark.parametrize(
    ("host", "text"),
    [(host, text) for host in NOBODYS for text in (WHOLE, WITH_ALL_BELOW)]
    + [("example.org", WITH_ALL_BELOW)],  # which our own host is below
)
def test_a_host_that_is_nobodys_own_is_left_to_a_person(
    world: MemoryWorld, host: str, text: str
) -> None:
    sender = NOBODYS.get(host, f"webmaster@{host}")
    case = world.write(text.format(host), sender=sender)
    for proof in ("well-known", "dns", "feed", "reply"):
        prove(world, case, way=proof)

    assert gone(world) == 0
    assert is_untouched(world)


def test_mail_of_a_platform_proves_nothing_of_its_tenants(world: MemoryWorld) -> None:
    wide = world.write(
        "Please remove our whole site alice.wordpress.com from your mirror.",
        sender="someone@wordpress.com",
    )
    assert is_untouched(world)
    named = world.write(naming("https://alice.wordpress.com/1"), sender="someone@wordpress.com")
    world.write(naming("https://alice.wordpress.com/1"), sender="webmaster@alice.wordpress.com")

    assert {wide.state, named.state} <= {State.ASKED, State.WAITING, State.MASKED}
    hours_pass(world, 15 * 24)
    assert gone(world) == 0


# Tokens.


def prove(world: MemoryWorld, of: Case, **changes: str) -> Case | None:
    """Hand the takedown function a finding: by default of the token that the case drew."""
    orders = [
        order for order in orders_from_json((of.decision or {}).get("orders", ())) if order.token
    ]
    if not orders:
        return None
    found = {
        "kind": "proof",
        "case": of.id,
        "host": orders[0].host,
        "way": "well-known",
        "token": orders[0].token,
        **changes,
    }
    return world.takedowns().do(found, time_left=lambda: world.time_left)


@pytest.fixture
def asked(world: MemoryWorld) -> tuple[MemoryWorld, Case]:
    """A whole site, asked for by somebody who works there: it waits for a token."""
    case = world.write(ALL, sender="joe@news.example.com")
    assert (case.state, gone(world)) == (State.ASKED, 0)
    return world, case


@pytest.mark.parametrize(
    "wrong",
    [
        {"token": "feedmirror-takedown=aaaaaaaaaaaaaaaaaaaaaaaaaa"},
        {"token": ""},
        {"host": "first.example"},
        {"host": "example.com"},
        {"host": ""},
        {"way": "feed"},
        {"way": "reply"},
        {"way": ""},
    ],
    ids=" ".join,
)
def test_a_finding_that_is_not_what_was_asked_for_does_nothing(
    asked: tuple[MemoryWorld, Case], wrong: dict[str, str]
) -> None:
    world, case = asked
    before = len(world.sent())

    prove(world, case, **wrong)

    assert (world.case(case).state, gone(world)) == (State.ASKED, 0)
    assert len(world.sent()) == before
    prove(world, case)
    assert (world.case(case).state, gone(world)) == (State.REMOVED, NEWS)


def test_a_token_that_is_found_after_its_time_does_nothing(
    asked: tuple[MemoryWorld, Case],
) -> None:
    world, case = asked
    hours_pass(world, 15 * 24)
    assert world.case(case).state is State.LAPSED

    prove(world, case)

    assert (world.case(case).state, gone(world)) == (State.LAPSED, 0)


def test_a_token_of_one_case_proves_no_other(asked: tuple[MemoryWorld, Case]) -> None:
    world, case = asked
    world.later()
    other = world.write(f"{ALL} Again.", sender="jim@news.example.com")

    prove(world, case, case=other.id)

    assert gone(world) == 0


# Loops.


def bot(world: MemoryWorld, to: EmailMessage, text: str, **headers: str) -> Case:
    """Answer a mail of ours as a machine does."""

    def more(mail: EmailMessage) -> None:
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        mail["In-Reply-To"] = f"<sent-{len(world.sent())}@email.amazonses.com>"

    return world.write(
        text,
        sender=to["To"].addresses[0].addr_spec,
        to=to["Reply-To"].addresses[0].addr_spec,
        subject=f"Re: {to['Subject']}",
        more=more,
    )


MACHINES: dict[str, dict[str, str]] = {
    "a vacation notice": {"Auto_Submitted": "auto-replied"},
    "an older vacation notice": {"X_Autoreply": "yes", "Precedence": "auto_reply"},
    "a ticket system": {"Auto_Submitted": "auto-generated", "X_RT_Originator": "x"},
    "a mailing list": {"List_Id": "<x.example>", "Precedence": "list"},
    "a second mirror": {"X_Feedmirror_Case": "casecasecasecase"},
    "a machine that does not say so": {},
}


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("first", [ONE, ALL, "Please remove my posts.", "What is this?"])
def test_two_machines_do_not_write_to_each_other_for_ever(
    world: MemoryWorld, machine: str, first: str
) -> None:
    world.write(first, sender=WEBMASTER)
    seen = 0
    for number in range(30):
        ours = [m for m in world.sent() if m["To"].addresses[0].addr_spec == WEBMASTER]
        if len(ours) <= seen:
            break
        seen = len(ours)
        world.later(0.02)
        text = (
            f"We have received your message. Your ticket is #{number}. Do not reply.\n\n> {first}"
        )
        bot(world, ours[-1], text, **MACHINES[machine])

    said_so = machine != "a machine that does not say so"
    assert seen <= (1 if said_so else 2)


@pytest.mark.parametrize(
    "acknowledged",
    [
        "We have received your message. Your ticket is #4711. Please do not reply.",
        "Thank you for contacting us. Your request has been received and will be processed.",
        "Thanks! We got your mail and will get back to you within two working days.",
        "Your request to take something down has been confirmed as received. Ticket 4711.",
        "I am out of the office until Monday. In urgent cases please write to my colleague.",
        "Vielen Dank für Ihre Nachricht. Ihre Anfrage wurde bestätigt und wird bearbeitet.",
        "Your message could not be delivered to one or more recipients.",
        "",
    ],
)
@pytest.mark.parametrize("whom", [WEBMASTER, EDITOR])
def test_an_acknowledgement_by_a_machine_that_does_not_say_so_confirms_nothing(
    world: MemoryWorld, whom: str, acknowledged: str
) -> None:
    """A help desk answers to the address with the nonce as its owner would, by his domain."""
    if whom == WEBMASTER:
        case = world.write(ALL, sender=WEBMASTER)
    else:
        case = world.write(ONE, sender=RIVAL)
    assert case.state is State.MASKED
    ours = next(m for m in world.sent() if m["To"].addresses[0].addr_spec == whom)
    asked = "".join(f"> {line}\r\n" for line in ours.get_content().splitlines())

    bot(world, ours, f"{acknowledged}\r\n\r\nOn Sunday, Mirror wrote:\r\n{asked}")

    assert world.case(case).state is State.MASKED
    hours_pass(world, 15 * 24)
    assert gone(world) == 0


@pytest.mark.parametrize(
    "word", ["ok", "OK, we'll look into it.", "Yes?", "Sure, one moment please.", "Thanks.", "?"]
)
def test_a_contacts_word_to_our_warning_touches_nothing_else(world: MemoryWorld, word: str) -> None:
    """Our own subject names the host, and comes back in every answer."""
    before = shown(world)
    world.write(ONE, sender=RIVAL)
    ours = next(m for m in world.sent() if m["To"].addresses[0].addr_spec == EDITOR)

    bot(world, ours, f"{word}\r\n\r\nOn Sunday, Mirror wrote:\r\n> a question\r\n")

    assert before - shown(world) <= {f"{SITE}/1"}


def test_a_second_mirror_is_not_answered_and_takes_nothing_down(world: MemoryWorld) -> None:
    def mark(mail: EmailMessage) -> None:
        mail["X-Feedmirror-Case"] = "abcdabcdabcdabcd"

    case = world.write(ONE, sender=OWNER, more=mark)

    assert (case.state, world.sent()) == (State.RECORDED, [])
    assert is_untouched(world)


@pytest.mark.parametrize(
    "sender",
    [
        CONTACT,
        f"Mirror <{CONTACT}>",
        CONTACT.replace("@", "+c.x@"),
    ],
)
def test_mail_from_our_own_address_is_recorded_and_no_more(world: MemoryWorld, sender: str) -> None:
    world.write(ALL, sender=sender)

    assert is_untouched(world)
    assert CONTACT not in written_to(world)
    assert set(written_to(world)) <= {OPERATOR}


BOUNCE = """\
Return-Path: <>\r
From: MAILER-DAEMON@amazonses.com\r
To: {to}\r
Subject: Delivery Status Notification (Failure)\r
Date: {date}\r
Message-ID: <bounce@amazonses.com>\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r
\r
--b\r
Content-Type: text/plain\r
\r
An error occurred while trying to deliver the mail to the following recipients:\r
{whom}\r
Please remove {site}/1 from your mirror.\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; amazonses.com\r
\r
Final-Recipient: rfc822; {whom}\r
Action: failed\r
Status: 5.1.1\r
--b\r
Content-Type: message/rfc822\r
\r
From: {us}\r
To: {whom}\r
Message-ID: <{sent}@email.amazonses.com>\r
Subject: Your request\r
\r
Please remove {site}/2 from your mirror.\r
--b--\r
"""


def test_a_bounce_is_noted_in_the_case_of_our_mail_and_answered_by_nobody(
    world: MemoryWorld,
) -> None:
    case = world.write(ALL, sender=WEBMASTER)
    before = len(world.sent())
    raw = BOUNCE.format(
        to=answer_to(world),
        us=CONTACT,
        whom=WEBMASTER,
        sent=next(e.details["ses_id"] for e in case.of(Event.WRITTEN)),
        site=SITE,
        date=format_datetime(world.now),
    ).encode()
    record = ses_record(world.arrive(raw), raw, now=world.now)
    record["ses"]["mail"]["source"] = ""
    record["ses"]["receipt"]["recipients"] = [answer_to(world)]
    bounce = world.takedowns().receive(
        record["ses"]["mail"]["messageId"], read_receipt(record), time_left=lambda: world.time_left
    )

    assert bounce is not None
    assert bounce.state is State.RECORDED
    assert len(list(world.case(case).of(Event.BOUNCED))) == 1
    assert world.case(case).state is State.MASKED  # it proves nothing
    assert [str(mail["To"]) for mail in world.sent()[before:]] == [OPERATOR]


def test_thirty_mails_of_one_day_are_answered_once_and_the_last_ones_read_by_a_person(
    world: MemoryWorld,
) -> None:
    states = []
    for number in range(30):
        case = world.write(f"Please remove my posts. This is my mail {number}.", sender=OWNER)
        states.append(case.state)

    assert written_to(world).count(OWNER) == 1
    assert set(states[20:]) == {State.WAITING}
    assert is_untouched(world)


# The same event, and a retry.


@pytest.mark.parametrize("text", [ONE, ALL, naming(f"{SITE}/nothing")])
def test_the_same_event_again_changes_nothing_and_sends_nothing(
    world: MemoryWorld, text: str
) -> None:
    raw = a_mail(text, sender=WEBMASTER, date=world.now)
    ses_id = world.arrive(raw)
    first = world.take_in(ses_id, raw)
    state = (shown(world), len(world.sent()), first.entries)

    for hours in (0, 0.1, 3):
        world.later(hours)
        again = world.take_in(ses_id, raw)
        assert (shown(world), len(world.sent()), again.entries) == state


def test_the_same_mail_under_another_id_of_sess_changes_nothing(world: MemoryWorld) -> None:
    raw = a_mail(ONE, sender=OWNER, date=world.now)
    world.take_in(world.arrive(raw), raw)
    world.write("I withdraw my request, please put it back.", to=answer_to(world))
    assert gone(world) == 0
    before = len(world.sent())

    world.take_in(world.arrive(raw), raw)

    assert (gone(world), len(world.sent())) == (0, before)


# Too much.


def promptly(world: MemoryWorld, raw: bytes, *, seconds: float = 5) -> Case:
    """Take in a mail within a time; its event tells no more of it than SES's would."""
    ses_id = world.arrive(raw)
    record = ses_record(ses_id, raw[:4096], now=world.now)
    began = time.process_time()
    case = world.takedowns().receive(
        ses_id, read_receipt(record), time_left=lambda: world.time_left
    )
    assert time.process_time() - began < seconds
    assert case is not None
    return case


def head(world: MemoryWorld, content_type: str = "text/plain") -> bytes:
    return (
        f"From: {OWNER}\r\nTo: {CONTACT}\r\nSubject: Removal\r\nMIME-Version: 1.0\r\n"
        f"Date: {format_datetime(world.now)}\r\nMessage-ID: <big@news.example.com>\r\n"
        f"Content-Type: {content_type}\r\n\r\n"
    ).encode()


def nested(levels: int, inner: bytes) -> bytes:
    """Return multiparts inside of multiparts."""
    opened = b"".join(
        b'--b%d\r\nContent-Type: multipart/mixed; boundary="b%d"\r\n\r\n' % (level, level + 1)
        for level in range(levels)
    )
    closed = b"".join(b"\r\n--b%d--" % level for level in range(levels, -1, -1))
    return opened + b"--b%d\r\n\r\n" % levels + inner + closed


EXCESSIVE: dict[str, Callable[[MemoryWorld], bytes]] = {
    "10,000 addresses": lambda world: (
        head(world) + naming(f"{SITE}/1", *(f"{SITE}/x{n}" for n in range(10_000))).encode()
    ),
    "38 MB in one line": lambda world: head(world) + ONE.encode() + b" x" * 19_000_000,
    "3 MB of short lines": lambda world: head(world) + ONE.encode() + b"\n" * 3_000_000,
    "3,000 parts inside each other": lambda world: (
        head(world, 'multipart/mixed; boundary="b0"') + nested(3_000, ONE.encode())
    ),
    "3,000 parts": lambda world: (
        head(world, 'multipart/mixed; boundary="b"')
        + b"--b\r\n\r\n%b\r\n" % ONE.encode()
        + b"--b\r\n\r\nx\r\n" * 3_000
    ),
    "a header of 200 KB": lambda world: (
        b"X-Long: " + b"y" * 200_000 + b"\r\n" + head(world) + ONE.encode()
    ),
}


@pytest.mark.parametrize("much", EXCESSIVE)
def test_what_is_too_much_is_left_to_a_person_at_once(world: MemoryWorld, much: str) -> None:
    case = promptly(world, EXCESSIVE[much](world))

    assert case.state is State.WAITING
    assert is_untouched(world)
    assert set(written_to(world)) <= {OWNER, OPERATOR}
    assert OPERATOR in written_to(world)


PLENTY: dict[str, Callable[[MemoryWorld], bytes]] = {
    "a million empty lines": lambda world: head(world) + ONE.encode() + b"\r\n" * 1_000_000,
    "a million quote marks": lambda world: head(world) + ONE.encode() + b"\r\n>" * 600_000,
    "a line of 1.9 MB": lambda world: head(world) + ONE.encode() + b" " + b"a" * 1_900_000,
    "half a million brackets": lambda world: (
        head(world, "text/html") + ONE.encode() + b"<b>" * 500_000
    ),
    "a Content-Type of 14 KB": lambda world: (
        head(world, "text/plain; " + "; ".join(f"a{n}=b" for n in range(1_500))) + ONE.encode()
    ),
}


@pytest.mark.parametrize("much", PLENTY)
def test_whatever_a_mail_is_made_of_it_takes_no_longer_and_takes_down_no_more(
    world: MemoryWorld, much: str
) -> None:
    promptly(world, PLENTY[much](world))

    assert gone(world) <= 1
    assert set(written_to(world)) <= {OWNER, OPERATOR}


def test_a_zip_bomb_is_not_opened(world: MemoryWorld) -> None:
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        archive.writestr("urls.txt", f"{SITE}/2\n" * 1_000_000)

    def more(mail: EmailMessage) -> None:
        mail.add_attachment(packed.getvalue(), "application", "zip", filename="urls.zip")
        squeezed = zlib.compress(b"x" * 10_000_000)
        mail.add_attachment(squeezed, "application", "gzip", filename="urls.txt")

    raw = a_mail(ONE, date=world.now, more=more)
    case = promptly(world, raw)

    assert (case.state, gone(world)) == (State.REMOVED, 1)
    assert f"{SITE}/2" in shown(world)


def test_a_mail_with_a_virus_is_not_read(world: MemoryWorld) -> None:
    case = world.write(ONE, sender=OWNER, verdicts={"virus": "FAIL"})

    assert (case.state, world.sent()) == (State.RECORDED, [])
    assert is_untouched(world)


# What a mail names besides.


def test_only_the_new_words_name_anything(world: MemoryWorld) -> None:
    text = (
        f"Please take down {SITE}/1 now and in the future.\r\n\r\n"
        f"--\r\nAnn\r\nRead my latest: {SITE}/2\r\n\r\n"
        f"This mail is confidential; see {SITE}/3 for our policy.\r\n\r\n"
        "On Fri, 20 Nov 2026 at 10:00, Bob <bob@elsewhere.example> wrote:\r\n"
        f"> Have you seen {SITE}/4 ?\r\n>> and {SITE}/5\r\n"
    )
    before = shown(world)

    assert world.write(text, sender=OWNER).state is State.REMOVED
    assert before - shown(world) == {f"{SITE}/1"}


def test_a_quoted_mail_of_somebody_elses_takes_nothing_down(world: MemoryWorld) -> None:
    text = (
        "Thank you, we shall look into it.\r\n\r\n"
        "On Fri, 20 Nov 2026 at 10:00, Bob <bob@elsewhere.example> wrote:\r\n"
        f"> Please take down {SITE}/4 now and in the future.\r\n"
    )
    world.write(text, sender=OWNER, subject="Re: Removal")

    assert gone(world) == 0


# Addresses that look like others.

LOOKALIKES = {
    "a Cyrillic letter": "https://nеws.example.com/1",
    "its A-label": "https://xn--nws-qdd.example.com/1",
    "userinfo": "https://news.example.com@evil.example/1",
    "userinfo with a password": "https://news.example.com:443@evil.example/1",
    "a backslash": "https://evil.example\\@news.example.com/1",
    "a backslash behind the host": "https://evil.example\\.news.example.com/1",
    "a subdomain of another": "https://news.example.com.evil.example/1",
    "a parameter": "https://evil.example/?u=https://news.example.com/1",
    "a fragment": "https://evil.example/#@news.example.com/1",
    "an encoded slash": "https://evil.example%2F@news.example.com.evil.example/1",
    "another scheme": "gopher://news.example.com/1",
}


@pytest.mark.parametrize("trick", LOOKALIKES)
def test_an_address_that_only_looks_like_another_names_nothing_of_it(
    world: MemoryWorld, trick: str
) -> None:
    world.write(f"Please take down {LOOKALIKES[trick]} now and in the future.", sender=RIVAL)

    assert is_untouched(world)
    assert EDITOR not in written_to(world)


@pytest.mark.parametrize(
    "spelled",
    [
        "HTTPS://NEWS.EXAMPLE.COM/1",
        "https://news.example.com./1",
        "http://www.news.example.com:80/1/?utm_source=x#top",
        "https://someone@news.example.com/1",
        "hxxps://news[.]example[.]com/1",
    ],
)
def test_an_address_in_another_spelling_is_the_same(world: MemoryWorld, spelled: str) -> None:
    before = shown(world)
    world.write(f"Please take down {spelled} now and in the future.", sender=OWNER)

    assert before - shown(world) in ({f"{SITE}/1"}, set())
    if "[" not in spelled:
        assert before - shown(world) == {f"{SITE}/1"}


@pytest.mark.parametrize(
    "host", ["bücher.example", "BÜCHER.example", BOOKS, "XN--BCHER-KVA.example"]
)
def test_a_name_in_letters_and_its_a_label_are_the_same_host(world: MemoryWorld, host: str) -> None:
    before = shown(world)
    case = world.write(
        f"Please take down https://{host}/1 now and in the future.", sender=f"ann@{BOOKS}"
    )

    assert case.state is State.REMOVED
    assert before - shown(world) == {f"https://{BOOKS}/1"}


def test_a_sender_at_a_lookalike_of_the_domain_is_a_stranger(world: MemoryWorld) -> None:
    case = world.write(ONE, sender="ann@xn--nws-qdd.example")

    assert case.decision is not None
    assert case.decision["standing"] == Standing.STRANGER
    hours_pass(world, 15 * 24)
    assert gone(world) == 0


# Our own addresses in the place of the original's.


@pytest.mark.parametrize("named", ["the page", "the tag", "the tag and the subject", "the credit"])
def test_an_item_is_named_by_what_our_own_page_says_of_it(world: MemoryWorld, named: str) -> None:
    page = page_of(world, 1)
    host, item = page.rstrip("/").split("/")[-2:]
    tagged = CONTACT.replace("@", f"+{item}@")
    before = shown(world)
    if named == "the page":
        world.write(f"Please take down {page} now and in the future.")
    elif named == "the tag":
        world.write("Please remove this now and in the future.", to=tagged)
    elif named == "the tag and the subject":
        subject = f"Removal: {host}/{item}"
        world.write("Please remove this now and in the future.", to=tagged, subject=subject)
    else:
        world.write(f"Please remove this page:\n{page}\n")

    assert before - shown(world) == {f"{SITE}/1"}


@pytest.mark.parametrize("sender", [RIVAL, "someone@gmail.com"])
def test_our_own_addresses_say_nothing_of_who_writes(world: MemoryWorld, sender: str) -> None:
    page = page_of(world, 1)
    host, item = page.rstrip("/").split("/")[-2:]
    world.write(
        "Please remove this now and in the future.",
        sender=sender,
        to=CONTACT.replace("@", f"+{item}@"),
        subject=f"Removal: {host}/{item}",
    )

    hours_pass(world, 15 * 24)
    assert gone(world) == 0


def test_a_tombstones_address_names_what_was_there(world: MemoryWorld) -> None:
    page = page_of(world, 1)
    masked = world.write(f"Please take down {page}.", sender=RIVAL)
    assert masked.state is State.MASKED

    case = world.write(f"Please take down {page} now and in the future.", sender=OWNER)

    assert case.state is State.REMOVED
    hours_pass(world, 15 * 24)
    assert f"{SITE}/1" not in shown(world)


def test_a_tombstones_address_lets_a_stranger_do_nothing_more(world: MemoryWorld) -> None:
    page = page_of(world, 1)
    world.write(f"Please take down {page} now and in the future.", sender=OWNER)
    before = world.records()

    world.write(f"Please take down {page}.", sender=RIVAL)
    world.write(f"Please put {page} back, this was a mistake.", sender=RIVAL)
    world.write("I withdraw my request.", sender=RIVAL, to=CONTACT)

    assert world.records() == before


# Addresses in wrappers.

ENCODED = "https%3A%2F%2Fnews.example.com%2F1"
WRAPPED = {
    "SafeLinks": (
        f"https://eur01.safelinks.protection.outlook.com/?url={ENCODED}&data=05%7C01&reserved=0"
    ),
    "Proofpoint 2": "https://urldefense.proofpoint.com/v2/url?u=https-3A__news.example.com_1&d=Dw",
    "Proofpoint 3": "https://urldefense.com/v3/__https://news.example.com/1__;!!AbC!x$",
    "Google": f"https://www.google.com/url?q={ENCODED}&sa=D&source=editors",
}


@pytest.mark.parametrize("wrapper", WRAPPED)
def test_an_address_is_taken_out_of_a_wrapper_that_says_it(
    world: MemoryWorld, wrapper: str
) -> None:
    before = shown(world)
    world.write(f"Please take down {WRAPPED[wrapper]} now and in the future.", sender=OWNER)

    assert before - shown(world) == {f"{SITE}/1"}


def test_a_short_link_is_not_followed_and_the_full_address_is_asked_for(world: MemoryWorld) -> None:
    case = world.write("Please take down https://bit.ly/3abcdef now.", sender=OWNER)

    assert case.state is State.RECORDED
    assert is_untouched(world)
    assert written_to(world) == [OWNER]
    assert not any("bit.ly" in mail.as_string() for mail in world.sent())


# A domain that is sold, and a removal that hides something.


def test_a_new_owner_of_a_domain_may_add_and_not_lift(world: MemoryWorld) -> None:
    world.write(ONE, sender=OWNER)
    page = world.sent()[-1]
    world.later(24 * 400)
    buyer = "new-owner@news.example.com"
    back = f"Please put {SITE}/1 back on your mirror. I withdraw the request."

    world.write(back, sender=buyer, to=page["Reply-To"].addresses[0].addr_spec)
    world.write(f"This is a counter-notice: {SITE}/1 was removed by mistake.", sender=buyer)
    assert f"{SITE}/1" not in shown(world)

    assert world.write(naming(f"{SITE}/2"), sender=buyer).state is State.REMOVED
    assert gone(world) == 2


def test_what_is_taken_down_leaves_a_copy_and_a_public_count(world: MemoryWorld) -> None:
    (kept,) = (i for i in world.items() if i.attribution.original_url == f"{SITE}/1")
    case = world.write(ONE, sender=OWNER)

    (copy,) = world.all(world.mail, f"recovery/{case.id}/").values()
    assert kept.title.encode() in copy
    log = [s.key for s in world.stores.ledger.list("log/")]
    assert len(log) == 1
    assert "2026-11-22" in log[0]
    assert SITE not in world.pages()["removed/index.html"]
    assert re.search(r"\b1\b", world.pages()["removed/index.html"])


# The mirror's mails relay nothing.


@pytest.mark.parametrize("sender", [OWNER, RIVAL, WEBMASTER])
def test_no_mail_of_ours_repeats_what_a_mail_says(world: MemoryWorld, sender: str) -> None:
    text = f"{ONE}\nBuy cheap-canary at https://spam-canary.example/offer !\n"
    world.write(text, sender=f"Canary Sender <{sender}>", subject="Canary: look at this offer")

    assert world.sent()
    told = "".join(mail.as_string() for mail in world.sent() if mail["To"] != OPERATOR)
    assert "canary" not in told.lower()


def test_a_made_up_nonce_proves_nothing(world: MemoryWorld) -> None:
    case = world.write(ALL, sender=WEBMASTER)
    assert case.state is State.MASKED
    right = answer_to(world)
    local, _, nonce = right.partition("@")[0].rpartition(".")
    for wrong in (f"{local}.{'a' * 20}", local, f"{local}.{nonce[:-1]}"):
        world.later(1)
        world.write(
            f"Yes, that was me. {wrong}", sender=WEBMASTER, to=f"{wrong}@mirror.example.org"
        )
    for thief in (RIVAL, "joe@news.example.com"):
        world.write(f"Yes, that was me. {thief}", sender=thief, to=right)

    assert world.case(case).state is State.MASKED
    world.write("Yes, that was me.", sender=WEBMASTER, to=right)
    assert world.case(case).state is State.REMOVED


def test_every_mail_ends_in_a_case_that_somebody_can_find(world: MemoryWorld) -> None:
    raw = b"\x00\xff" * 500
    ses_id = world.arrive(raw)
    world.takedowns().receive(ses_id, None, time_left=lambda: world.time_left)

    found = world.takedowns().cases.load(case_of_mail(ses_id))
    assert found is not None
    assert found.decision is not None
