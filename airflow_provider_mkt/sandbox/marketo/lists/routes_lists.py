"""Static lists in the lead database API."""

from collections.abc import Callable

from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.errors import MarketoError
from airflow_provider_mkt.sandbox.marketo.folders.models import WORKSPACE
from airflow_provider_mkt.sandbox.marketo.leads.access import API, lead_of
from airflow_provider_mkt.sandbox.marketo.leads.store import Lead
from airflow_provider_mkt.sandbox.marketo.lists import membership as membership
from airflow_provider_mkt.sandbox.marketo.lists.models import StaticList
from airflow_provider_mkt.sandbox.marketo.paging import page
from airflow_provider_mkt.sandbox.marketo.permissions import LEADS_READABLE, WRITE_LEAD
from airflow_provider_mkt.sandbox.marketo.requests import lead_ids, path_id, to_int
from airflow_provider_mkt.sandbox.marketo.responses import (
    LEAD,
    MarketoRequest,
    MarketoRoutes,
    Row,
    result,
    skipped,
)
from airflow_provider_mkt.sandbox.marketo.times import lead_time

routes = MarketoRoutes(LEAD)


@routes.handle("GET", "/lists.json", scopes=LEADS_READABLE)
async def list_lists(request: MarketoRequest) -> Response:
    ids = {to_int(text) for text in request.list_param("id")}
    names = set(request.list_param("name"))
    programs, workspaces = (
        set(request.list_param("programName")),
        set(request.list_param("workspaceName")),
    )
    chosen = []
    for one in request.state.lists.values():
        program = request.state.program_of(one.folder)
        if (
            (not ids or one.id in ids)
            and (not names or one.name in names)
            and (not programs or (program is not None and program.name in programs))
            and (not workspaces or WORKSPACE in workspaces)
        ):
            chosen.append(one)
    lists, more = page(request, chosen, lambda one: one.id, says_more=False)
    return result(request, [_row(request, one) for one in lists], **more)


@routes.handle("GET", "/lists/{listId}.json", scopes=LEADS_READABLE)
async def get_list(request: MarketoRequest) -> Response:
    return result(request, [_row(request, request.state.static_list(path_id(request, "listId")))])


def _row(request: MarketoRequest, one: StaticList) -> Row:
    row: Row = {"id": one.id, "name": one.name}
    if one.description:
        row["description"] = one.description
    program = request.state.program_of(one.folder)
    if program:
        row["programName"] = program.name
    return row | {
        "workspaceName": WORKSPACE,
        "createdAt": lead_time(one.created_at),
        "updatedAt": lead_time(one.updated_at),
    }


@routes.handle("POST", "/lists/{listId}/leads.json", scopes=(WRITE_LEAD,))
async def add(request: MarketoRequest) -> Response:
    """Add leads. The status of an existing member is not documented; it is `added` here."""

    def put(chosen: StaticList, lead: Lead) -> str:
        membership.add(request.state, chosen, lead, request.clock.now(), API)
        return "added"

    return await _each(request, put)


@routes.handle("DELETE", "/lists/{listId}/leads.json", scopes=(WRITE_LEAD,))
async def remove(request: MarketoRequest) -> Response:
    def drop(chosen: StaticList, lead: Lead) -> str:
        membership.remove(request.state, chosen, lead, request.clock.now(), API)
        return "removed"

    return await _each(request, drop)


@routes.handle("GET", "/lists/{listId}/leads/ismember.json", scopes=(WRITE_LEAD,))
async def is_member(request: MarketoRequest) -> Response:
    """Return which leads are members. The schema requires the write permission, the guide the read one."""

    def check(chosen: StaticList, lead: Lead) -> str:
        return "memberof" if lead.id in chosen.members else "notmemberof"

    return await _each(request, check)


async def _each(request: MarketoRequest, action: Callable[[StaticList, Lead], str]) -> Response:
    chosen = request.state.static_list(path_id(request, "listId"))
    answers: list[Row] = []
    for lead_id in await lead_ids(request):
        try:
            answers.append({"id": lead_id, "status": action(chosen, lead_of(request, lead_id))})
        except MarketoError as error:
            answers.append(skipped(error, id=lead_id))
    return result(request, answers)
