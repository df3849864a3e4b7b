"""What publishers state, signal by signal, and how much is shown for it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from feedmirror.configuration import FeedSettings, Publish
from feedmirror.mirroring.answer_terms import header_signals, read_tdmrep, rsl_links
from feedmirror.mirroring.feeds import parse_feed
from feedmirror.mirroring.following_terms import Polled, after_answer, read_terms
from feedmirror.mirroring.house_terms import HouseTerms, asked_now
from feedmirror.mirroring.items import Draft
from feedmirror.mirroring.path_rules import signals_for
from feedmirror.mirroring.poll_state import (
    FeedState,
    Look,
    ShardState,
    state_from_json,
    state_to_json,
)
from feedmirror.mirroring.reading import read_entries
from feedmirror.mirroring.rsl import read_rsl
from feedmirror.mirroring.stated_rights import licence_signal, rights_signal
from feedmirror.mirroring.terms import Stated
from feedmirror.mirroring.terms_table import ROWS

URL = "https://news.example.com/feed"
FEED = FeedSettings(url=URL)
NOW = datetime(2026, 11, 29, tzinfo=UTC)
SPACES = " ".join(
    f'xmlns:{prefix}="{namespace}"'
    for prefix, namespace in {
        "access": "http://www.bloglines.com/about/specs/fac-1.0",
        "idx": "urn:atom-extension:indexing",
        "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
        "podcast": "https://podcastindex.org/namespace/1.0",
        "rsl": "https://rslstandard.org/rsl",
        "cc": "http://web.resource.org/cc/",
        "ccn": "http://creativecommons.org/ns#",
        "creativeCommons": "http://backend.userland.com/creativeCommonsRssModule",
        "dc": "http://purl.org/dc/elements/1.1/",
        "dcterms": "http://purl.org/dc/terms/",
        "atom": "http://www.w3.org/2005/Atom",
    }.items()
)
CC = "http://creativecommons.org/licenses"


def document(feed: str = "", own: str = "", root: str = "") -> bytes:
    """Return an RSS feed of one entry, with markup at its level and at the entry's."""
    return (
        f'<rss version="2.0" {SPACES} {root}><channel><title>News</title>{feed}'
        f"<item><title>A</title><link>https://news.example.com/a</link>{own}</item></channel></rss>"
    ).encode()


def draft(
    body: bytes,
    headers: Mapping[str, str] | None = None,
    *,
    rules: tuple[str, ...] = (),
    settings: FeedSettings = FEED,
) -> Draft:
    """Return the one draft of a document."""
    feed = parse_feed(body, url=URL)
    polled = Polled(settings, FeedState(), rules)
    terms = read_terms(polled, feed, headers or {}, whole=True)
    reading = read_entries(feed, settings=settings, state=FeedState(), terms=terms)
    (found,) = reading.drafts
    return found


def shown(
    body: bytes, headers: Mapping[str, str] | None = None, rules: tuple[str, ...] = ()
) -> str:
    """Return how much of a document's one entry is shown."""
    return draft(body, headers, rules=rules).terms.extent.word


def licence(words: str, *, payment: str = "") -> str:
    return f"<rsl:content url=''><rsl:license>{words}{payment}</rsl:license></rsl:content>"


def rsl(kind: str, words: str) -> str:
    return f'<rsl:{kind} type="usage">{words}</rsl:{kind}>'


