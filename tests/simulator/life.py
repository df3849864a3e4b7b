"""What happens in one seed: what publishers, claimants, the operator and the clock do, and when.

What starts a function starts a process; if that dies or fails, its event comes again as AWS has it
come: an asynchronous call twice more, then by the work queue, a message until it is done.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from feedmirror.takedowns.casework.cases import Case, State, case_from_json
from simulator import letters as writing
from simulator.base import configure, feeds_of
from simulator.cloud import ARCHIVE, LEDGER, MAIL, Cloud
from simulator.functions import POLLS, Context, Functions
from simulator.letters import FORGED, OWNER, STRANGER, WEBMASTER, Letter
from simulator.oracle import ENDED, Oracle
from simulator.publishers import AUTHORS, FRESH, NEW, Publishers, Story
from simulator.scheduler import Deed, Process

_MORE = ("fox", "gnu", "hen")  # stories that come up
_ATTEMPTS = 3  # of an asynchronous call of Lambda's
_UNTIL_IT_LAPSES = 15 * 24.0  # hours
Event = Mapping[str, Any]


@dataclass(eq=False)
class Call:
    """One event on its way to a function, or one command of the operator's."""

    name: str
    work: Callable[[Process, Context], Any]
    attempts: int = 0
    queue: str = ""
    messages: tuple[str, ...] = ()


