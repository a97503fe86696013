"""Batch responses of HubSpot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from airflow_provider_mkt.client.call import Envelope, Json
from airflow_provider_mkt.client.encoding import from_json
from airflow_provider_mkt.client.errors import Problem
from airflow_provider_mkt.client.hubspot.problems import describe, problems_of
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.wording import part_of

NOT_IN_ANSWER = "NOT_IN_ANSWER"
"""The category of the error that is made for inputs that a response does not name."""
_KEYS = ("id", "vid", "objectId", "recordId", "flowId", "externalEventId", "email")
"""What an input is named by: the first of these that it has."""


class BatchError(BaseModel):
    """One failure in a batch response with status 200 or 207."""

    model_config = ConfigDict(extra="allow")

    category: str = ""
    message: str = ""
    context: JsonDict = Field(default_factory=dict)

    def ids(self) -> list[str]:
        """Return the ids of the inputs that failed, if HubSpot reports them."""
        values = (self.context.get("ids"), self.context.get("id"))
        ids = [id_ for value in values for id_ in (value if isinstance(value, list) else (value,))]
        return [str(id_) for id_ in ids if id_]

    def code(self) -> str:
        """Return the code of the value that is wrong, where HubSpot says so, else the category."""
        return next((one.code for one in self._problems() if one.code), self.category)

    def properties(self) -> list[str]:
        """Return the properties whose values are wrong, where HubSpot says so."""
        return [name for one in self._problems() for name in one.properties]

    def reason(self) -> str:
        """Return what is wrong, as sentences."""
        problems = self._problems()
        return describe(problems) if problems else self.message

    def _problems(self) -> tuple[Problem, ...]:
        return problems_of({"message": self.message, "errors": (self.model_extra or {}).get("errors")})


class WriteWarning(BaseModel):
    """What HubSpot did with a value, other than to store it as it was sent."""

    model_config = ConfigDict(extra="allow")

    category: str = ""
    message: str = ""
    context: JsonDict = Field(default_factory=dict)


class BatchRow(BaseModel):
    """One result of a batch. Rows are in any order: match them by key, never by position.

    :param warnings: what HubSpot did with values of the record; version 2026-09 normalizes dates.
    """

    model_config = ConfigDict(extra="allow")

    id: str
    properties: dict[str, str | None] = Field(default_factory=dict)
    new: bool | None = None
    objectWriteTraceId: str | None = None
    warnings: list[WriteWarning] = Field(default_factory=list)


class BatchResult(BaseModel):
    """A batch response.

    :param status: COMPLETE; HubSpot documents other statuses, but a batch cannot be polled, so they are
        errors.
    """

    model_config = ConfigDict(extra="allow")

    status: str
    results: list[BatchRow] = Field(default_factory=list)
    errors: list[BatchError] = Field(default_factory=list)
    numErrors: int = 0


def read_batch(envelope: Envelope) -> BatchResult:
    """Read a batch response, complete or with failures.

    :raises ValueError: when its status is not COMPLETE.
    """
    result = BatchResult.model_validate(envelope)
    if result.status != "COMPLETE":
        msg = f"batch status {result.status}"
        raise ValueError(msg)
    return result


def read_batch_of(inputs: Sequence[Mapping[str, Json]]) -> Callable[[Envelope], BatchResult]:
    """Return the reader of a batch response that reports which inputs it does not answer.

    :param inputs: as they are sent.
    """

    def read(envelope: Envelope) -> BatchResult:
        result = read_batch(envelope)
        rows = [
            _names(row.id, row.properties.values(), traces=[row.objectWriteTraceId]) for row in result.results
        ]
        result.errors += unanswered(inputs, rows, result.errors)
        return result

    return read


class WrittenRow(msgspec.Struct, gc=False):
    """A result of a batch in which every input was written: as much of it as is needed for that.

    :param trace: the input's ``objectWriteTraceId``.
    """

    id: str
    trace: str = msgspec.field(name="objectWriteTraceId")
    new: bool | None = None
    warnings: list[msgspec.Raw] = []


class WrittenBatch(list[WrittenRow]):
    """The results of a batch in which every input was written without a warning, in the order of the
    inputs."""


class _WrittenAnswer(msgspec.Struct, gc=False):
    status: str
    results: list[WrittenRow]
    errors: list[msgspec.Raw] = []
    numErrors: int = 0


_written_answer = msgspec.json.Decoder(_WrittenAnswer).decode


def decode_written(expected: int) -> Callable[[bytes], WrittenBatch | None]:
    """Return a decoder of the response to a batch of inputs whose trace ids count from 0.

    The decoder returns None when an input was not written, has a warning, or is not named by its trace id:
    :func:`read_batch_of` reads such a response.
    """

    def decode(content: bytes) -> WrittenBatch | None:
        answer = _written_answer(content)
        if answer.status != "COMPLETE" or answer.errors or answer.numErrors:
            return None
        if len(answer.results) != expected or any(row.warnings for row in answer.results):
            return None
        by_trace = {row.trace: row for row in answer.results}
        try:
            return WrittenBatch([by_trace[str(index)] for index in range(expected)])
        except KeyError:
            return None

    return decode


def unanswered(
    inputs: Sequence[Mapping[str, Json]], rows: Sequence[frozenset[str]], errors: Sequence[BatchError]
) -> list[BatchError]:
    """Return the error of the inputs for which a batch response has neither a result nor an error.

    HubSpot answers an input that it dropped with a success that does not name it. A result can be under
    another id than its input, as of a merged contact, so that numbers count as well as names.

    :param rows: what each result is named by.
    :returns: at most one error, whose context has the ids of the inputs.
    """
    sent = {_name_of(one): _names_of(one) for one in inputs}
    named = frozenset().union(
        *(
            _names("", error.ids(), traces=_listed(error.context.get("objectWriteTraceId")))
            for error in errors
        )
    )
    rejected = sum(1 for names in sent.values() if names & named)
    if len(rows) + rejected >= len(sent):
        return []
    answered = named.union(*rows)
    missing = [name for name, names in sent.items() if not names & answered]
    reasons = "; ".join(dict.fromkeys(error.reason() for error in errors if not error.ids()))
    message = f"HubSpot answered {part_of(len(rows), len(sent), 'input')}, and does not name these"
    context: JsonDict = {"ids": missing}
    return [
        BatchError(
            category=NOT_IN_ANSWER, message=f"{message}: {reasons}" if reasons else message, context=context
        )
    ]


def with_unanswered(
    inputs: Sequence[Mapping[str, Json]], rows: Sequence[Mapping[str, Json]], errors: Sequence[JsonDict]
) -> list[JsonDict]:
    """Return the errors of a batch response, and one of the inputs that it does not answer."""
    known = [BatchError.model_validate(error) for error in errors]
    missing = unanswered(inputs, [names_of_row(row) for row in rows], known)
    return [*(dict(error) for error in errors), *(error.model_dump() for error in missing)]


def names_of_row(row: Mapping[str, Json]) -> frozenset[str]:
    """Return what a result of a batch response is named by."""
    return _names("", [row.get(key) for key in _KEYS])


def _name_of(one: Mapping[str, Json]) -> str:
    properties = one.get("properties")
    if isinstance(properties, msgspec.Raw):
        properties = from_json(bytes(properties))
    own = properties if isinstance(properties, Mapping) else {}
    keys = (*(one.get(key) for key in _KEYS), own.get("email"), own.get("hs_name"))
    return next((str(key) for key in keys if key), str(one.get("objectWriteTraceId") or ""))


def _names_of(one: Mapping[str, Json]) -> frozenset[str]:
    return _names(_name_of(one), (), traces=[one.get("objectWriteTraceId")])


def _names(id_: object, others: Iterable[object], *, traces: Iterable[object] = ()) -> frozenset[str]:
    """What an input, a result or an error is named by. Keys are compared without case."""
    found = {str(one).strip().lower() for one in (id_, *others) if one}
    return frozenset(found | {f"trace {one}" for one in traces if one is not None})


def _listed(value: Json) -> Sequence[Json]:
    return value if isinstance(value, list) else [value]


def nothing(envelope: Envelope) -> None:
    """Read a response without a body."""


def as_inputs(values: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
    """Return the body of a batch request."""
    return {"inputs": values}
