"""What our mails say and how: every language alike, exact numbers, nothing of a stranger's."""

import re
import string
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from feedmirror.configuration import MirrorSettings
from feedmirror.suppression import Ground, Scope
from feedmirror.takedowns.decisions.claims import Standing
from feedmirror.takedowns.decisions.decision import Proving, Say
from feedmirror.takedowns.mails.message import Message
from feedmirror.takedowns.notices.notice import Correction, Element, Kind
from feedmirror.takedowns.notices.reading_notice import read_notice
from feedmirror.takedowns.replies.operator_mail import AskedFor, OperatorNote, compose_operator_note
from feedmirror.takedowns.replies.replies import (
    Answer,
    Concern,
    Ending,
    ProofAsked,
    Text,
    compose_answer,
    compose_outcome,
    compose_question,
    compose_warning,
)
from feedmirror.takedowns.replies.reply_mail import (
    CASE_MARK,
    Thread,
    build_mail,
    can_be_written_to,
    case_tag,
)
from feedmirror.takedowns.replies.wordings import LANGUAGES, table_of, words_in

SITE = "https://mirror.example.org"
MIRROR = MirrorSettings(
    name="Example Mirror",
    site=SITE,
    contact="takedown@mirror.example.org",
    operator="ops@example.org",
)
CASE, NONCE = "caseabcdefgh2345", "nonceabcdefghijk2345"
HOST = "news.example.com"
TOKEN = "feedmirror-takedown=tokenabcdefghijklmnopqrst2"  # noqa: S105 -- what a host shows to all
PAGES = tuple(f"{SITE}/{HOST}/{letter * 26}/" for letter in "abcdefg")
DAY = date(2026, 12, 1)
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PROOF = ProofAsked(
    host=HOST,
    token=TOKEN,
    ways=(Proving.WELL_KNOWN, Proving.DNS, Proving.FEED),
    feed="https://news.example.com/feed?format=rss",
)
EVERYTHING = Answer(
    case=CASE,
    says=tuple(Say),
    removed=7,
    removed_first=PAGES,
    wide=(HOST, "example.com/blog/", "https://example.com/feed"),
    by_author=("blog.example",),
    masked=2,
    masked_first=PAGES[:2],
    until=DAY,
    not_held=3,
    restored=1,
    missing=tuple(Element),
    proofs=(replace(PROOF, ways=tuple(Proving), mailboxes=("webmaster@example.com",)),),
    recovery_days=30,
)
CONCERN = Concern(case=CASE, host=HOST, pages=2, first=PAGES[:2], until=DAY)


def answered(**fields: object) -> str:
    """Return an English answer's body, its lines joined, as a reader takes it in."""
    made = Answer(**{"case": CASE, "says": (Say.DONE,), **fields})  # type: ignore[arg-type]  # any
    return flowing(compose_answer(made, mirror=MIRROR))


def flowing(text: Text) -> str:
    return " ".join(text.body.split())


