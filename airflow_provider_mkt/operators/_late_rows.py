"""Rows that a platform shows after their date, in exports of ranges that follow each other.

Each export also reads a stretch before its range, and leaves out the rows of it that an earlier export has
written. Which ones those are is kept in a small file beside the exports, or with the watermark.
"""

from __future__ import annotations

import heapq
import io
import json
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import NamedTuple, Protocol

from airflow.sdk import ObjectStoragePath

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.parameters import in_utc
from airflow_provider_mkt.operators._files import open_for_reading, whole_file
from airflow_provider_mkt.operators._output_formats import table_rows


class RowColumns(NamedTuple):
    """The columns that tell rows apart.

    :param ids: identify a version of a record, together.
    :param date: its time, by which ranges are cut.
    """

    ids: Sequence[str]
    date: str

    def check(self, columns: Sequence[str]) -> None:
        """Check that a file has them.

        :raises InvalidInput: naming one that it lacks.
        """
        for name in (*self.ids, self.date):
            if name not in columns:
                problem = f"lacks {name}, which tells whether an earlier export has a row"
                raise InvalidInput("fields", problem)


class RecentMarks:
    """Marks of the rows that were written last, with their times.

    :param start: the start of the export's range. A row that is dated before it came late, and is kept as if
        dated at *end*: where the platform cuts ranges by the time at which it wrote a row, the next export
        reads it again.
    :param end: the end of that range.
    :param since: older rows are not kept; None for all.
    :param limit: how many are kept; None for all.
    """

    def __init__(
        self,
        start: datetime | None,
        end: datetime,
        *,
        since: datetime | None = None,
        limit: int | None = None,
    ) -> None:
        self._start, self._end = start, end
        self._since, self._limit = since, limit
        self._marks: list[tuple[datetime, str]] = []
        self.newest: datetime | None = None

    def add(self, at: datetime, mark: str, *, moves_watermark: bool = True) -> None:
        """Take a row that was written."""
        if moves_watermark:
            self.newest = at if self.newest is None else max(self.newest, at)
        if self._start is not None and at < self._start:
            at = self._end
        if self._since is not None and at < self._since:
            return
        if self._limit is None or len(self._marks) < self._limit:
            heapq.heappush(self._marks, (at, mark))
        else:
            heapq.heappushpop(self._marks, (at, mark))

    def update(self, other: RecentMarks) -> None:
        """Take the rows of another file."""
        if other.newest is not None:
            self.newest = other.newest if self.newest is None else max(self.newest, other.newest)
        for at, mark in other:
            self.add(at, mark, moves_watermark=False)

    def empty(self) -> RecentMarks:
        """Return a new object of the same kind, for one file."""
        return RecentMarks(self._start, self._end, since=self._since, limit=self._limit)

    def __iter__(self) -> Iterator[tuple[datetime, str]]:
        return iter(set(self._marks))


class Exported(Protocol):
    """What earlier exports have written, and where this one says what it has written."""

    @property
    def reads_from(self) -> datetime:
        """The first second to read."""

    @property
    def known(self) -> frozenset[str]:
        """Marks of rows that earlier exports have written."""

    def marks(self) -> RecentMarks:
        """Return what collects the marks of this export."""

    def save(self, marks: RecentMarks) -> None:
        """Keep the marks of this export, whose file is in place."""


class LateRows:
    """Leaves out the rows of an export that earlier ones have written, and notes those that it writes.

    :param exported: what earlier exports have written.
    :param row: the columns that tell rows apart.
    :param columns: the columns of the platform's file.
    :param delimiter: between its values.
    :raises InvalidInput: when the file lacks a column.
    """

    def __init__(self, exported: Exported, row: RowColumns, columns: Sequence[str], delimiter: str) -> None:
        row.check(columns)
        self.delimiter = delimiter
        self.ids_at, self.date_at = [columns.index(name) for name in row.ids], columns.index(row.date)
        self.known = exported.known
        self._exported = exported
        self.reset()

    @property
    def reads_from(self) -> datetime:
        """The first second to read."""
        return self._exported.reads_from

    def reset(self) -> None:
        """Forget the rows of this export, which is written again."""
        self.left_out = 0
        self.marks = self._exported.marks()

    def file(self, write: Callable[[bytes], object]) -> RowReader:
        """Return the reader of one more file of this export."""
        return RowReader(self, write)

    def note(self, marks: RecentMarks, left_out: int) -> None:
        """Take the rows of a file that is complete."""
        self.marks.update(marks)
        self.left_out += left_out

    def save(self) -> None:
        """Keep the marks of the rows that were written, for later exports."""
        self._exported.save(self.marks)


