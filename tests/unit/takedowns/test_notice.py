"""What single mails ask for: addresses of our own, tags, machines, takings-back."""

import pytest

from feedmirror.configuration import MirrorSettings
from feedmirror.suppression import Ground, Scope
from feedmirror.takedowns.mails.message import (
    Automatic,
    DeliveryReport,
    Link,
    Message,
    Part,
    StructuredNotice,
)
from feedmirror.takedowns.notices.notice import Correction, Future, Kind, Notice, TargetKind
from feedmirror.takedowns.notices.phrases import read_table, tables
from feedmirror.takedowns.notices.reading_notice import read_notice
from feedmirror.takedowns.notices.targets import tags_in, tags_of

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


@pytest.mark.parametrize(
    "path", ["", "/", "/takedown/", "/publishers/", "/removed/", "/index.html", "/feed.xml"]
)
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


@pytest.mark.parametrize("subject", ["Removal: {}", "removal:  {}", "Re: Removal: {}"])
def test_our_own_subject_names_no_second_address(subject: str) -> None:
    named = f"river.example/{ITEM}"
    links = (Link(f"https://{named}", Part.SUBJECT, weak=True),)
    notice = read("Please remove this.", tags=(ITEM,), subject=subject.format(named), links=links)

    assert notice.kind is Kind.REMOVAL
    assert [(t.kind, t.value) for t in notice.targets] == [(TargetKind.ITEM, ITEM)]


def test_any_other_subject_names_its_addresses() -> None:
    links = (Link("https://river.example/rain", Part.SUBJECT, weak=True),)
    notice = read("Please remove this page.", subject="river.example/rain", links=links)

    assert [t.value for t in notice.targets] == ["https://river.example/rain"]


@pytest.mark.parametrize("reply", ["Re", "AW", "RV", "TR", "Res"])
def test_the_subject_of_a_reply_names_nothing(reply: str) -> None:
    links = (Link("https://river.example", Part.SUBJECT, weak=True),)
    subject = f"{reply}: A request about river.example on M (case {CASE_ID})"
    notice = read("Yes?", tags=(ANSWER,), subject=subject, links=links)

    assert notice.targets == ()


CASE_ID = "abcdefghij234567"


@pytest.mark.parametrize(
    "named",
    [
        "Re: Your request to Example Mirror (case {})",
        "AW: Ihre Anfrage an Example Mirror (Vorgang {})",
        "RE: Su solicitud a Example Mirror (caso {})",
        "TR: Votre demande à Example Mirror (dossier {})",
        "Res: Seu pedido a Example Mirror (caso {})",
        "Case ID: {}",
        "Fall Nr. {}",
        "affaire {}",
        "processo nº {}",
        "Nummer Ihres Vorgangs, {}",
        "CASE {}.",
    ],
)
def test_a_case_is_named_in_the_subject_or_in_the_words(named: str) -> None:
    words = named.format(CASE_ID)

    assert read("It is still there.", subject=words).case == CASE_ID
    assert read(f"It is still there. {words}").case == CASE_ID
    assert read("It is still there.", subject=words.upper()).case == CASE_ID


@pytest.mark.parametrize(
    "words",
    [
        f"case {CASE_ID}x",
        f"case {CASE_ID[:-1]}",
        f"briefcase {CASE_ID}",
        f"case {CASE_ID}@mirror.example.net",
        f"case 1{CASE_ID[1:]}",
        CASE_ID,
    ],
)
def test_what_only_looks_like_a_case_is_none(words: str) -> None:
    assert read(words).case == ""


def test_the_tag_of_our_address_counts_before_the_words_and_words_bring_no_nonce() -> None:
    notice = read(f"case {CASE_ID}", tags=(ANSWER,))
    named = read(f"Yes, that was me. Case {CASE_ID}.{NONCE}")

    assert (notice.case, notice.nonce) == (CASE, NONCE)
    assert named.nonce == ""
    assert named.kind is not Kind.ANSWER


