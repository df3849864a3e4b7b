from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmirror.configuration import (
    Configuration,
    Ended,
    FeedSettings,
    Images,
    MirrorSettings,
    Publish,
    Unproven,
    Vanished,
)
from feedmirror.configuration_file import (
    ConfigurationError,
    parse_configuration,
    write_configuration,
)

MIRROR = """[mirror]
name = "Example Mirror"
site = "https://mirror.example.org"
contact = "takedown@mirror.example.org"
operator = "ops@example.org"
"""


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        parse_configuration(text)
    assert len(refused.value.problems) == len(str(refused.value).splitlines())
    return str(refused.value).splitlines()


def test_the_least_file_has_four_keys_and_sensible_defaults() -> None:
    assert parse_configuration(MIRROR) == Configuration(
        mirror=MirrorSettings(
            name="Example Mirror",
            site="https://mirror.example.org",
            contact="takedown@mirror.example.org",
            operator="ops@example.org",
            unproven=Unproven.MASK,
            recovery_days=30,
            shards=1,
            purpose="",
            images=Images.LINK,
            noindex=True,
        ),
        feeds=(),
    )


def test_every_key_is_read() -> None:
    text = f"""{MIRROR}
unproven = "review"
recovery_days = 7
shards = 12
purpose = "for educational purposes"
images = "none"
noindex = false

[[feed]]
url = "https://feeds.example.net/news"   # a comment
site = "https://news.example.com"
publish = "excerpt"
interval = "2h"
max_age = "90d"
max_items = 200
[[feed]]
url = "http://b.example/feed"
ended = "links"
"""

    configuration = parse_configuration(text)

    mirror = configuration.mirror
    assert (mirror.unproven, mirror.recovery_days, mirror.shards) == (Unproven.REVIEW, 7, 12)
    assert (mirror.purpose, mirror.images) == ("for educational purposes", Images.NONE)
    assert mirror.noindex is False
    assert configuration.feeds == (
        FeedSettings(
            url="https://feeds.example.net/news",
            site="https://news.example.com",
            publish=Publish.EXCERPT,
            interval=timedelta(hours=2),
            max_age=timedelta(days=90),
            max_items=200,
        ),
        FeedSettings(url="http://b.example/feed", ended=Ended.LINKS),
    )


def test_a_wrong_value_is_told_with_its_line_and_what_would_be_right() -> None:
    text = f'{MIRROR}# two feeds\n[[feed]]\nurl = "https://a.example/f"\n\n[[feed]]\n'
    text += 'url = "https://b.example/f"\ninterval = "5x"\n'

    (told,) = problems(text)

    assert told == (
        'config/mirror.toml:12: [[feed]] interval = "5x": expected "auto" or a number with m, h'
        ' or d, such as "30m"'
    )


def test_all_problems_are_told_at_once_in_order_of_their_lines() -> None:
    text = """[[feed]]
url = "ftp://a.example/f"
[mirror]
name = ""
site = "http://mirror.example.org"
operator = "nobody"
recovery_days = 0
shards = "2"
images = true
noindex = "yes"
unproven = "maybe"
[[feed]]
publish = "all"
"""

    told = problems(text)

    assert [line.split(":")[1] for line in told] == [
        *("2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13")
    ]
    assert told[0].endswith('[[feed]] url = "ftp://a.example/f": expected an http or https address')
    assert "[mirror] contact is missing: expected" in told[1]
    assert "[mirror] recovery_days = 0: expected a whole number from 1 to 365" in told[5]
    assert (
        '[mirror] shards = "2": expected a whole number from 1 to 10000, without quotes' in told[6]
    )
    assert '[mirror] images = true: expected "link" or "none"' in told[7]
    assert '[mirror] unproven = "maybe": expected "mask" or "review"' in told[9]
    assert "[[feed]] url is missing" in told[10]
    assert 'publish = "all": expected "auto" or "full" or "excerpt" or "link"' in told[11]


_AGE = 'expected a number of days with d, at least "1d", such as "90d"'
_NUMBER = "expected a whole number from 1 to 1000000, without quotes"