PAID = '<rsl:payment type="subscription"/>'
IN_MARKUP = {
    "access-deny": '<access:restriction relationship="deny"/>',
    "itunes-block": "<itunes:block>Yes</itunes:block>",
    "podcast-block": "<podcast:block>yes</podcast:block>",
    "index-no": "<idx:index>no</idx:index>",
    "cc": f"<cc:license>{CC}/by-sa/4.0/</cc:license>",
    "cc-nd": f"<creativeCommons:license>{CC}/by-nd/1.0</creativeCommons:license>",
    "cc-nc": f"<atom:link rel='license' href='{CC}/by-nc/4.0/'/>",
    "free": "<dcterms:license>http://www.gnu.org/copyleft/fdl.html</dcterms:license>",
    "rsl-none": licence(rsl("prohibits", "all")),
    "rsl-paid": licence(rsl("permits", "all"), payment=PAID),
    "rsl-some": licence(rsl("permits", "search")),
    "rsl-free": licence(rsl("permits", "all"), payment='<rsl:payment type="attribution"/>'),
    "rsl-ai": licence(rsl("prohibits", "ai-train")),
    "rights-no-copies": "<dc:rights>May not be reproduced without permission</dc:rights>",
    "rights-personal": "<dc:rights>For personal use only</dc:rights>",
    "rights-free": "<dc:rights>Free to republish with attribution</dc:rights>",
    "rights-reserved": "<dc:rights>(c) 2026 Ann. All Rights Reserved</dc:rights>",
    "rights-noncommercial": "<dc:rights>Non-commercial use with credit</dc:rights>",
}
IN_HEADERS = {
    "robots-nosnippet": {"x-robots-tag": "nosnippet"},
    "robots-max-snippet": {"x-robots-tag": "max-snippet:20"},
    "robots-noarchive": {"x-robots-tag": "noarchive"},
    "robots-none": {"x-robots-tag": "none"},
    "robots-noindex": {"x-robots-tag": "noindex, follow"},
    "usage-search": {"content-usage": "train-ai=y, search=n"},
    "usage-ai": {"content-usage": "train-ai=n"},
    "tdm-reserved": {"tdm-reservation": "1"},
    "tdm-open": {"tdm-reservation": "0"},
}


def test_every_row_of_the_table_has_its_case() -> None:
    assert {**IN_MARKUP, **IN_HEADERS}.keys() == ROWS.keys()


@pytest.mark.parametrize("signal", IN_MARKUP)
@pytest.mark.parametrize("level", ["feed", "own"])
def test_what_stands_in_the_feed_decides_how_much_is_shown(signal: str, level: str) -> None:
    found = draft(document(**{level: IN_MARKUP[signal]}))

    where = "the feed" if level == "feed" else "the entry"
    assert found.terms.extent is ROWS[signal].extent
    assert found.terms.why == f"{where}: {ROWS[signal].words}"


@pytest.mark.parametrize("signal", IN_HEADERS)
def test_what_stands_in_the_headers_decides_how_much_is_shown(signal: str) -> None:
    found = draft(document(), IN_HEADERS[signal])

    assert found.terms.extent is ROWS[signal].extent
    assert found.terms.why == f"the HTTP headers: {ROWS[signal].words}"


def test_what_states_nothing_is_shown_as_it_is_offered_and_stored_as_it_always_was() -> None:
    found = draft(document(feed="<copyright>2026 Ann</copyright>"))

    assert (found.terms.extent.word, found.terms.why) == ("full", "no terms are stated")
    always = draft(document(feed="<copyright>2026 Ann</copyright>"), {"x-robots-tag": "noindex"})
    assert found.fingerprint == always.fingerprint


def test_the_operators_choice_stands_before_what_is_stated() -> None:
    body = document(feed=IN_MARKUP["access-deny"])

    for publish, word in ((Publish.FULL, "full"), (Publish.LINK, "link")):
        found = draft(body, settings=replace(FEED, publish=publish))
        assert (found.terms.extent.word, found.terms.why) == (word, "the operator's choice")


def test_the_nearest_statement_counts_and_of_marks_the_strictest() -> None:
    reserved, free = IN_MARKUP["rights-reserved"], IN_MARKUP["cc"]

    assert shown(document(feed=reserved, own=free)) == "full"
    assert shown(document(feed=free, own=reserved)) == "excerpt"
    assert shown(document(feed=free + reserved)) == "full"
    assert shown(document(feed=free, own=IN_MARKUP["index-no"])) == "link"
    assert shown(document(feed=IN_MARKUP["itunes-block"], own=free)) == "nothing"


