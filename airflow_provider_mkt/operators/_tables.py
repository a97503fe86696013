"""Tables: their columns, and files put together out of several."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import IO, Any

from airflow_provider_mkt.client.errors import JobFailed
from airflow_provider_mkt.operators._base import as_list, as_mapping, optional_str

_DELIMITERS = {"csv": ",", "tsv": "\t", "ssv": ";"}


@dataclass(frozen=True)
class Columns:
    """How the table is laid out.

    :param fields: REST names, in order.
    :param headers: headers of fields that are not headed by their names.
    :param file_format: ``csv``, ``tsv`` or ``ssv``.
    """

    fields: list[str]
    headers: dict[str, str]
    file_format: Any

    @classmethod
    def of(cls, fields: Any, headers: Any, file_format: Any) -> Columns:
        """Read the templated parameters.

        :raises InvalidInput: naming the one that cannot be.
        """
        return cls(
            listed("fields", fields),
            {} if _is_missing(headers) else as_mapping("column_headers", headers),
            (optional_str("file_format", file_format) or "csv").lower(),
        )

    def header_line(self, names: Iterable[str]) -> bytes:
        """The first line of a file with these columns, as the platform writes it."""
        line = io.StringIO()
        writer = csv.writer(line, delimiter=_DELIMITERS[self.file_format], lineterminator="\n")
        writer.writerow([self.headers.get(name, name) for name in names])
        return line.getvalue().encode()


def listed(field: str, value: Any) -> list[Any]:
    """A templated list that may be missing.

    :raises InvalidInput: when it is something else.
    """
    return [] if _is_missing(value) else as_list(field, value)


def _is_missing(value: Any) -> bool:
    return value is None or value in ("", "None")


class Table:
    """A file put together out of files with the same columns: one header, then the rows of all.

    :param file: open for writing; what is in it is this table alone.
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
    def further(self) -> Iterator[Callable[[bytes], None]]:
        """Take one more file, bytes by bytes. After an error the table is as it was before."""
        before = self.size, self._digest.copy(), self._header, self._ends_line
        head: bytearray | None = bytearray()

        def take(content: bytes) -> None:
            nonlocal head
            if head is None:
                self._write(content)
                return
            head += content
            if end := _end_of_line(head):
                line, rest, head = bytes(head[:end]), bytes(head[end:]), None
                self._head(line)
                self._write(rest)

        try:
            yield take
            if head:
                self._head(bytes(head))
        except BaseException:
            size, self._digest, self._header, self._ends_line = before
            self.size = size
            self._file.seek(size)
            self._file.truncate()
            raise

    def ensure_header(self, line: bytes) -> None:
        """Write a header where no file brought one."""
        if self._header is None:
            self._head(line)

    def _head(self, line: bytes) -> None:
        bare = line.rstrip(b"\r\n")
        if self._header is None:
            self._header = bare
            self._write(line)
        elif bare != self._header:
            msg = "two of its jobs wrote files with different columns, which cannot be put into one"
            raise JobFailed(msg, platform="marketo")
        elif not self._ends_line:
            self._write(b"\n")

    def _write(self, content: bytes) -> None:
        if content:
            self._file.write(content)
            self._digest.update(content)
            self._ends_line = content.endswith(b"\n")
            self.size += len(content)


def _end_of_line(head: bytearray) -> int:
    """Where the first line ends, its line break included; 0 when it does not end here."""
    end = head.find(b"\n") + 1
    # A line break between quotes is part of a name.
    while end and head.count(b'"', 0, end) % 2:
        end = head.find(b"\n", end) + 1
    return end
