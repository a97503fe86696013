"""Files that belong to the user that runs Airflow."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def private_directory(path: Path) -> Path:
    """Make *path* with all its parents, readable by this user only."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    with suppress(PermissionError):
        path.chmod(0o700)
    return path
