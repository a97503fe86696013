"""How Marketo's envelopes are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypedDict, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field

from airflow_provider_mkt.client.call import Envelope

T = TypeVar("T")


class Reason(BaseModel):
    """Why a record was skipped."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    code: str = ""
    message: str = ""


class RowResult(BaseModel):
    """What became of one record. Rows come in the order of the input."""

    model_config = ConfigDict(extra="allow")

    status: str = ""
    id: int | None = None
    leadId: int | None = None
    reasons: list[Reason] = Field(default_factory=list)
    reason: Reason | None = None
    errors: list[Reason] = Field(default_factory=list)

    def why(self) -> Reason | None:
        """The first reason; some answers hold one object instead of a list, some call the list errors."""
        given = [*self.reasons, *self.errors]
        return given[0] if given else self.reason


class Named(TypedDict):
    """An asset as far as the provider reads it."""

    id: int
    name: str


def rows(envelope: Envelope) -> list[dict[str, Any]]:
    """The result rows; none when the platform left ``result`` out, as it does when nothing is found."""
    return cast("list[dict[str, Any]]", envelope.get("result") or [])


def results_of(expected: int) -> Callable[[Envelope], list[RowResult]]:
    """A reader of the outcomes of *expected* records.

    It refuses an answer with another number of rows: rows are matched to records by position.
    """

    def read(envelope: Envelope) -> list[RowResult]:
        results = [RowResult.model_validate(row) for row in envelope["result"]]
        if len(results) != expected:
            msg = f"{len(results)} results for {expected} records"
            raise ValueError(msg)
        return results

    return read


def first(envelope: Envelope) -> dict[str, Any] | None:
    """The only row, or None when nothing was found."""
    found = rows(envelope)
    return found[0] if found else None


def the_one(envelope: Envelope) -> dict[str, Any]:
    """The only row.

    :raises LookupError: when there is none.
    """
    found = first(envelope)
    if found is None:
        msg = "the answer has no result"
        raise LookupError(msg)
    return found


def rows_as(kind: type[T]) -> Callable[[Envelope], list[T]]:
    """A reader of the result rows, as *kind*."""

    def read(envelope: Envelope) -> list[T]:
        return cast("list[T]", rows(envelope))

    return read


def first_as(kind: type[T]) -> Callable[[Envelope], T | None]:
    """A reader of the only row as *kind*, or None when nothing was found."""

    def read(envelope: Envelope) -> T | None:
        return cast("T | None", first(envelope))

    return read


def one_as(kind: type[T]) -> Callable[[Envelope], T]:
    """A reader of the only row, as *kind*; it refuses an answer without one."""

    def read(envelope: Envelope) -> T:
        return cast("T", the_one(envelope))

    return read


def only_result(envelope: Envelope) -> RowResult:
    """The outcome of the one record that was sent."""
    return results_of(1)(envelope)[0]


def nothing_of(envelope: Envelope) -> None:
    """Read an answer that says no more than that it worked."""
