"""Leads."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

from airflow_provider_mkt.client.call import Call, Replay, batch, comma_list, flag, query_pairs
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.marketo import requests as building
from airflow_provider_mkt.client.marketo.requests import (
    between,
    comma_values,
    fitting,
    ids,
    place,
    read,
    text,
    write,
)
from airflow_provider_mkt.client.marketo.responses import (
    RowResult,
    nothing_of,
    one_as,
    results_of,
    rows,
    rows_as,
    the_one,
)
from airflow_provider_mkt.client.marketo.rows import Description, FieldOfLead
from airflow_provider_mkt.client.paging import position_token
from airflow_provider_mkt.client.redaction import describe_type

BATCH_MAX = building.BATCH_MAX
BODY_MAX = building.BODY_MAX
MERGE_MAX = 25

Action = Literal["createOrUpdate", "createOnly", "updateOnly", "createDuplicate"]
_REPLAY: dict[Action, Replay] = {
    # Two concurrent upserts of a new key create two leads.
    "createOrUpdate": Replay.WAIT,
    "createOnly": Replay.WAIT,
    "updateOnly": Replay.SAFE,
    "createDuplicate": Replay.NEVER,
}

Lead = Mapping[str, Any]


def describe() -> Call[builtins.list[FieldOfLead]]:
    """Read the lead schema with the numeric field ids that activities contain.

    :returns: ``id``, ``displayName``, ``dataType``, ``length`` and ``rest`` (``name``, ``readOnly``) of each
        field; a field without ``rest`` is not available in the REST API.

    Source: ``GET /rest/v1/leads/describe.json``.
    """
    return read("leads.describe", "/leads/describe.json", rows_as(FieldOfLead))


def describe2() -> Call[Description]:
    """Read the lead schema: fields, and sets of fields that can be searched.

    :returns: ``fields`` (name, dataType, length, updateable ...) and ``searchableFields``.

    Source: ``GET /rest/v1/leads/describe2.json``.
    """
    return read("leads.describe2", "/leads/describe2.json", one_as(Description))


def get(lead_id: int | str, *, fields: Sequence[str] = ()) -> Call[dict[str, Any]]:
    """Read a lead.

    :param lead_id: id of the lead.
    :param fields: REST names of the fields to return; Marketo's default fields when empty.
    :raises NotFound: when it does not exist.

    Source: ``GET /rest/v1/lead/{leadId}.json``.
    """
    name = "leads.get"
    return read(
        name,
        "/lead/{leadId}.json",
        the_one,
        params=place(name, "lead_id", lead_id, "leadId"),
        query=query_pairs(fields=comma_list(name, "fields", fields)),
    )


def list(
    filter_type: str, filter_values: Sequence[str | int], *, fields: Sequence[str] = (), batch_size: int = 300
) -> Call[builtins.list[dict[str, Any]]]:
    """List the leads whose field has one of the given values.

    :param filter_type: a searchable field.
    :param filter_values: 1-300 values without commas; more than 1,000 matches are rejected.
    :param fields: REST names of the fields to return.
    :param batch_size: rows per page, 1-300.
    :raises InvalidInput: when there are no values, too many, or a value with a comma, which cannot be
        escaped.

    Source: ``GET /rest/v1/leads.json``; a query over 7,500 bytes goes as
    ``POST /rest/v1/leads.json?_method=GET``.
    """
    name = "leads.list"
    query = query_pairs(
        filterType=text(name, "filter_type", filter_type),
        filterValues=comma_values(name, filter_values),
        fields=comma_list(name, "fields", fields),
        batchSize=between(name, "batch_size", batch_size, 1, BATCH_MAX),
    )
    return read(name, "/leads.json", rows, query=query, timeout=60, follow=position_token)


def sync(
    leads: Sequence[Lead],
    *,
    action: Action = "createOrUpdate",
    lookup_field: str = "email",
    partition_name: str | None = None,
) -> Call[builtins.list[RowResult]]:
    """Create or update up to 300 leads.

    :param leads: 1-300 mappings of REST field names to values; at most 1 MB in total. None clears a field.
    :param action: ``createOrUpdate``, ``createOnly``, ``updateOnly`` or ``createDuplicate``.
    :param lookup_field: the key; every lead needs it, except with ``createDuplicate``.
    :param partition_name: lead partition for new leads.
    :returns: one row per lead, in the order of *leads*.
    :raises InvalidInput: on an empty or too large batch, a lead without the key, or an unknown action.

    Source: ``POST /rest/v1/leads.json``.
    """
    name = "leads.sync"
    if action not in get_args(Action):
        raise InvalidInput("action", f"must be one of {', '.join(get_args(Action))}", call=name)
    text(name, "lookup_field", lookup_field)
    records: builtins.list[dict[str, Any]] = []
    for index, lead in enumerate(batch(name, "leads", leads, at_most=BATCH_MAX)):
        if not isinstance(lead, Mapping):
            raise InvalidInput(f"leads[{index}]", f"must be a mapping, not {describe_type(lead)}", call=name)
        if action != "createDuplicate" and lead.get(lookup_field) in (None, ""):
            raise InvalidInput(f"leads[{index}].{lookup_field}", "the key is missing", call=name)
        records.append(dict(lead))
    body: dict[str, Any] = {"action": action, "input": records}
    if action in ("createOrUpdate", "updateOnly"):
        body["lookupField"] = lookup_field
    if partition_name:
        body["partitionName"] = text(name, "partition_name", partition_name)
    return write(
        name,
        "/leads.json",
        results_of(len(records)),
        _REPLAY[action],
        body=fitting(name, "leads", body),
        timeout=90,
    )


def delete(lead_ids: Sequence[int | str]) -> Call[builtins.list[RowResult]]:
    """Delete up to 300 leads permanently. Records in a CRM are kept.

    :param lead_ids: lead ids, without duplicates.
    :returns: one row per lead, in the order of *lead_ids*: ``deleted``, or ``skipped`` with code 1004. After
        an ambiguous failure and a retry, leads that were already deleted are reported as ``skipped``.

    Source: ``POST /rest/v1/leads/delete.json``.
    """
    name = "leads.delete"
    leads = [{"id": lead} for lead in ids(name, "lead_ids", lead_ids)]
    return write(name, "/leads/delete.json", results_of(len(leads)), Replay.SAFE, body={"input": leads})


def merge(winner_id: int | str, loser_ids: Sequence[int | str], *, merge_in_crm: bool = False) -> Call[None]:
    """Merge up to 25 leads into another lead. It cannot be undone.

    The winner's values are kept, and its empty fields are filled. With Salesforce, a contact always wins over
    a lead, and a CRM record over a record that exists only in Marketo.

    :param winner_id: id of the lead that is kept.
    :param loser_ids: 1-25 ids of leads to merge into the winner.
    :param merge_in_crm: also merge them in Salesforce.
    :raises InvalidInput: when *loser_ids* is empty, has too many ids, or contains the winner.

    Source: ``POST /rest/v1/leads/{leadId}/merge.json``.
    """
    name = "leads.merge"
    losers = ids(name, "loser_ids", loser_ids, at_most=MERGE_MAX)
    params = place(name, "winner_id", winner_id, "leadId")
    for index, loser in enumerate(losers):
        if ("leadId", str(loser)) in params:
            raise InvalidInput(f"loser_ids[{index}]", "is the winner itself", call=name)
    return write(
        name,
        "/leads/{leadId}/merge.json",
        nothing_of,
        Replay.VERIFY,
        params=params,
        query=query_pairs(
            leadIds=",".join(str(loser) for loser in losers),
            mergeInCRM=flag(name, "merge_in_crm", merge_in_crm) or None,
        ),
        timeout=180,
    )


def associate(lead_id: int | str, cookie: str) -> Call[None]:
    """Associate a browser's web activity with a lead.

    If the browser already belongs to another lead, only future activity is associated.

    :param lead_id: id of the lead.
    :param cookie: value of the browser's ``_mkto_trk`` cookie, ``id:...&token:_mch-...``.
    :raises InvalidRequest: when *cookie* is invalid (code 1012).

    Source: ``POST /rest/v1/leads/{leadId}/associate.json``.
    """
    name = "leads.associate"
    return write(
        name,
        "/leads/{leadId}/associate.json",
        nothing_of,
        Replay.SAFE,
        params=place(name, "lead_id", lead_id, "leadId"),
        query=query_pairs(cookie=text(name, "cookie", cookie, at_most=1000)),
        timeout=60,
    )
