"""Leads becoming one with a browser, or with each other."""

from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.errors import Problem, missing
from airflow_provider_mkt.sandbox.marketo.leads.access import lead_of, origin
from airflow_provider_mkt.sandbox.marketo.leads.removal import merge
from airflow_provider_mkt.sandbox.marketo.leads.routes_push import COOKIE
from airflow_provider_mkt.sandbox.marketo.permissions import WRITE_LEAD
from airflow_provider_mkt.sandbox.marketo.requests import path_id, required, truth, whole
from airflow_provider_mkt.sandbox.marketo.responses import LEAD, MarketoRequest, MarketoRoutes, done

routes = MarketoRoutes(LEAD)

MOST_LOSERS = 25


@routes.handle("POST", "/leads/{leadId}/associate.json", scopes=(WRITE_LEAD,))
async def associate(request: MarketoRequest) -> Response:
    lead = lead_of(request, path_id(request, "leadId"))
    cookie = required(request.query_params, "cookie")
    # A cookie whose `&` was not escaped arrives cut in half, and is as bad as any other.
    if not COOKIE.fullmatch(cookie):
        raise Problem(1012, f"Invalid cookie value '{cookie}'")
    request.state.leads.associate(lead, cookie)
    return done(request)


@routes.handle("POST", "/leads/{leadId}/merge.json", scopes=(WRITE_LEAD,))
async def merge_leads(request: MarketoRequest) -> Response:
    ids = [whole(text) for name in ("leadId", "leadIds") for text in request.list_param(name)]
    ids = list(dict.fromkeys(ids))
    if not ids:
        raise missing("leadId")
    if len(ids) > MOST_LOSERS:
        raise Problem(1080, f"Number of lead ids to merge exceeds the limit of {MOST_LOSERS}")
    if truth(request.query_params.get("mergeInCRM"), default=False):
        raise Problem(1018, "CRM is not enabled for this subscription")
    winner = lead_of(request, path_id(request, "leadId"))
    if winner.id in ids:
        raise Problem(1003, "A lead cannot be merged into itself")
    losers = [lead_of(request, one) for one in ids]
    merge(request.state, winner, losers, origin("mergeLeads"))
    return done(request)
