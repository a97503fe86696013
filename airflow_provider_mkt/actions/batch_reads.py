"""How the reads of several waits become one call, as data.

A wait reads one thing by a call of its own. A :class:`BatchRead` says which of these calls one request of the
platform can answer together, and what each of them would have got. The polls of a wait stay as they are: what
reads for them decides whether it reads together.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.client.call import Call, Envelope, JsonBody
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.paging import with_next

Rows: TypeAlias = Mapping[str, JsonDict]
"""What a batch found, by id, as the platform sent it."""


@dataclass(frozen=True)
class BatchRead:
    """How the calls of one kind are read together.

    :param call: name of the calls, e.g. ``emails.get``.
    :param ids: returns the ids that a call reads; None for one that must be run alone.
    :param read: reads many ids in as few calls as it can. Ids that it does not find are read alone.
    :param envelope: makes the response that a call alone would have got, from the rows of its ids; None when
        it must be run alone.
    :param size: ids in one batch at most.
    :param group: what calls that are read together have in common, from a call.
    """

    call: str
    ids: Callable[[Call[Any]], Sequence[str] | None]
    read: Callable[[Call[Any], Sequence[str]], Procedure[Rows]]
    envelope: Callable[[Sequence[str], Rows], Envelope | None]
    size: int
    group: Callable[[Call[Any]], Hashable] = lambda call: call.query


def id_in_path(call: Call[Any]) -> Sequence[str]:
    """Return the only id that a call has, at the end of its path's parameters."""
    return [call.route.params[-1][1]]


def ids_in_inputs(key: str) -> Callable[[Call[Any]], Sequence[str] | None]:
    """Return the reader of the ids in the ``inputs`` of a body."""

    def ids(call: Call[Any]) -> Sequence[str] | None:
        body = call.body.value if isinstance(call.body, JsonBody) else None
        inputs = body.get("inputs") if isinstance(body, dict) else None
        if not isinstance(inputs, list):
            return None
        return [str(one[key]) for one in inputs if isinstance(one, dict) and key in one]

    return ids


def ids_in_query(name: str) -> Callable[[Call[Any]], Sequence[str]]:
    """Return the reader of the ids in a query parameter that is repeated."""
    return lambda call: [value for key, value in call.query if key == name]


def only_row(wrap: Callable[[JsonDict], Envelope]) -> Callable[[Sequence[str], Rows], Envelope | None]:
    """Make the response of a call that reads one thing. What was not found is read alone.

    :param wrap: makes the response of a row.
    """
    return lambda ids, rows: wrap(rows[ids[0]]) if ids[0] in rows else None


def all_rows(wrap: Callable[[list[JsonDict]], Envelope]) -> Callable[[Sequence[str], Rows], Envelope]:
    """Make the response of a call that reads several things, and leaves out what does not exist.

    :param wrap: makes the response of the rows.
    """
    return lambda ids, rows: wrap([rows[one] for one in ids if one in rows])


def rows_of(call: Call[Any], rows: str, key: str = "id") -> Procedure[Rows]:
    """Read what one call returns.

    :param rows: the response's field that has the rows.
    :param key: a row's field that has its id.
    """
    found: list[JsonDict] = yield replace(call, read=lambda envelope: envelope.get(rows) or [])
    return {str(one[key]): one for one in found}


def rows_in_pages(
    call: Call[Any], ids: Sequence[str], rows: str, key: str = "id", *, least: int = 2
) -> Procedure[Rows]:
    """Read the pages of a list until all ids were found, or until reading them alone costs less.

    :param rows: the response's field that has the rows.
    :param key: a row's field that has its id.
    :param least: how many ids a page must save.
    """
    wanted, found = set(ids), dict[str, JsonDict]()
    page: Call[Any] | None = replace(call, read=lambda envelope: envelope.get(rows) or [])
    pages = max(1, len(wanted) // least)
    while page is not None and pages > 0 and len(found) < len(wanted):
        some: list[JsonDict]
        some, page = yield with_next(page)
        pages -= 1
        found |= {name: one for one in some if (name := str(one.get(key))) in wanted}
    return found
