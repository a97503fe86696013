"""Files that hold what became of each record, written as JSON Lines while a sync runs."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import IO, Self

from airflow_provider_mkt.actions.leads import RecordResult, RecordStatus
from airflow_provider_mkt.sync.jsonl import json_line
from airflow_provider_mkt.sync.rows import Row

Opener = Callable[[], IO[str]]


class ResultFiles:
    """Writes rejects with their whole input, and, when asked, the outcome of every record.

    A file is made when its first line is written, so that no rejects leave no file.

    :param open_rejects: opens the rejects file for writing.
    :param open_outcomes: opens the outcomes file, where one is wanted.
    """

    def __init__(self, open_rejects: Opener, open_outcomes: Opener | None = None) -> None:
        self._open_rejects = open_rejects
        self._open_outcomes = open_outcomes
        self._rejects: IO[str] | None = None
        self._outcomes: IO[str] | None = None

    @property
    def has_rejects(self) -> bool:
        return self._rejects is not None

    @property
    def has_outcomes(self) -> bool:
        return self._outcomes is not None

    def write(self, row: Row, result: RecordResult) -> None:
        if result.result is RecordStatus.REJECTED:
            if self._rejects is None:
                self._rejects = self._open_rejects()
            line = {"row": row.number, "code": result.code, "reason": result.reason, "record": row.raw}
            self._rejects.write(json_line(line))
        if self._open_outcomes is not None:
            if self._outcomes is None:
                self._outcomes = self._open_outcomes()
            told = {"row": row.number, "outcome": result.result.value, "id": result.id}
            if result.code or result.reason:
                told |= {"code": result.code, "reason": result.reason}
            self._outcomes.write(json_line(told))

    def flush(self) -> None:
        """See that a killed process loses no outcome."""
        if self._outcomes is not None:
            self._outcomes.flush()

    def close(self) -> None:
        for file in (self._rejects, self._outcomes):
            if file is not None:
                file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
