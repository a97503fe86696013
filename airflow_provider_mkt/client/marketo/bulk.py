"""Requests and responses that the bulk imports and the bulk extracts share."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar, cast

from airflow_provider_mkt.client.buffers import FileBuffer
from airflow_provider_mkt.client.call import Call, Envelope, FileBody, Pairs, Replay, Route
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.redaction import describe_type

T = TypeVar("T")

FILE_MAX = 9_500_000
"""Bytes of one upload. Marketo's own limit is 10 MB for the whole request."""
TRANSFER_TIMEOUT = 300.0

FileFormat = Literal["csv", "tsv", "ssv"]

# A byte range must count the bytes of the file itself, not those of a compressed response.
_UNCOMPRESSED: Pairs = (("Accept", "*/*"), ("Accept-Encoding", "identity"))
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


@dataclass(frozen=True)
class FilePart:
    """A part of a file, or the whole file.

    :param content: the bytes.
    :param first: offset of the first byte.
    :param total: size of the whole file in bytes, if known.
    """

    content: bytes = field(repr=False)
    first: int = 0
    total: int | None = None


@dataclass(frozen=True)
class BufferedPart:
    """A part of a file that is in a buffer.

    :param content: the bytes, until the buffer is used again.
    :param total: size of the whole file in bytes, if known.
    """

    content: memoryview = field(repr=False)
    total: int | None = None


def upload(content: bytes, filename: str) -> FileBody:
    """Return the body of an import.

    :raises InvalidInput: when *content* is not bytes, empty or too large.
    """
    if not isinstance(content, bytes):
        raise InvalidInput("content", f"must be bytes, not {describe_type(content)}")
    if not content.strip():
        raise InvalidInput("content", "is empty: nothing to import")
    if len(content) > FILE_MAX:
        raise InvalidInput("content", f"is {len(content):,} bytes; at most {FILE_MAX:,}")
    return FileBody("file", filename, content, "text/csv")


def download(
    name: str,
    tail: str,
    params: Pairs,
    reader: Callable[[Envelope], T],
    *,
    scopes: tuple[str, ...],
    headers: Pairs = (),
) -> Call[T]:
    """Build a read whose response is a file."""
    return Call(
        name,
        Route("GET", "bulk", tail, params),
        reader,
        Replay.SAFE,
        TRANSFER_TIMEOUT,
        scopes=scopes,
        headers=(*_UNCOMPRESSED, *headers),
        file=True,
    )


def content_of(envelope: Envelope) -> bytes:
    """Read the bytes of a whole file."""
    content: bytes = envelope["content"]
    return content


def part_of(first: int, last: int | None) -> Callable[[Envelope], FilePart]:
    """Return a reader of the bytes *first* to *last* of a file.

    The reader accepts a partial response or the whole file. It rejects other bytes than the requested ones,
    which would be written to the wrong position.
    """

    def read(envelope: Envelope) -> FilePart:
        content = content_of(envelope)
        requested, total = _requested(envelope, len(content), first, last)
        return FilePart(content[requested], first, total)

    return read


def into_buffer(
    part: Callable[..., Call[FilePart]], buffer: FileBuffer, first: int, last: int
) -> Call[BufferedPart]:
    """Build a read of the bytes *first* to *last* of a file into a buffer.

    :param part: builds the call that reads them.
    """

    def read(envelope: Envelope) -> BufferedPart:
        content = memoryview(envelope["content"])
        requested, total = _requested(envelope, len(content), first, last)
        return BufferedPart(content[requested], total)

    # Its result is another one, which replace() does not know.
    call = cast("Call[Any]", part(first=first, last=last))
    return replace(call, read=read, buffer=buffer)


def _requested(envelope: Envelope, received: int, first: int, last: int | None) -> tuple[slice, int | None]:
    """Return which of the bytes that were received are the requested ones, and the size of the whole file.

    :raises ValueError: when they are not among them.
    """
    content_range = envelope.get("range")
    if content_range is None:
        if first and first >= received:
            msg = "the file ends before the requested bytes"
            raise ValueError(msg)
        return slice(first, None if last is None else last + 1), received
    match = _CONTENT_RANGE.fullmatch(str(content_range).strip())
    if match is None or int(match[1]) != first or int(match[2]) - first + 1 != received:
        msg = "these are not the requested bytes"
        raise ValueError(msg)
    return slice(None), None if match[3] == "*" else int(match[3])