@pytest.mark.parametrize(
    ("written", "right"),
    [
        ('ended = "yes"', 'expected "stay" or "links" or "go"'),
        ("ended = true", 'expected "stay" or "links" or "go"'),
        ('max_age = "0d"', _AGE),
        ('max_age = "90"', _AGE),
        ('max_age = "12h"', _AGE),
        ("max_age = 90", _AGE),
        ("max_items = 0", _NUMBER),
        ('max_items = "200"', _NUMBER),
        ("max_items = true", _NUMBER),
    ],
)
def test_a_wrong_bound_of_a_feed_is_told_with_what_would_be_right(written: str, right: str) -> None:
    (told,) = problems(f'{MIRROR}[[feed]]\nurl = "https://a.example/f"\n{written}\n')

    assert told == f"config/mirror.toml:8: [[feed]] {written}: {right}"


@pytest.mark.parametrize(
    ("key", "right"),
    [
        ("contcat", 'did you mean "contact"?'),
        ("recovery-days", 'did you mean "recovery_days"?'),
        ("noindx", 'did you mean "noindex"?'),
        ("zzz", "expected name, site, contact"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(key: str, right: str) -> None:
    (told,) = problems(f"{MIRROR}{key} = 1\n")

    assert told.startswith(f"config/mirror.toml:6: [mirror] {key} is unknown: ")
    assert right in told


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        (f'{MIRROR}[feed]\nurl = "https://a.example/"\n', 6, "expected [[feed]]"),
        (f'{MIRROR}[[feeds]]\nurl = "https://a.example/"\n', 6, "did you mean [[feed]]?"),
        (f"{MIRROR}[other]\n", 6, "expected [mirror] or [[feed]]"),
        (MIRROR.replace("[mirror]", "[[mirror]]"), 1, "expected [mirror], once"),
        ("", 1, "[mirror] is missing"),
        (f"\n# nothing\n{MIRROR}".replace("[mirror]", ""), 4, "expected [mirror] or [[feed]]"),
        (f'"" = 1\n{MIRROR}', 1, '"": expected [mirror] or [[feed]]'),
        (f'{MIRROR}" " = 1\n', 1, '[mirror] " " is unknown: expected name'),
    ],
)
def test_a_wrong_table_is_told(text: str, line: int, told: str) -> None:
    assert any(f":{line}: " in problem and told in problem for problem in problems(text))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"{MIRROR}purpose = for all\n", 6),
        (f'{MIRROR}purpose = "open\n', 6),
        (MIRROR + MIRROR, 6),
        (f'{MIRROR}name = "again"\n', 6),
        (f'{MIRROR}purpose = """never ends\n\n', 6),
        ("[mirror\n", 1),
    ],
)
def test_what_is_not_toml_is_told_with_its_line(text: str, line: int) -> None:
    (told,) = problems(text)

    assert told.startswith(f"config/mirror.toml:{line}: ")
    assert "this is not TOML" in told


def test_what_is_not_utf_8_is_told_with_its_line() -> None:
    latin = MIRROR.replace("Example Mirror", "Café").encode("latin-1").decode(errors="replace")

    (told,) = problems(latin)

    assert told.startswith('config/mirror.toml:2: name = "Caf')
    assert told.endswith("this is not UTF-8; save the file in that encoding")


def test_a_value_nested_without_end_is_refused() -> None:
    assert len(problems(f"{MIRROR}purpose = {'[' * 20_000}")) == 1


def test_lines_are_found_past_strings_comments_and_arrays_that_look_like_tables() -> None:
    text = '''# [mirror]
# name = "not this"
[ "mirror" ]   # [[feed]]
"name" = """
[[feed]]
interval = "1m"
"""
site = 'https://mirror.example.org'
contact = "a#b@mirror.example.org"  # interval = "2m"
operator = "ops@example.org"
shards = [
  ["x"],
  ["y"]
]

  [[ feed ]]
  url = "https://a.example/#[[feed]]"

[["feed"]]
  interval = "1m"
  url = "https://b.example/"
'''

    assert [line.split(":")[1] for line in problems(text)] == ["4", "11", "20"]


def test_dotted_keys_and_a_byte_order_mark_are_fine() -> None:
    lines = MIRROR.splitlines()[1:]
    text = "\ufeff" + "\r\n".join(f"mirror.{line}" for line in lines) + "\r\n"

    assert parse_configuration(text).mirror.name == "Example Mirror"
    (told,) = problems(text + "mirror.shards = 0\r\n")
    assert told.startswith("config/mirror.toml:5: ")


