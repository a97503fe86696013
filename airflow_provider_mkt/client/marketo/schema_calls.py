"""The schema calls that leads, program members and companies share."""

from __future__ import annotations

import builtins
import re
from collections.abc import Mapping, Sequence

from airflow_provider_mkt.client.call import Call, Replay, path_params, query_pairs
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.marketo.requests import read, records, write
from airflow_provider_mkt.client.marketo.responses import (
    RowResult,
    only_result,
    only_row_as,
    results_of,
    rows_as,
)
from airflow_provider_mkt.client.marketo.rows import LeadField
from airflow_provider_mkt.client.paging import position_token
from airflow_provider_mkt.client.parameters import known_value, mapping
from airflow_provider_mkt.client.redaction import describe_type

_CUSTOM = ("Read-Write Schema Custom Field",)
_ANY = ("Read-Write Schema Standard Field", *_CUSTOM)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
DATA_TYPES = (
    "boolean",
    "currency",
    "date",
    "datetime",
    "email",
    "float",
    "integer",
    "percent",
    "phone",
    "score",
    "string",
    "url",
)
CHANGEABLE = ("description", "displayName", "isHidden", "isHtmlEncodingInEmail", "isSensitive")


def get(name: str, tail: str, field_name: str) -> Call[LeadField]:
    """Build the call that reads a field."""
    params = path_params(fieldApiName=field_name)
    return read(name, tail + "/{fieldApiName}.json", only_row_as(LeadField), params=params, scopes=_ANY)


def list(
    name: str, tail: str, batch_size: int, next_page_token: object = None
) -> Call[builtins.list[LeadField]]:
    """Build the call that lists all fields."""
    return read(
        name,
        tail + ".json",
        rows_as(LeadField),
        query=query_pairs(batchSize=batch_size, nextPageToken=next_page_token),
        scopes=_ANY,
        follow=position_token,
    )


def create(
    name: str, tail: str, fields: Sequence[Mapping[str, object]], at_most: int
) -> Call[builtins.list[RowResult]]:
    """Build the call that creates fields.

    :raises InvalidInput: naming the invalid field.
    """
    rows = records("fields", fields, required=("name", "displayName", "dataType"), at_most=at_most)
    for index, row in enumerate(rows):
        if not isinstance(row["name"], str) or not _NAME.fullmatch(row["name"]):
            raise InvalidInput(f"fields[{index}].name", "must be a letter, followed by letters, digits and _")
        known_value(f"fields[{index}].dataType", row["dataType"], DATA_TYPES)
    return write(
        name, tail + ".json", results_of(len(rows)), Replay.VERIFY, body={"input": rows}, scopes=_CUSTOM
    )


def update(name: str, tail: str, field_name: str, changes: Mapping[str, object]) -> Call[RowResult]:
    """Build the call that updates a field.

    :raises InvalidInput: when *changes* is empty, or naming a field that cannot be changed.
    """
    if not isinstance(changes, Mapping) or not changes:
        raise InvalidInput("changes", f"must be a mapping of fields to change, not {describe_type(changes)}")
    for key in changes:
        if key not in CHANGEABLE:
            raise InvalidInput(f"changes.{key}", f"cannot be changed; only {', '.join(CHANGEABLE)} can")
    return write(
        name,
        tail + "/{fieldApiName}.json",
        only_result,
        Replay.SAFE,
        body={"input": [mapping("changes", changes)]},
        params=path_params(fieldApiName=field_name),
        scopes=_ANY,
    )
