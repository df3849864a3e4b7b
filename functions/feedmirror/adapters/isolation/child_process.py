"""A parser's own process: started, called, limited by the clock, killed and replaced.

Parsers of strangers' documents run in a child that holds no credentials and can open nothing, so
that what one document does to it costs that document and nobody else anything. It is started by
exec when it is first needed, and kept for many documents; what comes out of it is untrusted.
"""

import os
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import TypeAlias

from feedmirror.adapters.isolation.frames import LENGTHS, Json, NoFrameError, frame, head_of
from feedmirror.adapters.isolation.pipes import BrokenPipesError, Pipes, TooLateError
from feedmirror.characters import printable_line

# What the parent says to a question of its child: a name and JSON in, JSON out.
Answer: TypeAlias = Callable[[str, Json], Json]

_CHILD = "feedmirror.adapters.isolation.child"
# What an interpreter may need to find its own parts; nothing else of the environment goes in.
_OF_PYTHON = ("LD_LIBRARY_PATH", "PYTHONHOME")
_MOST_VALUES = 3_000_000
_LONGEST = 500  # characters of what a child says of itself


class ChildUnavailableError(Exception):
    """No child process can be started: a fault of this machine or of feedmirror."""


class ChildDiedError(Exception):
    """A document was the end of the child process that had it; the message says how.

    ``by_time`` tells that it took too long: it would again.
    """

    def __init__(self, message: str, *, by_time: bool = False) -> None:
        """Take the words for the operator."""
        super().__init__(message)
        self.by_time = by_time


class OperationRefusedError(Exception):
    """An operation refused a document; the message is the operation's own."""


class OperationFailedError(Exception):
    """An operation raised what was not foreseen; the message is that exception as text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a child may take: seconds for each call, and bytes.

    ``processor_seconds`` are of a processor, ``seconds`` by the clock, questions that the parent
    answers not counted; ``memory`` is of address space, ``answer`` of one answer.
    """

    processor_seconds: int = 5
    seconds: float = 20
    start_seconds: float = 30
    memory: int = 512 * 2**20
    answer: int = 32 * 2**20


@dataclass(slots=True)
class ChildProcess:
    """A child that does the operations of one module, one at a time, replaced when it dies.

    ``operations`` is the module's name; its function ``operations()`` returns them, in the child.
    Threads may share it. It is closed by :meth:`close`, or else at the end of this process.
    """

    operations: str
    limits: Limits = field(default_factory=Limits)
    _running: "_Running | None" = None
    _lock: Lock = field(default_factory=Lock)

    @property
    def pid(self) -> int | None:
        """The process id of the child that is running, if one is."""
        return self._running.pid if self._running else None

    def call(
        self, operation: str, arguments: Json, body: bytes = b"", *, answer: Answer | None = None
    ) -> Json:
        """Have an operation done; return what it returns: JSON that nobody vouches for.

        ``answer`` says what the child asks in the middle; what it raises goes through. A child
        that dies of a document, but had others before it, is not believed to die of this one: a
        fresh child tries it once more, unless it was too slow.

        Raises OperationRefusedError, OperationFailedError, ChildDiedError, ChildUnavailableError.
        """
        request = frame({"call": [operation, arguments]}, body)
        with self._lock:
            if self._running is not None and self._running.is_alive():
                try:
                    return self._called(self._running, request, answer)
                except ChildDiedError as error:
                    if error.by_time:
                        raise
            self._end()
            self._running = _Running.start(self.operations, self.limits)
            return self._called(self._running, request, answer)

    def close(self) -> None:
        """End the child, if one is running; another call starts a new one."""
        with self._lock:
            self._end()

    def _called(self, running: "_Running", request: bytes, answer: Answer | None) -> Json:
        try:
            head = running.call(request, answer)
        except BaseException:
            self._end()
            raise
        if head.get("last"):
            self._end()
        if "result" in head:
            return head["result"]
        if "refused" in head:
            raise OperationRefusedError(_said(head["refused"]))
        raise OperationFailedError(_said(head["failed"]))

    def _end(self) -> None:
        if self._running is not None:
            self._running.end()
            self._running = None