def test_what_a_feed_permits_is_not_meant_for_what_it_took_from_elsewhere() -> None:
    source = "<source url='https://other.example/feed'>Other</source>"

    assert shown(document(feed=IN_MARKUP["rights-reserved"], own=source)) == "full"
    assert shown(document(feed=IN_MARKUP["index-no"], own=source)) == "link"


def test_marks_may_stand_at_the_root_and_as_attributes() -> None:
    atom = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:i="urn:atom-extension:indexing"'
        ' i:index="no"><title>N</title><entry><id>a</id><title>A</title></entry></feed>'
    )
    assert shown(atom.encode()) == "link"
    assert shown(document(root='idx:index="no"')) == "link"


@pytest.mark.parametrize(
    ("blocks", "word"),
    [
        (
            "<podcast:block>yes</podcast:block><podcast:block id='feedmirror'>no</podcast:block>",
            "full",
        ),
        ("<podcast:block id='google'>yes</podcast:block>", "full"),
        ("<podcast:block id='feedmirror'>yes</podcast:block>", "nothing"),
        ("<itunes:block>no</itunes:block>", "full"),
        ("<access:restriction relationship='allow'/>", "full"),
    ],
)
def test_what_is_meant_for_others_does_not_concern_us(blocks: str, word: str) -> None:
    assert shown(document(feed=blocks)) == word


@pytest.mark.parametrize(
    ("value", "signals"),
    [
        ("googlebot: noarchive", ()),
        ("googlebot: nosnippet, noarchive", ()),
        ("noindex, googlebot: noarchive", ("robots-noindex",)),
        ("googlebot: none, feedmirror: noarchive", ("robots-noarchive",)),
        ("googlebot: noindex\nnoarchive", ("robots-noarchive",)),
        ("max-snippet:-1, max-image-preview:large", ()),
        ("max-snippet: 300", ()),
        ("unavailable_after: 25 Jun 2026 15:00:00 PST", ()),
        ("NOARCHIVE", ("robots-noarchive",)),
    ],
)
def test_only_what_is_said_to_all_or_to_us_counts(value: str, signals: tuple[str, ...]) -> None:
    assert header_signals({"x-robots-tag": value})["x-robots-tag"] == signals


def test_links_to_licences_are_read_and_rsl_of_the_same_origin_is_named() -> None:
    value = (
        f'<{CC}/by/4.0/>; rel="license", </style.css>; rel=preload,'
        ' </rsl.xml>; rel="license"; type="application/rsl+xml",'
        ' <https://other.example/l.xml>; rel="license"; type="application/rsl+xml"'
    )
    assert header_signals({"link": value})["link"] == ("cc",)
    assert rsl_links({"link": value}, URL) == ("https://news.example.com/rsl.xml",)


