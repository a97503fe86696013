"""Batch responses of HubSpot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict, Field

from airflow_provider_mkt.client.call import Envelope, Json
from airflow_provider_mkt.client.json_types import JsonDict


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


class BatchRow(BaseModel):
    """One result of a batch. Rows are in any order: match them by key, never by position."""

    model_config = ConfigDict(extra="allow")

    id: str
    properties: dict[str, str | None] = Field(default_factory=dict)
    new: bool | None = None
    objectWriteTraceId: str | None = None


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


def nothing(envelope: Envelope) -> None:
    """Read a response without a body."""


def as_inputs(values: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
    """Return the body of a batch request."""
    return {"inputs": values}
