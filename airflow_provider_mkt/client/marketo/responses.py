"""Readers of Marketo's responses."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from airflow_provider_mkt.client.call import Envelope
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.wording import counted

T = TypeVar("T")


class Reason(BaseModel):
    """Why a record was skipped."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    code: str = ""
    message: str = ""


class RowResult(BaseModel):
    """The result for one record. Rows are in the order of the input."""

    model_config = ConfigDict(extra="allow")

    status: str = ""
    id: int | None = None
    marketoGUID: str | None = None
    leadId: int | None = None
    reasons: list[Reason] = Field(default_factory=list)
    reason: Reason | None = None
    errors: list[Reason] = Field(default_factory=list)

    def why(self) -> Reason | None:
        """Return the first reason. Some responses have one object instead of a list, or a list ``errors``."""
        reasons = [*self.reasons, *self.errors]
        return reasons[0] if reasons else self.reason


class WrittenReason(msgspec.Struct, gc=False):
    """Why a record was skipped, as :class:`Reason`."""

    code: str | int = ""
    message: str = ""


class WrittenRow(msgspec.Struct, gc=False):
    """The result for one written record, as :class:`RowResult`, without further fields."""

    status: str = ""
    id: int | None = None
    reasons: list[WrittenReason] = []
    reason: WrittenReason | None = None
    errors: list[WrittenReason] = []

    def why(self) -> Reason | None:
        """Return the first reason."""
        first = next(iter([*self.reasons, *self.errors]), self.reason)
        return None if first is None else Reason(code=str(first.code), message=first.message)


class _WrittenAnswer(msgspec.Struct, gc=False):
    success: bool
    result: list[WrittenRow]


_written_answer = msgspec.json.Decoder(_WrittenAnswer).decode


def decode_written(expected: int) -> Callable[[bytes], list[WrittenRow] | None]:
    """Return a decoder of the response to a call that writes *expected* records.

    The decoder returns None for a failure, or another number of rows: :func:`results_of` reads such a
    response.
    """

    def decode(content: bytes) -> list[WrittenRow] | None:
        answer = _written_answer(content)
        return answer.result if answer.success and len(answer.result) == expected else None

    return decode


def rows(envelope: Envelope) -> list[JsonDict]:
    """Read the result rows. Marketo omits ``result`` when nothing is found."""
    return cast("list[JsonDict]", envelope.get("result") or [])


def results_of(expected: int) -> Callable[[Envelope], list[RowResult]]:
    """Return a reader of the results for *expected* records.

    The reader rejects another number of rows, since rows are matched to records by position.
    """

    def read(envelope: Envelope) -> list[RowResult]:
        results = [RowResult.model_validate(row) for row in envelope["result"]]
        if len(results) != expected:
            msg = f"{counted(len(results), 'result')} for {counted(expected, 'record')}"
            raise ValueError(msg)
        return results

    return read


def first_row(envelope: Envelope) -> JsonDict | None:
    """Read the only row, or None when nothing was found."""
    found = rows(envelope)
    return found[0] if found else None


def only_row(envelope: Envelope) -> JsonDict:
    """Read the only row.

    :raises LookupError: when there is no row.
    """
    found = first_row(envelope)
    if found is None:
        msg = "the response has no result"
        raise LookupError(msg)
    return found


def rows_as(kind: type[T]) -> Callable[[Envelope], list[T]]:
    """Return a reader of the result rows, typed as *kind*."""

    def read(envelope: Envelope) -> list[T]:
        return cast("list[T]", rows(envelope))

    return read


def first_row_as(kind: type[T]) -> Callable[[Envelope], T | None]:
    """Return a reader of the only row, typed as *kind*, or of None when nothing was found."""

    def read(envelope: Envelope) -> T | None:
        return cast("T | None", first_row(envelope))

    return read


def only_row_as(kind: type[T]) -> Callable[[Envelope], T]:
    """Return a reader of the only row, typed as *kind*. The reader rejects a response without rows."""

    def read(envelope: Envelope) -> T:
        return cast("T", only_row(envelope))

    return read


def only_result(envelope: Envelope) -> RowResult:
    """Read the result for the only record."""
    return results_of(1)(envelope)[0]


def no_result(envelope: Envelope) -> None:
    """Read a response that contains nothing but the success flag."""
