"""Lead intake: calls that also log an activity, which can trigger smart campaigns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_mkt.client.call import Call, Replay, numeric_id, parameter
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.marketo.requests import BODY_MAX, fitting, records, text, write
from airflow_provider_mkt.client.marketo.responses import RowResult, only_result, results_of
from airflow_provider_mkt.client.redaction import describe_type

VISITOR_DATA = ("pageURL", "queryString", "leadClientIpAddress", "userAgentString")


def push(
    program_name: str,
    leads: Sequence[Mapping[str, Any]],
    *,
    lookup_field: str = "email",
    program_status: str | None = None,
    source: str | None = None,
    reason: str | None = None,
    partition_name: str | None = None,
) -> Call[list[RowResult]]:
    """Push up to 300 leads: create or update them, and log a push activity that can trigger smart campaigns.

    Each call logs another activity, so it is never retried automatically.

    :param program_name: name of the program to push the leads to.
    :param leads: 1-300 mappings of REST field names to values; at most 1 MB in total. With ``cookies`` a new
        lead starts without the browser's history.
    :param lookup_field: the key, which every lead needs; ``mktToken`` for the token of a clicked link.
    :param program_status: program status to set, a status of the program's channel.
    :param source: free text that triggers can filter on.
    :param reason: free text that triggers can filter on.
    :param partition_name: lead partition for new leads.
    :returns: one row per lead, in the order of *leads*. A failed row can have reasons and no status.

    Source: ``POST /rest/v1/leads/push.json``.
    """
    name = "lead_intake.push"
    # Marketo does not document the default key, so it is always sent.
    body: dict[str, Any] = {
        "programName": text(name, "program_name", program_name),
        "lookupField": text(name, "lookup_field", lookup_field),
        "input": records(name, "leads", leads, needs=(lookup_field,)),
    }
    optional = {
        "programStatus": program_status,
        "source": source,
        "reason": reason,
        "partitionName": partition_name,
    }
    for key, value in optional.items():
        if value is not None:
            body[key] = text(name, parameter(key), value, at_most=BODY_MAX)
    return write(
        name,
        "/leads/push.json",
        results_of(len(leads)),
        Replay.NEVER,
        body=fitting(name, "leads", body),
        timeout=90,
    )


def submit_form(
    form_id: int | str,
    fields: Mapping[str, Any],
    *,
    program_id: int | str | None = None,
    visitor_data: Mapping[str, str] | None = None,
    cookie: str | None = None,
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
    name = "lead_intake.submit_form"
    if not isinstance(fields, Mapping):
        raise InvalidInput("fields", f"must be a mapping, not {describe_type(fields)}", call=name)
    if not fields.get("email"):
        raise InvalidInput("fields.email", "is missing or empty", call=name)
    row: dict[str, Any] = {"leadFormFields": dict(fields)}
    if visitor_data is not None:
        if not isinstance(visitor_data, Mapping):
            raise InvalidInput(
                "visitor_data", f"must be a mapping, not {describe_type(visitor_data)}", call=name
            )
        for key in visitor_data:
            if key not in VISITOR_DATA:
                known = ", ".join(VISITOR_DATA)
                raise InvalidInput("visitor_data", f"has a key other than {known}", call=name)
        row["visitorData"] = dict(visitor_data)
    if cookie is not None:
        row["cookie"] = text(name, "cookie", cookie, at_most=1000)
    body: dict[str, Any] = {"formId": numeric_id(name, "form_id", form_id), "input": [row]}
    if program_id is not None:
        body["programId"] = numeric_id(name, "program_id", program_id)
    return write(
        name, "/leads/submitForm.json", only_result, Replay.NEVER, body=fitting(name, "fields", body)
    )
