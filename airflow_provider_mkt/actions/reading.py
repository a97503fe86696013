"""Reads of many rows page by page, which an export writes to a file and continues after a kill."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeAlias, TypeVar, cast

from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.client.call import Call, JsonBody
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.json_types import Json, JsonDict
from airflow_provider_mkt.client.parameters import in_utc

T = TypeVar("T")

ColumnTypes: TypeAlias = Mapping[str, str]
"""Columns in their order, each with its type: ``integer``, ``float``, ``boolean``, ``date``, ``datetime``,
``json``, or empty for text."""


class ReadRow(NamedTuple):
    """A row of an export.

    :param values: by column; a column without a value may be missing.
    :param at: the time of the record by which ranges are cut, where it has one.
    :param mark: identifies this version of the record, so that it is written once where ranges overlap.
    :param moves_watermark: whether the time says how far the platform shows changes. It does not for rows of
        another source, which is not as far behind.
    """

    values: Mapping[str, object]
    at: datetime | None = None
    mark: str = ""
    moves_watermark: bool = True


@dataclass(frozen=True)
class Reading:
    """The pages of one call, and the rows that are made of them.

    :param call: of the first page.
    :param rows: makes the rows of one page; may run further calls.
    :param key: the field of an item that identifies it, where the order of the pages may change while they
        are read, or is not documented; empty where it does not change, such as that of ids.
    :param about: identifies what is read, where the call does not, because each try has another token in it.
    """

    call: Call[list[Any]]
    rows: Callable[[Sequence[Any]], Procedure[Sequence[ReadRow]]]
    key: str = ""
    about: str = ""

    @property
    def fingerprint(self) -> str:
        """Identifies what is read: another one begins anew."""
        body = self.call.body.value if isinstance(self.call.body, JsonBody) else None
        of = self.about or [self.call.route.params, self.call.query, body]
        text = json.dumps([self.call.name, of])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def cursor_of(self, page: Call[list[Any]]) -> Json:
        """Return where a page begins, as JSON."""
        return {"": _position(page), **{name: _position(one) for name, one in page.shapes.items()}}

    def page_at(self, cursor: Json) -> Call[list[Any]]:
        """Return the page that begins at a cursor."""
        positions: JsonDict = cursor if isinstance(cursor, dict) else {}
        page = _at(self.call, positions.get(""))
        shapes = {name: _at(one, positions.get(name)) for name, one in self.call.shapes.items()}
        return replace(page, shapes=shapes)


class Span(NamedTuple):
    """A range of time.

    :param start: its first moment (UTC).
    :param end: the first moment after it (UTC).
    """

    start: datetime
    end: datetime

    @classmethod
    def of(cls, start: datetime, end: datetime) -> Span:
        """Make a range of two aware times.

        :raises InvalidInput: when the range is empty.
        """
        if start >= end:
            raise InvalidInput("end", "must be after start, since it is not part of the range")
        return cls(in_utc(start), in_utc(end))

    @property
    def name(self) -> str:
        """Its start, as part of a file name."""
        return f"{self.start:%Y%m%dT%H%M%SZ}"


LONGEST_WINDOW = timedelta(days=31)


def windows(span: Span) -> list[Span]:
    """Split a range into windows of at most 31 days, as those of Marketo's export jobs are."""
    cut = []
    first = span.start
    while first < span.end:
        following = min(first + LONGEST_WINDOW, span.end)
        cut.append(Span(first, following))
        first = following
    return cut


def only_page(call: Call[T]) -> Call[list[T]]:
    """Return a call whose result is the only item of a page."""
    read = call.read
    return cast("Call[list[T]]", replace(call, read=lambda envelope: [read(envelope)]))  # type: ignore[arg-type,return-value]


def rows_of_items(make: Callable[[Any], ReadRow]) -> Callable[[Sequence[Any]], Procedure[Sequence[ReadRow]]]:
    """Return what makes one row of each item of a page, without further calls."""

    def rows(page: Sequence[Any]) -> Procedure[Sequence[ReadRow]]:
        yield from ()
        return [make(item) for item in page]

    return rows


def rows_of_some(
    make: Callable[[Any], Sequence[ReadRow]],
) -> Callable[[Sequence[Any]], Procedure[Sequence[ReadRow]]]:
    """Return what makes any number of rows of each item of a page, without further calls."""

    def rows(page: Sequence[Any]) -> Procedure[Sequence[ReadRow]]:
        yield from ()
        return [row for item in page for row in make(item)]

    return rows


def _position(page: Call[list[Any]]) -> Json:
    if isinstance(page.body, JsonBody):
        return {"body": page.body.value}
    return {"query": [[name, value] for name, value in page.query]}


def _at(call: Call[list[Any]], position: Json) -> Call[list[Any]]:
    match position:
        case {"body": body}:
            return replace(call, body=JsonBody(body))
        case {"query": list(pairs)}:
            return replace(call, query=tuple((str(name), str(value)) for name, value in pairs))
    return call
