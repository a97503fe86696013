"""The rows of a source, read once, with their keys and hashes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.sync.changes.canonical import (
    FieldHashes,
    Hashing,
    KeyKind,
    erased_key,
    normalized_key,
)
from airflow_provider_mkt.sync.changes.snapshot import (
    BATCH_ROWS,
    ParquetFile,
    bucket_of,
    read_batches,
    schemas,
)
from airflow_provider_mkt.sync.rows import Row
from airflow_provider_mkt.sync.source_snapshot import row_line, row_of_line

NO_KEY = "NO_KEY"
"""The code of a row without a key."""

ERASED_PERSON = "ERASED"
"""The code of a row whose person was erased."""

DUPLICATE_KEY = "DUPLICATE_KEY"
"""The code of rows of one key with different payloads."""


class IncomingRows:
    """The rows of a source in a file on this machine, in their order.

    :param path: the file.
    :param hashing: how their hashes are made.
    :param earlier: how the hashes of the state were made, if that is another way.
    :param field_hashes: makes the short hashes of their fields; None without.
    :param row_kind: how row keys are compared.
    :param match_kind: how match keys are compared.
    :param names: the field of the row keys, and that of the match keys.
    :param erased: what stands for the match keys of erased people.
    """

    def __init__(
        self,
        path: Path,
        hashing: Hashing,
        *,
        earlier: Hashing | None = None,
        field_hashes: FieldHashes | None = None,
        row_kind: KeyKind = "id",
        match_kind: KeyKind = "email",
        names: tuple[str, str] = ("row key", "match key"),
        erased: frozenset[str] = frozenset(),
    ) -> None:
        self.path, self._hashing, self._earlier, self._fields = path, hashing, earlier, field_hashes
        self._row_kind, self._match_kind, self._erased = row_kind, match_kind, erased
        self._row_name, self._match_name = names
        self._file = ParquetFile(path, schemas().incoming)
        self._rows: list[tuple[Any, ...]] = []
        self._closed = False
        self.total = 0
        """Rows that were read."""
        self.unidentified = 0
        """Rows that could not be read so far that their key is known. Any row may be among them."""
        self.rejected: Counter[str] = Counter()
        """Rows that cannot be sent, by code, before duplicates are known."""
        self.same_keys = True
        """Whether each row's match key is its row key."""

    def add(
        self,
        row: Row,
        row_key: object,
        match_key: object,
        beside: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        """Take the next row.

        :param row: as it would be sent: mapped, with the type of each field, and without what is never sent.
        :param row_key: what identifies it in the source; None without.
        :param match_key: what the platform's record is found by; None without.
        :param beside: what is compared too, and is no field of the record: name to value.
        """
        code, reason = (row.code, row.problem) if row.record is None else (None, None)
        key, match = _key(row_key, self._row_kind), _key(match_key, self._match_kind)
        if code is None and (key is None or match is None):
            code, reason = (
                NO_KEY,
                f"{self._row_name}, the row_key, is missing or empty, or no text or number"
                if key is None
                else f"{self._match_name}, the key, is missing or empty, or no text or number",
            )
        if code is not None:
            self.rejected[code] += 1
            if key is None and row.record is None:
                self.unidentified += 1
        self.same_keys = self.same_keys and match == key
        if self._erased and match is not None and (digest := erased_key(match)) in self._erased:
            # No file gets the address.
            code, reason, key, match = ERASED_PERSON, None, digest if key == match else key, None
        row_hash = earlier_hash = short = None
        if code is None and row.record is not None:
            compared = {**row.record, **beside} if beside else row.record
            parts = self._hashing.parts(compared, match)
            row_hash = self._hashing.hash_of_parts(parts)
            if self._fields is not None:
                short = self._fields.of(parts)
            if self._earlier is not None:
                earlier_hash = self._earlier.hash(compared, match)
        self._rows.append(
            (
                self.total,
                row.number,
                key,
                0 if key is None else bucket_of(key),
                match,
                0 if match is None or match == key else bucket_of(match),
                row_hash,
                earlier_hash,
                short,
                code,
                reason,
                row_line(row),
            )
        )
        self.total += 1
        if len(self._rows) >= BATCH_ROWS:
            self._flush()

    def close(self) -> None:
        """Complete the file. No row can be added any more."""
        if not self._closed:
            self._closed = True
            self._flush()
            self._file.close()

    def rows(self, positions: Iterator[tuple[int, Any]]) -> Iterator[tuple[Row, Any]]:
        """Yield rows again.

        :param positions: their positions in ascending order, each with something that is yielded with it.
        """
        if (wanted := next(positions, None)) is None:
            return
        start = 0
        for batch in read_batches(self.path, ["payload"]):
            lines = batch.column("payload")
            while wanted is not None and wanted[0] < start + batch.num_rows:
                yield row_of_line(lines[wanted[0] - start].as_py()), wanted[1]
                wanted = next(positions, None)
            if wanted is None:
                return
            start += batch.num_rows

    def _flush(self) -> None:
        import pyarrow as pa

        if not self._rows:
            return
        schema = schemas().incoming
        columns = zip(*self._rows, strict=True)
        arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
        self._file.write(pa.RecordBatch.from_arrays(arrays, schema=schema))
        self._rows = []


def _key(value: object, kind: KeyKind) -> str | None:
    try:
        key = normalized_key(value, kind)
    except InvalidInput:
        return None
    if key is not None and not key.isascii():
        try:
            key.encode()
        except UnicodeEncodeError:
            return None
    return key
