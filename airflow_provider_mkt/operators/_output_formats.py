"""What the ending of an output path says about the file, and tables converted to that."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import re
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Any, Literal, TypeAlias, cast

from airflow_provider_mkt.client.errors import InvalidInput, JobFailed
from airflow_provider_mkt.operators._tables import DELIMITERS
from airflow_provider_mkt.sync.libraries import arrow_library
from airflow_provider_mkt.sync.rows import csv_writer, json_line

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.polling import Log
    from airflow_provider_mkt.client.marketo.bulk import FileFormat

Format: TypeAlias = Literal["table", "jsonl", "parquet"]
Compression: TypeAlias = Literal["gzip", "zstd"]

_COMPRESSIONS: Mapping[str, Compression] = {".gz": "gzip", ".gzip": "gzip", ".zst": "zstd", ".zstd": "zstd"}
_FORMATS: Mapping[str, Format] = {
    "": "table",
    ".csv": "table",
    ".tsv": "table",
    ".ssv": "table",
    ".txt": "table",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_ENDING = re.compile(r"\.[A-Za-z]\w{0,9}")
"""What counts as an ending: not the rest of a date or a number with dots."""
_BLOCKS = (1 << 20, 1 << 23, 1 << 26)
"""Bytes of a table that are read at once. Up to 32 blocks are read ahead. A row must fit into one, so larger
ones are tried where it does not."""
_ROW_GROUP = 1 << 24
"""Bytes of a row group of Parquet, before it is encoded."""
_NULLS = ("", "null")
_BARE_RETURN = re.compile(r"\r(?!\n)")
_RETURN = "\udc0d"
"""Stands for a carriage return inside a value. Text that was decoded has no such character of its own."""
_TYPED = frozenset({"integer", "score", "currency", "float", "percent", "boolean", "date", "datetime"})


@dataclass(frozen=True)
class OutputFormat:
    """The format of a file that is written.

    :param file_format: the delimiter of the table, or of the platform's file that is converted.
    """

    format: Format
    file_format: FileFormat
    compression: Compression | None = None

    @property
    def converted(self) -> bool:
        """Whether the file is not the platform's table as it is."""
        return self.format != "table" or self.compression is not None

    @property
    def typed(self) -> bool:
        """Whether the values have types."""
        return self.format != "table"

    def check_library(self) -> None:
        """Check that what writes the format is installed.

        :raises InvalidInput: when it is not.
        """
        if self.format == "parquet" or self.compression == "zstd":
            output_library()


def ending_of(path: str) -> tuple[str, Compression | None]:
    """Return the ending of a path in lower case, and the compression that a further ending says."""
    name = PurePosixPath(path.replace("{window}", "window"))
    compression = _COMPRESSIONS.get(name.suffix.lower())
    name = PurePosixPath(name.stem) if compression else name
    return (name.suffix.lower() if _ENDING.fullmatch(name.suffix) else ""), compression


def check_json_lines(field: str, path: str | None) -> None:
    """Check that the ending of a path does not promise another format than JSON Lines.

    :raises InvalidInput: when it does, or needs a library.
    """
    ending, compression = ending_of(path or "")
    if ending not in ("", ".jsonl", ".ndjson"):
        raise InvalidInput(field, f"has the ending {ending}, and JSON Lines are written; use .jsonl")
    if compression == "zstd":
        output_library()


def output_format(path: str, file_format: str) -> OutputFormat:
    """Return what the ending of a path says, e.g. ``.csv.gz``, ``.jsonl`` or ``.parquet``.

    :param file_format: ``csv``, ``tsv`` or ``ssv``; for a path that may have any of them.
    :raises InvalidInput: when the ending is unknown, or contradicts *file_format*.
    """
    ending, compression = ending_of(path)
    chosen = _FORMATS.get(ending)
    if chosen is None:
        known = ", ".join([one for one in _FORMATS if one])
        raise InvalidInput(
            "output_path",
            f"has the ending {ending}, which is not written; the endings are {known}, and .gz or .zst after "
            "any but .parquet",
        )
    if chosen == "parquet" and compression:
        raise InvalidInput("output_path", "a Parquet file is compressed inside; leave out the second ending")
    if ending in (".tsv", ".ssv") or chosen != "table":
        said = ending[1:] if chosen == "table" else "csv"
        if file_format not in ("csv", said):
            raise InvalidInput(
                "file_format", f"is {file_format}, and output_path has the ending {ending}; give one of them"
            )
        file_format = said
    return OutputFormat(chosen, cast("FileFormat", file_format), compression)


