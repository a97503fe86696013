"""The columns of an export that say what each record is associated with."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_mkt.hooks.base import MarketingHook

Row = Mapping[str, object]


class AssociatedRows:
    """The rows of an export, with the columns of what each record is associated with.

    These are read once, 1,000 records in a call, and kept in a temporary file of this machine for when the
    rows are gone through again.

    :param rows: yields the rows from the beginning, each time that it is called.
    :param object_type: of the records.
    :param others: types of associated records.
    """

    def __init__(
        self,
        hook: MarketingHook,
        rows: Callable[[], Iterable[Row]],
        object_type: str,
        others: Sequence[str],
    ) -> None:
        self._hook, self._rows = hook, rows
        self._object_type, self._others = object_type, others
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close
        self._read = 0
        """Rows whose associations are in the file."""

    def __call__(self) -> Iterator[Row]:
        """Yield the rows from the beginning."""
        self._file.seek(0)
        rows = iter(self._rows())
        for row in islice(rows, self._read):
            yield {**row, **json.loads(self._file.readline())}
        yield from self._read_on(rows)

    def close(self) -> None:
        """Delete the file."""
        self._file.close()

    def _read_on(self, rows: Iterator[Row]) -> Iterator[Row]:
        from airflow_provider_mkt.actions.hubspot.association_reads import AT_ONCE, read_associated

        while batch := list(islice(rows, AT_ONCE)):
            ids = [str(row["id"]) for row in batch]
            found = self._hook.follow(read_associated(self._object_type, self._others, [*dict.fromkeys(ids)]))
            associated = [found.get(one, {}) for one in ids]
            self._file.writelines(json.dumps(one).encode() + b"\n" for one in associated)
            self._read += len(batch)
            for row, more in zip(batch, associated, strict=True):
                yield {**row, **more}