def test_a_link_that_is_no_address_says_nothing_and_costs_nothing() -> None:
    value = f'<//[>; rel="license"; type="application/rsl+xml", <{CC}/by/4.0/>; rel="license"'

    assert header_signals({"link": value})["link"] == ("cc",)
    assert rsl_links({"link": value}, URL) == ()


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        ("Todos los derechos reservados", "rights-reserved"),
        ("Tous droits réservés", "rights-reserved"),
        ("Alle Rechte vorbehalten.", "rights-reserved"),
        ("© Todos os direitos reservados.", "rights-reserved"),
        ("some rights reserved, see /Copyright", None),
        ("Copyright 2026 Rest of World", None),
        (
            "This material may not be published, broadcast, rewritten or redistributed.",
            "rights-no-copies",
        ),
        ("All rights reserved. Republication of this is expressly prohibited", "rights-no-copies"),
        ("May be reproduced only with the prior written permission of Ann", "rights-no-copies"),
        ("Queda prohibida la reproducción total", "rights-no-copies"),
        ("Reproduction totale ou partielle interdite", "rights-no-copies"),
        ("Vervielfältigung und Weiterverbreitung nicht gestattet", "rights-no-copies"),
        ("É proibida a reprodução", "rights-no-copies"),
        ("personal, non-commercial use", "rights-personal"),
        ("Nur für den privaten Gebrauch", "rights-personal"),
        ("usage strictement personnel", "rights-personal"),
        ("solo uso personal", "rights-personal"),
        ("apenas para uso pessoal", "rights-personal"),
        ("Public domain", "rights-free"),
        ("domínio público", "rights-free"),
        ("Gemeinfrei", "rights-free"),
        ("uso no comercial", "rights-noncommercial"),
        ("Licence CC by-sa http://creativecommons.org/licenses/by-sa/3.0/deed.fr", "cc"),
        ("released under a Creative Commons Attribution NonCommercial NoDerivs licence", "cc-nd"),
        ("CC BY-NC 4.0, all rights reserved otherwise", "cc-nc"),
        ("", None),
    ],
)
def test_texts_of_rights_are_read_in_five_languages(text: str, signal: str | None) -> None:
    assert rights_signal(text) == signal


@pytest.mark.parametrize(
    ("address", "signal"),
    [
        (f"{CC}/by/4.0/deed.de", "cc"),
        ("https://www.creativecommons.org/publicdomain/zero/1.0/", "cc"),
        ("https://creativecommons.org/", None),
        ("https://example.com/licenses/by/4.0/", None),
        ("http://[", None),
        (None, None),
    ],
)
def test_licences_are_known_by_their_addresses(address: str | None, signal: str | None) -> None:
    assert licence_signal(address) == signal


def test_offers_of_rsl_are_weighed() -> None:
    both = rsl("permits", "search") + rsl("prohibits", "ai-train")
    assert shown(document(own=licence(both))) == "excerpt"
    assert shown(document(own=licence(rsl("permits", "ai-all"), payment=PAID))) == "link"
    assert (
        shown(document(own=licence(rsl("permits", "ai-train") + rsl("prohibits", "all"))))
        == "nothing"
    )
    priced = "<rsl:payment><rsl:amount currency='USD'>1</rsl:amount></rsl:payment>"
    assert shown(document(own=licence(rsl("permits", "all"), payment=priced))) == "link"
    school = '<rsl:permits type="user">education</rsl:permits>'
    assert shown(document(own=licence(school))) == "link"
    two = (
        "<rsl:content url=''><rsl:license>"
        f"{rsl('permits', 'all')}{PAID}</rsl:license><rsl:license>{rsl('permits', 'search')}"
        "</rsl:license></rsl:content>"
    )
    assert shown(document(own=two)) == "excerpt"


def test_a_file_of_rsl_has_rules_by_path_and_the_longest_counts() -> None:
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><rsl xmlns="https://rslstandard.org/rsl">'
        '<content url="/"><license><permits type="usage">all</permits></license></content>'
        '<content url="https://news.example.com/premium/*"><license>'
        '<payment type="purchase"/></license></content>'
        '<content url="https://other.example/"><license><prohibits type="usage">all</prohibits>'
        "</license></content></rsl>"
    )
    rules = read_rsl(text, "https://news.example.com/")

    assert rules == ("rsl-free /", "rsl-paid /premium/*")
    assert signals_for(rules, f"{URL}?x=1") == ("rsl-free",)
    assert signals_for(rules, "https://news.example.com/premium/a") == ("rsl-paid",)
    own = document().replace(b"/a</link>", b"/premium/a</link>")
    assert (shown(document(), rules=rules), shown(own, rules=rules)) == ("full", "link")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html/>",
        "<rsl>",
        '<!DOCTYPE r [<!ENTITY a "b">]><rsl xmlns="https://rslstandard.org/rsl"><content url="/"/>',
        "<rsl xmlns='https://rslstandard.org/rsl'><content/></rsl>",
    ],
)
def test_what_is_no_document_of_rsl_has_no_rules(text: str) -> None:
    assert read_rsl(text, URL) == ()


