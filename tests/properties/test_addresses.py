"""An address that is written plainly is read as urllib reads it, however it is read."""

from urllib.parse import urljoin

from hypothesis import example, given
from hypothesis import strategies as st

from feedmirror.addresses import resolve, web_address

LETTERS = st.sampled_from(
    [*"aZ1.-_~%/?#;:@&=[]\\|'\"<> \t\n", "..", "é", "\u3000", "\ud800", "%2e"]
)
TEXTS = st.lists(LETTERS, max_size=12).map("".join)
HOSTS = (
    st.sampled_from(["example.com", "a..b", "10.0.0.1", "1.2.3", "-a.b", ".", "www.com"]) | TEXTS
)
ADDRESSES = st.builds(
    "http{}://{}{}{}".format, st.sampled_from(["", "s"]), HOSTS, st.sampled_from("/?#"), TEXTS
)
ADDRESSES |= st.builds("http://{}/{}".format, HOSTS, TEXTS)
BASES = st.sampled_from(
    ["", "http://base.example/a/b", "https://base.example", "mailto:a@b", "//["]
)


@given(BASES, ADDRESSES)
@example("http://base.example/", "http://example.com/a;")
@example("http://base.example/", "http://example.com/a/../b?#")
def test_a_reference_is_resolved_as_ever(base: str, reference: str) -> None:
    bare = reference.strip()
    try:
        expected = urljoin(base, bare)
    except ValueError:
        expected = bare

    assert resolve(base, reference) == expected


@given(ADDRESSES)
@example("http://" + "a" * 64 + ".com/")
@example("http://example.com/" + "a" * 8192)
@example("http://example.com/a;?")
@example("http://example.com/a\u3000")
@example("http://example.com/#\\")
def test_an_address_means_the_same_whatever_the_case_of_its_scheme(address: str) -> None:
    assert web_address(address) == web_address(address.replace("http", "HTTP", 1))
