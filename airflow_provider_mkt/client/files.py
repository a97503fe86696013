"""Files that belong to the user that runs Airflow."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

from airflow_provider_mkt.client.errors import InvalidInput

SETTING = "[mkt] state_dir"


def private_directory(path: Path) -> Path:
    """Create *path* with its parents, readable by this user only.

    :raises InvalidInput: when it is there and belongs to another user, or is a symbolic link.
    """
    create_directory(path)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode):
        what = "a symbolic link" if stat.S_ISLNK(found.st_mode) else "not a directory"
        raise InvalidInput(SETTING, f"{path} is {what}; remove it, or choose another directory")
    if found.st_uid != os.geteuid():
        raise InvalidInput(SETTING, _other_owner(path, found))
    if stat.S_IMODE(found.st_mode) & 0o077:
        path.chmod(0o700)
    return path


_DELETED_MEANWHILE = 100
"""How often another process may delete the parent of a directory that is created."""


def create_directory(path: Path) -> None:
    """Create *path* with its parents, readable by this user only. What is there already is left as it is."""
    for again in range(_DELETED_MEANWHILE, -1, -1):
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            return
        except FileNotFoundError:
            # Also when another process deletes the parent, which is empty, at this moment. Some file systems
            # say it of each directory that is to be made, such as /proc.
            if not again:
                raise
            create_directory(path.parent)
        else:
            return


def trusted_directory(path: Path) -> Path:
    """Create a directory that an administrator has chosen, or check the one that is there.

    It may be a symbolic link or belong to root, as the mount of a volume does. What is made inside is
    private.

    :raises InvalidInput: when it belongs to another user, or everybody may write to it.
    """
    if not path.exists():
        return private_directory(path)
    found = path.stat()
    if not stat.S_ISDIR(found.st_mode):
        raise InvalidInput(SETTING, f"{path} is not a directory")
    if found.st_uid not in (os.geteuid(), 0):
        raise InvalidInput(SETTING, _other_owner(path, found))
    if found.st_mode & stat.S_IWOTH:
        raise InvalidInput(SETTING, f"{path} can be written by every user of this machine; chmod o-w")
    return path


def private_file(path: Path) -> Path:
    """Create an empty file that only this user can read, or check the one that is there.

    :raises InvalidInput: when it belongs to another user, or is a symbolic link.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise InvalidInput(SETTING, f"{path} is not a file, or is a symbolic link; remove it")
    if found.st_uid != os.geteuid():
        raise InvalidInput(SETTING, _other_owner(path, found))
    if stat.S_IMODE(found.st_mode) & 0o077:
        path.chmod(0o600)
    return path


def open_database(path: Path, holds: str, **options: Any) -> sqlite3.Connection:
    """Open a file of SQLite, without transactions of its own, for several threads.

    Errors of a file that is damaged or cannot be written say which file it is, and what is in it.

    :param holds: what would be lost with the file.
    :param options: further arguments of :func:`sqlite3.connect`.
    """
    try:
        database = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, factory=_Database, **options
        )
    except sqlite3.OperationalError as error:
        _raise_with_file(error, path, holds)
        raise
    database.path, database.holds = path, holds
    return database


class _Database(sqlite3.Connection):
    path, holds = Path(), ""

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        try:
            return super().execute(*arguments)
        except sqlite3.DatabaseError as error:
            _raise_with_file(error, self.path, self.holds)
            raise

    def executescript(self, *arguments: Any) -> sqlite3.Cursor:
        try:
            return super().executescript(*arguments)
        except sqlite3.DatabaseError as error:
            _raise_with_file(error, self.path, self.holds)
            raise


_UNUSABLE = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_READONLY,
}


def _raise_with_file(error: sqlite3.DatabaseError, path: Path, holds: str) -> None:
    """Raise an error of SQLite with the file in its text, where the file is the cause."""
    # The last byte is the kind of the error.
    if getattr(error, "sqlite_errorcode", 0) & 0xFF in _UNUSABLE:
        raise type(error)(
            f"{path} cannot be used: {error}. It holds {holds}. Make room or correct its permissions; a "
            "damaged file can be deleted when no task runs and that may be lost"
        ) from error


def open_lock_file(path: Path) -> int:
    """Open a file for ``flock``, create it when missing, and return its descriptor.

    Who deletes the file must hold its lock, and who gets the lock must see that the file is still there:
    otherwise one process locks the deleted file and another one the new file.
    """
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def is_deleted(descriptor: int, path: Path) -> bool:
    """Whether an open file is no longer the one at its path."""
    try:
        return not os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return True


def _other_owner(path: Path, found: os.stat_result) -> str:
    return (
        f"{path} belongs to another user (uid {found.st_uid}, Airflow runs as uid {os.geteuid()}); "
        "remove it, or choose another directory"
    )