@pytest.mark.parametrize(
    "text",
    [
        "Thanks!",
        "Thank you very much, that was quick.",
        "Thank you for removing it so quickly.",
        "Vielen Dank!",
        "Merci beaucoup",
        "Muchas gracias.",
        "Muito obrigada!",
    ],
)
def test_plain_thanks_leave_nothing_unclear(text: str) -> None:
    notice = read(text)

    assert (notice.kind, notice.unclear) == (Kind.OTHER, ())


@pytest.mark.parametrize(
    "text",
    [
        "But it is still there when I look!",
        "Could you call me?",
        "That was a mistake.",
        "Thanks, but it is still there",
        "Thank you. Could you phone me",
        "Thank you for removing it? I can see it here",
        "Danke für die schnelle Antwort, aber die Seite ist immer noch da.",
        "Merci, mais la page est toujours là.",
        "Gracias, pero la página sigue ahí.",
        "Obrigada, mas a página continua lá.",
        "",
    ],
)
def test_whatever_is_more_than_thanks_says_that_it_wants_a_reader(text: str) -> None:
    notice = read(text)

    assert notice.kind in {Kind.OTHER, Kind.UNCLEAR}
    assert notice.unclear


def test_praise_with_a_question_about_removal_is_no_mere_praise() -> None:
    assert read("Great mirror! How can I get this removed? https://a.example/1").kind is (
        Kind.UNCLEAR
    )


ORIGINAL, THEIRS = "https://ann.example/ferry", "https://thief.example/ferry"
GOOD_FAITH = {
    "en": "I have a good faith belief that this use is not authorized.",
    "de": "Ich versichere dies nach bestem Wissen und in gutem Glauben.",
    "fr": "Je déclare de bonne foi que cet usage n'a pas été autorisé.",
    "es": "Declaro de buena fe que este uso no ha sido autorizado.",
    "pt": "Declaro de boa fé que este uso não foi autorizado.",
}
SECTIONS = {
    "en": "The original work is at {original}\n\nThe infringing copy is at:\n{copy}\n"
    "Please remove the infringing copy.",
    "de": "Das Originalwerk ist unter {original} erschienen.\n\n"
    "Die rechtsverletzende Kopie ist abrufbar unter\n{copy}\nBitte löschen Sie diese Seite.",
    "fr": "L'œuvre originale a été publiée à l'adresse {original}\n\n"
    "La copie illicite se trouve ici :\n{copy}\nVeuillez supprimer cette page.",
    "es": "La obra original está en {original}\n\n"
    "El material infractor está en:\n{copy}\nPor favor, retiren esta página.",
    "pt": "A obra original está em {original}\n\n"
    "O conteúdo infrator está em:\n{copy}\nPor favor, removam esta página.",
}


FORM = f"""**Please describe the original copyrighted work that has been infringed.**

My story, which can be read here:
{ORIGINAL}

**What files should be taken down? Please provide URLs for each file.**

{THEIRS}
{THEIRS}-2"""


def formal(text: str, *, language: str = "en") -> list[str]:
    notice = read(f"{text}\n\n{GOOD_FAITH[language]}", language=language)

    assert (notice.kind, notice.formal) == (Kind.REMOVAL, True)
    return [target.value for target in notice.targets]


@pytest.mark.parametrize("language", sorted(SECTIONS))
@pytest.mark.parametrize(("copy", "value"), [(PAGE, ITEM), (THEIRS, THEIRS)])
def test_a_notice_is_about_the_copy_and_not_about_the_original(
    language: str, copy: str, value: str
) -> None:
    text = SECTIONS[language].format(original=ORIGINAL, copy=copy)

    assert formal(text, language=language) == [value]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (f"Please remove my original work {ORIGINAL} from your mirror.", [ORIGINAL]),
        (
            f"My original works: {ORIGINAL} {ORIGINAL}-2 Please remove them.",
            [ORIGINAL, f"{ORIGINAL}-2"],
        ),
        (
            f"I wrote the original {ORIGINAL} Please remove it and also {ORIGINAL}-2 thanks",
            [ORIGINAL, f"{ORIGINAL}-2"],
        ),
        (f"Remove {ORIGINAL} and {PAGE} now. Both infringe my copyright.", [ITEM, ORIGINAL]),
        (f"{ORIGINAL} (original)\n{PAGE} (copy of it)\nPlease remove the copy.", [ITEM]),
        (f"{PAGE} is a copy of my original {ORIGINAL} Please remove it.", [ITEM, ORIGINAL]),
        (FORM, [THEIRS, f"{THEIRS}-2"]),
    ],
    ids=["alone", "several", "asked", "no role", "behind", "in doubt", "a form"],
)
def test_an_original_counts_unless_a_copy_is_named(text: str, values: list[str]) -> None:
    assert sorted(formal(text)) == sorted(values)