def every_text(language: str) -> Iterator[Text]:
    """Yield every kind of mail with every part that it can have."""
    yield compose_answer(replace(EVERYTHING, language=language), mirror=MIRROR)
    once = replace(EVERYTHING, language=language, removed=1, masked=1, not_held=1, future=False)
    yield compose_answer(replace(once, recovery_days=1), mirror=MIRROR)
    last = replace(EVERYTHING, language=language, removed=6, restored=2, recovery_days=0)
    yield compose_answer(
        replace(last, proofs=(replace(PROOF, ways=(Proving.DNS,)),)), mirror=MIRROR
    )
    for says in ((say,) for say in Say):
        few = Answer(
            case=CASE, language=language, says=says, until=DAY, asked_until=DAY, proofs=(PROOF,)
        )
        yield compose_answer(few, mirror=MIRROR)
    for pages in (0, 1, 9):
        concern = replace(CONCERN, language=language, pages=pages, first=PAGES[:pages])
        yield compose_question(concern, mirror=MIRROR)
        yield compose_warning(concern, mirror=MIRROR)
        for ending in Ending:
            yield compose_outcome(ending, concern, mirror=MIRROR)


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_keys_and_placeholders(language: str) -> None:
    english, other = table_of("en"), table_of(language)

    assert list(other) == list(english)
    assert {key: placeholders(text) for key, text in other.items()} == {
        key: placeholders(text) for key, text in english.items()
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_table_is_written_in_whole_sentences_and_one_tone(language: str) -> None:
    for key, text in table_of(language).items():
        assert text == text.strip(), key
        assert "!" not in text, key
        assert "  " not in text, key
        assert ("'" in text) == (language == "nowhere"), key  # the typographer's apostrophe


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != "en"])
def test_no_sentence_is_left_in_english(language: str) -> None:
    english, other = table_of("en"), table_of(language)
    alike = {key for key in english if english[key] == other[key]}

    assert alike <= {"date.day", "date.first"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_table_has_twelve_months(language: str) -> None:
    assert len(set(table_of(language)["date.months"].split())) == 12


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_mail_shows_how_it_was_made(language: str) -> None:
    for text in every_text(language):
        assert text.language == language
        assert not re.search(r"[{}]|\.(one|other)\b|None|Say\.|Element\.|[a-z]_[a-z]", text.body)
        assert not re.search(r"\n{3,}|[ \t]\n|\t|\r", text.body)
        assert text.body.endswith("\n")
        assert "\n" not in text.subject
        assert CASE in text.subject


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_mail_says_whose_it_is_which_case_and_how_removal_works(language: str) -> None:
    for text in every_text(language):
        assert text.body.splitlines()[-1] == "Example Mirror"
        assert f"  {SITE}/takedown/\n" in text.body
        assert CASE in text.body


@pytest.mark.parametrize("language", LANGUAGES)
def test_lines_are_short_unless_they_are_an_address(language: str) -> None:
    for text in every_text(language):
        long = [line for line in text.body.splitlines() if len(line) > 72]
        assert all(re.fullmatch(r"  \S+", line) for line in long), long


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_of_a_table_is_used(language: str) -> None:
    used: set[str] = set()
    table = table_of(language)
    said = "\n".join(flowing(text) + " " + text.subject for text in every_text(language))
    for key, template in table.items():
        pieces = [" ".join(piece.split()) for piece, *_ in string.Formatter().parse(template)]
        if all(piece in said for piece in pieces):
            used.add(key)

    assert set(table) - used <= {"date.months", "date.day", "date.first"}


def test_a_receipt_counts_and_shows_the_first_five() -> None:
    body = compose_answer(replace(EVERYTHING, says=(Say.DONE,)), mirror=MIRROR).body

    assert "7 pages have been removed from Example Mirror." in body
    assert [page in body for page in PAGES] == [True] * 5 + [False] * 2
    assert "  and 2 more\n" in body


@pytest.mark.parametrize(
    ("removed", "shown", "rest"),
    [(1, 1, None), (5, 5, None), (6, 5, "and 1 more"), (500, 5, "and 495 more"), (3, 0, None)],
)
def test_the_rest_is_what_is_not_shown(removed: int, shown: int, rest: str | None) -> None:
    body = answered(removed=removed, removed_first=PAGES[: min(removed, shown)])

    assert sum(page in body for page in PAGES) == shown
    assert ("more" in body) == (rest is not None)
    assert rest is None or rest in body


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "1 page has been removed", "2 pages have been removed"),
        ("es", "Se ha retirado 1 página", "Se han retirado 2 páginas"),
        ("fr", "1 page a été retirée", "2 pages ont été retirées"),
        ("de", "1 Seite wurde", "2 Seiten wurden"),
        ("pt", "1 página foi removida", "2 páginas foram removidas"),
    ],
)
def test_one_and_many_are_said_rightly(language: str, one: str, other: str) -> None:
    assert one in answered(language=language, removed=1)
    assert other in answered(language=language, removed=2)


