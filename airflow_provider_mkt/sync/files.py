"""Files of leads: CSV, JSON Lines and Parquet, plain or compressed, read as a stream."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import TracebackType
from typing import IO, Any, Literal, Self, cast, get_args

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.sync.libraries import arrow_library
from airflow_provider_mkt.sync.rows import Blank, Counted, Row, csv_columns, of_file, of_table

Format = Literal["csv", "jsonl", "parquet"]
Compression = Literal["gzip", "zstd"]

_FORMATS: dict[str, Format] = {
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_COMPRESSIONS: dict[str, Compression] = {".gz": "gzip", ".gzip": "gzip", ".zst": "zstd", ".zstd": "zstd"}

_PARQUET_ROWS = 10_000
"""Rows of a Parquet file in memory at a time, whatever size its row groups have."""


@dataclass(frozen=True)
class Kind:
    """The format of a file.

    :param compression: None when it is not compressed.
    """

    format: Format
    compression: Compression | None = None


def kind_of(name: str, wanted: str | None = None) -> Kind:
    """Return the format of a file.

    :param name: the file's name, e.g. ``leads.csv.gz``.
    :param wanted: its format, if the name does not show it.
    :raises InvalidInput: when the name does not show it either, or the format is unknown.
    """
    path = PurePosixPath(name)
    compression = _COMPRESSIONS.get(path.suffix.lower())
    suffix = (PurePosixPath(path.stem) if compression else path).suffix.lower()
    if wanted is None and suffix not in _FORMATS:
        raise InvalidInput(
            "source_format", f"is missing, and the file's name has none of the endings {', '.join(_FORMATS)}"
        )
    chosen = wanted if wanted is not None else _FORMATS[suffix]
    if chosen not in get_args(Format):
        raise InvalidInput("source_format", f"must be one of {', '.join(get_args(Format))}")
    if chosen == "parquet" and compression:
        raise InvalidInput(
            "source_format", "a Parquet file is compressed inside and cannot be read as a stream"
        )
    return Kind(cast("Format", chosen), compression)


class FileSource:
    """The rows of one file.

    :param open_stream: opens the file for reading its bytes.
    :param size: its size in bytes.
    :param kind: its format.
    :param blank: what an empty CSV value, a JSON null or a Parquet null means: leave the field alone, or
        clear it.
    """

    def __init__(
        self, open_stream: Callable[[], IO[bytes]], size: int, kind: Kind, *, blank: Blank = "omit"
    ) -> None:
        self._open, self._size, self._kind, self._blank = open_stream, size, kind, blank
        self._stack = ExitStack()
        self._counted: Counted | None = None
        self._total: int | None = None

    def columns(self) -> list[str] | None:
        """Return the column names; None when each row has its own.

        :raises InvalidInput: when the file has no readable header.
        """
        match self._kind.format:
            case "csv":
                with self._open() as raw, _readable("source"):
                    return csv_columns(_decompressed(raw, self._kind.compression))
            case "parquet":
                with self._open() as raw:
                    return list(_parquet(raw).schema_arrow.names)
        return None

    def rows(self) -> Iterator[Row]:
        """Yield the rows, each read when it is requested."""
        raw = self._stack.enter_context(self._open())
        if self._kind.format == "parquet":
            yield from self._of_parquet(raw)
            return
        self._counted = Counted(raw)
        with _readable("source"):
            stream = _decompressed(io.BufferedReader(self._counted, 256 * 1024), self._kind.compression)
            yield from of_file(stream, self._kind.format, blank=self._blank)

    def expected(self, done: int) -> int | None:
        """Estimate the number of rows from the number of those that are done; None when unknown."""
        if self._total is not None:
            return self._total
        read = self._counted.read_so_far if self._counted is not None else 0
        return int(done * self._size / read) if read else None

    def _of_parquet(self, raw: IO[bytes]) -> Iterator[Row]:
        file = _parquet(raw)
        self._total = file.metadata.num_rows
        batches = file.iter_batches(batch_size=_PARQUET_ROWS)
        yield from of_table((row for batch in batches for row in batch.to_pylist()), blank=self._blank)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()


def _decompressed(stream: IO[bytes], compression: Compression | None) -> IO[bytes]:
    if compression == "gzip":
        return cast("IO[bytes]", gzip.GzipFile(fileobj=stream))
    if compression == "zstd":
        arrow = arrow_library("source", "zstd files need")
        return io.BufferedReader(arrow.CompressedInputStream(stream, "zstd"), 256 * 1024)
    return stream


@contextmanager
def _readable(field: str) -> Iterator[None]:
    """Raise errors of decompression as InvalidInput."""
    try:
        yield
    except (gzip.BadGzipFile, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise InvalidInput(field, f"cannot be decompressed: {error}") from None


def _parquet(stream: IO[bytes]) -> Any:
    arrow = arrow_library("source", "Parquet files need")
    from pyarrow.parquet import ParquetFile

    try:
        return ParquetFile(stream)
    except arrow.ArrowInvalid:
        raise InvalidInput("source", "is not a Parquet file") from None
