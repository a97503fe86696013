"""The schema calls that leads, program members and companies share."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_mkt.client.call import Call, Pairs, Replay, path_params, query_pairs
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.marketo.requests import (
    BATCH_MAX,
    between,
    one_of,
    read,
    records,
    text,
    write,
)
from airflow_provider_mkt.client.marketo.responses import (
    RowResult,
    one_as,
    only_result,
    results_of,
    rows_as,
)
from airflow_provider_mkt.client.marketo.rows import LeadField
from airflow_provider_mkt.client.paging import position_token
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
    """Read one field."""
    params = _path(name, field_name)
    return read(name, tail + "/{fieldApiName}.json", one_as(LeadField), params=params, scopes=_ANY)


def browse(name: str, tail: str, batch_size: int) -> Call[list[LeadField]]:
    """Page through all fields."""
    return read(
        name,
        tail + ".json",
        rows_as(LeadField),
        query=query_pairs(batchSize=between(name, "batch_size", batch_size, 1, BATCH_MAX)),
        scopes=_ANY,
        follow=position_token,
    )


def create(name: str, tail: str, fields: Sequence[Mapping[str, Any]], at_most: int) -> Call[list[RowResult]]:
    """Create fields."""
    rows = records(name, "fields", fields, needs=("name", "displayName", "dataType"), at_most=at_most)
    for index, row in enumerate(rows):
        if not isinstance(row["name"], str) or not _NAME.fullmatch(row["name"]):
            raise InvalidInput(
                f"fields[{index}].name", "must be a letter, followed by letters, digits and _", call=name
            )
        one_of(name, f"fields[{index}].dataType", row["dataType"], DATA_TYPES)
    return write(
        name, tail + ".json", results_of(len(rows)), Replay.VERIFY, body={"input": rows}, scopes=_CUSTOM
    )


def update(name: str, tail: str, field_name: str, changes: Mapping[str, Any]) -> Call[RowResult]:
    """Change a field."""
    if not isinstance(changes, Mapping) or not changes:
        raise InvalidInput(
            "changes", f"must be a mapping of fields to change, not {describe_type(changes)}", call=name
        )
    for key in changes:
        if key not in CHANGEABLE:
            raise InvalidInput(
                f"changes.{key}", f"cannot be changed; only {', '.join(CHANGEABLE)} can", call=name
            )
    return write(
        name,
        tail + "/{fieldApiName}.json",
        only_result,
        Replay.SAFE,
        body={"input": [dict(changes)]},
        params=_path(name, field_name),
        scopes=_ANY,
    )


def _path(call: str, field_name: str) -> Pairs:
    checked = path_params(call, field_name=text(call, "field_name", field_name))
    return tuple(("fieldApiName", value) for _, value in checked)