@pytest.mark.parametrize(
    ("language", "day", "first"),
    [
        ("en", "3 November 2026", "1 August 2026"),
        ("es", "3 de noviembre de 2026", "1 de agosto de 2026"),
        ("fr", "3 novembre 2026", "1er août 2026"),
        ("de", "3. November 2026", "1. August 2026"),
        ("pt", "3 de novembro de 2026", "1 de agosto de 2026"),
    ],
)
def test_a_day_is_written_out(language: str, day: str, first: str) -> None:
    assert words_in(language).day(date(2026, 11, 3)) == day
    assert words_in(language).day(date(2026, 8, 1)) == first


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("de", "de"),
        ("DE-at", "de"),
        ("pt_BR", "pt"),
        ("", "en"),
        ("ja", "en"),
        ("../en", "en"),
        ("english", "en"),
    ],
)
def test_an_unknown_language_is_answered_in_english(asked: str, given: str) -> None:
    made = Answer(case=CASE, language=asked, says=(Say.RECEIVED,))

    assert compose_answer(made, mirror=MIRROR).language == given


def test_the_future_is_promised_unless_it_was_refused() -> None:
    assert "What is removed stays away." in answered(removed=1)
    assert "stays away" not in answered(removed=1, future=False)
    assert "may appear as before" in answered(removed=1, future=False)


def test_how_to_undo_says_for_how_long_and_nothing_where_no_copy_is_kept() -> None:
    assert "for 30 days it can be put back" in answered(removed=1, recovery_days=30)
    assert "for 1 day it can be put back" in answered(removed=1, recovery_days=1)
    assert "No copy was kept" in answered(removed=1, recovery_days=0)


def test_what_is_removed_as_a_whole_is_named() -> None:
    body = compose_answer(replace(EVERYTHING, says=(Say.DONE,)), mirror=MIRROR).body

    assert (
        "The removal covers everything from:\n  news.example.com\n  example.com/blog/\n"
        "  https://example.com/feed\n"
    ) in body
    assert "by the same author from:\n  blog.example\n" in body


def test_a_mask_says_until_when_and_why_it_is_no_removal() -> None:
    unproven = answered(says=(Say.MASKED, Say.PROVE), masked=2, until=DAY, proofs=(PROOF,))
    undecided = answered(says=(Say.MASKED, Say.TOO_MANY), masked=2, until=DAY)

    assert "2 pages are out of sight until 1 December 2026." in unproven
    assert "your mail alone does not show that you speak" in unproven
    assert "your mail alone" not in undecided
    assert "A person looks at it before that day." in undecided


def test_a_mask_of_a_whole_that_has_no_pages_yet_counts_none() -> None:
    body = answered(says=(Say.MASKED,), masked=0, until=DAY)

    assert "What you named is out of sight until 1 December 2026." in body
    assert "0 pages" not in body


def test_an_ending_needs_no_host() -> None:
    concern = replace(CONCERN, host="")

    assert CASE in compose_outcome(Ending.REFUSED, concern, mirror=MIRROR).body
    with pytest.raises(ValueError, match="whose pages"):
        compose_question(concern, mirror=MIRROR)


def test_each_way_to_prove_gives_the_place_and_the_line() -> None:
    body = compose_answer(Answer(case=CASE, says=(Say.PROVE,), proofs=(PROOF,)), mirror=MIRROR).body

    well_known = f"  https://{HOST}/.well-known/feedmirror-takedown.txt\n  {TOKEN}\n"
    for place in (well_known, f"  _feedmirror.{HOST}\n  {TOKEN}\n", f"  {PROOF.feed}\n  {TOKEN}\n"):
        assert place in body
    assert "Any one of these shows that you speak for news.example.com." in flowing(Text("", body))
    assert "There is no need to write again." in flowing(Text("", body))


def test_a_single_way_is_no_choice_and_a_reply_is_not_looked_for() -> None:
    proof = ProofAsked(host=HOST, ways=(Proving.REPLY,))
    body = answered(says=(Say.PROVE,), proofs=(proof,))

    assert "This shows that you speak for news.example.com." in body
    words = "Answer this mail with these words, from the mailbox that it was sent to:"
    assert f"{words} Yes, please remove it." in " ".join(body.split())
    assert "looks for the line" not in body


