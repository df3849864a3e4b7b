"""What keeps a command from its work, in words: what happened, to what, and what to do about it."""

import errno
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import click

from feedmirror.cli.asking import UnansweredError
from feedmirror.jobs.configure import NotConfiguredError
from feedmirror.jobs.takedown.take_in import MailMissingError
from feedmirror.mirroring.parsing import ParserUnavailableError
from feedmirror.ports.dns import DnsUnavailableError
from feedmirror.ports.mail import MailUnavailableError
from feedmirror.ports.object_store import Fault, StoreUnavailableError
from feedmirror.settings import SettingsError
from feedmirror.takedowns.casework.cases import CaseUnreadableError
from feedmirror.takedowns.reading.understood import MailUnreadableError, ReaderUnavailableError

FAILED, NOT_UNDERSTOOD, INTERRUPTED = 1, 2, 130
_WHERE = (
    "for a mirror on this machine add --local; for one on AWS, infra/README.md says how to have"
    " these variables set"
)
_KEYS = "AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
_STORES: Mapping[Fault, str] = {
    Fault.NO_CREDENTIALS: f"no credentials for AWS were found; set {_KEYS}",
    Fault.NO_PROFILE: (
        "the profile that AWS_PROFILE names is not configured; aws configure list-profiles names"
        " those that are"
    ),
    Fault.EXPIRED: "the credentials for AWS have expired; sign in again, as by aws sso login",
    Fault.UNKNOWN_CREDENTIALS: f"AWS does not accept these credentials; look at {_KEYS}",
    Fault.REFUSED: (
        "access is denied; either the bucket is another account's, or these credentials lack rights"
        " to it: aws sts get-caller-identity says whose they are"
    ),
    Fault.CLOCK: "AWS finds that this machine's clock is wrong; set it, and try again",
    Fault.NO_BUCKET: (
        "there is no such bucket; look at the FEEDMIRROR_…_BUCKET variables, which name the stack's"
    ),
    Fault.NO_REGION: (
        "no region is set, or one that is none; set AWS_DEFAULT_REGION to the stack's, such as"
        " eu-central-1"
    ),
    Fault.OTHER_REGION: "the bucket is in another region; set AWS_DEFAULT_REGION to the stack's",
    Fault.UNREACHABLE: (
        "nothing answers there; look at the network, at AWS_DEFAULT_REGION, and at AWS_ENDPOINT_URL"
        " if it is set"
    ),
    Fault.NO_ADDRESS: (
        "AWS_ENDPOINT_URL is no address; leave it unset for AWS itself, or set one such as"
        " http://127.0.0.1:9000"
    ),
    Fault.NO_DATABASE: (
        "it is not a database; move it away to begin anew, or name another folder with --local"
    ),
    Fault.DAMAGED: (
        "the database is damaged; put a copy of it in its place, or move it away to begin anew"
    ),
    Fault.LOCKED: (
        "another program is at work on it, and did not end in half a minute; try again once it has"
    ),
    Fault.FULL: "the disk is full, or fails; make room, and run the command again",
    Fault.NOT_OPENED: (
        "it cannot be opened and written; look at the folder's rights, or name another with --local"
    ),
}
# Of these, what the service said tells which right, or which address.
_SAYS_MORE = {Fault.REFUSED, Fault.UNREACHABLE, Fault.NO_CREDENTIALS, Fault.NO_PROFILE}
_FILES: Mapping[int, str] = {
    errno.ENOENT: "is not there",
    errno.EEXIST: "is there already; name another",
    errno.EISDIR: "is a folder; name a file",
    errno.ENOTDIR: "is no folder, or lies below a file; name another place",
    errno.EACCES: "may not be read or written by this user",
    errno.EPERM: "may not be read or written by this user",
    errno.EROFS: "cannot be written: its file system is read-only",
    errno.ENOSPC: "cannot be written: the disk is full",
    errno.EDQUOT: "cannot be written: the disk is full",
    errno.EFBIG: "cannot be written: it would be too large",
    errno.ENAMETOOLONG: "has too long a name",
    errno.EIO: "cannot be read or written: the disk fails",
    errno.EMFILE: "cannot be opened: too many files are open",
}
_STOPPED = "interrupted; the same command again goes on from there"
_UNANSWERED = "interrupted; nothing was changed"
_INTERRUPTIONS = (KeyboardInterrupt, click.Abort)  # which click makes of a Ctrl-C
_OUTPUT = "the output"  # what has no name


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is told, line by line, and the exit status."""

    lines: tuple[str, ...]
    status: int = FAILED


def trouble_of(error: BaseException) -> Trouble | None:
    """Return what an error means to whoever typed the command; None for a fault of our own."""
    for kind, lines in _WORDS.items():
        if isinstance(error, kind):
            return Trouble(tuple(lines(error)))
    if isinstance(error, UnansweredError):
        return Trouble((_UNANSWERED,), INTERRUPTED)
    return Trouble((_STOPPED,), INTERRUPTED) if isinstance(error, _INTERRUPTIONS) else None


def _store(error: StoreUnavailableError) -> Iterator[str]:
    known = _STORES.get(error.fault)
    said = str(error).removeprefix(f"{error.place}: ")
    more = f" ({said})" if error.fault in _SAYS_MORE else ""
    yield f"{error.place}: {known}{more}" if known else f"{error}; try again in a while"


def _settings(error: SettingsError) -> Iterator[str]:
    lines = str(error).splitlines()
    yield from lines
    if any("is not set" in line for line in lines):
        yield _WHERE


def _configuration(error: NotConfiguredError) -> Iterator[str]:
    yield from str(error).splitlines()
    yield "feedmirror init writes a first one; infra/README.md says how it is put in force"


def _case(error: CaseUnreadableError) -> Iterator[str]:
    yield f"{error}; on AWS the ledger bucket keeps earlier versions of it"


def _mail(error: MailUnavailableError) -> Iterator[str]:
    yield f"{error}; what is decided stands, and the takedown function's hourly run goes on from it"


def _again(error: Exception) -> Iterator[str]:
    yield f"{error}; run the command again in a while, it goes on from there"


def _unreadable(error: MailUnreadableError) -> Iterator[str]:
    yield f"the mail cannot be read: {error}; a person has to read it, and decide"


def _file(error: OSError) -> Iterator[str]:
    words = _FILES.get(error.errno or 0) or (error.strerror or str(error)).lower()
    yield f"{error.filename if error.filename is not None else _OUTPUT} {words}"


_WORDS: Mapping[type[BaseException], Callable[..., Iterator[str]]] = {
    StoreUnavailableError: _store,
    SettingsError: _settings,
    NotConfiguredError: _configuration,
    CaseUnreadableError: _case,
    MailMissingError: _again,
    MailUnavailableError: _mail,
    DnsUnavailableError: _again,
    ParserUnavailableError: _again,
    ReaderUnavailableError: _again,
    MailUnreadableError: _unreadable,
    OSError: _file,
}
