"""JSON of requests and answers."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Self, cast

import msgspec

encode = msgspec.json.Encoder().encode
"""Encode plain JSON values. Text with a lone surrogate is an error."""

_decode = msgspec.json.Decoder().decode

_PLAIN = frozenset({str, int, bool, type(None)})
_NUMBERS_TOO = _PLAIN | {float}
_TEXT = frozenset({str})


class EncodedRecord(dict[str, Any]):
    """A record with its JSON, so that it is encoded once for everything. It must not be changed.

    :param content: the JSON.
    """

    __slots__ = ("content",)
    content: bytes

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self | None:
        """Encode a record of plain values; None when it has others, or its text cannot be encoded."""
        if not _TEXT.issuperset(map(type, record)):
            return None
        kinds = set(map(type, record.values()))
        if not kinds <= _PLAIN and not (
            kinds <= _NUMBERS_TOO
            and all(math.isfinite(value) for value in record.values() if type(value) is float)
        ):
            return None
        encoded = cls(record)
        try:
            encoded.content = encode(encoded)
        except ValueError:
            return None
        return encoded


def embedded(record: Mapping[str, Any]) -> Any:
    """Return a record as it goes into a larger JSON document: its JSON where it is encoded, else a copy."""
    return msgspec.Raw(record.content) if isinstance(record, EncodedRecord) else dict(record)


def embedded_all(records: Sequence[Mapping[str, Any]]) -> Any:
    """Return records as they go into a larger JSON document: the JSON of all, where each is encoded."""
    if all([type(record) is EncodedRecord for record in records]):  # noqa: C419 a list is faster
        encoded = cast("Sequence[EncodedRecord]", records)
        return msgspec.Raw(b"[%s]" % b",".join([record.content for record in encoded]))
    return [embedded(record) for record in records]


def to_json(value: object) -> bytes:
    """Encode a JSON document.

    :param value: plain JSON values, and subclasses of their types.
    """
    try:
        return encode(value)
    except TypeError:
        # A subclass of a type, which the faster encoder does not take.
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_of_encoded).encode()


def _of_encoded(value: object) -> object:
    if isinstance(value, msgspec.Raw):
        return json.loads(value)
    msg = f"{type(value).__name__} is not a JSON type"
    raise TypeError(msg)


def from_json(content: bytes) -> Any:
    """Decode a JSON document.

    :raises ValueError: when it is not valid JSON, or nested too deeply.
    """
    try:
        return _decode(content)
    except RecursionError:
        msg = "is nested too deeply"
        raise ValueError(msg) from None
    except ValueError:
        # Marketo is known to send raw control characters inside strings, which the strict decoder refuses.
        try:
            return json.loads(content, strict=False)
        except RecursionError:
            msg = "is nested too deeply"
            raise ValueError(msg) from None
