"""Which rows of a source are superseded by a later row with the same key, found on disk."""

from __future__ import annotations

import hashlib
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

_AT_ONCE = 20_000


class Keys:
    """The keys of all rows, as digests in a file of this process.

    Memory holds some thousand of them, however many there are; equal digests of different keys are as
    good as impossible.
    """

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="mkt-import-")
        self._database = sqlite3.connect(Path(self._directory.name) / "keys.db", isolation_level=None)
        self._database.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA temp_store=FILE;"
            "CREATE TABLE keys (key BLOB, row INTEGER);"
        )
        self._new: list[tuple[bytes, int]] = []

    def add(self, key: str, row: int) -> None:
        """Take a row in. Rows come in the order of the source."""
        self._new.append(
            (hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest(), row)
        )
        if len(self._new) >= _AT_ONCE:
            self._write()

    def superseded(self) -> Iterator[tuple[int, int]]:
        """Rows whose key comes again, each with the last row that has it, in the order of the source."""
        self._write()
        yield from self._database.execute(
            "SELECT row, last FROM (SELECT row, MAX(row) OVER (PARTITION BY key) AS last FROM keys) "
            "WHERE row <> last ORDER BY row"
        )

    def _write(self) -> None:
        self._database.execute("BEGIN")
        self._database.executemany("INSERT INTO keys VALUES (?, ?)", self._new)
        self._database.execute("COMMIT")
        self._new.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()
        self._directory.cleanup()
