"""What one `serve` has to itself: two ports on loopback, and a folder."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

LOOPBACK = "127.0.0.1"
_LOCK = "serve.lock"


class PortTakenError(Exception):
    """A port cannot be had; the message says which option names another."""

    def __init__(self, option: str, port: int, error: OSError) -> None:
        """Tell what was wanted and why it cannot be had."""
        why = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be had: {error.strerror}"
        super().__init__(f"port {port} {why}; say {option} with another, or 0 for any that is free")


class FolderTakenError(Exception):
    """Another `serve` has the folder."""


def is_taken(error: OSError) -> bool:
    """Tell whether a port cannot be had, since somebody has it or it is not for everybody."""
    return error.errno in {errno.EADDRINUSE, errno.EACCES}


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Have a folder until the block ends, or the process does; what is left empty goes again.

    Other commands of its owner work beside it; nobody else enters a folder that is made here, as
    its store holds mails. Raises FolderTakenError.
    """
    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _locked(folder / _LOCK) as file:
        if file is None:
            raise FolderTakenError(f"another feedmirror serve has {folder}")
        try:
            yield
        finally:
            (folder / _LOCK).unlink(missing_ok=True)
            if made:
                with suppress(OSError):  # something was kept in it
                    folder.rmdir()


def is_held(folder: Path) -> bool:
    """Tell whether a `serve` has a folder just now."""
    lock = folder / _LOCK
    if not lock.exists():
        return False
    with _locked(lock) as file:
        return file is None


@contextmanager
def _locked(path: Path) -> Iterator[IO[bytes] | None]:
    """Have a lock file while the block lasts, or None where another has it."""
    import fcntl  # noqa: PLC0415 -- not on every system, where the other commands do work

    while True:
        with path.open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield None
                return
            if _is_at(file, path):
                yield file
                return


def _is_at(file: IO[bytes], path: Path) -> bool:
    """Tell whether a file is still the one at a path: whoever had it before may have removed it."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
