import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from feedmirror.adapters.isolation.child_process import (
    ChildDiedError,
    ChildProcess,
    ChildUnavailableError,
    Limits,
    OperationFailedError,
    OperationRefusedError,
)

HOSTILE = "hostile_operations"
MIB = 2**20
# A child of these tests has little of everything, so that they end soon.
LIMITS = Limits(processor_seconds=1, seconds=30, memory=256 * MIB, answer=MIB)
SOON = Limits(seconds=0.5)
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@pytest.fixture(scope="module")
def child() -> Iterator[ChildProcess]:
    """One child for all, as in the functions: each test finds it warm or has it replaced."""
    child = ChildProcess(HOSTILE, LIMITS)
    yield child
    child.close()


def pid_of(child: ChildProcess) -> int:
    pid = child.call("pid", None)
    assert isinstance(pid, int)
    return pid


def exists(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def test_json_and_bytes_go_in_and_json_comes_out(child: ChildProcess) -> None:
    arguments: dict[str, object] = {
        "text": 'é漢 "\\\n\u2028\U0001f995',
        "list": [1, 1.5, None, True, [[]], {}],
    }
    body = bytes(range(256)) * 4096

    assert child.call("echo", arguments, body) == [arguments, MIB]
    assert child.call("echo", "half a pair \ud800", b"") == ["half a pair ?", 0]
    assert child.call("echo", None) == [None, 0]


def test_nothing_is_started_before_the_first_call_and_one_child_does_for_many() -> None:
    child = ChildProcess(HOSTILE, LIMITS)

    assert child.pid is None
    first = pid_of(child)
    assert [pid_of(child) for _ in range(3)] == [first] * 3 == [child.pid] * 3
    child.close()
    assert not exists(first)
    assert pid_of(child) != first  # closed, it starts again when it is asked again
    child.close()


def test_a_child_asks_in_the_middle_and_is_answered(child: ChildProcess) -> None:
    asked: list[object] = []

    def answer(name: str, number: object) -> object:
        asked.append((name, number))
        assert isinstance(number, int)
        return 2 * number

    assert child.call("asks", [1, 2, 30], answer=answer) == [2, 4, 60]
    assert asked == [("double", 1), ("double", 2), ("double", 30)]


def test_the_time_that_answers_take_is_not_the_child_s() -> None:
    child = ChildProcess(HOSTILE, Limits(seconds=1))

    def slowly(_name: str, number: object) -> object:
        time.sleep(0.7)
        return number

    assert child.call("asks", [1, 2], answer=slowly) == [1, 2]
    child.close()


def test_what_an_answer_raises_goes_through_and_the_child_is_replaced(child: ChildProcess) -> None:
    before = pid_of(child)

    def answer(_name: str, _arguments: object) -> object:
        raise KeyError("no such name")

    with pytest.raises(KeyError, match="no such name"):
        child.call("asks", [1], answer=answer)
    assert not exists(before)
    assert pid_of(child) != before


def test_a_question_that_nobody_expects_is_no_answer(child: ChildProcess) -> None:
    with pytest.raises(ChildDiedError, match="asks what nobody answers"):
        child.call("asks", [1])


def test_a_refusal_and_a_failure_cost_the_child_nothing(child: ChildProcess) -> None:
    before = pid_of(child)

    with pytest.raises(OperationRefusedError, match=r"^no feed, but a page$"):
        child.call("refuses", "no feed,\x1b but\n a page")
    with pytest.raises(OperationFailedError, match="ZeroDivisionError"):
        child.call("raises", None)
    with pytest.raises(OperationFailedError, match="RecursionError"):
        child.call("recurses", None)
    with pytest.raises(OperationFailedError, match="KeyError"):
        child.call("no such operation", None)
    assert pid_of(child) == before


@pytest.mark.parametrize(
    ("operation", "arguments", "words"),
    [
        ("spins", None, "more than 1 seconds of a processor"),
        ("dies", signal.SIGSEGV, "crashes .SIGSEGV"),
        ("dies", signal.SIGABRT, "crashes .SIGABRT"),
        ("dies", signal.SIGKILL, "killed, as for want of memory"),
        ("exits", 0, "ends without an answer"),
        ("exits", 1, "ends without an answer"),
        ("overflows", None, "crashes|RecursionError|MemoryError"),
        ("writes", "garbage, garbage", "comes to more than"),
        ("writes", "\0\0\0\x04\0\0\0\0nope", "what is no answer: it is no JSON"),
        ("writes", "\0\0\0\x02\0\0\0\0[]", "what is no answer"),
        ("writes", "\0\0\0\x02\0\0\0\0{}", "what is no answer"),
        ("writes", '\0\0\0\x0e\0\0\0\0{"ask": "what"}'[:22], "what is no answer|nobody answers"),
        ("writes", '\0\0\0\x0d\0\0\0\x02{"result": 1}xx', "what is no answer"),
        ("floods", None, "what is no answer"),
        ("hoards", 10**9, "MemoryError"),
    ],
)
def test_what_ends_a_child_is_told_in_words_and_the_next_one_works(
    child: ChildProcess, operation: str, arguments: object, words: str
) -> None:
    with pytest.raises((ChildDiedError, OperationFailedError), match=words):
        child.call(operation, arguments)
    assert child.call("echo", "well") == ["well", 0]


def test_what_is_too_slow_is_killed_and_not_tried_twice() -> None:
    child = ChildProcess(HOSTILE, SOON)
    before = pid_of(child)  # it is warm, and would be replaced for any other death
    began = time.monotonic()

    with pytest.raises(ChildDiedError, match=r"more than 0\.5 seconds") as died:
        child.call("hangs", None)

    assert died.value.by_time
    assert time.monotonic() - began < 10  # it would hang for a minute
    assert not exists(before)
    assert child.pid is None


def test_a_child_that_does_not_read_is_not_waited_for() -> None:
    child = ChildProcess(HOSTILE, SOON)
    os.kill(pid_of(child), signal.SIGSTOP)

    with pytest.raises(ChildDiedError, match=r"more than 0\.5 seconds"):
        child.call("echo", None, bytes(4 * MIB))


def test_seconds_of_a_processor_are_counted_for_each_document_anew(child: ChildProcess) -> None:
    before = pid_of(child)

    # More than two seconds of a child that may take one, or two where it is rounded up, for each.
    assert sum(child.call("works", 0.45) for _ in range(5)) > 2
    assert pid_of(child) == before


def test_an_answer_that_is_too_large_is_not_taken(child: ChildProcess) -> None:
    with pytest.raises(ChildDiedError, match="comes to more than"):
        child.call("echo", "x" * (MIB + 1))


def test_a_child_that_died_in_between_is_replaced_and_no_document_is_blamed(
    child: ChildProcess,
) -> None:
    before = pid_of(child)

    os.kill(before, signal.SIGKILL)

    assert pid_of(child) != before


def test_a_document_within_which_a_warm_child_is_killed_is_tried_once_more(
    child: ChildProcess,
) -> None:
    before = pid_of(child)
    asked: list[object] = []

    def kill_once(_name: str, number: object) -> object:
        if not asked:
            os.kill(before, signal.SIGKILL)
        asked.append(number)
        return number

    assert child.call("asks", [1, 2], answer=kill_once) == [1, 2]
    assert asked == [1, 1, 2]


def test_a_document_of_which_fresh_children_die_is_tried_no_more(child: ChildProcess) -> None:
    asked: list[object] = []

    def kill(_name: str, number: object) -> object:
        asked.append(number)
        os.kill(child.pid or 0, signal.SIGKILL)
        return number

    pid_of(child)
    with pytest.raises(ChildDiedError, match="killed"):
        child.call("asks", [1], answer=kill)
    assert asked == [1, 1]


def test_a_child_that_has_grown_is_replaced_after_it_has_answered(child: ChildProcess) -> None:
    before = pid_of(child)

    child.call("keeps", LIMITS.memory // 2)

    assert pid_of(child) != before
    assert not exists(before)


def test_threads_take_turns(child: ChildProcess) -> None:
    answers: dict[int, object] = {}

    def ask(number: int) -> None:
        answers[number] = child.call("echo", number)

    threads = [Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == {number: [number, 0] for number in range(8)}


@pytest.mark.parametrize(
    "deed",
    [
        "read a file",
        "write a file",
        "open a socket",
        "open a pipe",
        "start a program",
        "fork",
        "import a module",
        "load a library",
        "raise a limit",
    ],
)
def test_a_child_can_open_nothing_and_start_nothing(child: ChildProcess, deed: str) -> None:
    expected = "OSError|BlockingIOError|ModuleNotFoundError|ValueError|PermissionError"

    with pytest.raises(OperationFailedError, match=expected):
        child.call("tries", deed)


def test_a_child_knows_no_credentials(child: ChildProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    child.close()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-of-this-test")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a-secret-of-this-test")

    environment = child.call("environment", None)

    assert environment.keys() <= {"PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "TZ", "LC_CTYPE"}
    assert "a-secret-of-this-test" not in str(environment)


@LINUX
def test_nor_does_the_system_on_its_behalf(child: ChildProcess) -> None:
    child.close()
    folder = Path(f"/proc/{pid_of(child)}")

    names = {each.partition(b"=")[0] for each in (folder / "environ").read_bytes().split(b"\0")}
    assert names <= {b"PYTHONPATH", b"PYTHONHOME", b"LD_LIBRARY_PATH", b"TZ", b"LC_CTYPE", b""}
    assert {link.name for link in (folder / "fd").iterdir()} <= {"0", "1", "2", "3"}
    limits = (folder / "limits").read_text()
    assert "Max open files            4 " in limits
    assert "Max file size             0 " in limits
    assert "Max core file size        1 " in limits
    assert "Max processes             0 " in limits
    assert f"Max address space         {LIMITS.memory} " in limits


def test_what_cannot_start_is_no_document_s_fault() -> None:
    with pytest.raises(ChildUnavailableError, match="does not start: ModuleNotFoundError"):
        ChildProcess("no_such_module").call("echo", None)
    with pytest.raises(ChildUnavailableError, match="does not start: "):
        ChildProcess(HOSTILE, Limits(memory=MIB)).call("echo", None)


def test_an_interpreter_that_is_not_there_is_no_document_s_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")

    with pytest.raises(ChildUnavailableError, match="no child process can be started"):
        ChildProcess(HOSTILE).call("echo", None)


ENDS = """
import os, signal, sys
from feedmirror.adapters.isolation.child_process import ChildProcess
child = ChildProcess("hostile_operations")
print(child.call("pid", None), flush=True)
if sys.argv[1] == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[1] == "exits":
    sys.exit(0)
"""


@pytest.mark.parametrize("how", ["exits", "killed", "falls off its end"])
def test_a_child_ends_with_its_parent(how: str) -> None:
    run = subprocess.run(  # noqa: S603 -- our own interpreter and code
        [sys.executable, "-W", "error", "-c", ENDS, how],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )

    assert run.stderr == ""
    until = time.monotonic() + 5
    while exists(int(run.stdout)) and time.monotonic() < until:
        time.sleep(0.01)
    assert not exists(int(run.stdout))