def test_what_is_not_held_is_counted_beside_what_is_and_told_apart_from_nothing() -> None:
    some = answered(says=(Say.DONE, Say.NOT_HELD), removed=1, not_held=2)
    nothing = answered(says=(Say.NOT_HELD,), not_held=2)

    assert "2 of the addresses you named lead to nothing" in some
    assert "found no copy" not in some
    assert "found no copy of it" in nothing
    assert "found no copy" in answered(says=(Say.NOT_HELD,))


def test_a_review_of_all_and_of_the_rest_are_told_apart() -> None:
    assert "Nothing has changed" in answered(says=(Say.HELD_FOR_REVIEW,))
    rest = answered(says=(Say.DONE, Say.HELD_FOR_REVIEW), removed=1)
    assert "The rest of your request" in rest
    assert "Nothing has changed" not in rest


def test_only_the_missing_elements_are_asked_for() -> None:
    missing = (Element.ACCURACY, Element.SIGNATURE)
    body = answered(says=(Say.MISSING_ELEMENTS,), missing=missing)

    assert body.count(" - ") == 2
    assert "- a signature" in body
    assert "under penalty of perjury, that you may act for the owner" in body
    assert "good faith" not in body
    assert "none of this is needed" not in body


def test_a_publisher_is_told_that_no_form_is_needed_where_proof_would_do() -> None:
    says = (Say.MISSING_ELEMENTS, Say.PROVE)
    body = answered(says=says, missing=(Element.WORK,), proofs=(PROOF,))

    assert "none of this is needed" in body


def test_a_question_says_that_silence_changes_nothing_and_where_else_to_ask() -> None:
    text = flowing(compose_question(CONCERN, mirror=MIRROR))

    assert "2 pages from news.example.com" in text
    assert "please do nothing, and do not answer. Nothing changes then." in text
    assert "write to takedown@mirror.example.org instead of answering" in text
    assert "put it back" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_warning_says_until_when_and_gives_words_for_each_choice(language: str) -> None:
    text = compose_warning(replace(CONCERN, language=language), mirror=MIRROR)
    words = words_in(language)

    assert words.day(DAY) in flowing(text)
    for key in ("contact.confirm_words", "contact.put_back_words"):
        assert f"\n  {words.line(key)}\n" in text.body


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_that_a_warning_offers_are_read_as_they_are_meant(language: str) -> None:
    offered = {
        Kind.REMOVAL: words_in(language).line("contact.confirm_words"),
        Kind.RETRACTION: words_in(language).line("contact.put_back_words"),
    }

    for kind, said in offered.items():
        notice = read_notice(Message(text=f"{said}\n"), mirror=MIRROR, tags=(case_tag(CASE),))
        assert (notice.kind, notice.case) == (kind, CASE), said


def test_each_ending_tells_a_requester_what_became_of_it() -> None:
    told = {ending: flowing(compose_outcome(ending, CONCERN, mirror=MIRROR)) for ending in Ending}

    assert "2 pages that were out of sight at your request are shown again." in told[Ending.LAPSED]
    assert "2 pages have been removed for good." in told[Ending.CONFIRMED]
    assert "decided against it" in told[Ending.REFUSED]
    assert "the author that they come from asked for it" in told[Ending.COUNTERED]
    none = compose_outcome(Ending.LAPSED, replace(CONCERN, pages=0, first=()), mirror=MIRROR)
    assert "ended without a change" in flowing(none)


@pytest.mark.parametrize(
    "wrong",
    [
        {"says": ()},
        {"case": "CASE"},
        {"removed_first": ("https://spam.example/buy",)},
        {"removed_first": (f"{SITE}.evil.example/x/",)},
        {"removed_first": (f"{SITE}/a page with words/",)},
        {"masked_first": (f"{SITE}/x?q=buy",)},
        {"wide": ("buy my pills now",)},
        {"by_author": ("Ann Author",)},
        {"says": (Say.PROVE,)},
        {"says": (Say.PROVE,), "proofs": (replace(PROOF, host="x y"),)},
        {"says": (Say.PROVE,), "proofs": (replace(PROOF, token="a b"),)},  # noqa: S106 -- none at all
        {"says": (Say.PROVE,), "proofs": (replace(PROOF, feed="https://x.example/ a"),)},
        {"says": (Say.PROVE,), "proofs": (replace(PROOF, mailboxes=("x@y\nz",)),)},
        {"says": (Say.MASKED,), "masked": 1},
    ],
)
def test_what_no_mail_of_ours_may_say_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        answered(**wrong)