@dataclass(eq=False)
class Life:
    """All that happens, by name; each draws what it is about."""

    chance: Random
    cloud: Cloud
    functions: Functions
    publishers: Publishers
    oracle: Oracle
    layout: int
    shards: int
    subject: Story  # what most of it is about: a race needs two at one thing
    left_over: list[Call] = field(default_factory=list)  # that Lambda tries no more
    events: list[Call] = field(default_factory=list)  # that may come again
    commands: dict[str, Call] = field(default_factory=dict)  # by case: an operator does it again
    resting: bool = False
    fresh: bool = False

    @property
    def stories(self) -> list[Story]:
        return self.publishers.stories

    @property
    def letters(self) -> list[Letter]:
        return self.oracle.letters

    # What may happen.

    def mirror(self) -> None:
        """Everything is polled, and mostly there is something new."""
        if not self.resting and self.chance.random() < 0.6:
            self.chance.choice((self.edit, self.edit, self.news))()
        self.begin(self._scheduled("mirror", {"at_once": True}))

    def schedule(self) -> None:
        """The schedule comes round."""
        self.begin(self._scheduled("schedule", {}))

    def hour(self) -> None:
        """The takedown function's schedule comes round."""

        def work(process: Process, context: Context) -> Any:
            return self.functions.takedown(process).handle({}, context)

        self.begin(Call("hour", work))

    def item(self) -> None:
        story = self._some_story()
        sender = self.chance.choice((OWNER, OWNER, STRANGER))
        self.write(writing.for_story(self._ses_id(), sender, story))

    def author(self) -> None:
        self.write(writing.for_author(self._ses_id(), OWNER, self._some_author()))
        self._soon_approved()

    def host(self) -> None:
        self.write(writing.for_host(self._ses_id(), WEBMASTER))
        self._soon_approved()

    def forge(self) -> None:
        """Somebody writes in another's name."""
        if self.chance.random() < 0.7:
            letter = writing.for_story(self._ses_id(), FORGED, self._some_story())
        else:
            letter = writing.for_host(self._ses_id(), FORGED)
        self.write(letter)

    def edit(self) -> None:
        """A publisher changes something about a story."""
        story = self._some_story()
        what = self.chance.choice(("author", "author", "text", "guid", "spelling"))
        if what == "author":
            story.authors.append(AUTHORS[1 - AUTHORS.index(story.authors[-1])])
        elif what == "text":
            story.authors.append(story.authors[-1])
        elif what == "guid":
            story.guid += 1
        else:
            story.spelling = self.chance.randrange(5)
        self._changed(f"{story.name}: {what}")

    def news(self) -> None:
        """A publisher has a new story, mostly by the author whom most of it is about."""
        known = {story.name for story in self.stories}
        name = next((each for each in _MORE if each not in known), None)
        if name is not None:
            feed = self.chance.choice(feeds_of(self.layout))
            self.stories.append(Story(name, {feed}, [self._some_author()]))
            self._changed(f"{name} is new in {feed}")

    def move(self) -> None:
        """A story goes from feed to feed, or stands in another one as well, or in none."""
        story = self._some_story()
        feeds = [*feeds_of(self.layout), *((NEW,) if self.fresh else ())]
        story.feeds = {feed for feed in feeds if self.chance.random() < 0.6}
        self._changed(f"{story.name} in {sorted(story.feeds)}")

    def found(self) -> None:
        """A host is mirrored for the first time, with a story of its own and one of another's."""
        if self.fresh:
            return
        self.fresh = True
        self.stories.append(Story("elk", {NEW}, [self.chance.choice(AUTHORS)], host=FRESH))
        self.chance.choice(self.stories[:-1]).feeds.add(NEW)
        feeds = (*feeds_of(self.layout), NEW)
        configure(self.cloud.buckets[ARCHIVE], feeds, self.shards)
        self._changed(f"{FRESH} is to be mirrored")

    def later(self) -> None:
        self.cloud.later(self.chance.choice((0.2, 2, 30)))

    def much_later(self) -> None:
        """So much time passes that what nobody proved lapses."""
        for letter in self.letters:
            case = self.case(letter)
            if case is None or case.state in {State.MASKED, State.ASKED, State.RECEIVED}:
                letter.undoing = True
        self.oracle.reckon()
        self.cloud.later(_UNTIL_IT_LAPSES)

    def again(self) -> None:
        """An event comes that has come before."""
        if self.events:
            call = self.chance.choice(self.events)
            self.begin(Call(f"{call.name} again", call.work), is_new=False)

    def approve(self) -> None:
        """The operator does what a case asks for, if it is no forger's."""
        letter = self._some(State.WAITING, State.ASKED, State.MASKED)
        if letter is not None:
            self._approve(letter)

    def _approve(self, letter: Letter) -> None:
        case = self.case(letter)
        waits = case is not None and case.state in {State.WAITING, State.ASKED, State.MASKED}
        if letter.is_forged or letter.undoing or not waits:
            return
        letter.approved = True
        self._command("approve", letter, lambda run, case, left: run.approve(case, time_left=left))

    def refuse(self) -> None:
        letter = self._some(State.WAITING, State.ASKED, State.MASKED)
        if letter is not None and not letter.approved:
            self._undo("refuse", letter, lambda run, case, _: run.refuse(case))

    def restore(self) -> None:
        letter = self._some(State.REMOVED, State.MASKED)
        if letter is not None and self._approving(letter) is None:
            self._undo("restore", letter, lambda run, case, _: run.restore(case))

    def retract(self) -> None:
        """Whoever asked thinks better of it."""
        letter = self._some(State.REMOVED, State.MASKED)
        if letter is None or letter.is_forged or self._approving(letter) is not None:
            return
        receipts = [
            left.reply_to for left in self.cloud.left if f"+c.{letter.case}" in left.reply_to
        ]
        if receipts:
            letter.undoing = True
            self.oracle.reckon()
            text = "I withdraw my request, please put it back."
            self.write(Letter(self._ses_id(), letter.sender, text, to=receipts[0]))

    # What it takes.

    def write(self, letter: Letter) -> None:
        """Have SES store a mail and tell of it."""
        raw = letter.raw(self.cloud.now)
        request = {"Key": f"inbound/{letter.ses_id}", "Body": raw, "Metadata": {}}
        self.cloud.buckets[MAIL].put({**request, "ContentType": "message/rfc822"})
        self.letters.append(letter)
        event = letter.event(raw, self.cloud.now)
        self._say(f"{letter.sender} writes ({letter.case}): {letter.text}")

        def work(process: Process, context: Context) -> Any:
            return self.functions.takedown(process).handle(event, context)

        self.begin(Call(f"mail {len(self.letters)}", work))

    def begin(self, call: Call, *, is_new: bool = True) -> Process:
        """Begin a process for an event."""
        if is_new:
            self.events.append(call)
        call.attempts += 1
        last = None
        if not self.resting and self.chance.random() < 0.08:
            last = self.chance.randrange(5, 80)

        def work(process: Process) -> Any:
            return call.work(process, Context(process, last))

        name = call.name if call.attempts == 1 else f"{call.name} (attempt {call.attempts})"
        return self.cloud.scheduler.start(name, work, lambda process: self._ended(call, process))

    def messages(self, url: str) -> None:
        """Let a queue bring one or two messages, in any order, some of them twice."""
        waiting = self.cloud.queues[url]
        if not waiting:
            return
        taken = self.chance.sample(waiting, min(len(waiting), self.chance.choice((1, 1, 2))))
        for body in taken:
            if self.resting or self.chance.random() < 0.85:
                waiting.remove(body)
            else:
                self.script("messages", lambda: self.messages(url))
        function = "polls" if url == POLLS else "work"
        records = [{"messageId": str(number), "body": body} for number, body in enumerate(taken)]

        def work(process: Process, context: Context) -> Any:
            made = self.functions.mirror if url == POLLS else self.functions.takedown
            return made(process).handle({"Records": records}, context)

        self.begin(Call(function, work, queue=url, messages=tuple(taken)), is_new=False)

    def script(self, name: str, act: Callable[[], None]) -> None:
        """Let something happen at some point from now on."""
        script = self.cloud.scheduler.script
        deed = Deed(name, act, priority=self.chance.random())
        script.insert(self.chance.randint(0, len(script)), deed)

    def case(self, letter: Letter) -> Case | None:
        """Return a letter's case as it stands."""
        held = self.cloud.buckets[LEDGER].objects.get(f"cases/{letter.case}.json")
        return case_from_json(held.body) if held else None

    def _ended(self, call: Call, process: Process) -> None:
        failed = not process.done
        result: Any = process.result
        if process.done and call.queue:
            numbers = {int(each["itemIdentifier"]) for each in result.get("batchItemFailures", ())}
        else:
            numbers = set(range(len(call.messages)))
        if call.queue and (failed or numbers):
            for number in sorted(numbers):
                self.cloud.queue(call.queue, call.messages[number])
        elif failed and call.attempts < _ATTEMPTS and not self.resting:
            self.script(f"{call.name} comes again", lambda: self._once_more(call))
        elif failed:
            self.left_over.append(call)

    def _once_more(self, call: Call) -> None:
        self.begin(call, is_new=False)

    def _scheduled(self, name: str, event: Event) -> Call:
        def work(process: Process, context: Context) -> Any:
            return self.functions.mirror(process).handle(event, context)

        return Call(name, work)

    def _command(self, name: str, letter: Letter, do: Callable[[Any, Case, Any], object]) -> None:
        def work(process: Process, context: Context) -> Any:
            run = self.functions.takedown(process).run()
            case = run.cases.load(letter.case)
            if case is not None and not (name != "approve" and case.state in ENDED):
                do(run, case, context.time_left)
            return {}

        call = Call(f"operator: {name} {letter.case}", work)
        self.commands[f"{name} {letter.case}"] = call
        self.begin(call, is_new=False)

    def _undo(self, name: str, letter: Letter, do: Callable[[Any, Case, Any], object]) -> None:
        letter.undoing = True
        self.oracle.reckon()
        self._command(name, letter, do)

    def _approving(self, letter: Letter) -> Call | None:
        return self.commands.get(f"approve {letter.case}")

    def _some(self, *states: State) -> Letter | None:
        found = [
            letter
            for letter in self.letters
            if letter.asks and (case := self.case(letter)) and case.state in states
        ]
        return self.chance.choice(found) if found else None

    def _soon_approved(self) -> None:
        """Have the operator look at what came: what is wide waits for a person, or is masked."""
        letter = self.letters[-1]
        if self.chance.random() < 0.7:
            self.script("approve", lambda: self._approve(letter))

    def _some_story(self) -> Story:
        return self.subject if self.chance.random() < 0.75 else self.chance.choice(self.stories)

    def _some_author(self) -> str:
        if self.chance.random() < 0.75:
            return self.chance.choice(self.subject.authors)
        return self.chance.choice(AUTHORS)

    def _changed(self, what: str) -> None:
        self._say(f"the publisher: {what}")
        self.oracle.reckon()

    def _say(self, what: str) -> None:
        self.cloud.scheduler.note(f"    {what}")

    def _ses_id(self) -> str:
        return f"ses{len(self.letters) + 1:020}"
