"""Reports of a campaign: metrics, revenue and contacts, from sent emails and won deals."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.campaigns import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.campaigns.attribution import MODELS, by_contact, shares, touches
from airflow_provider_mkt.sandbox.hubspot.campaigns.date_ranges import Days, report_days
from airflow_provider_mkt.sandbox.hubspot.campaigns.requests import READ, find
from airflow_provider_mkt.sandbox.hubspot.campaigns.store import Campaign
from airflow_provider_mkt.sandbox.hubspot.emails.campaign_assets import emails_of
from airflow_provider_mkt.sandbox.hubspot.errors import invalid
from airflow_provider_mkt.sandbox.hubspot.objects.deals import CURRENCY
from airflow_provider_mkt.sandbox.hubspot.paging import page
from airflow_provider_mkt.sandbox.hubspot.requests import int_param
from airflow_provider_mkt.sandbox.hubspot.settings import PROFESSIONAL
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

_LITE = "marketing.campaigns.revenue.lite.read"
_AMOUNTS = ("marketing.campaigns.revenue.read", "marketing.campaigns.revenue.full.read")
_TYPES = ("contactFirstTouch", "contactLastTouch", "influencedContacts")

routes = HubSpotRoutes(*PREFIXES, product=PROFESSIONAL)


@routes.handle("GET", "/{campaignGuid}/reports/contacts/{contactType}", scopes=READ)
async def contacts(request: HubSpotRequest) -> Response:
    kind, days = request.path_params["contactType"], report_days(request)
    if kind not in _TYPES:
        msg = f"contactType must be one of {', '.join(_TYPES)}, not {kind!r}"
        raise invalid(msg)
    limit = int_param(request.query_params.get("limit"), "limit", 100, 1, 100)
    await request.simulate_latency()
    ids = _contacts(request, find(request), days)[kind]
    items, paging = page(sorted(ids, key=int), request.query_params.get("after"), limit)
    return JSONResponse({"results": [{"id": one} for one in items], **paging})


@routes.handle("GET", "/{campaignGuid}/reports/metrics", scopes=READ)
async def metrics(request: HubSpotRequest) -> Response:
    """Return metrics. Each click counts as a session."""
    days = report_days(request)
    await request.simulate_latency()
    campaign, state = find(request), request.state
    found = _contacts(request, campaign, days)
    clicks = [
        len(send.clicked(state.clock.time()))
        for email in emails_of(state, campaign)
        for send in email.sends
        if days.hold(send.due)
    ]
    return JSONResponse(
        {
            "sessions": sum(clicks),
            "newContactsFirstTouch": len(found["contactFirstTouch"]),
            "newContactsLastTouch": len(found["contactLastTouch"]),
            "influencedContacts": len(found["influencedContacts"]),
        }
    )


@routes.handle("GET", "/{campaignGuid}/reports/revenue", scopes=(*_AMOUNTS, _LITE))
async def revenue(request: HubSpotRequest) -> Response:
    """Return the revenue of deals won in the range, attributed to the emails that their contacts opened.

    An email of several campaigns counts for them in equal parts. What the lite scope hides is not
    documented; here it hides the amounts.
    """
    days, model = report_days(request), request.query_params.get("attributionModel", "LINEAR")
    if model not in MODELS:
        msg = f"attributionModel must be one of {', '.join(MODELS)}, not {model!r}"
        raise invalid(msg)
    await request.simulate_latency()
    campaign, state = find(request), request.state
    every = touches(state)
    won, credited, people, deals = 0.0, 0.0, set(), 0
    for deal in state.deals.all():
        path = [touch for touch in every if touch.contact in deal.contacts and touch.at <= deal.closed]
        if not path or not days.hold(deal.closed):
            continue
        parts = zip(path, shares(str(model), path, deal.closed), strict=True)
        own = [(touch, part) for touch, part in parts if part and campaign.id in touch.campaigns]
        if own:
            deals += 1
            won += deal.amount
            credited += sum(deal.amount * part / len(touch.campaigns) for touch, part in own)
            people |= {touch.contact for touch, _ in own}
    body: JsonObject = {"contactsNumber": len(people), "dealsNumber": deals, "currencyCode": CURRENCY}
    if request.token.scopes.intersection(_AMOUNTS):
        body |= {"dealAmount": won, "revenueAmount": round(credited, 2)}
    return JSONResponse(body)


def _contacts(request: HubSpotRequest, campaign: Campaign, days: Days) -> dict[str, set[str]]:
    """Return new and influenced contacts.

    Emails are sent to contacts only, so none of them is new. First and last touches are those among all
    emails that the contact opened until the end of the range.
    """
    found: dict[str, set[str]] = {kind: set() for kind in _TYPES}
    for contact, path in by_contact(touches(request.state)).items():
        seen = [touch for touch in path if days.until(touch.at)]
        own = [days.hold(touch.at) and campaign.id in touch.campaigns for touch in seen]
        if any(own):
            found["influencedContacts"].add(contact)
            if own[0]:
                found["contactFirstTouch"].add(contact)
            if own[-1]:
                found["contactLastTouch"].add(contact)
    return found
