"""Leads of the lead database."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

from airflow_provider_mkt.api.call import (
    Call,
    FormBody,
    JsonBody,
    Replay,
    Route,
    batch,
    comma_list,
    numeric_id,
    path_params,
    query_pairs,
)
from airflow_provider_mkt.api.errors import InvalidInput
from airflow_provider_mkt.api.marketo.answers import RecordResult, results_of, rows, the_one
from airflow_provider_mkt.api.paging import position_token
from airflow_provider_mkt.api.redact import shape

BATCH_MAX = 300
BODY_MAX = 1_000_000
URI_MAX = 7_500
"""Bytes of query above which a read is sent as a form; the platform's own limit is 8 KB for the whole URI."""

Action = Literal["createOrUpdate", "createOnly", "updateOnly", "createDuplicate"]
_REPLAY: dict[Action, Replay] = {
    # Two upserts of one new key at once make two leads.
    "createOrUpdate": Replay.WAIT,
    "createOnly": Replay.WAIT,
    "updateOnly": Replay.SAFE,
    "createDuplicate": Replay.NEVER,
}

Lead = Mapping[str, Any]


def describe2() -> Call[dict[str, Any]]:
    """Read the lead schema: fields, and which of them can be searched by.

    :returns: ``fields`` (name, dataType, length, updateable ...) and ``searchableFields``.

    Source: ``GET /rest/v1/leads/describe2.json``.
    """
    return Call(
        "leads.describe2",
        Route("GET", "lead", "/leads/describe2.json"),
        the_one,
        Replay.SAFE,
        scopes=("Read-Only Lead",),
    )


def get(lead_id: int | str, *, fields: Sequence[str] = ()) -> Call[dict[str, Any]]:
    """Read one lead.

    :param lead_id: its id.
    :param fields: REST names of the fields to return; a small default set otherwise.
    :raises NotFound: when there is none.

    Source: ``GET /rest/v1/lead/{leadId}.json``.
    """
    name = "leads.get"
    return Call(
        name,
        Route(
            "GET",
            "lead",
            "/lead/{leadId}.json",
            path_params(name, leadId=numeric_id(name, "lead_id", lead_id)),
        ),
        the_one,
        Replay.SAFE,
        query=query_pairs(fields=comma_list(name, "fields", fields)),
        scopes=("Read-Only Lead",),
    )


def by_filter(
    filter_type: str, filter_values: Sequence[str | int], *, fields: Sequence[str] = (), batch_size: int = 300
) -> Call[list[dict[str, Any]]]:
    """Page through the leads whose field has one of the given values.

    :param filter_type: a searchable field.
    :param filter_values: up to 300 values without commas; more than 1,000 matches are refused.
    :param fields: REST names of the fields to return.
    :param batch_size: rows per page, at most 300.
    :raises InvalidInput: on no values, too many, or one with a comma, which has no escape.

    Source: ``GET /rest/v1/leads.json``; a query over 7,500 bytes goes as
    ``POST /rest/v1/leads.json?_method=GET``.
    """
    name = "leads.by_filter"
    values = [str(value) for value in batch(name, "filter_values", filter_values, at_most=BATCH_MAX)]
    for index, value in enumerate(values):
        if "," in value or not value:
            raise InvalidInput(f"filter_values[{index}]", "is empty or has a comma in it", call=name)
    query = query_pairs(
        filterType=filter_type,
        filterValues=",".join(values),
        fields=comma_list(name, "fields", fields),
        batchSize=batch_size,
    )
    if sum(len(key) + len(value.encode()) * 3 for key, value in query) > URI_MAX:
        return Call(
            name,
            Route("POST", "lead", "/leads.json"),
            rows,
            Replay.SAFE,
            timeout=60,
            query=(("_method", "GET"),),
            body=FormBody(query),
            follow=position_token,
            scopes=("Read-Only Lead",),
        )
    return Call(
        name,
        Route("GET", "lead", "/leads.json"),
        rows,
        Replay.SAFE,
        timeout=60,
        query=query,
        follow=position_token,
        scopes=("Read-Only Lead",),
    )


def sync(
    leads: Sequence[Lead],
    *,
    action: Action = "createOrUpdate",
    lookup_field: str = "email",
    partition_name: str | None = None,
) -> Call[list[RecordResult]]:
    """Create or update up to 300 leads.

    :param leads: REST field names to values; at most 1 MB together. None clears a field.
    :param action: ``createOrUpdate``, ``createOnly``, ``updateOnly`` or ``createDuplicate``.
    :param lookup_field: the key; every lead needs it, save with ``createDuplicate``.
    :param partition_name: lead partition for new leads.
    :returns: one row per lead, in the order of *leads*.
    :raises InvalidInput: on an empty or too large batch, a lead without the key, or an unknown action.

    Source: ``POST /rest/v1/leads.json``.
    """
    name = "leads.sync"
    if action not in get_args(Action):
        raise InvalidInput("action", f"must be one of {', '.join(get_args(Action))}", call=name)
    records: list[dict[str, Any]] = []
    for index, lead in enumerate(batch(name, "leads", leads, at_most=BATCH_MAX)):
        if not isinstance(lead, Mapping):
            raise InvalidInput(f"leads[{index}]", f"must be a mapping, not {shape(lead)}", call=name)
        if action != "createDuplicate" and lead.get(lookup_field) in (None, ""):
            raise InvalidInput(f"leads[{index}].{lookup_field}", "the key is missing", call=name)
        records.append(dict(lead))
    body: dict[str, Any] = {"action": action, "input": records}
    if action in ("createOrUpdate", "updateOnly"):
        body["lookupField"] = lookup_field
    if partition_name:
        body["partitionName"] = partition_name
    json_body = JsonBody(body)
    size = len(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())
    if size > BODY_MAX:
        raise InvalidInput("leads", f"are {size:,} bytes together; at most {BODY_MAX:,} per call", call=name)
    return Call(
        name,
        Route("POST", "lead", "/leads.json"),
        results_of(len(records)),
        _REPLAY[action],
        timeout=90,
        body=json_body,
        scopes=("Read-Write Lead",),
    )
