"""Output files that exist already, and those that earlier tries of a task have written."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, cast

from airflow.sdk import ObjectStoragePath

from airflow_provider_mkt.client.errors import InvalidInput

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.polling import Log
    from airflow_provider_mkt.client.json_types import JsonDict
    from airflow_provider_mkt.operators.outcomes import ExportedFile
    from airflow_provider_mkt.state.task_state import TaskState

IF_EXISTS = ("replace", "fail")
_KEY = "output files"


class OutputFiles:
    """The output files of a task.

    :param task_state: of the task.
    :param if_exists: ``replace`` or ``fail``.
    :raises InvalidInput: on another policy.
    """

    def __init__(self, task_state: TaskState, if_exists: object, log: Log) -> None:
        if if_exists not in IF_EXISTS:
            raise InvalidInput("if_exists", f"must be one of {', '.join(IF_EXISTS)}")
        self._task_state, self._fails, self._log = task_state, if_exists == "fail", log
        kept = task_state.get(_KEY)
        self._kept: JsonDict = kept if isinstance(kept, dict) else {"began": time.time(), "files": {}}
        self._files = cast("dict[str, JsonDict | None]", self._kept["files"])
        """By path; None for a file that is about to appear."""

    @property
    def began(self) -> float:
        """When the first try began, in epoch seconds."""
        return float(cast("float", self._kept["began"]))

    def check(self, path: str) -> None:
        """Check that a file may be written.

        :raises InvalidInput: when its storage is unknown, or the policy is ``fail`` and it exists without
            this task having written it.
        """
        try:
            exists = path not in self._files and ObjectStoragePath(path).exists()
        except ValueError as error:
            raise InvalidInput("output_path", f"cannot be reached: {error}") from error
        if not exists:
            return
        if self._fails:
            raise InvalidInput("output_path", "exists already; give another path, or if_exists='replace'")
        self._log.info("%s exists, and is replaced when the export is complete", path)

    def placing(self, path: str) -> None:
        """Record that a file is about to appear.

        :raises InvalidInput: when another task has written it meanwhile, and the policy is ``fail``.
        """
        self.check(path)
        if path not in self._files:
            self._files[path] = None
            self._keep()

    def note(self, path: str, written: ExportedFile) -> None:
        """Record that a file is complete."""
        self._files[path] = cast("JsonDict", written)
        self._keep()

    def is_written(self, path: str, of: str) -> bool:
        """Whether an earlier try has completed a file with the same content, and it is still there.

        :param of: identifies what the file is made of.
        """
        made_of = cast("dict[str, str]", self._kept.setdefault("made_of", {}))
        if made_of.get(path) != of:
            made_of[path] = of
            if self._files.get(path) is not None:
                self._log.info("%s is written again, because it was made with other arguments", path)
                self._files[path] = None
                self._keep()
        return self._files.get(path) is not None and ObjectStoragePath(path).exists()

    def written(self, path: str) -> ExportedFile:
        """Return what is known of a complete file."""
        return cast("ExportedFile", self._files[path])

    def forget(self) -> None:
        """Begin anew. Files of this task may still be replaced."""
        self._kept = {"began": time.time(), "files": dict.fromkeys(self._files)}
        self._files = cast("dict[str, JsonDict | None]", self._kept["files"])
        self._keep()

    def _keep(self) -> None:
        self._task_state.set(_KEY, self._kept)