def convert(
    table: IO[bytes],
    target: IO[bytes],
    output: OutputFormat,
    types: Mapping[str, str],
    *,
    raise_if_cancelled: Callable[[], None],
    log: Log,
) -> tuple[int, str]:
    """Convert a table to the format of the output.

    In JSON Lines and Parquet, the text ``null`` and empty text are null.

    :param table: with a header; read from its beginning.
    :param target: open for writing and reading, and empty.
    :param types: Marketo's data types by header; columns without one are text.
    :returns: the size of the output in bytes, and its SHA-256.
    :raises JobFailed: when the table cannot be read.
    """
    if output.format == "parquet":
        _write_parquet(table, target, output, types, raise_if_cancelled, log)
    else:
        table.seek(0)
        with compressed(target, output.compression) as stream:
            if output.format == "jsonl":
                _write_json_lines(table, stream, output, types, raise_if_cancelled)
            else:
                while block := table.read(_BLOCKS[0]):
                    raise_if_cancelled()
                    stream.write(block)
    target.flush()
    return measure(target)


def measure(file: IO[bytes]) -> tuple[int, str]:
    """Return the size of a file in bytes, and its SHA-256."""
    file.seek(0)
    digest, size = sha256(), 0
    while block := file.read(_BLOCKS[0]):
        digest.update(block)
        size += len(block)
    return size, digest.hexdigest()


def _write_json_lines(
    table: IO[bytes],
    stream: IO[bytes],
    output: OutputFormat,
    types: Mapping[str, str],
    raise_if_cancelled: Callable[[], None],
) -> None:
    with closing(table_rows(table, DELIMITERS[output.file_format])) as rows:
        header = next(rows, [])
        kinds = [types.get(name, "") for name in header]
        for number, row in enumerate(rows):
            if number % 10_000 == 0:
                raise_if_cancelled()
            values = {
                name: _value(value, kind) for name, value, kind in zip(header, row, kinds, strict=False)
            }
            stream.write(json_line(values).encode())


def table_rows(table: IO[bytes], delimiter: str) -> Generator[list[str]]:
    """Yield the rows of a table from where it is, header included.

    A row ends with a line feed. Files of Marketo may have a carriage return in a value that is not quoted.
    """
    text = io.TextIOWrapper(table, encoding="utf-8", errors="replace", newline="\n")
    hidden = False

    def lines() -> Iterator[str]:
        nonlocal hidden
        for line in text:
            if "\r" in line and (readable := _BARE_RETURN.sub(_RETURN, line)) != line:
                hidden = True
                yield readable
            else:
                yield line

    try:
        with long_fields():
            for row in csv.reader(lines(), delimiter=delimiter):
                if hidden:
                    row = [cell.replace(_RETURN, "\r") for cell in row]
                    hidden = False
                yield row
    finally:
        text.detach()