@pytest.mark.parametrize(
    "wrong", [{"host": "a sentence"}, {"first": ("https://x.example/",)}, {"until": None}]
)
def test_a_contact_is_told_nothing_of_a_strangers_either(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        compose_warning(replace(CONCERN, **wrong), mirror=MIRROR)  # type: ignore[arg-type]  # any


def sent(text: Text | None = None, **changes: object) -> EmailMessage:
    raw = raw_mail(text, **changes)
    parsed = message_from_bytes(raw, policy=default)
    assert isinstance(parsed, EmailMessage)
    assert not parsed.defects
    return parsed


def said(mail: EmailMessage) -> str:
    content: str = mail.get_content()
    return content.replace("\r\n", "\n")


def raw_mail(text: Text | None = None, **changes: object) -> bytes:
    fields = {"mirror": MIRROR, "recipient": "ann@example.com", "date": NOON, **changes}
    fields.setdefault("thread", Thread(case=CASE))
    made = text or compose_answer(Answer(case=CASE, says=(Say.RECEIVED,)), mirror=MIRROR)
    return build_mail(made, **fields)  # type: ignore[arg-type]  # by name


def test_a_mail_has_the_headers_of_an_automatic_answer() -> None:
    thread = Thread(
        case=CASE, nonce=NONCE, in_reply_to="<two@example.com>", references=("<one@example.com>",)
    )
    mail = sent(thread=thread)

    assert str(mail["From"]) == "Example Mirror <takedown@mirror.example.org>"
    assert mail["To"] == "ann@example.com"
    assert mail["Reply-To"].addresses[0].addr_spec == (
        f"takedown+c.{CASE}.{NONCE}@mirror.example.org"
    )
    assert mail["Subject"] == f"Your request to Example Mirror (case {CASE})"
    assert mail["Date"].datetime == NOON
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail[CASE_MARK] == CASE
    assert CASE_MARK == "X-Feedmirror-Case"
    assert mail["In-Reply-To"] == "<two@example.com>"
    assert mail["References"].split() == ["<one@example.com>", "<two@example.com>"]
    assert mail["Content-Language"] == "en"
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content_charset() == "utf-8"
    for absent in ("Precedence", "Message-ID", "Return-Path", "Cc", "Bcc", "Sender"):
        assert absent not in mail


def test_a_question_to_a_contact_answers_nothing() -> None:
    mail = sent(compose_question(CONCERN, mirror=MIRROR), thread=Thread(case=CASE, unasked=True))

    assert mail["Auto-Submitted"] == "auto-generated"
    assert "In-Reply-To" not in mail
    assert "References" not in mail


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mail_reads_as_it_was_written_and_travels_in_short_ascii_lines(language: str) -> None:
    for text in every_text(language):
        raw = raw_mail(text)
        head, _, body = raw.partition(b"\r\n\r\n")
        assert raw.isascii()
        assert b"\n" not in raw.replace(b"\r\n", b"")
        assert max(map(len, body.split(b"\r\n"))) <= 76
        assert max(map(len, head.split(b"\r\n"))) <= 78
        mail = message_from_bytes(raw, policy=default)
        assert isinstance(mail, EmailMessage)
        assert said(mail) == text.body
        assert mail["Subject"] == text.subject
        assert mail["Content-Language"] == language


@pytest.mark.parametrize(
    "odd",
    [
        "",
        "one@example.com",
        "<one>",
        "<one two@example.com>",
        "<a@b>\r\nBcc: <c@d>",
        "<a@b> <c@d>",
        "<ä@example.com>",
        "<" + "a" * 240 + "@example.com>",
        "<<a@b>>",
        "<a@b\n>",
    ],
)
def test_what_is_no_message_id_is_left_out(odd: str) -> None:
    mail = sent(thread=Thread(case=CASE, in_reply_to=odd, references=(odd, "<kept@example.com>")))

    assert "In-Reply-To" not in mail
    assert mail["References"] == "<kept@example.com>"


def test_a_long_message_id_stays_as_it_is() -> None:
    long = "<" + "a" * 200 + "@mail.example.com>"

    raw = raw_mail(thread=Thread(case=CASE, in_reply_to=long))

    assert f"\r\nReferences: {long}\r\n".encode() in raw


def test_a_long_thread_keeps_its_first_and_its_last() -> None:
    ids = tuple(f"<{n}@example.com>" for n in range(50))
    mail = sent(thread=Thread(case=CASE, in_reply_to="<last@example.com>", references=ids))

    kept = mail["References"].split()
    assert kept[0] == ids[0]
    assert kept[-2:] == [ids[-1], "<last@example.com>"]
    assert len(kept) == 10


def test_a_name_in_any_script_is_encoded() -> None:
    mirror = replace(MIRROR, name='Spiegel „Müller", 鏡 ☂')
    mail = sent(mirror=mirror)

    [sender] = mail["From"].addresses
    assert sender.display_name == 'Spiegel „Müller", 鏡 ☂'
    assert sender.addr_spec == MIRROR.contact


@pytest.mark.parametrize(
    "recipient",
    [
        "",
        "ann",
        "ann@",
        "@example.com",
        "ann@example.com, bob@example.com",
        "ann@example.com\r\nBcc: bob@example.com",
        '"ann smith"@example.com',
        "ann@exa mple.com",
        "änn@example.com",
        "ann@exämple.com",
        "a" * 65 + "@example.com",
        "ann@" + "a." * 130 + "com",
        "Ann <ann@example.com>",
    ],
)
def test_an_odd_recipient_is_never_written_to(recipient: str) -> None:
    assert not can_be_written_to(recipient)
    with pytest.raises(ValueError, match="no mail address"):
        raw_mail(recipient=recipient)


@pytest.mark.parametrize("recipient", ["ann+x@example.com", "o'neil@sub.example.co.uk", "a.b@x"])
def test_a_plain_recipient_is_written_to(recipient: str) -> None:
    assert sent(recipient=recipient)["To"].addresses[0].addr_spec == recipient


def test_a_tag_carries_the_case_and_the_nonce() -> None:
    assert case_tag(CASE) == f"c.{CASE}"
    assert case_tag(CASE, NONCE) == f"c.{CASE}.{NONCE}"


@pytest.mark.parametrize(
    ("case", "nonce"), [("", ""), ("x", ""), (CASE.upper(), ""), (CASE, "x"), (CASE + "\n", "")]
)
def test_a_tag_of_anything_else_is_refused(case: str, nonce: str) -> None:
    with pytest.raises(ValueError, match="16 characters"):
        case_tag(case, nonce)


@pytest.mark.parametrize(
    ("length", "nonce", "fits"),
    [(24, NONCE, True), (25, NONCE, False), (45, "", True), (46, "", False)],
)
def test_a_contact_leaves_room_for_the_tag_within_64_octets(
    length: int, nonce: str, *, fits: bool
) -> None:
    mirror = replace(MIRROR, contact="a" * length + "@example.org")
    thread = Thread(case=CASE, nonce=nonce)
    if fits:
        local = sent(mirror=mirror, thread=thread)["Reply-To"].addresses[0].username
        assert len(local) == 64
    else:
        with pytest.raises(ValueError, match=r"at most (24|45) would be right"):
            raw_mail(mirror=mirror, thread=thread)


def test_a_contact_that_no_mail_can_come_from_is_refused() -> None:
    with pytest.raises(ValueError, match="as the contact"):
        raw_mail(mirror=replace(MIRROR, contact="entfernt@müller.example"))


def test_a_date_needs_a_time_zone_and_is_sent_in_utc() -> None:
    east = NOON.astimezone(timezone(timedelta(hours=5)))

    assert sent(date=east)["Date"] == "Sun, 22 Nov 2026 12:00:00 +0000"
    with pytest.raises(ValueError, match="time zone"):
        raw_mail(date=NOON.replace(tzinfo=None))


NOTE = OperatorNote(
    case=CASE,
    row=25,
    why="more than 25 items by somebody who has nothing to do with them",
    urgent=True,
    until=datetime(2026, 12, 6, 10, 0, tzinfo=UTC),
    masked=True,
    asked=(
        AskedFor(
            scope=Scope.ITEM,
            host=HOST,
            pages=PAGES,
            count=40,
            standing=Standing.STRANGER,
            ground=Ground.LEGAL,
        ),
    ),
    corrections=(Correction("author", "Jon\nDoe", "Jane Doe"), Correction("")),
    unclear=("a page and the whole site are both named",),
    mail="inbound/abc",
)


def test_the_operator_is_told_why_by_when_and_what_to_type() -> None:
    text = compose_operator_note(NOTE, mirror=MIRROR)
    body = flowing(text)

    assert text.subject == f"Urgent: case {CASE} needs a decision (Example Mirror)"
    assert "more than 25 items" in body
    assert "row 25 of the decision table" in body
    assert "within one working day" in body
    assert "2026-12-06 10:00 UTC" in body
    assert "item of news.example.com, 40 pages, on legal grounds" in body
    assert "and 33 more" in body
    assert 'the author now: "Jon Doe" new: "Jane Doe"' in body
    assert "the credit now: (not said) new: (not said)" in body
    assert "a page and the whole site are both named" in body
    assert "inbound/abc" in body
    assert commands_in(text) == {
        f"case {CASE}": "all that is known of it",
        f"approve {CASE}": "do what is asked",
        f"refuse {CASE}": "do not, and show again what is out of sight",
    }


def commands_in(text: Text) -> dict[str, str]:
    found = re.findall(r"^  feedmirror (.*?) +# (.*)$", text.body, re.MULTILINE)
    return dict(found)


@pytest.mark.parametrize(
    ("note", "does"),
    [
        (
            replace(NOTE, answered=True, masked=False),
            {"refuse": "do not, and say so to whoever asked"},
        ),
        (replace(NOTE, masked=False), {"refuse": "do not"}),
        (replace(NOTE, removed=True), {"restore": "put back what is removed"}),
        (
            replace(NOTE, asked=()),
            {"suppress": "take something down; nothing is asked that could be approved"},
        ),
    ],
)
def test_only_what_can_be_done_is_offered_and_no_answer_is_promised_that_is_not_sent(
    note: OperatorNote, does: dict[str, str]
) -> None:
    offered = {
        command.split()[0]: words
        for command, words in commands_in(compose_operator_note(note, mirror=MIRROR)).items()
    }

    assert does.items() <= offered.items()
    assert ("restore" in offered) == note.removed
    assert ("approve" in offered) == bool(note.asked)


def test_the_commands_name_the_folder_of_a_mirror_on_one_machine() -> None:
    text = compose_operator_note(replace(NOTE, where=" --local 'my mirror'"), mirror=MIRROR)

    assert f"approve {CASE} --local 'my mirror'" in commands_in(text)


def test_a_row_of_the_table_is_named_once() -> None:
    note = replace(NOTE, row=24, why="row 24: a little, by a stranger")

    body = flowing(compose_operator_note(note, mirror=MIRROR))

    assert "Why, by the decision table: row 24: a little, by a stranger." in body
    assert body.count("24") == 1


def test_an_ordinary_case_is_not_urgent_and_says_no_more_than_there_is() -> None:
    note = OperatorNote(case=CASE, row=14, why="a counter-notice")
    text = compose_operator_note(note, mirror=MIRROR)

    assert text.subject.startswith("Case ")
    for absent in (
        "Urgent",
        "urgent",
        "waits until",
        "Asked for",
        "corrected",
        "Unclear",
        "bucket",
    ):
        assert absent not in text.body


def test_the_operators_mail_can_be_sent() -> None:
    text = compose_operator_note(NOTE, mirror=MIRROR)
    mail = sent(text, recipient=MIRROR.operator, thread=Thread(case=CASE, unasked=True))

    assert said(mail) == text.body
    assert mail["To"] == MIRROR.operator
