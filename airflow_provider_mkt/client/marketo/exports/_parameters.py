"""Parameter checks that the bulk extract calls share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Literal, TypedDict

from airflow_provider_mkt.client.call import Call, Envelope, Json, JsonBody, Pairs, Replay, Route, path_params
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.marketo.bulk import FileFormat
from airflow_provider_mkt.client.marketo.requests import NAME_MAX, READ_LEAD, time_text
from airflow_provider_mkt.client.marketo.responses import only_row_as
from airflow_provider_mkt.client.parameters import Check, between, item_list, mapping, required_str, to_utc
from airflow_provider_mkt.client.redaction import describe_type

Kind = Literal["leads", "activities", "program_members", "custom_objects"]
Between = tuple[datetime, datetime]

LONGEST_RANGE = timedelta(days=31)
FIELDS_MAX = 10_000

PATHS: Mapping[str, str] = {
    "leads": "/leads/export",
    "activities": "/activities/export",
    "program_members": "/program/members/export",
    "custom_objects": "/customobjects/{apiName}/export",
}
SCOPES: Mapping[str, tuple[str, ...]] = {
    "leads": READ_LEAD,
    "activities": ("Read-Only Activity",),
    "program_members": READ_LEAD,
    "custom_objects": ("Read-Only Custom Object",),
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
    filter_: Mapping[str, Json],
    fields: Sequence[str],
    file_format: FileFormat,
    column_headers: Mapping[str, str] | None,
    api_name: str | None = None,
) -> Call[Export]:
    """Return the call that creates a job.

    :param api_name: API name of the type of custom objects.
    :raises InvalidInput: when the format, a field or a header is invalid.
    """
    body: dict[str, Json] = {"format": file_format.upper(), "filter": filter_}
    if fields:
        body["fields"] = list(fields)
    if column_headers is not None and (headers := _headers(fields, column_headers)):
        body["columnHeaderNames"] = headers
    return Call(
        name,
        route("POST", kind, "/create.json", api_name=api_name),
        _created,
        Replay.VERIFY,
        body=JsonBody(body),
        scopes=SCOPES[kind],
    )


def route(
    method: str, kind: Kind, tail: str, *, api_name: str | None = None, export_id: str | None = None
) -> Route:
    """Return the route of a job, or of the jobs of a kind.

    :param tail: what follows the path of the kind.
    :raises InvalidInput: when *api_name* is missing, or the kind is not custom objects.
    """
    if (api_name is None) == (kind == "custom_objects"):
        problem = "is required with custom_objects" if api_name is None else "is of custom_objects only"
        raise InvalidInput("api_name", problem)
    named = {"apiName": api_name, "exportId": export_id}
    given = {name: value for name, value in named.items() if value is not None}
    return Route(method, "bulk", f"{PATHS[kind]}{tail}", path_params(**given))


def one_filter(filters: Mapping[str, Json]) -> dict[str, Json]:
    """Return the only filter that is given.

    :raises InvalidInput: when there is none, or another one.
    """
    chosen: dict[str, Json] = {name: value for name, value in filters.items() if value is not None}
    if len(chosen) != 1:
        raise InvalidInput("filter", f"must be exactly one filter, not {', '.join(chosen) or 'none'}")
    return chosen


def _created(envelope: Envelope) -> Export:
    """Read the new job. A response without an ``exportId`` is an error, since the job could not be used."""
    job = only_row_as(Export)(envelope)
    if not job["exportId"]:
        msg = "the response contains no exportId"
        raise ValueError(msg)
    return job


def unique_texts(field: str, values: Sequence[str], *, at_most: int, at_least: int = 1) -> list[str]:
    """Check a list of short texts without duplicates.

    :raises InvalidInput: when the list is too short or too long, or an item is not text or a duplicate.
    """
    texts: list[str] = []
    for index, value in enumerate(item_list(field, values, at_least=at_least, at_most=at_most)):
        text = required_str(f"{field}[{index}]", value, max_length=NAME_MAX)
        if text in texts:
            raise InvalidInput(f"{field}[{index}]", "is a duplicate")
        texts.append(text)
    return texts


def to_period(field: str, value: Between) -> Between:
    """Convert a period to UTC, without fractions of a second, which Marketo rejects.

    :raises InvalidInput: when it is not a pair of times, or longer than 31 days.
    """
    if isinstance(value, (str, bytes)) or not isinstance(value, Sequence) or len(value) != 2:
        raise InvalidInput(field, f"must be two times, not {describe_type(value)}")
    start, end = (
        to_utc(f"{field}[{index}]", time).replace(microsecond=0) for index, time in enumerate(value)
    )
    if not timedelta() <= end - start <= LONGEST_RANGE:
        raise InvalidInput(field, "must end at most 31 days after it starts, and not before")
    return start, end


Period = Annotated[Between, Check(to_period)]
"""A start and an end, at most 31 days apart."""
Columns = Annotated[Sequence[str], Check(partial(unique_texts, at_most=FIELDS_MAX))]
"""Fields to export, at least one."""
ColumnsOrDefault = Annotated[Sequence[str], Check(partial(unique_texts, at_most=FIELDS_MAX, at_least=0))]
"""Fields to export, possibly none."""
ByteOffset = Annotated[int, between(0, 2**63 - 1)]


def period_filter(period: Between) -> dict[str, str | None]:
    """Return a period in the format of the export filters."""
    start, end = period
    return {"startAt": time_text(start), "endAt": time_text(end)}


def byte_range(first: int, last: int | None) -> Pairs:
    """Return the ``Range`` header for a part of a file; no header for the whole file.

    :raises InvalidInput: when the last byte is before the first.
    """
    if last is not None and last < first:
        raise InvalidInput("last", "is before first")
    if first == 0 and last is None:
        return ()
    return (("Range", f"bytes={first}-{'' if last is None else last}"),)


def _headers(fields: Sequence[str], headers: Mapping[str, str]) -> dict[str, str]:
    for name, header in mapping("column_headers", headers).items():
        if fields and name not in fields:
            raise InvalidInput(f"column_headers.{name}", "is not among the fields")
        required_str(f"column_headers.{name}", header, max_length=NAME_MAX)
    return dict(headers)