class ExportedIds:
    """A file that keeps which rows exports have written.

    :param path: the file, on any object storage.
    :param overlap: how long before its range an export reads.
    :param start: the first second of the range (timezone-aware).
    :param end: the first second after it.
    :raises InvalidInput: when *path* is another kind of file.
    """

    def __init__(self, path: str, overlap: timedelta, start: datetime, end: datetime) -> None:
        self._start, self._end = in_utc(start), in_utc(end)
        self._path, self._overlap = path, overlap
        self._kept = self._read()
        # A range that is exported again must not leave out what it has written before.
        self._earlier = [one for one in self._kept if _time(one["end"]) <= self._start]

    @property
    def known(self) -> frozenset[str]:
        return frozenset(mark for one in self._earlier for mark in one["ids"])

    @property
    def reads_from(self) -> datetime:
        # The range's own start where no earlier export is known.
        return self._start - self._overlap if self._earlier else self._start

    def marks(self) -> RecentMarks:
        # Twice, because the platform may cut ranges by the time at which it wrote a row.
        return RecentMarks(self._start, self._end, since=self._end - 2 * self._overlap)

    def save(self, marks: RecentMarks) -> None:
        ids = sorted({mark for _, mark in marks})
        own = {"start": self._start.isoformat(), "end": self._end.isoformat(), "ids": ids}
        others = [one for one in self._kept if (one["start"], one["end"]) != (own["start"], own["end"])]
        # The newest range may be exported again, and needs what was before it.
        newest = max(_time(one["start"]) for one in (*others, own))
        kept = [one for one in (*others, own) if _time(one["end"]) >= newest - self._overlap]
        with whole_file(self._path) as file:
            file.write(json.dumps({"ranges": kept}).encode())

    def _read(self) -> list[JsonDict]:
        path = ObjectStoragePath(self._path)
        try:
            with open_for_reading(path) as file:
                kept = json.loads(file.read())
        except FileNotFoundError:
            return []
        except ValueError:
            kept = None
        if not isinstance(kept, dict) or not isinstance(kept.get("ranges"), list):
            raise InvalidInput("ids_path", "is not a file of exported ids; give the name of a new file")
        ranges: list[JsonDict] = kept["ranges"]
        return ranges


class RowReader:
    """Reads one file as it arrives, and passes its rows on, without those that were written before."""

    def __init__(self, rows: LateRows, write: Callable[[bytes], object]) -> None:
        self._rows, self._write = rows, write
        self._buffer = bytearray()
        self._header_done = False
        self._marks = rows.marks.empty()
        self._left_out = 0

    def take(self, content: bytes | memoryview) -> None:
        """Take the next bytes of the file."""
        self._buffer += content
        passed, begin, end = bytearray(), 0, self._buffer.find(b"\n")
        while end >= 0:
            # A line break between quotes is part of a value.
            if self._buffer.count(b'"', begin, end) % 2 == 0:
                passed += self._checked(bytes(self._buffer[begin : end + 1]))
                begin = end + 1
            end = self._buffer.find(b"\n", end + 1)
        del self._buffer[:begin]
        if passed:
            self._write(bytes(passed))

    def close(self) -> None:
        """Take the end of the file."""
        if self._buffer:
            self._write(self._checked(bytes(self._buffer)))
            self._buffer.clear()
        self._rows.note(self._marks, self._left_out)

    def _checked(self, line: bytes) -> bytes:
        if not self._header_done:
            self._header_done = True
            return line
        with closing(table_rows(io.BytesIO(line), self._rows.delimiter)) as rows:
            cells = next(rows, [])
        if len(cells) <= max(*self._rows.ids_at, self._rows.date_at):
            return line
        mark = mark_of("\n".join([cells[at] for at in self._rows.ids_at]))
        if mark in self._rows.known:
            self._left_out += 1
            return b""
        self._marks.add(_time(cells[self._rows.date_at]), mark)
        return line


def mark_of(identity: str) -> str:
    """Return what identifies a row in twelve characters, for long lists."""
    return b64encode(blake2b(identity.encode(), digest_size=9).digest()).decode()


def _time(text: object) -> datetime:
    from airflow_provider_mkt.client.marketo.values import moment

    found = moment(text)
    if found is None:
        raise InvalidInput("ids_path", "has a time that cannot be read")
    return found.astimezone(UTC)
