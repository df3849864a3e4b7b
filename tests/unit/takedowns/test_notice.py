"""What single mails ask for: addresses of our own, tags, machines, takings-back."""

import pytest

from feedmirror.configuration import MirrorSettings
from feedmirror.suppression import Ground, Scope
from feedmirror.takedowns.message import (
    Automatic,
    DeliveryReport,
    Link,
    Message,
    Part,
    StructuredNotice,
)
from feedmirror.takedowns.notice import Future, Kind, Notice, TargetKind
from feedmirror.takedowns.phrases import read_table, tables
from feedmirror.takedowns.reading_notice import read_notice
from feedmirror.takedowns.targets import tags_in, tags_of

ITEM = "ggnujrlquql76ncerfwnjktx6b"
OTHER = "riujfgwh7gqx5f5eegwczvr2y4"
CASE, NONCE = "a" * 16, "b" * 20
ANSWER = f"c.{CASE}.{NONCE}"
MIRROR = MirrorSettings(
    name="M", site="https://mirror.example.net", contact="takedown@mirror.example.net", operator="O"
)
PAGE = f"https://mirror.example.net/river.example/{ITEM}/"


def read(text: str = "", *, tags: tuple[str, ...] = (), **fields: object) -> Notice:
    links = tuple(Link(word) for word in text.split() if word.startswith("http"))
    message = Message(text=text, **{"links": links, **fields})  # type: ignore[arg-type]
    return read_notice(message, mirror=MIRROR, tags=tags)


@pytest.mark.parametrize(
    ("address", "kind", "value"),
    [
        (PAGE, TargetKind.ITEM, ITEM),
        (PAGE.replace("https://", "http://www."), TargetKind.ITEM, ITEM),
        (f"{PAGE}index.html?x=1#y", TargetKind.ITEM, ITEM),
        ("https://river.example/rain", TargetKind.ADDRESS, "https://river.example/rain"),
    ],
)
def test_an_address_names_what_it_leads_to(address: str, kind: TargetKind, value: str) -> None:
    (target,) = read(f"Please remove {address} thank you").targets

    assert (target.kind, target.value, target.host) == (kind, value, "river.example")


@pytest.mark.parametrize("path", ["", "/", "/takedown/", "/removed/", "/index.html", "/feed.xml"])
def test_the_mirrors_own_pages_are_nobodys_content(path: str) -> None:
    assert (
        read(f"Please remove my article from https://mirror.example.net{path} thanks").targets == ()
    )


def test_our_folder_of_a_host_names_the_host_but_not_how_far() -> None:
    notice = read("please remove this: https://mirror.example.net/river.example/feed.xml thanks")

    assert notice.scope is not Scope.HOST


def test_the_tag_of_our_address_names_its_item() -> None:
    notice = read("Please remove this.", tags=(ITEM,))

    assert [(t.kind, t.value) for t in notice.targets] == [(TargetKind.ITEM, ITEM)]
    assert notice.scope is Scope.ITEM


def test_the_subject_that_our_pages_prefill_asks_by_itself() -> None:
    notice = read("", tags=(ITEM,), subject=f"Removal: river.example/{ITEM}")

    assert notice.kind is Kind.REMOVAL
    assert [(t.value, t.host) for t in notice.targets] == [(ITEM, "river.example")]


@pytest.mark.parametrize(
    "text",
    [
        "Please do not remove it, I only wanted to say thanks.",
        "How can I get this removed?",
        "Salve, questo testo mi piace molto e vorrei che restasse dove si trova, grazie mille",
    ],
)
def test_the_prefilled_subject_asks_nothing_against_or_without_the_words(text: str) -> None:
    notice = read(text, tags=(ITEM,), subject=f"Removal: river.example/{ITEM}")

    assert notice.kind is not Kind.REMOVAL


def test_a_tag_alone_asks_for_nothing() -> None:
    assert read("", tags=(ITEM,)).kind is Kind.UNCLEAR


def test_an_answer_brings_its_case_and_nonce() -> None:
    notice = read("Yes, that was me.", tags=(ANSWER,))

    assert (notice.kind, notice.case, notice.nonce) == (Kind.ANSWER, CASE, NONCE)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("I did not send this. Please do not remove anything.", Kind.UNCLEAR),
        ("Das war ich nicht!", Kind.UNCLEAR),
        ("Je retire ma demande.", Kind.RETRACTION),
        ("Nunca pedí que quitaran nada.", Kind.UNCLEAR),
    ],
)
def test_an_answer_that_says_no_is_no_answer(text: str, kind: Kind) -> None:
    assert read(text, tags=(ANSWER,)).kind is kind


@pytest.mark.parametrize("tag", ["c.short.x", f"c.{CASE}.{NONCE}x", "x" * 26 + "1", ""])
def test_a_malformed_tag_is_no_tag(tag: str) -> None:
    notice = read("Yes", tags=(tag,))

    assert (notice.case, notice.targets) == ("", ())


def test_only_our_own_mailbox_has_tags() -> None:
    addresses = (f"Takedown+{ITEM.upper()}@mirror.example.net", f"takedown+{OTHER}@evil.example")

    assert tags_of(addresses, MIRROR.contact) == (ITEM,)
    assert tags_in(f"write to takedown+{ITEM}@mirror.example.net.", MIRROR.contact) == (ITEM,)


QUOTED_PAGE = (Link(PAGE, Part.QUOTED), Link("https://river.example/rain", Part.QUOTED))


