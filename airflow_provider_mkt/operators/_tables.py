"""Tables: their columns, and files that are joined from several."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import IO, TYPE_CHECKING, cast

from airflow_provider_mkt.client.errors import InvalidInput, JobFailed
from airflow_provider_mkt.operators._parameters import as_mapping, is_missing, optional_list, optional_str
from airflow_provider_mkt.sync.rows import csv_writer

if TYPE_CHECKING:
    from airflow_provider_mkt.client.marketo.bulk import FileFormat

DELIMITERS = {"csv": ",", "tsv": "\t", "ssv": ";"}

_BLOCK = 262_144
"""Bytes that are written at once, and in which the header of a file is searched for at first."""


@dataclass(frozen=True)
class Columns:
    """The columns of a table.

    :param fields: REST names, in order.
    :param headers: headers of fields whose header is not their name.
    :param file_format: ``csv``, ``tsv`` or ``ssv``.
    """

    fields: list[str]
    headers: dict[str, str]
    file_format: FileFormat
    """Checked by the call that takes it, which accepts only those three."""

    @classmethod
    def from_parameters(cls, fields: object, headers: object, file_format: object) -> Columns:
        """Read the templated parameters.

        :raises InvalidInput: naming the parameter that is wrong.
        """
        return cls(
            optional_list("fields", fields),
            {} if is_missing(headers) else as_mapping("column_headers", headers),
            cast("FileFormat", (optional_str("file_format", file_format) or "csv").lower()),
        )

    @property
    def delimiter(self) -> str:
        """What separates the values of a row.

        :raises InvalidInput: on an unknown format.
        """
        if self.file_format not in DELIMITERS:
            raise InvalidInput("file_format", f"must be one of {', '.join(DELIMITERS)}")
        return DELIMITERS[self.file_format]

    def header_line(self, names: Iterable[str]) -> bytes:
        """Return the first line of a file with these columns, as the platform writes it."""
        line = csv_writer(DELIMITERS[self.file_format])
        return line([self.headers.get(name, name) for name in names]).encode()


class Table:
    """Joins files with the same columns into one: one header, then the rows of all.

    :param file: open for writing, and empty.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = sha256()
        self._header: bytes | None = None
        self._ends_line = True
        self.size = 0

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    @contextmanager
    def append_file(self) -> Iterator[AppendedFile]:
        """Append one more file, which the block writes. An error leaves the table as it was before.

        :raises JobFailed: when the file has other columns.
        """
        before = self.size, self._digest.copy(), self._header, self._ends_line
        try:
            file = AppendedFile(self)
            yield file
            file.close()
        except BaseException:
            size, self._digest, self._header, self._ends_line = before
            self.size = size
            self._file.seek(size)
            self._file.truncate()
            raise

    def ensure_header(self, line: bytes) -> None:
        """Write a header when no file had one."""
        if self._header is None:
            self.write_header(line)

    def sha256_with(self, content: bytes) -> str:
        """Return the SHA-256 that the table would have with more content."""
        digest = self._digest.copy()
        digest.update(content)
        return digest.hexdigest()

    def write_header(self, line: bytes) -> None:
        """Write the header of a file, if the table has none. Otherwise, check that it is the same.

        :raises JobFailed: when it is not.
        """
        header = line.rstrip(b"\r\n")
        if self._header is None:
            self._header = header
            self.write(line)
        elif header != self._header:
            msg = "two of its jobs wrote files with different columns, which cannot be joined"
            raise JobFailed(msg, platform="marketo")
        elif not self._ends_line:
            self.write(b"\n")

    def write(self, content: bytes | memoryview) -> None:
        """Write rows, or a part of them."""
        # In blocks that stay in the processor's cache. The system also has memory for such a block at hand,
        # which for tens of megabytes it may have to get first.
        for begin in range(0, len(content), _BLOCK):
            block = content[begin : begin + _BLOCK]
            self._file.write(block)
            self._digest.update(block)
        if content:
            self._ends_line = content[-1:] == b"\n"
            self.size += len(content)


class AppendedFile:
    """One more file of a table, as its bytes arrive."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._head: bytes | None = b""
        """What has arrived of the header; None after it."""
        self.is_first = not table.size
        """Whether the table has no other file before it."""

    def write(self, content: bytes | memoryview) -> None:
        """Take the next bytes of the file."""
        rest = memoryview(content)
        while self._head is not None and rest:
            # In blocks, because the first bytes may be a large part of the file.
            self._head, rest = self._head + bytes(rest[:_BLOCK]), rest[_BLOCK:]
            if end := _end_of_line(self._head):
                line, rows, self._head = self._head[:end], self._head[end:], None
                self._table.write_header(line)
                self._table.write(rows)
        self._table.write(rest)

    def sha256(self) -> str:
        """Return the SHA-256 of the bytes so far, of the first file of a table."""
        return self._table.sha256_with(self._head or b"")

    def close(self) -> None:
        """Take the end of the file."""
        if self._head:
            self._table.write_header(self._head)


def _end_of_line(head: bytes) -> int:
    """Return where the first line ends, line break included; 0 when it does not end here."""
    end = head.find(b"\n") + 1
    # A line break between quotes is part of a name.
    while end and head.count(b'"', 0, end) % 2:
        end = head.find(b"\n", end) + 1
    return end
