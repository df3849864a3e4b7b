"""What one `serve` has to itself: two ports on loopback, and a folder."""

import errno
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


def hold(folder: Path) -> IO[bytes]:
    """Have a folder until the file that is returned is closed, or the process ends.

    Other commands of its owner work beside it; nobody else enters a folder that is made here, as
    its store holds mails. Raises FolderTakenError.
    """
    import fcntl  # noqa: PLC0415 -- not on every system, where the other commands do work

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = (folder / _LOCK).open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise FolderTakenError(f"another feedmirror serve has {folder}") from error
    return file