def test_in_an_informal_mail_the_original_is_what_it_is_about() -> None:
    notice = read(f"Please remove your copy {PAGE} of my original {ORIGINAL} thanks")

    assert {target.value for target in notice.targets} == {ITEM, ORIGINAL}


@pytest.mark.parametrize(
    "text",
    [
        "The author of {} is not Ann Lee, it is Anna Leigh.",
        "Der Autor von {} ist nicht Ann Lee, sondern Anna Leigh.",
        "L'auteur de {} n'est pas Ann Lee, c'est Anna Leigh.",
        "El autor de {} no es Ann Lee, es Anna Leigh.",
        "O autor de {} não é Ann Lee, é Anna Leigh.",
    ],
)
def test_a_correction_names_both_names_also_over_an_address(text: str) -> None:
    notice = read(text.format("https://a.example/1"))

    assert notice.kind is Kind.CORRECTION
    assert notice.correction == Correction("author", "Ann Lee", "Anna Leigh")


def test_a_court_order_names_its_targets_as_a_request_does() -> None:
    notice = read(
        "By court order you must remove https://a.example/1 , "
        "but do not remove https://a.example/2 thanks"
    )

    assert (notice.kind, notice.urgent, notice.scope) == (Kind.URGENT, "court", Scope.ITEM)
    assert [target.value for target in notice.targets] == ["https://a.example/1"]


@pytest.mark.parametrize(
    ("text", "correction"),
    [
        (
            (
                "The link is wrong, it should point to https://a.example/2 "
                "instead of https://a.example/3 thanks"
            ),
            Correction("link", "https://a.example/3", "https://a.example/2"),
        ),
        (
            (
                "Der Link ist falsch, er sollte auf https://a.example/2 "
                "statt auf https://a.example/3 zeigen."
            ),
            Correction("link", "https://a.example/3", "https://a.example/2"),
        ),
        (
            "You credit https://a.example/1 to Ann. My name is Anna Leigh, please change it.",
            Correction("author", "", "Anna Leigh"),
        ),
    ],
)
def test_a_correction_says_what_is_to_stand_there_instead(
    text: str, correction: Correction
) -> None:
    notice = read(text)

    assert (notice.kind, notice.correction) == (Kind.CORRECTION, correction)


SWORN = (
    f"The infringing material is located at {PAGE} and my work at {ORIGINAL}\n\n"
    "I have a good faith belief that the use is not authorized. The information in this "
    "notification is accurate, under penalty of perjury."
)


def test_a_sworn_notice_asks_by_its_form() -> None:
    notice = read(SWORN)

    assert (notice.kind, notice.scope, notice.formal) == (Kind.REMOVAL, Scope.ITEM, True)
    assert ITEM in {target.value for target in notice.targets}


@pytest.mark.parametrize(
    "besides",
    [
        "It was removed by mistake.",
        "I consent to the jurisdiction of the federal district court.",
        "You need not remove it.",
        "How can I get this removed?",
        "I withdraw my request.",
    ],
)
def test_what_is_sworn_beside_other_words_is_not_turned_into_a_request(besides: str) -> None:
    assert read(f"{SWORN}\n\n{besides}").kind is not Kind.REMOVAL


@pytest.mark.parametrize(
    "text",
    [
        (
            "Buongiorno, vi chiedo di rimuovere il mio articolo dal vostro sito perché non ho mai "
            "dato il permesso di copiarlo. Distinti saluti, Marco Rossi"
        ),
        "Goedendag, wilt u alstublieft mijn artikel van uw website verwijderen? Groeten, Jan",
    ],
)
def test_a_language_without_a_table_is_answered_in_english(text: str) -> None:
    assert read(text).language == "en"


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
