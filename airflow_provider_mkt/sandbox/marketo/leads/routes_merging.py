"""Associate a lead with a browser cookie, and merge leads."""

from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.errors import MarketoError, missing
from airflow_provider_mkt.sandbox.marketo.leads.access import check_cookie, lead_of, origin
from airflow_provider_mkt.sandbox.marketo.leads.removal import merge
from airflow_provider_mkt.sandbox.marketo.leads.store import Lead
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
    check_cookie(cookie)
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
    crm_sync = request.state.accounts.settings.crm_sync
    in_crm = bool(to_bool(request.query_params.get("mergeInCRM"), default=False))
    if in_crm and not crm_sync:
        raise MarketoError(1018, "CRM is not enabled for this subscription")
    winner = lead_of(request, path_id(request, "leadId"))
    if winner.id in ids:
        raise MarketoError(1003, "A lead cannot be merged into itself")
    losers = [lead_of(request, one) for one in ids]
    if in_crm and len(losers) > 1:
        # Public reports say that only pairs can be merged there, and not with which code others are refused.
        raise MarketoError(1076, "Merge call with mergeInCRM flag is 4: only two records can be merged")
    if crm_sync:
        # A contact wins over a lead of the CRM, and a record of the CRM over one of Marketo alone.
        first = max([winner, *losers], key=_rank_in_crm)
        losers, winner = [one for one in (winner, *losers) if one is not first], first
    merge(request.state, winner, losers, origin("mergeLeads"), in_crm=in_crm)
    return success(request)


def _rank_in_crm(lead: Lead) -> int:
    return 2 if lead.values.get("sfdcContactId") else 1 if lead.values.get("sfdcLeadId") else 0