@contextmanager
def long_fields() -> Iterator[None]:
    """Have CSV readers take fields of any length. The limit is one of the process, and is put back."""
    before = csv.field_size_limit(2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _value(text: str, kind: str) -> object:
    """Return a value by its type, or as text where it is not of that type."""
    if text in _NULLS:
        return None
    try:
        match kind:
            case "integer" | "score":
                return int(text)
            case "float" | "currency" | "percent":
                number = float(text)
                return number if math.isfinite(number) else text
            case "boolean":
                return {"true": True, "1": True, "false": False, "0": False}.get(text.lower(), text)
            case "json":
                return json.loads(text)
    except ValueError:
        pass
    return text


class _NotUTF8(Exception):
    """A table has bytes that are not UTF-8."""


def _write_parquet(
    table: IO[bytes],
    target: IO[bytes],
    output: OutputFormat,
    types: Mapping[str, str],
    raise_if_cancelled: Callable[[], None],
    log: Log,
) -> None:
    if not _has_bare_return(table):
        try:
            _convert_to_parquet(table, target, output, types, raise_if_cancelled, log)
        except _NotUTF8:
            log.warning("The file has bytes that are not UTF-8; they are replaced")
        else:
            return
    with _written_anew(table, output, raise_if_cancelled) as plain:
        _convert_to_parquet(plain, target, output, types, raise_if_cancelled, log)


def _has_bare_return(table: IO[bytes]) -> bool:
    """Whether a table has a carriage return that does not end a line. Arrow takes it for the end of a row."""
    table.seek(0)
    last = b""
    while block := table.read(_BLOCKS[0]):
        if re.search(rb"\r(?!\n|\Z)", last + block):
            return True
        last = block[-1:]
    return False


@contextmanager
def _written_anew(
    table: IO[bytes], output: OutputFormat, raise_if_cancelled: Callable[[], None]
) -> Iterator[IO[bytes]]:
    """Yield a temporary copy of a table, whose values are quoted where they must be."""
    delimiter = DELIMITERS[output.file_format]
    line = csv_writer(delimiter)
    table.seek(0)
    with tempfile.TemporaryFile() as plain, closing(table_rows(table, delimiter)) as rows:
        for number, row in enumerate(rows):
            if number % 10_000 == 0:
                raise_if_cancelled()
            plain.write(line(row).encode())
        yield plain


def _convert_to_parquet(
    table: IO[bytes],
    target: IO[bytes],
    output: OutputFormat,
    types: Mapping[str, str],
    raise_if_cancelled: Callable[[], None],
    log: Log,
) -> None:
    arrow = output_library()
    table.seek(0)
    with closing(table_rows(table, DELIMITERS[output.file_format])) as rows:
        header: Sequence[str] = next(rows, [])
    kinds = {name: types.get(name, "") for name in header}
    blocks = list(_BLOCKS)
    while True:
        table.seek(0)
        target.seek(0)
        target.truncate()
        try:
            _write_batches(table, target, output, kinds, blocks[0], raise_if_cancelled)
        except arrow.ArrowInvalid as error:
            # Its text may contain a value, so only the column is named.
            column = re.search(r"In CSV column #(\d+)", str(error))
            name = header[int(column[1])] if column else None
            if name is not None and not _is_typed(kinds[name]) and "invalid UTF8" in str(error):
                raise _NotUTF8 from None
            if name is None and len(blocks) > 1:
                del blocks[0]
                continue
            if name is None or not _is_typed(kinds[name]):
                raise JobFailed(
                    f"the file cannot be converted to Parquet{f': column {name!r}' if name else ''}",
                    platform="marketo",
                ) from None
            log.warning("Column %r has values that are no %s; it is written as text", name, kinds[name])
            kinds[name] = ""
        else:
            return


def _write_batches(
    table: IO[bytes],
    target: IO[bytes],
    output: OutputFormat,
    kinds: Mapping[str, str],
    block: int,
    raise_if_cancelled: Callable[[], None],
) -> None:
    arrow = output_library()
    from pyarrow import csv as arrow_csv
    from pyarrow.parquet import ParquetWriter

    fields = {name: arrow_type(arrow, kind) for name, kind in kinds.items()}
    schema = arrow.schema(list(fields.items()))
    with ParquetWriter(target, schema) as writer:
        if not _has_rows(table):
            return
        batches = arrow_csv.open_csv(
            _KeepOpen(table),
            read_options=arrow_csv.ReadOptions(block_size=block, use_threads=False),
            parse_options=arrow_csv.ParseOptions(
                delimiter=DELIMITERS[output.file_format], newlines_in_values=True
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=fields, null_values=list(_NULLS), strings_can_be_null=True
            ),
        )
        for group in _row_groups(batches):
            raise_if_cancelled()
            table_of = arrow.Table.from_batches(group)
            writer.write_table(table_of, row_group_size=table_of.num_rows)


def _row_groups(batches: Iterable[Any]) -> Iterator[list[Any]]:
    """Gather batches of rows until they are large enough for a row group."""
    group: list[Any] = []
    size = 0
    for batch in batches:
        group.append(batch)
        size += batch.nbytes
        if size >= _ROW_GROUP:
            yield group
            group, size = [], 0
    if group:
        yield group


def _has_rows(table: IO[bytes]) -> bool:
    """Whether there is anything after the header. The position is the beginning before and after."""
    with closing(table_rows(table, DELIMITERS["csv"])) as rows:
        found = next(rows, None) is not None and next(rows, None) is not None
    table.seek(0)
    return found


def _is_typed(kind: str) -> bool:
    return kind in _TYPED


def arrow_type(arrow: Any, kind: str) -> Any:
    match kind:
        case "integer" | "score":
            return arrow.int64()
        case "float" | "currency" | "percent":
            return arrow.float64()
        case "boolean":
            return arrow.bool_()
        case "date":
            return arrow.date32()
        case "datetime":
            return arrow.timestamp("us", tz="UTC")
    return arrow.string()


@contextmanager
def compressed(target: IO[bytes], compression: Compression | None) -> Iterator[IO[bytes]]:
    """Yield a file whose content is written to the target with compression."""
    if compression == "gzip":
        # Without a time, so that the same rows have the same checksum.
        with gzip.GzipFile(fileobj=target, mode="wb", mtime=0, filename="") as stream:
            yield cast("IO[bytes]", stream)
    elif compression == "zstd":
        with output_library().CompressedOutputStream(_KeepOpen(target), "zstd") as stream:
            yield stream
    else:
        yield target


class _KeepOpen(io.RawIOBase):
    """A file that stays open when its reader or writer closes this one."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)

    def write(self, content: Any) -> int:
        return self._file.write(content)

    def flush(self) -> None:
        if not self.closed:
            self._file.flush()


def output_library() -> Any:
    """Return the library that writes what needs one.

    :raises InvalidInput: when it is not installed.
    """
    return arrow_library("output_path", "its ending needs")
