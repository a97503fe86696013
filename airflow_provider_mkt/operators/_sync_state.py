"""What the tries of one task leave on this machine while they write leads."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING

from airflow_provider_mkt.client.files import private_directory
from airflow_provider_mkt.operators._files import whole_file
from airflow_provider_mkt.operators._task_state import task_digest
from airflow_provider_mkt.state.settings import state_directory

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.sync.checkpoint import Checkpoint

KEPT_FOR = 30 * 24 * 3600.0
"""Seconds after which what a failed task left behind is removed."""


def snapshot_path(context: Context) -> Path:
    """Where a task keeps a source that can be read only once."""
    name = f"{task_digest(context)}-{generation(context)}.source"
    return private_directory(state_directory() / "sync") / name


def generation(context: Context) -> int:
    """Tells a task that somebody cleared from what it was: clearing raises the number of its tries."""
    return int(getattr(context["ti"], "max_tries", 0))


class SyncState:
    """The checkpoint of a task, and its outcomes before they go where they are wanted.

    It outlasts a try that was killed or failed. When a user clears the task, all is sent again where that is
    harmless; where it would repeat what was done, the state outlasts that too.

    :param repeatable: whether sending everything again is harmless.
    :param outcomes: where the outcomes are wanted; None for nowhere.
    """

    def __init__(self, context: Context, *, repeatable: bool, outcomes: str | None) -> None:
        from airflow_provider_mkt.sync.checkpoint import Checkpoint
        from airflow_provider_mkt.sync.outcome_lines import OutcomeLines

        directory = private_directory(state_directory() / "sync")
        for old in directory.iterdir():
            if time.time() - old.stat().st_mtime > KEPT_FOR:
                old.unlink(missing_ok=True)
        name = task_digest(context) + (f"-{generation(context)}" if repeatable else "")
        self.checkpoint: Checkpoint = Checkpoint(directory / f"{name}.rows")
        self._wanted = outcomes
        self._lines = OutcomeLines(directory / f"{name}.outcomes")
        if outcomes:
            self._lines.recover(self.checkpoint)
        else:
            self._lines.remove()

    @property
    def resuming(self) -> bool:
        """Whether an earlier try got somewhere."""
        return self.checkpoint.last >= 0

    @property
    def begun(self) -> bool:
        """Whether this or an earlier try has written anything down of what it sent."""
        return self.checkpoint.begun

    @property
    def open_outcomes(self) -> Callable[[], IO[str]] | None:
        return self._lines.append if self._wanted else None

    def publish(self) -> str | None:
        """Put the outcomes of all tries where they are wanted. Returns that place, None without any."""
        if not self._wanted or not self._lines.exists():
            return None
        with whole_file(self._wanted) as file:
            self._lines.copy(file)
        return self._wanted

    def forget(self) -> None:
        """There will be no other try."""
        self.checkpoint.remove()
        self._lines.remove()

    def close(self) -> None:
        self.checkpoint.close()
