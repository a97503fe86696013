"""How far an export by pages has read, so that a later try continues there."""

from __future__ import annotations

import gzip
import hashlib
import json
import tempfile
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, cast

from airflow.sdk import ObjectStoragePath

from airflow_provider_mkt.actions.reading import ReadRow
from airflow_provider_mkt.operators._files import open_for_reading, whole_lines
from airflow_provider_mkt.sync.rows import json_line

if TYPE_CHECKING:
    from airflow_provider_mkt.client.json_types import Json, JsonDict
    from airflow_provider_mkt.state.task_state import TaskState

_KEY = "read export"


class ReadProgress:
    """The rows of one output file that were read so far, and where reading continues.

    Rows are kept in a temporary file of this machine. :meth:`save` moves them to a part beside the output, on
    the same storage, and records in the task's state where the next page begins. A try that does not find
    the parts, because it runs on another machine and the output is on a disk, begins anew.

    :param path: of the output file.
    :param task_state: of the task.
    :param of: identifies the task and what it reads; progress of another read is forgotten.
    """

    def __init__(self, path: str, task_state: TaskState, of: str) -> None:
        target = ObjectStoragePath(path)
        mark = hashlib.sha256(f"{of}\n{path}".encode()).hexdigest()[:16]
        self._of = mark
        self._directory = target.parent / f".{PurePosixPath(target.path).name}.{mark}.parts"
        self._task_state = task_state
        self._open: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close
        self._parts = 0
        self.lines = 0
        """Rows that were read, those of earlier tries and those that were dropped included."""
        self._dropped: list[list[int]] = []
        """First row of what was dropped, and the first one after it."""
        self.unsaved = 0
        """Rows that only this machine has."""
        self.saved_at = time.monotonic()
        """When it was saved last, or reading began."""
        self.position: JsonDict | None = None
        """Where reading continues; None at the beginning."""
        self._load()

    def add(self, rows: Iterable[ReadRow]) -> None:
        """Keep the rows of a page."""
        for row in rows:
            at = row.at.isoformat() if row.at else None
            line = json_line([row.values, at, row.mark, row.moves_watermark])
            self._open.write(line.encode())
            self.lines += 1
            self.unsaved += 1

    @property
    def rows(self) -> int:
        """Rows that were read, those of earlier tries included."""
        return self.lines - sum(end - first for first, end in self._dropped)

    def drop(self, first: int) -> None:
        """Leave out rows that are read again.

        :param first: how many rows there were before them.
        """
        self._dropped.append([first, self.lines])

    def save(self, position: Json) -> None:
        """Make what was read last beyond this machine.

        :param position: where reading continues.
        """
        if self.unsaved:
            self._open.seek(0)
            with whole_lines(str(self._part(self._parts))) as part:
                for line in self._open:
                    part.write(line)
            self._parts += 1
            self.unsaved = 0
            self._open.seek(0)
            self._open.truncate()
        self.position, self.saved_at = cast("JsonDict", position), time.monotonic()
        dropped = cast("Json", self._dropped)
        self._task_state.set(
            _KEY,
            {
                "of": self._of,
                "parts": self._parts,
                "lines": self.lines,
                "dropped": dropped,
                "position": position,
            },
        )

    def read(self, first: int = 0) -> Iterator[ReadRow]:
        """Yield all rows, in the order in which they were read.

        :param first: how many rows to skip, those that were dropped included.
        """
        dropped = [*self._dropped, [0, first]]
        for number, line in enumerate(self._lines()):
            if not any(begin <= number < end for begin, end in dropped):
                yield _row(line)

    def _lines(self) -> Iterator[bytes]:
        for number in range(self._parts):
            with open_for_reading(self._part(number)) as part, gzip.GzipFile(fileobj=part) as lines:
                yield from lines
        self._open.seek(0)
        yield from self._open

    def forget(self) -> None:
        """Delete the parts, and begin anew."""
        if self._task_state.get(_KEY) is not None:
            self._task_state.set(_KEY, None)
        if self._directory.exists():
            self._directory.rmdir(recursive=True)
        self._open.seek(0)
        self._open.truncate()
        self._parts = self.lines = self.unsaved = 0
        self._dropped = []
        self.position = None

    def close(self) -> None:
        """Delete what is on this machine."""
        self._open.close()

    def _load(self) -> None:
        kept = self._task_state.get(_KEY)
        if not isinstance(kept, dict) or kept.get("of") != self._of:
            return
        parts = int(cast("int", kept["parts"]))
        if not all(self._part(number).exists() for number in range(parts)):
            return
        self._parts, self.lines = parts, int(cast("int", kept["lines"]))
        self._dropped = cast("list[list[int]]", kept["dropped"])
        self.position = cast("JsonDict", kept["position"])

    def _part(self, number: int) -> ObjectStoragePath:
        return self._directory / f"{number:06}.jsonl.gz"


def _row(line: bytes) -> ReadRow:
    values, at, mark, moves_watermark = json.loads(line)
    return ReadRow(values, datetime.fromisoformat(at) if at else None, mark, moves_watermark)
