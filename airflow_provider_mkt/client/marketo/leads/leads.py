"""Leads."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from airflow_provider_mkt.client.call import Call, Json, Replay, comma_joined, path_params, query_pairs
from airflow_provider_mkt.client.encoding import EncodedRecord, embedded_all
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.marketo.requests import BATCH_MAX as BATCH_MAX
from airflow_provider_mkt.client.marketo.requests import BODY_MAX as BODY_MAX
from airflow_provider_mkt.client.marketo.requests import (
    NAME_MAX,
    BatchSize,
    Ids,
    ShortText,
    filter_values_text,
    read,
    within_body_limit,
    write,
)
from airflow_provider_mkt.client.marketo.responses import (
    RowResult,
    no_result,
    only_row,
    only_row_as,
    results_of,
    rows,
    rows_as,
)
from airflow_provider_mkt.client.marketo.rows import Description, FieldOfLead
from airflow_provider_mkt.client.paging import Cursor, position_token
from airflow_provider_mkt.client.parameters import (
    Names,
    NumericId,
    endpoint,
    items,
    mapping,
    text,
    text_or_empty,
)

MERGE_MAX = 25

Action = Literal["createOrUpdate", "createOnly", "updateOnly", "createDuplicate"]
_REPLAY: dict[Action, Replay] = {
    # Two concurrent upserts of a new key create two leads.
    "createOrUpdate": Replay.WAIT,
    "createOnly": Replay.WAIT,
    "updateOnly": Replay.SAFE,
    "createDuplicate": Replay.NEVER,
}

Lead = Mapping[str, object]


@endpoint
def describe() -> Call[builtins.list[FieldOfLead]]:
    """Read the lead schema with the numeric field ids that activities contain.

    :returns: ``id``, ``displayName``, ``dataType``, ``length`` and ``rest`` (``name``, ``readOnly``) of each
        field; a field without ``rest`` is not available in the REST API.

    Source: ``GET /rest/v1/leads/describe.json``.
    """
    return read("leads.describe", "/leads/describe.json", rows_as(FieldOfLead))


@endpoint
def describe2() -> Call[Description]:
    """Read the lead schema: fields, and sets of fields that can be searched.

    :returns: ``fields`` (name, dataType, length, updateable ...) and ``searchableFields``.

    Source: ``GET /rest/v1/leads/describe2.json``.
    """
    return read("leads.describe2", "/leads/describe2.json", only_row_as(Description))


@endpoint
def get(lead_id: NumericId, *, fields: Names = ()) -> Call[JsonDict]:
    """Read a lead.

    :param lead_id: id of the lead.
    :param fields: REST names of the fields to return; Marketo's default fields when empty.
    :raises NotFound: when it does not exist.

    Source: ``GET /rest/v1/lead/{leadId}.json``.
    """
    return read(
        "leads.get",
        "/lead/{leadId}.json",
        only_row,
        params=path_params(leadId=lead_id),
        query=query_pairs(fields=comma_joined(fields)),
    )


@endpoint
def list(
    filter_type: ShortText,
    filter_values: Sequence[str | int],
    *,
    fields: Names = (),
    batch_size: BatchSize = 300,
    next_page_token: Cursor | None = None,
) -> Call[builtins.list[JsonDict]]:
    """List the leads whose field has one of the given values.

    :param filter_type: a searchable field.
    :param filter_values: 1-300 values without commas; more than 1,000 matches are rejected.
    :param fields: REST names of the fields to return.
    :param batch_size: rows per page, 1-300.
    :param next_page_token: token of the page to begin with; the first page when not given.
    :raises InvalidInput: when there are no values, too many, or a value with a comma, which cannot be
        escaped.

    Source: ``GET /rest/v1/leads.json``; a query over 7,500 bytes goes as
    ``POST /rest/v1/leads.json?_method=GET``.
    """
    query = query_pairs(
        nextPageToken=next_page_token,
        filterType=filter_type,
        filterValues=filter_values_text(filter_values),
        fields=comma_joined(fields),
        batchSize=batch_size,
    )
    return read("leads.list", "/leads.json", rows, query=query, timeout=60, follow=position_token)


@endpoint
def sync(
    leads: Annotated[Sequence[Lead], items(BATCH_MAX)],
    *,
    action: Action = "createOrUpdate",
    lookup_field: ShortText | None = "email",
    partition_name: Annotated[str, text_or_empty(NAME_MAX)] | None = None,
) -> Call[builtins.list[RowResult]]:
    """Create or update up to 300 leads.

    :param leads: 1-300 mappings of REST field names to values; at most 1 MB in total. None clears a field.
    :param action: ``createOrUpdate``, ``createOnly``, ``updateOnly`` or ``createDuplicate``.
    :param lookup_field: the key; every lead needs it, except with ``createDuplicate``. None sends none, so
        that the instance's own duplicate rule applies where it has one.
    :param partition_name: lead partition for new leads.
    :returns: one row per lead, in the order of *leads*.
    :raises InvalidInput: on an empty or too large batch, a lead without the key, or an unknown action.

    Source: ``POST /rest/v1/leads.json``.
    """
    records = [
        lead if type(lead) is EncodedRecord else mapping(f"leads[{index}]", lead)
        for index, lead in enumerate(leads)
    ]
    if action != "createDuplicate" and lookup_field is not None:
        for index, record in enumerate(records):
            if record.get(lookup_field) in (None, ""):
                raise InvalidInput(f"leads[{index}].{lookup_field}", "the key is missing")
    body: dict[str, Json] = {"action": action, "input": embedded_all(records)}
    if lookup_field is not None and action in ("createOrUpdate", "updateOnly"):
        body["lookupField"] = lookup_field
    if partition_name:
        body["partitionName"] = partition_name
    return write(
        "leads.sync",
        "/leads.json",
        results_of(len(records)),
        _REPLAY[action],
        body=within_body_limit("leads", body),
        timeout=90,
    )


@endpoint
def delete(lead_ids: Ids) -> Call[builtins.list[RowResult]]:
    """Delete up to 300 leads permanently. Records in a CRM are kept.

    :param lead_ids: lead ids, without duplicates.
    :returns: one row per lead, in the order of *lead_ids*: ``deleted``, or ``skipped`` with code 1004. After
        an ambiguous failure and a retry, leads that were already deleted are reported as ``skipped``.

    Source: ``POST /rest/v1/leads/delete.json``.
    """
    leads = [{"id": lead} for lead in lead_ids]
    return write(
        "leads.delete", "/leads/delete.json", results_of(len(leads)), Replay.SAFE, body={"input": leads}
    )


@endpoint
def merge(
    winner_id: NumericId,
    loser_ids: Annotated[Sequence[NumericId], items(MERGE_MAX)],
    *,
    merge_in_crm: bool = False,
) -> Call[None]:
    """Merge up to 25 leads into another lead. It cannot be undone.

    The winner's values are kept, and its empty fields are filled. With Salesforce, a contact always wins over
    a lead, and a CRM record over a record that exists only in Marketo.

    :param winner_id: id of the lead that is kept.
    :param loser_ids: 1-25 ids of leads to merge into the winner.
    :param merge_in_crm: also merge them in Salesforce.
    :raises InvalidInput: when *loser_ids* is empty, has too many ids, or contains the winner.

    Source: ``POST /rest/v1/leads/{leadId}/merge.json``.
    """
    for index, loser_id in enumerate(loser_ids):
        if loser_id == winner_id:
            raise InvalidInput(f"loser_ids[{index}]", "is the winner itself")
    return write(
        "leads.merge",
        "/leads/{leadId}/merge.json",
        no_result,
        Replay.VERIFY,
        params=path_params(leadId=winner_id),
        query=query_pairs(leadIds=comma_joined(loser_ids), mergeInCRM=merge_in_crm or None),
        timeout=180,
    )


@endpoint
def associate(lead_id: NumericId, cookie: Annotated[str, text(1000)]) -> Call[None]:
    """Associate a browser's web activity with a lead.

    If the browser already belongs to another lead, only future activity is associated.

    :param lead_id: id of the lead.
    :param cookie: value of the browser's ``_mkto_trk`` cookie, ``id:...&token:_mch-...``.
    :raises InvalidRequest: when *cookie* is invalid (code 1012).

    Source: ``POST /rest/v1/leads/{leadId}/associate.json``.
    """
    return write(
        "leads.associate",
        "/leads/{leadId}/associate.json",
        no_result,
        Replay.SAFE,
        params=path_params(leadId=lead_id),
        query=query_pairs(cookie=cookie),
        timeout=60,
    )
