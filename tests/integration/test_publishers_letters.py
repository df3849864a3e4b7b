"""What the publishers' page promises of its mails: each one, sent as it is begun, does that."""

from urllib.parse import parse_qs, urlsplit

import pytest

from feedmirror.publishing.letters import publishers_letters
from feedmirror.takedowns.casework.cases import State
from memory_world import MemoryWorld
from takedown_world import CONTACT
from world import SITE, Documents, entry, rss


@pytest.fixture
def world(documents: Documents) -> MemoryWorld:
    return MemoryWorld(documents)


def send(world: MemoryWorld, purpose: str, about: str, *, sender: str) -> State:
    """Send one of the page's mails, with what it is about where it asks for it."""
    url = world.serve(rss(entry(1), entry(2)))
    world.run()
    fields = parse_qs(urlsplit(publishers_letters(CONTACT)[purpose]).query)
    body = fields["body"][0]
    named = url if about == "the feed" else about
    asked = "My feed: "
    filled = body.replace(asked, asked + named) if asked in body else body + named
    return world.write(filled, sender=sender, subject=fields["subject"][0]).state


@pytest.mark.parametrize(
    ("purpose", "about", "sender", "state", "left"),
    [
        ("page", f"{SITE}/1", "ann@news.example.com", State.REMOVED, 1),
        ("feed", "the feed", "webmaster@news.example.com", State.MASKED, 0),
        ("site", SITE, "webmaster@news.example.com", State.MASKED, 0),
        ("site", SITE, "ann@news.example.com", State.ASKED, 2),
        ("question", "the feed", "ann@news.example.com", State.WAITING, 2),
        ("return", SITE, "ann@news.example.com", State.WAITING, 2),
    ],
)
def test_a_mail_that_the_page_begins_does_what_the_page_says(
    world: MemoryWorld, purpose: str, about: str, sender: str, state: State, left: int
) -> None:
    assert send(world, purpose, about, sender=sender) is state
    assert len(world.items()) == left


def test_whoever_had_all_removed_is_read_by_a_person_when_he_wants_to_come_back(
    world: MemoryWorld,
) -> None:
    send(world, "page", f"{SITE}/1 {SITE}/2", sender="ann@news.example.com")
    assert world.items() == []

    assert send(world, "return", SITE, sender="ann@news.example.com") is State.WAITING


def test_the_words_that_the_page_gives_for_a_change_of_mind_bring_the_copies_back(
    world: MemoryWorld,
) -> None:
    send(world, "page", f"{SITE}/1", sender="ann@news.example.com")
    receipt = world.post.left[-1]

    case = world.write(
        "I withdraw my request",
        sender="ann@news.example.com",
        to=str(receipt["From"]),
        subject=f"Re: {receipt['Subject']}",
    )

    assert case.state is State.RESTORED
    assert len(world.items()) == 2