class _Running:
    """One process, from its start to its end."""

    def __init__(self, process: "subprocess.Popen[bytes]", limits: Limits) -> None:
        assert process.stdin is not None  # noqa: S101 -- pipes were asked for
        assert process.stdout is not None  # noqa: S101 -- the same
        self._process = process
        self._limits = limits
        self._pipes = Pipes(process.stdin.fileno(), process.stdout.fileno())
        self.pid = process.pid
        # Also when nobody says so: at the end of this process, or of what holds this.
        self.end = weakref.finalize(self, _ended, process)

    @classmethod
    def start(cls, operations: str, limits: Limits) -> "_Running":
        """Start a process and wait until it is ready. Raises ChildUnavailableError."""
        arguments = (operations, str(limits.memory), str(limits.processor_seconds))
        # -P: the folder it is started in is no place to import from; -S and -s: this process's
        # own import path is the whole of it.
        flags = ("-P", "-S", "-s", "-B", "-W", "ignore", "-X", "utf8")
        try:
            process = subprocess.Popen(  # noqa: S603 -- our own interpreter and code
                [sys.executable, *flags, "-m", _CHILD, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                env=_environment(),
                start_new_session=True,  # Ctrl-C is for the parent
            )
        except OSError as error:
            raise ChildUnavailableError(f"no child process can be started: {error}") from error
        running = cls(process, limits)
        try:
            head = running._read(time.monotonic() + limits.start_seconds)
        except (ChildDiedError, NoFrameError) as error:
            running.end()
            raise ChildUnavailableError(f"the child process does not start: {error}") from error
        if "ready" not in head:
            running.end()
            raise ChildUnavailableError(
                f"the child process does not start: {_said(head.get('unable'))}"
            )
        return running

    def is_alive(self) -> bool:
        """Tell whether the process still runs, as far as is known before it is asked anything."""
        return self._process.poll() is None

    def call(self, request: bytes, answer: Answer | None) -> dict[str, Json]:
        """Return the head of what the child answers in the end. Raises ChildDiedError."""
        until = time.monotonic() + self._limits.seconds
        self._write(request, until)
        while True:
            head = self._read(until)
            if not head.keys() & {"ask", "result", "refused", "failed"}:
                raise ChildDiedError("its parser answers what is no answer")
            if "ask" not in head:
                return head
            asked = time.monotonic()
            said = self._said(head["ask"], answer)
            until += time.monotonic() - asked
            self._write(frame({"answer": said}), until)

    def _said(self, question: Json, answer: Answer | None) -> Json:
        match question:
            case [str(name), arguments] if answer is not None:
                return answer(name, arguments)
            case _:
                raise ChildDiedError("its parser asks what nobody answers")

    def _write(self, data: bytes, until: float) -> None:
        try:
            self._pipes.write(data, until)
        except BrokenPipesError as error:
            raise self._death() from error
        except TooLateError as error:
            raise self._too_slow() from error

    def _read(self, until: float) -> dict[str, Json]:
        try:
            head, body = LENGTHS.unpack(self._pipes.read(LENGTHS.size, until))
            if head + body > self._limits.answer:
                raise ChildDiedError(f"it comes to more than {self._limits.answer} bytes")
            found = head_of(self._pipes.read(head, until), most_values=_MOST_VALUES)
        except BrokenPipesError as error:
            raise self._death() from error
        except TooLateError as error:
            raise self._too_slow() from error
        except NoFrameError as error:
            raise ChildDiedError(f"its parser answers what is no answer: {error}") from error
        if body or not isinstance(found, dict):
            raise ChildDiedError("its parser answers what is no answer")
        return found

    def _too_slow(self) -> ChildDiedError:
        return ChildDiedError(f"it takes more than {self._limits.seconds:g} seconds", by_time=True)

    def _death(self) -> ChildDiedError:
        """Say what ended a process that has closed its pipes."""
        try:
            status = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return ChildDiedError("its parser stops answering")
        if status == -signal.SIGXCPU:
            seconds = self._limits.processor_seconds
            words = f"it takes more than {seconds} seconds of a processor"
            return ChildDiedError(words, by_time=True)
        if status == -signal.SIGKILL:
            return ChildDiedError("its parser is killed, as for want of memory")
        if status < 0:
            return ChildDiedError(f"its parser crashes ({_name_of(-status)})")
        return ChildDiedError("its parser ends without an answer")


def _ended(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process, and leave nothing of it behind."""
    with suppress(ProcessLookupError):
        process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    process.wait()


def _environment() -> dict[str, str]:
    """Return what the child needs to be Python, and to tell the time as everybody's."""
    path = os.pathsep.join(str(os.path.abspath(folder)) for folder in sys.path)  # noqa: PTH100 -- strings
    own = {name: os.environ[name] for name in _OF_PYTHON if name in os.environ}
    return {**own, "PYTHONPATH": path, "TZ": "UTC0"}


def _said(words: object) -> str:
    """Return what a child says of itself, as a line of text that can be shown."""
    text = words if isinstance(words, str) else "nothing that can be read"
    return printable_line(text[:_LONGEST])


def _name_of(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
