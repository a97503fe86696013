"""The two calls of the discontinued Leads and Nurturing APIs.

They accept no Authorization header: the access token goes into the URL. The connection must allow that with
``legacy_calls``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from airflow_provider_mkt.client.call import Call, Json, JsonBody, Replay, Route, TextBody, path_params
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.batch import nothing
from airflow_provider_mkt.client.parameters import Check, endpoint
from airflow_provider_mkt.client.redaction import describe_type

_GUID = re.compile(r"[0-9a-fA-F]{32}")


def _to_guid(field: str, value: object) -> str:
    if not isinstance(value, str) or not _GUID.fullmatch(value):
        raise InvalidInput(field, f"must be 32 hexadecimal digits, not {describe_type(value)}")
    return value


Guid = Annotated[str, Check(_to_guid)]


@endpoint
def enrol_in_nurture(campaign_guid: str, lead_guid: Guid) -> Call[None]:
    """Add a lead to a nurturing campaign.

    A second call is rejected with 400 (already active, received in the past year, or not repeatable).

    :param campaign_guid: GUID of the nurturing campaign.
    :param lead_guid: GUID of the lead, 32 hexadecimal digits; sent as plain text.
    :raises InvalidInput: when *lead_guid* is not a GUID.
    :raises InvalidRequest: when the lead is already in the campaign.
    :raises NotFound: when the campaign or the lead does not exist.

    Source: ``POST /nurture/v1/campaign/{campaign_guid}/add``.
    """
    return Call(
        "legacy.enrol_in_nurture",
        Route("POST", "nurture", "/campaign/{campaign_guid}/add", path_params(campaign_guid=campaign_guid)),
        nothing,
        Replay.VERIFY,
        body=TextBody(lead_guid),
        token_in_query=True,
    )


@endpoint
def update_lead(lead_guid: Guid, changes: Mapping[str, Json]) -> Call[None]:
    """Update a lead of the discontinued Leads API.

    :param lead_guid: GUID of the lead.
    :param changes: fields to update; ``closedAt`` (milliseconds, as text) closes the lead as a customer,
        ``isDeleted`` deletes it.
    :raises InvalidInput: when *lead_guid* is not a GUID, or *changes* is empty.

    Source: ``PUT /leads/v1/lead/{lead_guid}``.
    """
    if not isinstance(changes, Mapping) or not changes:
        raise InvalidInput("changes", f"must be a mapping of fields to change, not {describe_type(changes)}")
    if changes.get("guid", lead_guid) != lead_guid:
        raise InvalidInput("changes.guid", "differs from lead_guid")
    return Call(
        "legacy.update_lead",
        Route("PUT", "leads", "/lead/{lead_guid}", path_params(lead_guid=lead_guid)),
        nothing,
        Replay.SAFE,
        body=JsonBody({**changes, "guid": lead_guid}),
        token_in_query=True,
    )