def test_a_request_over_our_page_means_that_page() -> None:
    (target,) = read("Please remove this page.", links=QUOTED_PAGE, quoted=PAGE).targets

    assert (target.kind, target.value, target.part) == (TargetKind.ITEM, ITEM, "quoted")


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("Thanks for the link!", QUOTED_PAGE),
        ("Please remove all my articles.", QUOTED_PAGE),
        ("Please remove this page.", (*QUOTED_PAGE, Link(PAGE.replace(ITEM, OTHER), Part.QUOTED))),
        ("Please remove this page.", (Link("https://river.example/rain", Part.QUOTED),)),
        ("Please remove this page.", (Link("https://river.example/rain", Part.SIGNATURE),)),
    ],
)
def test_a_quotation_names_nothing_else(text: str, links: tuple[Link, ...]) -> None:
    assert read(text, links=links).targets == ()


def test_our_own_credit_pasted_asks_for_nothing() -> None:
    credit = (
        "If you are the author or represent the host site and would like this content removed now "
        f"and in the future, please write to takedown+{ITEM}@mirror.example.net."
    )

    assert read(f"Look what I found:\n\n{credit}").kind is not Kind.REMOVAL
    asked = read(f"Please take this down.\n\n{credit}")
    assert [target.value for target in asked.targets] == [ITEM]


def test_an_address_to_keep_is_no_target() -> None:
    notice = read(
        "Remove https://a.example/1 , but do not remove https://a.example/2 or https://a.example/3"
    )

    assert [target.value for target in notice.targets] == ["https://a.example/1"]


def test_behind_words_nothing_is_meant_where_something_is_to_stay() -> None:
    notice = read(
        "Remove this but keep that.",
        links=(Link("https://a.example/1"), Link("https://a.example/2")),
    )

    assert notice.targets == ()


def test_taking_back_and_asking_in_one_is_unclear() -> None:
    assert (
        read("I withdraw my request. Please remove https://a.example/1 instead").kind
        is Kind.UNCLEAR
    )


@pytest.mark.parametrize(
    "text",
    [
        "Please do not put it back, ever.",
        "Por favor, no vuelvan a publicar mi texto.",
        "Bitte stellt meinen Text nicht wieder online.",
    ],
)
def test_never_again_is_no_retraction(text: str) -> None:
    assert read(text).kind is not Kind.RETRACTION


def test_a_bounce_is_a_bounce_whatever_it_returns() -> None:
    report = DeliveryReport(failed=True, original_id="<x@y>")

    assert read("Please remove https://a.example/1", report=report).kind is Kind.BOUNCE


@pytest.mark.parametrize(
    "automatic", [Automatic.REPLIED, Automatic.GENERATED, Automatic.LIST, Automatic.REPORT]
)
def test_what_a_machine_says_asks_for_nothing(automatic: Automatic) -> None:
    assert read("Please remove https://a.example/1", automatic=automatic).kind is Kind.AUTOMATIC


def test_a_structured_notice_is_a_formal_request() -> None:
    structured = StructuredNotice("ACNS", (PAGE, "https://a.example/1"), ("https://own.example/",))
    notice = read(automatic=Automatic.GENERATED, structured=structured)

    assert (notice.kind, notice.scope, notice.formal) == (Kind.REMOVAL, Scope.ITEM, True)
    assert [target.value for target in notice.targets] == [ITEM, "https://a.example/1"]
    assert notice.ground is Ground.LEGAL


def test_a_shortened_address_is_named_as_such() -> None:
    (target,) = read(
        "Please remove this", links=(Link("https://bit.ly/x", shortened=True),)
    ).targets

    assert target.kind is TargetKind.SHORTENED


def test_a_list_in_an_attachment_counts_if_the_words_point_to_it() -> None:
    attached = (Link("https://a.example/1", Part.ATTACHED),)

    assert len(read("Please remove the pages in the attached list.", links=attached).targets) == 1
    assert read("Please remove my article.", links=attached).targets == ()


def test_the_site_in_an_introduction_is_not_what_is_to_go() -> None:
    notice = read(
        "I am Ann from https://ann.example/ and ask you to remove https://ann.example/a thanks"
    )

    assert (notice.scope, [t.value for t in notice.targets]) == (
        Scope.ITEM,
        ["https://ann.example/a"],
    )


def test_a_text_too_long_to_be_read_says_so() -> None:
    notice = read("Please remove my article. " + "word " * 10_000)

    assert any("too long" in doubt for doubt in notice.unclear)


def test_the_future_is_only_refused_in_so_many_words() -> None:
    assert read("Remove https://a.example/1 only this once").future is Future.REFUSED
    assert read("Remove https://a.example/1 and never mirror it again").future is Future.ASKED
    assert read("Remove https://a.example/1 please").future is Future.UNSAID


def test_every_language_listens_for_the_same_things() -> None:
    def heard(lists: object) -> set[str]:
        return {name for name in lists if not str(name).startswith("words.")}  # type: ignore[attr-defined]

    english = heard(tables()[0].lists)
    assert len(tables()) == 5
    for table in tables():
        assert heard(table.lists) == english, table.language


def test_a_table_that_names_no_list_is_refused() -> None:
    table = 'common = []\njoins = []\nopeners = []\nnegations = []\n[kind]\nasks = ["x {nothing}"]'

    with pytest.raises(ValueError, match="nothing"):
        read_table("xx", table)
