"""A machine that tries to make something return: random schedules of all that can happen.

What must not be readable is known by an oracle of its own: every story has a word that is in each
of its versions and in nothing else, and the machine remembers who asked for which stories to go.
It never asks the code under test what is covered, only whether a case has been acknowledged.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from feedmirror.configuration import Ended
from feedmirror.ports.mail import MailUnavailableError
from feedmirror.ports.object_store import StoreUnavailableError
from feedmirror.takedowns.casework.cases import Case, Event, State, case_of_mail
from memory_world import CrashError, MemoryWorld, crash, fail
from takedown_world import CONTACT, a_mail
from world import SITE, Documents, rss

HOST, PLANET = "news.example.com", "https://planet.example.net"
WORDS = ("kanarie-ant", "kanarie-bee", "kanarie-cat", "kanarie-dog")
STORIES = range(len(WORDS))
FEEDS = ("/a", "/b", "/planet")
OWNER, WEBMASTER, STRANGER = "ann@news.example.com", "webmaster@news.example.com", "x@rival.example"
AUTHORS = ("Ann Author", "Bob Beta")
SPELLINGS = (
    "https://news.example.com/{}",
    "http://news.example.com/{}",
    "https://www.news.example.com/{}/",
    "https://news.example.com/{}?utm_source=rss",
    "https://news.example.com/{}#top",
)
ACKNOWLEDGED = {State.REMOVED, State.MASKED}
ENDED = {State.RESTORED, State.LAPSED, State.REFUSED, State.RECORDED}


@dataclass
class Story:
    """One story as its publisher has it now."""

    number: int
    feeds: frozenset[str] = frozenset({"/a"})
    guid: int = 0
    spelling: int = 0
    version: int = 0
    author: str = ""
    authors: frozenset[str] = frozenset()  # that it ever had

    def entry(self, feed: str) -> str:
        word = WORDS[self.number]
        text = f"{word}, version {self.version}. " + "And so on, at some length. " * 10
        guid = f"planet-{self.number}" if feed == "/planet" else f"g{self.number}-{self.guid}"
        return (
            f"<item><title>{word}</title><link>{self.link.replace('&', '&amp;')}</link>"
            f"<guid isPermaLink='false'>{guid}</guid><dc:creator>{self.author}</dc:creator>"
            f"<description>&lt;p&gt;{text}&lt;/p&gt;</description></item>"
        )

    @property
    def link(self) -> str:
        return SPELLINGS[self.spelling].format(self.number)


def a_story(number: int) -> Story:
    author = AUTHORS[number % 2]
    return Story(number, author=author, authors=frozenset({author}))


@dataclass(frozen=True)
class Letter:
    """One mail that arrived: what it asks to go, if anything."""

    ses_id: str
    raw: bytes
    to: str
    sender: str
    story: int | None = None
    author: str = ""
    host: bool = False

    @property
    def case(self) -> str:
        return case_of_mail(self.ses_id)

    def covers(self, story: Story, *, surely: bool) -> bool:
        """Tell whether it asks for a story to go: ``surely``, or as far as anybody can tell."""
        if self.author:
            known = story.authors
            return known == {self.author} if surely else self.author in known
        return self.host or self.story == story.number


@dataclass
class Desk:
    """Everything outside of the mirror: the publisher's stories, the mails, and what was meant."""

    world: MemoryWorld
    stories: list[Story] = field(default_factory=lambda: [a_story(number) for number in STORIES])
    letters: list[Letter] = field(default_factory=list)
    undoing: dict[str, Callable[[], object]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)  # words that were readable once
    let_go: bool = False  # the operator let something go: what its feed has no more is gone
    unsure: int = 0  # mails that may have left, or not, when something failed or came between

    # What somebody does; each is one call of a function of the mirror's.

    def publish(self) -> None:
        for feed in FEEDS:
            entries = [story.entry(feed) for story in self.stories if feed in story.feeds]
            self.world.serve(rss(*entries), feed, site=PLANET if feed == "/planet" else SITE)

    def bound(self, feed: int, **bounds: Any) -> None:  # noqa: ANN401 -- any setting
        """Have the operator say how long what a feed brings is kept."""
        none = {"ended": None, "max_items": None, "max_age": None}
        feeds = self.world.feeds
        feeds[feed] = replace(feeds[feed], **(none | bounds))
        self.let_go = self.let_go or bool(bounds)

    def mirror(self, _: int = 0) -> None:
        self.world.later()
        self.world.run()

    def write(self, text: str, **about: object) -> None:
        sender, to = str(about.pop("sender")), str(about.pop("to", CONTACT))
        raw = a_mail(text, sender=sender, to=to, date=self.world.now, subject=f"Mail {self.count}")
        ses_id = self.world.arrive(raw)
        self.letters.append(Letter(ses_id, raw, to, sender, **about))  # type: ignore[arg-type]  # of the callers below
        self.deliver(self.letters[-1])

    @property
    def count(self) -> int:
        return len(self.letters)

    def deliver(self, letter: Letter) -> None:
        self.world.take_in(letter.ses_id, letter.raw, to=letter.to)

    def ask_for_item(self, number: int) -> None:
        story = self.stories[number % len(WORDS)]
        sender = STRANGER if number % 3 == 0 else OWNER
        text = f"Please take down {story.link} now and in the future."
        self.write(text, sender=sender, story=story.number)

    def ask_for_author(self, number: int) -> None:
        name = AUTHORS[number % 2]
        text = f"Please remove all articles by {name} from your mirror of {HOST}."
        self.write(text, sender=OWNER, author=name)

    def order_author(self, number: int) -> None:
        """Ask for an author, and have the operator approve of it."""
        self.ask_for_author(number)
        case = self.case(self.letters[-1].case)
        if case and case.state is State.ASKED:
            self.world.takedowns().approve(case, time_left=lambda: self.world.time_left)

    def ask_for_host(self, number: int) -> None:
        text = f"Please remove our whole site {HOST} from your mirror, now and in the future."
        sender = (WEBMASTER, WEBMASTER, OWNER, STRANGER)[number % 4]
        self.write(text, sender=sender, host=True)

    def undo(self, number: int) -> None:
        """Let whoever asked, or the operator, take something back."""
        (self.retract, self.restore, self.refuse)[number % 3](number // 3)

    def answer(self, number: int) -> None:
        """Send back a nonce that somebody was sent."""
        asked = [
            (mail["To"].addresses[0].addr_spec, address)
            for mail in self.world.sent()
            if (address := _reply_to(mail)).count(".") >= 5
        ]
        if asked:
            sender, to = asked[number % len(asked)]
            self.write("Yes, that was me. Please go on.", sender=sender, to=to)

    def retract(self, number: int) -> None:
        letter, case = self.some(number, {State.REMOVED, State.MASKED})
        to = self.receipts().get(case.id) if letter and case else None
        if letter and case and to:
            self.undoing[case.id] = lambda: None
            self.write("I withdraw my request, please put it back.", sender=letter.sender, to=to)

    def approve(self, number: int) -> None:
        _, case = self.some(number, {State.WAITING, State.ASKED, State.MASKED, State.REFUSED})
        if case:
            self.undoing.pop(case.id, None)
            self.world.takedowns().approve(case, time_left=lambda: self.world.time_left)

    def refuse(self, number: int) -> None:
        _, case = self.some(number, {State.WAITING, State.ASKED, State.MASKED})
        if case:
            self.undone(case, lambda case: self.world.takedowns().refuse(case))

    def restore(self, number: int) -> None:
        _, case = self.some(number, {State.REMOVED, State.MASKED})
        if case:
            self.undone(case, lambda case: self.world.takedowns().restore(case))

    def undone(self, case: Case, undo: Callable[[Case], object]) -> None:
        """Undo a case; until that has come to its end, nothing is known of what it covers."""

        def again() -> None:
            known = self.case(case.id)
            if known and known.state not in ENDED:
                undo(known)

        self.undoing[case.id] = again
        again()

    def again(self, number: int) -> None:
        """Deliver an event of SES's once more."""
        if self.letters:
            self.deliver(self.letters[number % self.count])

    def hour(self, number: int = 0) -> None:
        self.world.later((1, 1, 25, 15 * 24)[number % 4])
        self.world.expire_copies()
        for letter in self.letters:
            case = self.case(letter.case)
            if case and case.state in {State.MASKED, State.ASKED} and self.has_lapsed(case):
                self.undoing[case.id] = lambda: None
        self.world.takedowns().hour(time_left=lambda: self.world.time_left)

    def has_lapsed(self, case: Case) -> bool:
        return (self.world.now - case.opened).days >= 14

    # What is known.

    def case(self, case: str) -> Case | None:
        return self.world.takedowns().cases.load(case)

    def cases(self) -> Iterator[tuple[Letter, Case]]:
        for letter in self.letters:
            case = self.case(letter.case)
            if case is not None:
                yield letter, case

    def some(self, number: int, states: set[State]) -> tuple[Letter | None, Case | None]:
        found = [(letter, case) for letter, case in self.cases() if case.state in states]
        return found[number % len(found)] if found else (None, None)

    def receipts(self) -> dict[str, str]:
        """Return where an answer about a case goes, by case."""
        known = (_reply_to(mail) for mail in self.world.sent())
        return {a.partition("+c.")[2][:16]: a for a in known if "+c." in a}

    def settle_undoing(self) -> None:
        """Forget what was to be undone and has come to its end, or to nothing."""
        for case_id in list(self.undoing):
            case = self.case(case_id)
            if case is None or case.state in ENDED:
                del self.undoing[case_id]

    def must_be_gone(self) -> dict[str, str]:
        """Return the words that may not be readable, and the case that says so."""
        self.settle_undoing()
        return {
            WORDS[story.number]: case.id
            for letter, case in self.cases()
            if case.state in ACKNOWLEDGED and case.id not in self.undoing
            for story in self.stories
            if letter.covers(story, surely=True)
        }

    def may_be_gone(self) -> set[str]:
        """Return the words that may well be hidden."""
        return {
            WORDS[story.number]
            for letter, case in self.cases()
            if case.state not in ENDED
            for story in self.stories
            if letter.covers(story, surely=False)
        }

    def readable(self) -> dict[str, list[str]]:
        """Return the keys of archive and site under which each word can be read."""
        found: dict[str, list[str]] = {word: [] for word in WORDS}
        for store in self.world.buckets[:2]:
            for summary in store.list(""):
                stored = store.get(summary.key)
                body = stored.content.body if stored else b""
                for word in WORDS:
                    if word.encode() in body:
                        found[word].append(summary.key)
        return found


def _reply_to(mail: object) -> str:
    header = mail["Reply-To"]  # type: ignore[index]  # a mail
    return str(header.addresses[0].addr_spec) if header else ""


STORY = st.sampled_from(STORIES)
# What is done, and a number that says to what; what races is done most.
OFTEN = ("mirror", "mirror", "ask_for_item", "ask_for_item", "hour", "undo", "undo", "undo")
SELDOM = ("ask_for_author", "order_author", "ask_for_host", "answer", "approve", "again")
Act = tuple[str, int]
BOUNDS = st.sampled_from(
    [{}, {"ended": Ended.GO}, {"ended": Ended.LINKS}, {"max_items": 1}, {"max_age": timedelta(1)}]
)
ACTS = st.tuples(st.sampled_from((*OFTEN, *SELDOM)), st.integers(0, 23))
FAULTS = st.sampled_from([("before", fail), ("after", fail), ("before", crash), ("after", crash)])
CALLS = st.one_of(st.integers(1, 30), st.integers(1, 150))


@lru_cache(maxsize=1)
def documents() -> Documents:
    served = Documents()
    served.__enter__()
    return served


@lru_cache(maxsize=1)
def mirrored() -> MemoryWorld:
    """A world whose stories have been mirrored once."""
    desk = Desk(MemoryWorld(documents()))
    desk.publish()
    desk.mirror()
    assert all(desk.readable().values())
    return desk.world


class TakedownMachine(RuleBasedStateMachine):
    """All that publishers, claimants, the operator, the clock and the machinery may do."""

    desk: Desk

    @initialize(new=st.sampled_from([False, False, False, True]), fades=st.booleans())
    def begin(self, *, new: bool, fades: bool) -> None:
        """Begin with a mirror, or with none; in the end its feeds bring all again, or nothing."""
        self.failed, self.fades = True, fades
        self.desk = Desk(MemoryWorld(documents()) if new else mirrored().copy())
        self.desk.publish()
        self.failed = False

    @rule(
        story=STORY,
        what=st.sampled_from(["guid", "spelling", "version", "author", "feeds", "feeds"]),
        to=st.integers(0, 7),
        then_mirror=st.booleans(),
    )
    def edit(self, *, story: int, what: str, to: int, then_mirror: bool) -> None:
        """Publish a story in another guise, or elsewhere too, or no more."""
        known = self.desk.stories[story]
        if what == "feeds":
            known.feeds = frozenset(feed for n, feed in enumerate(FEEDS) if to & (1 << n))
        elif what == "author":
            known.author = AUTHORS[to % 2]
            known.authors |= {known.author}
        else:
            setattr(known, what, to % len(SPELLINGS))
        self.desk.publish()
        if then_mirror:
            self.desk.mirror()

    @rule(act=ACTS)
    def do(self, act: Act) -> None:
        self._act(act)

    @rule(act=ACTS, call=CALLS, fault=FAULTS)
    def do_and_fail(
        self, act: Act, call: int, fault: tuple[str, Callable[[str, str], object]]
    ) -> None:
        """Something fails, or dies, at a call; the event comes again or does not."""
        world, (when, happens) = self.desk.world, fault

        def fault_at(method: str, key: str) -> None:
            world.calm()
            self._note_open_letters()
            happens(method, key)

        world.disturb(call, fault_at, when=when)
        with suppress(CrashError, StoreUnavailableError, MailUnavailableError):
            self._act(act)
        world.calm()

    @rule(first=ACTS, second=ACTS, call=CALLS)
    def do_both(self, first: Act, second: Act, call: int) -> None:
        """Something else happens from beginning to end at a call of the first."""
        world = self.desk.world

        def happens(*_: str) -> None:
            world.calm()
            self._note_open_letters()
            self._act(second)

        world.disturb(call, happens, when="before")
        self._act(first)
        world.calm()

    @rule(shards=st.sampled_from([1, 3, 7]), by_queue=st.booleans())
    def reshard(self, shards: int, by_queue: bool) -> None:  # noqa: FBT001 -- drawn, not called
        self.desk.world.mirror = replace(self.desk.world.mirror, shards=shards)
        self.desk.world.by_queue = by_queue

    @rule(feed=st.integers(0, 2), bounds=BOUNDS)
    def bound(self, feed: int, bounds: dict[str, Any]) -> None:
        """The operator ends a feed, or bounds it, or thinks better of it."""
        self.desk.bound(feed, **bounds)
        self.desk.mirror()

    @invariant()
    def nothing_that_is_gone_is_readable(self) -> None:
        gone = self.desk.must_be_gone()
        readable = {word: keys for word, keys in self.desk.readable().items() if keys}
        self.desk.seen |= readable.keys()
        returned = {word: (gone[word], readable[word]) for word in gone.keys() & readable.keys()}
        self.failed = bool(returned)
        assert not returned

    def teardown(self) -> None:
        if not self.failed:
            self._come_to_rest()
            self._check_rest()

    def _act(self, act: Act) -> None:
        name, number = act
        getattr(self.desk, name)(number)

    def _note_open_letters(self) -> None:
        """Note the mails that are about to leave: if it fails now, nobody knows whether they have.

        Whoever takes their case up meanwhile, or after, sends them.
        """
        for case in self.desk.world.takedowns().cases.ids():
            known = self.desk.case(case)
            if known is None:
                continue
            done = {Event.WRITTEN, Event.UNWRITTEN}
            steps = [entry.details["step"] for entry in known.entries if entry.event in done]
            begun = [entry.details["step"] for entry in known.of(Event.WRITING)]
            self.desk.unsure += len(set(begun) - set(steps))

    # Faults stop.

    def _come_to_rest(self) -> None:
        desk = self.desk
        desk.world.calm()
        if self.fades:
            for story in desk.stories:
                story.feeds = frozenset()
            desk.publish()
        for letter in desk.letters:
            desk.deliver(letter)
        for again in list(desk.undoing.values()):
            again()
        for feed in range(len(FEEDS)):
            desk.bound(feed)
        for _ in range(2):
            desk.hour()
            desk.mirror()

    def _check_rest(self) -> None:
        desk = self.desk
        self.nothing_that_is_gone_is_readable()
        readable, may = desk.readable(), desk.may_be_gone()
        for story in desk.stories:
            word = WORDS[story.number]
            # Its feed needs not bring it.
            is_kept = word in desk.seen and not (desk.world.expired or desk.let_go)
            if (story.feeds or is_kept) and word not in may:
                assert any(key.startswith("items/") for key in readable[word]), f"{word} is hidden"
                # What a run stored before it died is listed by the next, if a feed still brings it.
                assert not story.feeds or "feed.json" in readable[word], f"{word} is not listed"
        for letter in desk.letters:
            case = desk.case(letter.case)
            assert case is not None
            assert case.state is not State.RECEIVED
        report = desk.world.audit().run()
        assert report.findings == ()
        self._check_letters()

    def _check_letters(self) -> None:
        """Each mail left once, but for those that nobody could tell whether they had left."""
        steps = Counter(
            (case.id, entry.details["step"])
            for _, case in self.desk.cases()
            for entry in case.of(Event.WRITTEN)
        )
        assert set(steps.values()) <= {1}
        left = len(self.desk.world.sent())
        assert sum(steps.values()) <= left <= sum(steps.values()) + self.desk.unsure
