"""The two legacy endpoints: add a lead to a nurture campaign, and update a lead.

Only these take their token in the query, as `access_token`.
"""

from __future__ import annotations

import re

from starlette.responses import PlainTextResponse, Response

from airflow_provider_mkt.sandbox.hubspot.errors import invalid, not_found, unsupported_media
from airflow_provider_mkt.sandbox.hubspot.requests import check_object, check_scalars
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes

_GUID = re.compile(r"[0-9a-fA-F]{32}")
_READ_ONLY = frozenset(
    [
        "analyticsDetails",
        "crmDetails",
        "id",
        "isCustomer",
        "lastConvertedAt",
        "lastModifiedAt",
        "leadConversionEvents",
        "leadId",
        "leadJsonLink",
        "leadLink",
        "LeadNurturingActive",
        "numConversionEvents",
        "portalId",
        "publicLeadLink",
        "sourceValueModifiedAt",
    ]
)

routes = HubSpotRoutes("")


@routes.handle("POST", "/nurture/v1/campaign/{campaign_guid}/add", query_token=True)
async def enrol_lead(request: HubSpotRequest) -> Response:
    """Add a lead. The body is the GUID of the lead without quotes, so not JSON."""
    if request.content_type not in ("application/json", "text/plain"):
        raise unsupported_media(request.content_type)
    guid = request.content.decode("utf-8", "replace")
    if not _GUID.fullmatch(guid):
        msg = "The body must be the GUID of a lead and nothing else"
        raise invalid(msg)
    await request.simulate_latency()
    nurture = request.state.nurture
    campaign = nurture.campaigns.get(request.path_params["campaign_guid"].lower())
    if campaign is None:
        raise not_found("Campaign not found")
    lead = nurture.lead(guid)
    if lead is None:
        raise not_found("Lead not found")
    refusal = nurture.refusal(campaign, lead)
    if refusal is not None:
        raise invalid(refusal)
    nurture.enrol(campaign, lead)
    return PlainTextResponse("")


@routes.handle("PUT", "/leads/v1/lead/{lead_guid}", query_token=True)
async def update_lead(request: HubSpotRequest) -> Response:
    """Update a lead: `closedAt` makes it a customer, `isDeleted` deletes it.

    It is documented that read-only keys and the GUID cannot be changed, but not the error; it is 400 here.
    """
    if request.content_type != "application/json":
        raise unsupported_media(request.content_type)
    sent = await request.json()
    check_scalars(sent, "Lead")
    body = check_object(sent, "Lead", ["guid"])
    await request.simulate_latency()
    lead = request.state.nurture.lead(request.path_params["lead_guid"])
    if lead is None:
        raise not_found("Lead not found")
    read_only = sorted(_READ_ONLY & set(body))
    if str(body["guid"]).lower() != lead.guid or read_only:
        msg = f"These cannot be changed: {', '.join(read_only) or 'guid'}"
        raise invalid(msg)
    changes = {name: value for name, value in body.items() if name != "guid"}
    if changes.get("closedAt"):
        if not str(changes["closedAt"]).isdigit():
            msg = "closedAt must be milliseconds since the epoch"
            raise invalid(msg)
        lead.customer = True
    lead.deleted = bool(changes.pop("isDeleted", False))
    lead.fields |= changes
    return PlainTextResponse("")
