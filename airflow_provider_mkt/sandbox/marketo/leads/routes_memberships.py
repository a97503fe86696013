"""Leads of a list or program, and memberships of a lead."""

from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.errors import MarketoError, missing
from airflow_provider_mkt.sandbox.marketo.leads.access import lead_of, visible
from airflow_provider_mkt.sandbox.marketo.leads.store import DEFAULT_FIELDS
from airflow_provider_mkt.sandbox.marketo.paging import moment, page, page_of_leads
from airflow_provider_mkt.sandbox.marketo.permissions import ASSETS_READABLE, LEADS_READABLE
from airflow_provider_mkt.sandbox.marketo.programs.models import Member, Program
from airflow_provider_mkt.sandbox.marketo.requests import path_id, to_int, wanted_fields
from airflow_provider_mkt.sandbox.marketo.responses import LEAD, MarketoRequest, MarketoRoutes, Row, result
from airflow_provider_mkt.sandbox.marketo.times import lead_time

routes = MarketoRoutes(LEAD)


def _refuse_filter(request: MarketoRequest) -> None:
    if "filterType" in request.query_params or "filterValues" in request.query_params:
        raise MarketoError(1003, "filterType and filterValues are not allowed here")


@routes.handle("GET", "/list/{listId}/leads.json", scopes=LEADS_READABLE)
@routes.handle("GET", "/lists/{listId}/leads.json", scopes=LEADS_READABLE)
async def leads_of_list(request: MarketoRequest) -> Response:
    _refuse_filter(request)
    store = request.state.leads
    fields = wanted_fields(request, store.schema, DEFAULT_FIELDS)
    chosen = request.state.static_list(path_id(request, "listId"))
    # Only the plural path has `moreResult`; on the singular one there is only the token.
    says_more = "/lists/" in request.endpoint.template
    leads, more = page_of_leads(
        request, chosen.members, lambda ids: visible(request, map(store.get, ids)), says_more=says_more
    )
    return result(request, [store.row(lead, fields) for lead in leads], **more)


@routes.handle("GET", "/leads/programs/{programId}.json", scopes=LEADS_READABLE)
async def leads_of_program(request: MarketoRequest) -> Response:
    _refuse_filter(request)
    store = request.state.leads
    fields = wanted_fields(request, store.schema, DEFAULT_FIELDS, extra=("membership",))
    program = request.state.program(path_id(request, "programId"))
    leads, more = page_of_leads(request, program.members, lambda ids: visible(request, map(store.get, ids)))
    rows = [
        store.row(lead, fields) | {"membership": _membership(program, program.members[lead.id])}
        for lead in leads
    ]
    return result(request, rows, **more)


@routes.handle("GET", "/leads/{leadId}/listMembership.json", scopes=ASSETS_READABLE)
async def lists_of_lead(request: MarketoRequest) -> Response:
    lead = lead_of(request, path_id(request, "leadId"))
    mine = [one for one in request.state.lists.values() if lead.id in one.members]
    chosen, more = page(request, mine, lambda one: one.id)
    rows = []
    for one in chosen:
        since = lead_time(one.members[lead.id])
        rows.append({"listId": one.id, "createdAt": since, "updatedAt": since})
    return result(request, rows, **more)


@routes.handle("GET", "/leads/{leadId}/programMembership.json", scopes=ASSETS_READABLE)
async def programs_of_lead(request: MarketoRequest) -> Response:
    lead = lead_of(request, path_id(request, "leadId"))
    wanted = _program_filter(request)
    earliest, latest = moment(request, "earliestUpdatedAt"), moment(request, "latestUpdatedAt")
    mine = []
    for program in request.state.programs.values():
        member = program.members.get(lead.id)
        if member is None or (wanted is not None and program.id not in wanted):
            continue
        too_old = earliest is not None and member.updated_at < earliest
        too_new = latest is not None and member.updated_at > latest
        if not too_old and not too_new:
            mine.append(program)
    programs, more = page(request, mine, lambda one: one.id)
    rows = []
    for program in programs:
        row = _membership(program, program.members[lead.id])
        del row["progressionStatusType"]
        rows.append(row)
    return result(request, rows, **more)


def _program_filter(request: MarketoRequest) -> set[int] | None:
    kind = request.query_params.get("filterType")
    if kind is None:
        return None
    if kind != "programId":
        raise MarketoError(1003, f"Invalid filterType '{kind}'")
    values = request.list_param("filterValues")
    if not values:
        raise missing("filterValues")
    return {to_int(text, "filterValues") for text in values}


@routes.handle("GET", "/leads/{leadId}/smartCampaignMembership.json", scopes=ASSETS_READABLE)
async def campaigns_of_lead(request: MarketoRequest) -> Response:
    lead = lead_of(request, path_id(request, "leadId"))
    earliest, latest = moment(request, "earliestUpdatedAt"), moment(request, "latestUpdatedAt")
    mine = []
    for campaign in request.state.campaigns.values():
        entries = campaign.members.get(lead.id)
        if not entries:
            continue
        if (earliest is None or entries[-1] >= earliest) and (latest is None or entries[-1] <= latest):
            mine.append(campaign)
    campaigns, more = page(request, mine, lambda one: one.id)
    rows = []
    for campaign in campaigns:
        entries = campaign.members[lead.id]
        rows.append(
            {
                "smartCampaignId": campaign.id,
                "createdAt": lead_time(entries[0]),
                "updatedAt": lead_time(entries[-1]),
            }
        )
    return result(request, rows, **more)


def _membership(program: Program, member: Member) -> Row:
    status = program.channel.status(member.status)
    row: Row = {
        "id": program.id,
        "progressionStatus": member.status,
        "progressionStatusType": (status and status.type) or member.status,
        "isExhausted": member.exhausted,
        "acquiredBy": bool(member.data.get("acquiredBy", False)),
        "reachedSuccess": member.success_at is not None,
        "membershipDate": lead_time(member.membership_date),
        "updatedAt": lead_time(member.updated_at),
    }
    if member.stream:
        row |= {"stream": member.stream.name, "nurtureCadence": member.cadence}
    return row
