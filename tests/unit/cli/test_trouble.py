"""Every fault has words, of which each says what to do; a fault of ours has none."""

import errno

import pytest

from feedmirror.cli.asking import UnansweredError
from feedmirror.cli.trouble import FAILED, INTERRUPTED, trouble_of
from feedmirror.jobs.configure import NotConfiguredError
from feedmirror.ports.mail import MailUnavailableError
from feedmirror.ports.object_store import Fault, StoreUnavailableError
from feedmirror.takedowns.reading.understood import MailUnreadableError, ReaderUnavailableError


def told(error: BaseException) -> str:
    trouble = trouble_of(error)
    assert trouble is not None
    assert trouble.status == FAILED
    return "\n".join(trouble.lines)


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_of_a_store_names_the_place_and_what_to_do(fault: Fault) -> None:
    error = StoreUnavailableError("s3://b/key: raw words", fault=fault, place="s3://b/key")

    line = told(error)

    assert line.startswith("s3://b/key: ")
    assert "\n" not in line
    assert ";" in line


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file", "a/b"), "a/b is not there"),
        (NotADirectoryError(errno.ENOTDIR, "Not a dir", "a/b"), "a/b is no folder, or lies below"),
        (PermissionError(errno.EACCES, "denied", "a"), "a may not be read or written by this user"),
        (OSError(errno.EROFS, "ro", "a"), "a cannot be written: its file system is read-only"),
        (OSError(errno.ENOSPC, "full", "a"), "a cannot be written: the disk is full"),
        (OSError(errno.ENOSPC, "full"), "the output cannot be written: the disk is full"),
        (OSError(errno.EXDEV, "Cross-device link", "a"), "a cross-device link"),
    ],
)
def test_what_the_machine_refuses_is_told_by_the_file(error: OSError, words: str) -> None:
    assert told(error).startswith(words)


def test_a_wrong_configuration_is_told_line_by_line() -> None:
    lines = told(NotConfiguredError("config/mirror.toml:1: x\nconfig/mirror.toml:2: y")).split("\n")

    assert lines[:2] == ["config/mirror.toml:1: x", "config/mirror.toml:2: y"]
    assert "feedmirror init" in lines[2]


def test_a_mail_that_did_not_leave_undoes_nothing() -> None:
    assert "what is decided stands" in told(MailUnavailableError("SES did not take the mail: x"))


def test_a_mail_that_cannot_be_read_is_for_a_person_and_a_reader_that_cannot_be_had_for_later() -> (
    None
):
    words = told(MailUnreadableError("it takes more than 8 seconds of a processor"))

    assert words.startswith("the mail cannot be read: it takes more than 8 seconds")
    assert "a person has to read it" in words
    assert "again in a while" in told(ReaderUnavailableError("no child process can be started"))


def test_an_interruption_has_the_status_that_shells_give_it() -> None:
    trouble = trouble_of(KeyboardInterrupt())

    assert trouble is not None
    assert (trouble.lines, trouble.status) == (
        ("interrupted; the same command again goes on from there",),
        INTERRUPTED,
    )
    assert INTERRUPTED == 128 + 2  # SIGINT


def test_an_interruption_of_a_question_says_that_nothing_was_changed() -> None:
    trouble = trouble_of(UnansweredError())

    assert trouble is not None
    assert (trouble.lines, trouble.status) == (("interrupted; nothing was changed",), INTERRUPTED)


@pytest.mark.parametrize("error", [KeyError("x"), AssertionError(), RecursionError()])
def test_a_fault_of_our_own_is_not_hidden(error: Exception) -> None:
    assert trouble_of(error) is None
