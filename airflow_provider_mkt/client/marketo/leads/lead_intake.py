"""Lead intake: calls that also log an activity, which can trigger smart campaigns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from airflow_provider_mkt.client.call import Call, Json, Replay
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.marketo.requests import (
    BODY_MAX,
    ShortText,
    records,
    within_body_limit,
    write,
)
from airflow_provider_mkt.client.marketo.responses import RowResult, only_result, results_of
from airflow_provider_mkt.client.parameters import NumericId, endpoint, mapping, text

LongText = Annotated[str, text(BODY_MAX)]
VISITOR_DATA = ("pageURL", "queryString", "leadClientIpAddress", "userAgentString")


@endpoint
def push(
    program_name: ShortText,
    leads: Sequence[Mapping[str, object]],
    *,
    lookup_field: ShortText | None = "email",
    program_status: LongText | None = None,
    source: LongText | None = None,
    reason: LongText | None = None,
    partition_name: LongText | None = None,
) -> Call[list[RowResult]]:
    """Push up to 300 leads: create or update them, and log a push activity that can trigger smart campaigns.

    Each call logs another activity, so it is never retried automatically.

    :param program_name: name of the program to push the leads to.
    :param leads: 1-300 mappings of REST field names to values; at most 1 MB in total. With ``cookies`` a new
        lead starts without the browser's history.
    :param lookup_field: the key, which every lead needs; ``mktToken`` for the token of a clicked link. None
        sends none, so that the instance's own duplicate rule applies where it has one.
    :param program_status: program status to set, a status of the program's channel.
    :param source: free text that triggers can filter on.
    :param reason: free text that triggers can filter on.
    :param partition_name: lead partition for new leads.
    :returns: one row per lead, in the order of *leads*. A failed row can have reasons and no status.

    Source: ``POST /rest/v1/leads/push.json``.
    """
    required = () if lookup_field is None else (lookup_field,)
    body: dict[str, Json] = {
        "programName": program_name,
        "input": records("leads", leads, required=required),
    }
    optional = {
        "lookupField": lookup_field,
        "programStatus": program_status,
        "source": source,
        "reason": reason,
        "partitionName": partition_name,
    }
    for key, value in optional.items():
        if value is not None:
            body[key] = value
    return write(
        "lead_intake.push",
        "/leads/push.json",
        results_of(len(leads)),
        Replay.NEVER,
        body=within_body_limit("leads", body),
        timeout=90,
    )


@endpoint
def submit_form(
    form_id: NumericId,
    fields: Mapping[str, object],
    *,
    program_id: NumericId | None = None,
    visitor_data: Mapping[str, str] | None = None,
    cookie: Annotated[str, text(1000)] | None = None,
) -> Call[RowResult]:
    """Submit a form for one person: create or update the lead, and log the form fill.

    Each call logs another activity, so it is never retried automatically.

    :param form_id: id of the form.
    :param fields: REST field names to values; all must be on the form, ``email`` is required.
    :param program_id: id of the program to add the person to; the form's own program when program fields are
        given.
    :param visitor_data: ``pageURL``, ``queryString``, ``leadClientIpAddress``, ``userAgentString``.
    :param cookie: value of the browser's ``_mkto_trk`` cookie.
    :returns: the result for the lead.

    Source: ``POST /rest/v1/leads/submitForm.json``.
    """
    row: dict[str, Json] = {"leadFormFields": mapping("fields", fields)}
    if not fields.get("email"):
        raise InvalidInput("fields.email", "is missing or empty")
    if visitor_data is not None:
        checked = mapping("visitor_data", visitor_data)
        if not checked.keys() <= set(VISITOR_DATA):
            raise InvalidInput("visitor_data", f"has a key other than {', '.join(VISITOR_DATA)}")
        row["visitorData"] = checked
    if cookie is not None:
        row["cookie"] = cookie
    body: dict[str, Json] = {"formId": form_id, "input": [row]}
    if program_id is not None:
        body["programId"] = program_id
    return write(
        "lead_intake.submit_form",
        "/leads/submitForm.json",
        only_result,
        Replay.NEVER,
        body=within_body_limit("fields", body),
    )
