"""Tables: their columns, and files that are joined from several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
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
    def append_file(self) -> Iterator[Callable[[bytes], None]]:
        """Append one more file, whose bytes the block passes on. An error leaves the table as it was before.

        :raises JobFailed: when the file has other columns.
        """
        before = self.size, self._digest.copy(), self._header, self._ends_line
        head: bytes | None = b""

        def write(content: bytes) -> None:
            nonlocal head
            if head is None:
                self._write(content)
                return
            head = head + content if head else content
            if end := _end_of_line(head):
                # Not copied: the first block may be a large part of the file.
                line, rest, head = head[:end], memoryview(head)[end:], None
                self._write_header(line)
                self._write(rest)

        try:
            yield write
            if head:
                self._write_header(head)
        except BaseException:
            size, self._digest, self._header, self._ends_line = before
            self.size = size
            self._file.seek(size)
            self._file.truncate()
            raise

    def ensure_header(self, line: bytes) -> None:
        """Write a header when no file had one."""
        if self._header is None:
            self._write_header(line)

    def _write_header(self, line: bytes) -> None:
        header = line.rstrip(b"\r\n")
        if self._header is None:
            self._header = header
            self._write(line)
        elif header != self._header:
            msg = "two of its jobs wrote files with different columns, which cannot be joined"
            raise JobFailed(msg, platform="marketo")
        elif not self._ends_line:
            self._write(b"\n")

    def _write(self, content: bytes | memoryview) -> None:
        if content:
            self._file.write(content)
            self._digest.update(content)
            self._ends_line = content[-1:] == b"\n"
            self.size += len(content)


def _end_of_line(head: bytes) -> int:
    """Return where the first line ends, line break included; 0 when it does not end here."""
    end = head.find(b"\n") + 1
    # A line break between quotes is part of a name.
    while end and head.count(b'"', 0, end) % 2:
        end = head.find(b"\n", end) + 1
    return end
