"""Which hosts are one party's, and which are shared by strangers."""

import tomllib
from datetime import date
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmirror.takedowns.senders.tenancy import (
    has_path_tenants,
    is_freemail,
    is_platform,
    is_shared,
    is_tenant,
    organisation,
    same_organisation,
)

# Checked on the Public Suffix List of 2026-10-22: it has none of them.
UNLISTED_PLATFORMS = [
    "substack.com",
    "wordpress.com",
    "medium.com",
    "tumblr.com",
    "livejournal.com",
    "ghost.io",
    "beehiiv.com",
    "buttondown.email",
    "typepad.com",
    "neocities.org",
    "micro.blog",
    "write.as",
    "weebly.com",
    "squarespace.com",
    "dreamwidth.org",
    "over-blog.com",
    "free.fr",
    "readthedocs.org",
    "fandom.com",
    "bandcamp.com",
    "podbean.com",
    "libsyn.com",
    "buzzsprout.com",
    "feedburner.com",
    "hashnode.dev",
    "bsky.social",
    "sourceforge.net",
    "sourceforge.io",
    "blogspot.co.uk",
    "blogspot.de",
    "blogspot.com.br",
    "blogspot.fr",
    "blogspot.com.es",
    "blogspot.pt",
]
LISTED_PLATFORMS = [
    "github.io",
    "blogspot.com",
    "netlify.app",
    "vercel.app",
    "pages.dev",
    "web.app",
]
SUFFIXES = ["com", "co.uk", "com.br", "uk.com", "example"]
NOBODYS = ["192.0.2.1", "2001:db8::1", "[2001:db8::1]", "10.1", "localhost", "", ".", "a" * 300]
OWN = ["example.com", "news.example.com", "bbc.co.uk", "a.b.test", "feeds.localhost"]


@pytest.mark.parametrize("platform", UNLISTED_PLATFORMS + LISTED_PLATFORMS)
def test_a_platforms_subdomains_are_strangers_and_it_is_nobodys_own(platform: str) -> None:
    assert is_platform(platform)
    assert is_platform(f"www.{platform}")
    assert organisation(platform) is None
    assert is_shared(platform)
    assert not is_tenant(platform)
    for host in (f"ann.{platform}", f"www.ann.{platform}", f"a.b.ann.{platform}"):
        assert organisation(host) == f"ann.{platform}"
        assert is_tenant(host)
        assert not is_platform(host)
    assert not same_organisation(f"ann.{platform}", f"bob.{platform}")
    assert not same_organisation(f"ann.{platform}", platform)
    assert same_organisation(f"ann.{platform}", f"www.ann.{platform}")


@pytest.mark.parametrize("host", SUFFIXES + NOBODYS)
def test_no_organisation_is_behind_a_suffix_an_ip_address_or_a_single_label(host: str) -> None:
    assert organisation(host) is None
    assert is_platform(host)
    assert not is_tenant(host)
    assert not same_organisation(host, host)


@pytest.mark.parametrize("host", OWN)
def test_a_registered_domain_and_what_is_below_is_one_organisations(host: str) -> None:
    behind = organisation(host)

    assert behind is not None
    assert host.endswith(behind)
    assert not is_platform(host)
    assert not is_tenant(host)
    assert not is_shared(host)
    assert same_organisation(host, f"mail.{behind}")


@pytest.mark.parametrize(
    ("host", "behind"),
    [
        ("news.example.com", "example.com"),
        ("news.bbc.co.uk", "bbc.co.uk"),
        ("a.b.example", "b.example"),
        ("NEWS.Example.COM.", "example.com"),
        ("notsubstack.com", "notsubstack.com"),
        ("substack.com.example", "com.example"),
        ("noticias.uol.com.br", "uol.com.br"),
        ("ann.blog.uol.com.br", "ann.blog.uol.com.br"),
        ("ann.blogs.sapo.pt", "ann.blogs.sapo.pt"),
    ],
)
def test_the_longer_of_suffix_list_and_overlay_says_whose_a_host_is(host: str, behind: str) -> None:
    assert organisation(host) == behind


@pytest.mark.parametrize(
    "host",
    [
        "medium.com",
        "youtube.com",
        "www.youtube.com",
        "m.youtube.com",
        "old.reddit.com",
        "github.com",
        "gist.github.com",
        "dev.to",
        "sites.google.com",
        "mastodon.social",
    ],
)
def test_paths_of_some_hosts_are_different_peoples(host: str) -> None:
    assert has_path_tenants(host)
    assert is_shared(host)


@pytest.mark.parametrize("host", ["medium.com", "youtube.com", "github.com", "reddit.com"])
def test_a_host_of_path_tenants_is_a_platform(host: str) -> None:
    assert is_platform(host)


@pytest.mark.parametrize(
    "host", ["example.com", "notgithub.com", "google.com", "github.com.example"]
)
def test_other_hosts_have_no_path_tenants(host: str) -> None:
    assert not has_path_tenants(host)


@pytest.mark.parametrize(
    "domain",
    [
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "hotmail.es",
        "live.com.pt",
        "yahoo.com.br",
        "gmx.de",
        "web.de",
        "t-online.de",
        "orange.fr",
        "free.fr",
        "laposte.net",
        "sapo.pt",
        "uol.com.br",
        "bol.com.br",
        "proton.me",
        "icloud.com",
        "fastmail.com",
        "mail.ru",
        "qq.com",
        "163.com",
        "mail.yahoo.com",
    ],
)
def test_a_freemail_domain_says_nothing_of_its_holders(domain: str) -> None:
    assert is_freemail(domain)
    assert is_shared(domain)


@pytest.mark.parametrize(
    "domain", ["example.com", "notgmail.com", "gmail.com.example", "google.com"]
)
def test_other_domains_are_no_freemail(domain: str) -> None:
    assert not is_freemail(domain)


def test_nothing_may_be_asked_of_a_whole_freemail_domain() -> None:
    assert is_platform("gmail.com")


def test_every_group_of_the_overlay_says_where_from_and_when_and_is_spelled_as_hosts_are() -> None:
    table = files("feedmirror.takedowns.senders") / "tenants.toml"
    text = table.read_text(encoding="utf-8")
    groups = tomllib.loads(text)["group"]

    for group in groups:
        assert group["gives"] in {"platforms", "paths", "freemail"}
        assert len(group["source"]) > 20
        assert isinstance(group["date"], date)
        for host in group["hosts"]:
            assert host == host.lower().strip(" .").removeprefix("www.")
            assert "." in host
    names = [(group["gives"], host) for group in groups for host in group["hosts"]]
    assert len(names) > 400


@given(host=st.text(max_size=300) | st.from_regex(r"([a-z0-9-]{0,9}\.){0,6}[a-z]{0,9}"))
def test_any_text_is_answered_and_a_tenant_is_never_a_platform(host: str) -> None:
    behind = organisation(host)

    assert behind is None or same_organisation(host, host)
    assert (behind is not None) or is_platform(host)
    assert not (is_tenant(host) and behind is None)
    has_path_tenants(host)
    is_freemail(host)
