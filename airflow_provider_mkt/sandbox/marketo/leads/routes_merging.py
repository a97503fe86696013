"""Associate a lead with a browser cookie, and merge leads."""

from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.errors import MarketoError, missing
from airflow_provider_mkt.sandbox.marketo.leads.access import lead_of, origin
from airflow_provider_mkt.sandbox.marketo.leads.removal import merge
from airflow_provider_mkt.sandbox.marketo.leads.routes_push import COOKIE
from airflow_provider_mkt.sandbox.marketo.permissions import WRITE_LEAD
from airflow_provider_mkt.sandbox.marketo.requests import path_id, required, to_bool, to_int
from airflow_provider_mkt.sandbox.marketo.responses import LEAD, MarketoRequest, MarketoRoutes, success

routes = MarketoRoutes(LEAD)

MAX_LOSERS = 25


@routes.handle("POST", "/leads/{leadId}/associate.json", scopes=(WRITE_LEAD,))
async def associate(request: MarketoRequest) -> Response:
    lead = lead_of(request, path_id(request, "leadId"))
    cookie = required(request.query_params, "cookie")
    # A cookie whose `&` was not percent-encoded is truncated, so not valid.
    if not COOKIE.fullmatch(cookie):
        raise MarketoError(1012, f"Invalid cookie value '{cookie}'")
    request.state.leads.associate(lead, cookie)
    return success(request)


@routes.handle("POST", "/leads/{leadId}/merge.json", scopes=(WRITE_LEAD,))
async def merge_leads(request: MarketoRequest) -> Response:
    ids = [to_int(text) for name in ("leadId", "leadIds") for text in request.list_param(name)]
    ids = list(dict.fromkeys(ids))
    if not ids:
        raise missing("leadId")
    if len(ids) > MAX_LOSERS:
        raise MarketoError(1080, f"Number of lead ids to merge exceeds the limit of {MAX_LOSERS}")
    if to_bool(request.query_params.get("mergeInCRM"), default=False):
        raise MarketoError(1018, "CRM is not enabled for this subscription")
    winner = lead_of(request, path_id(request, "leadId"))
    if winner.id in ids:
        raise MarketoError(1003, "A lead cannot be merged into itself")
    losers = [lead_of(request, one) for one in ids]
    merge(request.state, winner, losers, origin("mergeLeads"))
    return success(request)