def test_tdmrep_has_rules_by_location_and_the_answer_stands_before_it() -> None:
    text = (
        '[{"location": "/", "tdm-reservation": 1, "tdm-policy": "https://a.example/p"},'
        ' {"location": "/open/*.html$", "tdm-reservation": 0}, {"location": 3}, null,'
        ' {"location": "relative", "tdm-reservation": 1}, {"location": "/x", "tdm-reservation": 2}]'
    )
    rules = read_tdmrep(text)

    assert rules == ("tdm-reserved /", "tdm-open /open/*.html$")
    assert signals_for(rules, "https://news.example.com/open/a.html") == ("tdm-open",)
    assert signals_for(rules, "https://news.example.com/open/a.htmls") == ("tdm-reserved",)
    assert shown(document(), rules=rules) == "excerpt"
    assert shown(document(), {"tdm-reservation": "0"}, rules=("tdm-reserved /feed",)) == "full"


@pytest.mark.parametrize("text", ["", "{}", "[", "[" * 100_000, '"a"', "<html></html>"])
def test_what_is_no_tdmrep_has_no_rules(text: str) -> None:
    assert read_tdmrep(text) == ()


def test_a_304_may_leave_out_headers_and_a_whole_answer_may_not() -> None:
    known = FeedState(etag='"1"', stated=Stated(answer=("robots-noarchive", "tdm-reserved")))

    def after(headers: dict[str, str], *, repeats: bool) -> FeedState:
        return after_answer(known, headers, settings=FEED, repeats=repeats)

    assert after({}, repeats=True) is known
    assert after({"tdm-reservation": "1"}, repeats=True) is known
    lifted = after({"tdm-reservation": "0"}, repeats=True)
    assert (lifted.stated.answer, lifted.etag) == (("robots-noarchive", "tdm-open"), None)
    assert after({}, repeats=False).stated.answer == ()


def test_what_was_stated_is_remembered_as_it_was() -> None:
    stated = Stated(
        feed=("cc",), answer=("tdm-open",), host=("rsl-some",), shown="excerpt", ended=True
    )
    feed = FeedState(stated=stated, look=Look(shown="excerpt"))
    house = HouseTerms(NOW, {f"{URL}.json": ['"e"', "tdm-reserved /"]}, failed=True)
    state = ShardState({URL: feed}, house_terms={"https://news.example.com": house})

    assert state_from_json(state_to_json(state, "0f")) == state


def test_an_origin_is_asked_weekly_with_a_feed_that_is_due_and_daily_where_it_failed() -> None:
    origin, other = "https://news.example.com", replace(FEED, publish=Publish.FULL)

    def asked(house: HouseTerms, later: timedelta, settings: FeedSettings = FEED) -> bool:
        found = asked_now({origin: house}, {URL: URL}, {URL: settings}, now=NOW + later)
        return found[origin].asked == NOW + later

    assert asked(HouseTerms(), timedelta())
    assert not asked(HouseTerms(), timedelta(), other)
    assert not asked(HouseTerms(NOW), timedelta(days=6))
    assert asked(HouseTerms(NOW), timedelta(days=7))
    assert asked(HouseTerms(NOW, failed=True), timedelta(days=1))
    assert asked_now({origin: HouseTerms(NOW)}, {}, {}, now=NOW) == {}


def test_a_damaged_document_changes_no_terms_of_what_was_read_before() -> None:
    feed = parse_feed(document(feed=IN_MARKUP["access-deny"]), url=URL)
    before = FeedState(title="News", stated=Stated(feed=("rights-reserved",)))

    kept = read_terms(Polled(FEED, before, ()), feed, {}, whole=False)
    first = read_terms(Polled(FEED, FeedState(), ()), feed, {}, whole=False)

    assert kept.stated == before.stated
    assert first.stated.shown == "nothing"
