"""The two calls of the discontinued Leads and Nurturing APIs.

They accept no Authorization header: the access token goes into the URL. The connection must allow that with
``legacy_calls``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from airflow_provider_mkt.client.call import Call, Json, JsonBody, Replay, Route, TextBody, path_params
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.batch import nothing
from airflow_provider_mkt.client.redaction import describe_type

_GUID = re.compile(r"[0-9a-fA-F]{32}")


def enrol_in_nurture(campaign_guid: str, lead_guid: str) -> Call[None]:
    """Add a lead to a nurturing campaign.

    A second call is rejected with 400 (already active, received in the past year, or not repeatable).

    :param campaign_guid: GUID of the nurturing campaign.
    :param lead_guid: GUID of the lead, 32 hexadecimal digits; sent as plain text.
    :raises InvalidInput: when *lead_guid* is not a GUID.
    :raises InvalidRequest: when the lead is already in the campaign.
    :raises NotFound: when the campaign or the lead does not exist.

    Source: ``POST /nurture/v1/campaign/{campaign_guid}/add``.
    """
    name = "legacy.enrol_in_nurture"
    return Call(
        name,
        Route(
            "POST", "nurture", "/campaign/{campaign_guid}/add", path_params(name, campaign_guid=campaign_guid)
        ),
        nothing,
        Replay.VERIFY,
        body=TextBody(_guid(name, "lead_guid", lead_guid)),
        token_in_query=True,
    )


def update_lead(lead_guid: str, changes: Mapping[str, Json]) -> Call[None]:
    """Update a lead of the discontinued Leads API.

    :param lead_guid: GUID of the lead.
    :param changes: fields to update; ``closedAt`` (milliseconds, as text) closes the lead as a customer,
        ``isDeleted`` deletes it.
    :raises InvalidInput: when *lead_guid* is not a GUID, or *changes* is empty.

    Source: ``PUT /leads/v1/lead/{lead_guid}``.
    """
    name = "legacy.update_lead"
    guid = _guid(name, "lead_guid", lead_guid)
    if not isinstance(changes, Mapping) or not changes:
        raise InvalidInput(
            "changes", f"must name the fields to change, not {describe_type(changes)}", call=name
        )
    if changes.get("guid", guid) != guid:
        raise InvalidInput("changes.guid", "differs from lead_guid", call=name)
    return Call(
        name,
        Route("PUT", "leads", "/lead/{lead_guid}", path_params(name, lead_guid=guid)),
        nothing,
        Replay.SAFE,
        body=JsonBody({**changes, "guid": guid}),
        token_in_query=True,
    )


def _guid(call: str, field: str, value: str) -> str:
    if not isinstance(value, str) or not _GUID.fullmatch(value):
        raise InvalidInput(field, f"must be 32 hexadecimal digits, not {describe_type(value)}", call=call)
    return value