@pytest.mark.parametrize(
    "second",
    [
        "https://a.example/feed",
        "http://www.a.example/feed/",
        "https://A.example:443/feed?utm_source=x",
    ],
)
def test_the_same_feed_twice_is_refused_with_both_lines(second: str) -> None:
    text = f'{MIRROR}[[feed]]\nurl = "https://a.example/feed"\n[[feed]]\nurl = "{second}"\n'

    (told,) = problems(text)

    assert told == (
        f'config/mirror.toml:9: [[feed]] url = "{second}": expected each feed once; it stands on'
        " line 7 already"
    )


@pytest.mark.parametrize(
    ("site", "kept"),
    [
        ("https://mirror.example.org/", "https://mirror.example.org"),
        ("https://example.org/mirror/", "https://example.org/mirror"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_a_site_is_kept_without_its_last_slash(site: str, kept: str) -> None:
    text = MIRROR.replace("https://mirror.example.org", site)

    assert parse_configuration(text).mirror.site == kept


@pytest.mark.parametrize(
    "site",
    [
        "mirror.example.org",
        "http://mirror.example.org",
        "http://localhost.example.org",
        "https://mirror.example.org/?a=b",
        "https://mirror.example.org/#a",
        "https://me:secret@mirror.example.org",
        "https://",
        "ftp://mirror.example.org",
    ],
)
def test_a_site_that_cannot_be_published_under_is_refused(site: str) -> None:
    (told,) = problems(MIRROR.replace("https://mirror.example.org", site))

    assert told.startswith("config/mirror.toml:3: [mirror] site = ")


@pytest.mark.parametrize(
    "address", ["ops", "ops@", "@example.org", "a b@example.org", "<a@b.example>", "a@b@c.example"]
)
def test_a_mail_address_without_a_name_or_a_domain_is_refused(address: str) -> None:
    (told,) = problems(MIRROR.replace("ops@example.org", address))

    assert told.startswith("config/mirror.toml:5: [mirror] operator = ")


def test_a_feeds_address_may_not_carry_a_password_into_the_credit() -> None:
    (told,) = problems(f'{MIRROR}[[feed]]\nurl = "https://me:secret@a.example/feed"\n')

    assert "no user name or password" in told


@pytest.mark.parametrize("interval", ["15m", "1h", "31d", "720h"])
def test_an_interval_within_bounds_is_read_and_written(interval: str) -> None:
    text = f'{MIRROR}[[feed]]\nurl = "https://a.example/"\ninterval = "{interval}"\n'

    configuration = parse_configuration(text)

    assert parse_configuration(write_configuration(configuration)) == configuration


@pytest.mark.parametrize(
    "interval", ['"14m"', '"32d"', '"0h"', '"1.5h"', '"-1h"', "30", '"1w"', '""']
)
def test_an_interval_out_of_bounds_is_refused(interval: str) -> None:
    (told,) = problems(f'{MIRROR}[[feed]]\nurl = "https://a.example/"\ninterval = {interval}\n')

    assert told.startswith("config/mirror.toml:8: [[feed]] interval = ")


def test_a_purpose_is_one_line_of_at_most_300_characters() -> None:
    assert parse_configuration(f'{MIRROR}purpose = "{"x" * 300}"\n').mirror.purpose == "x" * 300
    for purpose in ("x" * 301, "a\\nb"):
        (told,) = problems(f'{MIRROR}purpose = "{purpose}"\n')
        assert "at most 300 characters" in told


LINES = st.text(
    alphabet=st.characters(
        blacklist_categories=("Cc", "Cs", "Zl", "Zp"), blacklist_characters="\ufffd"
    ),
    max_size=40,
).map(str.strip)
HOSTS = st.from_regex(r"[a-z]{1,8}\.example", fullmatch=True)
FEEDS = st.builds(
    FeedSettings,
    url=HOSTS.map("https://{}/feed".format),
    site=st.none() | HOSTS.map("https://{}/".format),
    publish=st.sampled_from(Publish),
    interval=st.none() | st.integers(15, 31 * 24 * 60).map(lambda n: timedelta(minutes=n)),
    ended=st.none() | st.sampled_from(Ended),
    max_age=st.none() | st.integers(1, 99_999).map(lambda n: timedelta(days=n)),
    max_items=st.none() | st.integers(1, 1_000_000),
)
MIRRORS = st.builds(
    MirrorSettings,
    name=LINES.filter(bool),
    site=HOSTS.map("https://{}".format),
    contact=HOSTS.map("t@{}".format),
    operator=HOSTS.map("o@{}".format),
    unproven=st.sampled_from(Unproven),
    recovery_days=st.integers(1, 365),
    shards=st.integers(1, 10_000),
    purpose=LINES,
    images=st.sampled_from(Images),
    noindex=st.booleans(),
)


@given(MIRRORS, st.lists(FEEDS, max_size=4, unique_by=lambda feed: feed.url).map(tuple))
def test_what_is_written_is_read_back_as_the_same(
    mirror: MirrorSettings, feeds: tuple[FeedSettings, ...]
) -> None:
    configuration = Configuration(mirror=mirror, feeds=feeds)

    assert parse_configuration(write_configuration(configuration)) == configuration


@given(st.text(max_size=80) | st.text(alphabet="[]\"=#\n.{},'x1", max_size=60))
def test_any_text_is_read_or_refused_with_lines(text: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse_configuration(text)

    assert refused.value.problems
    assert all(1 <= problem.line <= text.count("\n") + 1 for problem in refused.value.problems)


def test_a_written_file_explains_itself() -> None:
    written = write_configuration(parse_configuration(MIRROR))

    assert "# receives requests for removal" in written
    assert "# [[feed]]" in written


@pytest.mark.parametrize(
    ("contact", "is_right"),
    [
        ("takedown@mirror.example.org", True),
        (f"{'t' * 24}@mirror.example.org", True),
        (f"{'t' * 25}@mirror.example.org", False),
        ("take+down@mirror.example.org", False),
        ("entfernen-für@mirror.example.org", False),
    ],
)
def test_the_tags_of_cases_have_room_in_the_contacts_address(
    contact: str, *, is_right: bool
) -> None:
    text = MIRROR.replace("takedown@mirror.example.org", contact)
    if is_right:
        assert parse_configuration(text).mirror.contact == contact
    else:
        with pytest.raises(ConfigurationError, match="at most 24 characters"):
            parse_configuration(text)


@pytest.mark.parametrize(
    ("written", "key", "read"),
    [
        ('"15m"', "fastest", timedelta(minutes=15)),
        ('"1d"', "fastest", timedelta(days=1)),
        ('"Ann wrote on 2 March"', "permission", "Ann wrote on 2 March"),
        ('"keep"', "vanished", Vanished.KEEP),
        ("0", "backfill", 0),
    ],
)
def test_how_a_feed_is_treated_is_read_and_written(written: str, key: str, read: object) -> None:
    text = f'{MIRROR}[[feed]]\nurl = "https://a.example/"\n{key} = {written}\n'

    configuration = parse_configuration(text)

    assert getattr(configuration.feeds[0], key) == read
    assert parse_configuration(write_configuration(configuration)) == configuration


@pytest.mark.parametrize("written", ['"14m"', '"25h"', '"auto"', "30"])
def test_a_shortest_time_out_of_bounds_is_refused(written: str) -> None:
    (told,) = problems(f'{MIRROR}[[feed]]\nurl = "https://a.example/"\nfastest = {written}\n')

    assert told.endswith('expected a time from "15m" to "1d", such as "1h"')


def test_shared_domains_and_a_hub_are_read_and_written() -> None:
    text = f'{MIRROR}shared = ["Tumblr.com", "bücher.example"]\nhub = "https://hub.example/"\n'

    configuration = parse_configuration(text)

    assert configuration.mirror.shared == ("tumblr.com", "xn--bcher-kva.example")
    assert configuration.mirror.hub == "https://hub.example/"
    assert parse_configuration(write_configuration(configuration)) == configuration


@pytest.mark.parametrize("written", ['"tumblr.com"', "[1]", '["com"]', '[""]'])
def test_shared_domains_that_are_none_are_refused(written: str) -> None:
    (told,) = problems(f"{MIRROR}shared = {written}\n")

    assert told.endswith('expected a list of domains, such as ["tumblr.com"]')


@pytest.mark.timeout(5)
@pytest.mark.parametrize("opened", ["", "[[", "x = {", 'x = "a" "b".'])
def test_a_key_of_very_many_parts_is_refused_at_its_line_and_at_once(opened: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse_configuration(f"# a comment\n{opened}{'a.' * 250_000}")

    assert [problem.line for problem in refused.value.problems] == [2]


def test_a_text_may_have_as_many_full_stops_as_it_likes() -> None:
    text = "\n".join(
        [
            "[mirror]",
            'name = "a"',
            'site = "https://a.example"',
            'contact = "b@a.example"',
            'operator = "b@a.example"',
            f'purpose = "{"..." * 99}"',
        ]
    )

    assert parse_configuration(text).mirror.purpose == "..." * 99
