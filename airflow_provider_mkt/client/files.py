"""Files that belong to the user that runs Airflow."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def private_directory(path: Path) -> Path:
    """Create *path* with its parents, readable by this user only."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    with suppress(PermissionError):
        path.chmod(0o700)
    return path


def open_lock_file(path: Path) -> int:
    """Open a file for ``flock``, create it when missing, and return its descriptor.

    Never delete the file: one process would lock the deleted file and another one the new file.
    """
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
