"""Smart campaigns in the lead database API: list, get, request and schedule."""

from datetime import datetime, timedelta

from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.account.usage_store import quota_day
from airflow_provider_mkt.sandbox.marketo.checks import check_texts
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError, missing, wrong_type
from airflow_provider_mkt.sandbox.marketo.folders.models import WORKSPACE
from airflow_provider_mkt.sandbox.marketo.leads.access import lead_of
from airflow_provider_mkt.sandbox.marketo.paging import page
from airflow_provider_mkt.sandbox.marketo.permissions import CAMPAIGNS_READABLE, EXECUTE_CAMPAIGN
from airflow_provider_mkt.sandbox.marketo.programs.cloning import check_clone_name, clone_program
from airflow_provider_mkt.sandbox.marketo.requests import json_object, path_id, to_bool, to_int
from airflow_provider_mkt.sandbox.marketo.responses import LEAD, MarketoRequest, MarketoRoutes, Row, result
from airflow_provider_mkt.sandbox.marketo.smart_campaigns import flow_runs as flow_runs
from airflow_provider_mkt.sandbox.marketo.smart_campaigns.models import BATCH, TRIGGER, SmartCampaign
from airflow_provider_mkt.sandbox.marketo.times import lead_time, parse_moment

routes = MarketoRoutes(LEAD)

MAX_LEADS = MAX_TOKENS = 100
CLONES_PER_DAY = 20
SOONEST = timedelta(minutes=5)
LATEST = timedelta(days=2 * 365)


@routes.handle("GET", "/campaigns.json", scopes=CAMPAIGNS_READABLE)
async def list_campaigns(request: MarketoRequest) -> Response:
    ids = {to_int(text) for text in request.list_param("id")}
    names, programs = (
        set(request.list_param("name")),
        set(request.list_param("programName")),
    )
    workspaces = set(request.list_param("workspaceName"))
    only_triggerable = to_bool(request.query_params.get("isTriggerable"), default=False)
    chosen = []
    for one in request.state.campaigns.values():
        program = request.state.programs.get(one.program_id or 0)
        if (
            (not ids or one.id in ids)
            and (not names or one.name in names)
            and (not programs or (program is not None and program.name in programs))
            and (not workspaces or WORKSPACE in workspaces)
            and (one.requestable or not only_triggerable)
        ):
            chosen.append(one)
    campaigns, more = page(request, chosen, lambda one: one.id, says_more=False)
    return result(request, [_row(request, one) for one in campaigns], **more)


@routes.handle("GET", "/campaigns/{campaignId}.json", scopes=CAMPAIGNS_READABLE)
async def get_campaign(request: MarketoRequest) -> Response:
    return result(request, [_row(request, request.state.campaign(path_id(request, "campaignId")))])


def _row(request: MarketoRequest, one: SmartCampaign) -> Row:
    row: Row = {"id": one.id, "name": one.name, "description": one.description}
    row |= {"type": TRIGGER if one.type == TRIGGER else BATCH, "active": one.active}
    program = request.state.programs.get(one.program_id or 0)
    if program:
        row |= {"programId": program.id, "programName": program.name}
    return row | {
        "workspaceName": WORKSPACE,
        "createdAt": lead_time(one.created_at),
        "updatedAt": lead_time(one.updated_at),
    }


@routes.handle("POST", "/campaigns/{campaignId}/trigger.json", scopes=(EXECUTE_CAMPAIGN,))
async def trigger(request: MarketoRequest) -> Response:
    """Request a campaign. One unknown lead fails the whole request, which is not documented."""
    campaign = request.state.campaign(path_id(request, "campaignId"))
    given = _input(await json_object(request))
    rows = given.get("leads")
    if not rows:
        raise missing("leads")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise wrong_type("leads", "array of objects")
    if len(rows) > MAX_LEADS:
        raise MarketoError(1003, f"Number of leads exceeds the limit of {MAX_LEADS}")
    tokens = _tokens(given)
    if campaign.type != TRIGGER:
        raise MarketoError(1003, f"Campaign '{campaign.id}' is not a trigger campaign")
    if not campaign.requestable:
        raise MarketoError(
            1003, f"Campaign '{campaign.id}' is not active or has no 'Campaign is Requested' trigger"
        )
    leads = [lead_of(request, to_int(row.get("id"))) for row in rows]
    flow_runs.request(request.state, campaign, leads, tokens)
    return result(request, [{"id": campaign.id}])


@routes.handle("POST", "/campaigns/{campaignId}/schedule.json", scopes=(EXECUTE_CAMPAIGN,))
async def schedule(request: MarketoRequest) -> Response:
    """Schedule a campaign. With a clone, the response has the id of the original."""
    campaign = request.state.campaign(path_id(request, "campaignId"))
    given = _input(await json_object(request)) if request.content else {}
    if campaign.type != BATCH:
        raise MarketoError(1003, f"Campaign '{campaign.id}' is not a batch campaign")
    check_texts(given, "runAt", "cloneToProgramName")
    due, tokens = _due(request, given.get("runAt")), _tokens(given)
    # Checked first: a rejected request must not clone anything.
    flow_runs.tokens_of(request.state, campaign, tokens)
    clone = given.get("cloneToProgramName")
    flow_runs.schedule(
        request.state, _cloned(request, campaign, str(clone)) if clone else campaign, due, tokens
    )
    return result(request, [{"id": campaign.id}])


def _input(body: Row) -> Row:
    given = body.get("input")
    if given is None:
        raise missing("input")
    if not isinstance(given, dict):
        raise wrong_type("input", "object")
    return given


def _due(request: MarketoRequest, text: object) -> datetime:
    now = request.clock.now()
    if not text:
        return now + SOONEST
    due = parse_moment(text)
    if due is None:
        raise wrong_type(text, "datetime")
    if due > now + LATEST:
        raise MarketoError(1042, "runAt must not be more than two years ahead")
    return max(due, now + SOONEST)


def _tokens(given: Row) -> dict[str, str]:
    rows = given["tokens"] if given.get("tokens") is not None else []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise wrong_type("tokens", "array of objects")
    if len(rows) > MAX_TOKENS:
        raise MarketoError(1003, f"Number of tokens exceeds the limit of {MAX_TOKENS}")
    tokens = {}
    for row in rows:
        check_texts(row, "name", "value")
        name = str(row.get("name") or "")
        if not (name.startswith("{{my.") and name.endswith("}}")):
            raise MarketoError(1003, f"Invalid token name '{name}'. A name is written {{{{my.name}}}}")
        tokens[name[5:-2]] = "" if row.get("value") is None else str(row["value"])
    return tokens


def _cloned(request: MarketoRequest, campaign: SmartCampaign, name: str) -> SmartCampaign:
    state, today = request.state, quota_day(request.clock.now())
    source = state.programs.get(campaign.program_id or 0)
    if source is None:
        raise MarketoError(1003, "Only a campaign inside a program can be cloned")
    if state.schedule_clones[today] >= CLONES_PER_DAY:
        raise MarketoError(1020, f"cloneToProgramName can be used {CLONES_PER_DAY} times per day")
    if any(one.folder == campaign.folder for one in state.lists.values()):
        raise MarketoError(709, "A program that holds a static list cannot be cloned while scheduling")
    check_clone_name(state, name)
    state.schedule_clones[today] += 1
    program = clone_program(state, source, name, source.folder)
    return next(
        one for one in state.campaigns.values() if one.program_id == program.id and one.name == campaign.name
    )
