"""What the bulk calls share: uploads, jobs and files."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from airflow_provider_mkt.client.call import (
    Call,
    Envelope,
    FileBody,
    Pairs,
    Replay,
    Route,
    numeric_id,
    path_params,
)
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.marketo.requests import one_of
from airflow_provider_mkt.client.redaction import describe_type

T = TypeVar("T")

FILE_MAX = 9_500_000
"""Bytes of one upload; the platform's own limit is below 10 MB for the whole request."""
TRANSFER_TIMEOUT = 300.0

FileFormat = Literal["csv", "tsv", "ssv"]
FORMATS = ("csv", "tsv", "ssv")

# The bulk files are never compressed, and bytes of a range must be those of the file itself.
_AS_THEY_ARE: Pairs = (("Accept", "*/*"), ("Accept-Encoding", "identity"))
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


@dataclass(frozen=True)
class FilePart:
    """Bytes of a file.

    :param content: the bytes.
    :param first: where in the file they begin.
    :param total: size of the whole file in bytes, where the platform told it.
    """

    content: bytes = field(repr=False)
    first: int = 0
    total: int | None = None


def upload(call: str, content: bytes, filename: str, file_format: FileFormat) -> FileBody:
    """The file of an import.

    :raises InvalidInput: when it is no file, empty or too large, or of no known format.
    """
    one_of(call, "file_format", file_format, FORMATS)
    if not isinstance(content, bytes):
        raise InvalidInput("content", f"must be bytes, not {describe_type(content)}", call=call)
    if not content.strip():
        raise InvalidInput("content", "is empty: nothing to import", call=call)
    if len(content) > FILE_MAX:
        raise InvalidInput("content", f"is {len(content):,} bytes; at most {FILE_MAX:,}", call=call)
    return FileBody("file", filename, content, "text/csv")


def batch_place(call: str, batch_id: int | str) -> Pairs:
    """The path value of an import."""
    return path_params(call, batchId=numeric_id(call, "batch_id", batch_id))


def download(
    name: str,
    tail: str,
    params: Pairs,
    reader: Callable[[Envelope], T],
    *,
    scopes: tuple[str, ...],
    headers: Pairs = (),
) -> Call[T]:
    """A read whose answer is a file."""
    return Call(
        name,
        Route("GET", "bulk", tail, params),
        reader,
        Replay.SAFE,
        TRANSFER_TIMEOUT,
        scopes=scopes,
        headers=(*_AS_THEY_ARE, *headers),
        file=True,
    )


def content_of(envelope: Envelope) -> bytes:
    """The bytes of a file that came whole."""
    content: bytes = envelope["content"]
    return content


def part_of(first: int, last: int | None) -> Callable[[Envelope], FilePart]:
    """A reader of the bytes *first* to *last* of a file, whether the platform cut them out or sent it whole.

    It refuses other bytes than were asked for: they would be written to the wrong place.
    """

    def read(envelope: Envelope) -> FilePart:
        content, said = content_of(envelope), envelope.get("range")
        if said is None:
            if first and first >= len(content):
                msg = "the file ends before the bytes that were asked for"
                raise ValueError(msg)
            end = None if last is None else last + 1
            return FilePart(content[first:end], first, len(content))
        told = _CONTENT_RANGE.fullmatch(str(said).strip())
        if told is None or int(told[1]) != first or int(told[2]) - first + 1 != len(content):
            msg = "these are not the bytes that were asked for"
            raise ValueError(msg)
        return FilePart(content, first, None if told[3] == "*" else int(told[3]))

    return read
