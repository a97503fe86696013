"""Parameter checks that the bulk extract calls share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, TypedDict

from airflow_provider_mkt.client.call import Call, Envelope, JsonBody, Pairs, Replay, Route, batch, utc
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.marketo.bulk import FORMATS, FileFormat
from airflow_provider_mkt.client.marketo.requests import READ_LEAD, one_of, text
from airflow_provider_mkt.client.marketo.responses import one_as
from airflow_provider_mkt.client.redaction import describe_type

Kind = Literal["leads", "activities", "program_members"]
Between = tuple[datetime, datetime]

LONGEST_RANGE = timedelta(days=31)
FIELDS_MAX = 10_000

PATHS: Mapping[str, str] = {
    "leads": "/leads/export",
    "activities": "/activities/export",
    "program_members": "/program/members/export",
}
SCOPES: Mapping[str, tuple[str, ...]] = {
    "leads": READ_LEAD,
    "activities": ("Read-Only Activity",),
    "program_members": READ_LEAD,
}


class Export(TypedDict, total=False):
    """An export job. The available fields depend on its status."""

    exportId: str
    format: str
    status: str
    createdAt: str
    queuedAt: str
    startedAt: str
    finishedAt: str
    numberOfRecords: int
    fileSize: int
    fileChecksum: str
    errorMsg: str


def create(
    name: str,
    kind: Kind,
    filter_: dict[str, Any],
    fields: Sequence[str],
    file_format: FileFormat,
    column_headers: Mapping[str, str] | None,
) -> Call[Export]:
    """Return the call that creates a job.

    :raises InvalidInput: when the format, a field or a header is invalid.
    """
    one_of(name, "file_format", file_format, FORMATS)
    body: dict[str, Any] = {"format": file_format.upper(), "filter": filter_}
    if fields:
        body["fields"] = list(fields)
    if headers := mapping(name, "column_headers", column_headers):
        body["columnHeaderNames"] = _headers(name, fields, headers)
    return Call(
        name,
        Route("POST", "bulk", f"{PATHS[kind]}/create.json"),
        _created,
        Replay.VERIFY,
        body=JsonBody(body),
        scopes=SCOPES[kind],
    )


def _created(envelope: Envelope) -> Export:
    """Read the new job. A response without an ``exportId`` is an error, since the job could not be used."""
    job = one_as(Export)(envelope)
    if not job["exportId"]:
        msg = "the response contains no exportId"
        raise ValueError(msg)
    return job


def mapping(call: str, field: str, value: Mapping[str, str] | None) -> dict[str, str]:
    """A mapping that may be missing.

    :raises InvalidInput: when it is something else.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidInput(field, f"must be a mapping, not {describe_type(value)}", call=call)
    return dict(value)


def kind_of(call: str, kind: str) -> str:
    """Return the path of a kind of job.

    :raises InvalidInput: when there is no such kind.
    """
    one_of(call, "kind", kind, tuple(PATHS))
    return PATHS[str(kind)]


def names(call: str, field: str, values: Sequence[str], *, at_most: int = FIELDS_MAX) -> list[str]:
    """Check a list of names.

    :raises InvalidInput: on none, too many, an empty one, or one that comes twice.
    """
    given = [
        text(call, f"{field}[{index}]", one)
        for index, one in enumerate(batch(call, field, values, at_most=at_most))
    ]
    for index, one in enumerate(given):
        if one in given[:index]:
            raise InvalidInput(f"{field}[{index}]", "is there already", call=call)
    return given


def between(call: str, field: str, value: Between) -> dict[str, str]:
    """Check a span of time; its fractions of a second are cut off, since the platform refuses them.

    :raises InvalidInput: when it is no span, or longer than 31 days.
    """
    if isinstance(value, (str, bytes)) or not isinstance(value, Sequence) or len(value) != 2:
        raise InvalidInput(field, f"must be two times, not {describe_type(value)}", call=call)
    start, end = (
        utc(call, f"{field}[{index}]", moment).replace(microsecond=0) for index, moment in enumerate(value)
    )
    if not timedelta() <= end - start <= LONGEST_RANGE:
        raise InvalidInput(field, "must end at most 31 days after it starts, and not before", call=call)
    return {"startAt": f"{start:%Y-%m-%dT%H:%M:%SZ}", "endAt": f"{end:%Y-%m-%dT%H:%M:%SZ}"}


def byte_range(call: str, first: int, last: int | None) -> Pairs:
    """The header that asks for some bytes of a file; none for all of it.

    :raises InvalidInput: when there can be no such bytes.
    """
    for field, value in (("first", first), ("last", 0 if last is None else last)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise InvalidInput(field, f"must be a place in the file, not {describe_type(value)}", call=call)
    if last is not None and last < first:
        raise InvalidInput("last", "is before first", call=call)
    if first == 0 and last is None:
        return ()
    return (("Range", f"bytes={first}-{'' if last is None else last}"),)


def _headers(call: str, fields: Sequence[str], headers: Mapping[str, str]) -> dict[str, str]:
    for name, header in headers.items():
        if fields and name not in fields:
            raise InvalidInput(f"column_headers.{name}", "is not among the fields", call=call)
        text(call, f"column_headers.{name}", header)
    return dict(headers)
