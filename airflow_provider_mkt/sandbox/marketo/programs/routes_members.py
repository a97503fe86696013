"""Program members: describe, list, set status, set data and delete."""

from datetime import datetime, timedelta

from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.checks import check_texts
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError, missing
from airflow_provider_mkt.sandbox.marketo.leads.access import API, lead_of, visible
from airflow_provider_mkt.sandbox.marketo.leads.fields import Field
from airflow_provider_mkt.sandbox.marketo.leads.values import match_key
from airflow_provider_mkt.sandbox.marketo.paging import moment, page
from airflow_provider_mkt.sandbox.marketo.permissions import LEADS_READABLE, WRITE_LEAD
from airflow_provider_mkt.sandbox.marketo.programs import member_data
from airflow_provider_mkt.sandbox.marketo.programs.enrolment import leave, set_status
from airflow_provider_mkt.sandbox.marketo.programs.models import Member, Program, Status
from airflow_provider_mkt.sandbox.marketo.requests import (
    BATCH,
    json_object,
    path_id,
    records,
    required,
    to_int,
    wanted_fields,
)
from airflow_provider_mkt.sandbox.marketo.responses import (
    LEAD,
    MarketoRequest,
    MarketoRoutes,
    Row,
    result,
    skipped,
)
from airflow_provider_mkt.sandbox.marketo.times import has_milliseconds

routes = MarketoRoutes(LEAD)

DEFAULTS = ("acquiredBy", "leadId", "membershipDate", "programId", "reachedSuccess")
MAX_MEMBERS = 100_000
LONGEST_RANGE = timedelta(days=7)
DESCRIBED_AT = "2020-01-01T00:00:00Z"


@routes.handle("GET", "/programs/members/describe.json", scopes=LEADS_READABLE)
@routes.handle("GET", "/program/members/describe.json", scopes=LEADS_READABLE)
async def describe_members(request: MarketoRequest) -> Response:
    schema = request.state.member_schema
    row: Row = {"name": "API Program Membership", "fields": [_described(one) for one in schema.visible()]}
    if "/programs/" in request.endpoint.template:
        row |= {
            "description": "Map for API program membership fields",
            "createdAt": DESCRIBED_AT,
            "updatedAt": DESCRIBED_AT,
            "dedupeFields": ["leadId", "programId"],
            "searchableFields": [[name] for name in schema.searchable()],
        }
    return result(request, [row])


def _described(field: Field) -> Row:
    row: Row = {"name": field.name, "displayName": field.display_name, "dataType": field.data_type}
    if field.length:
        row["length"] = field.length
    return row | {"updateable": field.updateable, "crmManaged": False}


@routes.handle("GET", "/programs/{programId}/members.json", scopes=LEADS_READABLE)
async def find_members(request: MarketoRequest) -> Response:
    program = request.state.program(path_id(request, "programId"))
    fields = wanted_fields(request, request.state.member_schema, DEFAULTS)
    people = {lead.id for lead in visible(request, [request.state.leads.get(one) for one in program.members])}
    members = [one for one in program.members.values() if one.lead_id in people]
    kind = required(request.query_params, "filterType")
    if kind != "leadId" and len(program.members) > MAX_MEMBERS:
        raise MarketoError(
            1003,
            f"Total membership size: {len(program.members):,} exceeds the limit allowed {MAX_MEMBERS:,} "
            "for the filter",
        )
    chosen, more = page(request, _filtered(request, program, members, kind), lambda one: one.lead_id)
    rows: list[Row] = []
    for seq, member in enumerate(chosen):
        row: Row = {"seq": seq, "leadId": member.lead_id}
        for name in fields:
            value = program.member_value(member, name)
            if value is not None:
                row[name] = value
        rows.append(row)
    return result(request, rows, **more)


def _filtered(request: MarketoRequest, program: Program, members: list[Member], kind: str) -> list[Member]:
    if kind == "updatedAt":
        start, end = _range_end(request, "startAt"), _range_end(request, "endAt")
        if end < start or end - start > LONGEST_RANGE:
            raise MarketoError(1003, "The range from startAt to endAt must be 7 days or less")
        return [one for one in members if start <= one.updated_at.replace(microsecond=0) <= end]
    request.state.member_schema.key(kind)
    values = {match_key(text) for text in request.list_param("filterValues")}
    if not values:
        raise missing("filterValues")
    if len(values) > BATCH:
        raise MarketoError(1003, f"Number of filter values exceeds the limit of {BATCH}")
    return [one for one in members if match_key(program.member_value(one, kind)) in values]


def _range_end(request: MarketoRequest, name: str) -> datetime:
    if has_milliseconds(required(request.query_params, name)):
        raise MarketoError(1003, f"Milliseconds are not allowed in '{name}'")
    found = moment(request, name)
    if found is None:
        raise missing(name)
    return found


@routes.handle("POST", "/programs/{programId}/members/status.json", scopes=(WRITE_LEAD,))
async def sync_status(request: MarketoRequest) -> Response:
    program = request.state.program(path_id(request, "programId"))
    body = await json_object(request)
    rows = records(body)
    check_texts(body, "statusName")
    status = _status(program, body.get("statusName"), "statusName")
    answers: list[Row] = []
    for seq, row in enumerate(rows):
        lead_id = to_int(row.get("leadId"), "leadId")
        try:
            lead_of(request, lead_id)
            result_status = set_status(
                request.state, program, lead_id, status, request.clock.now(), reason=API
            )
            answers.append({"seq": seq, "status": result_status, "leadId": lead_id})
        except MarketoError as error:
            answers.append(skipped(error, seq=seq, leadId=lead_id))
    return result(request, answers)


@routes.handle("POST", "/leads/programs/{programId}/status.json", scopes=(WRITE_LEAD,))
async def change_status(request: MarketoRequest) -> Response:
    """Change the status of members. This older endpoint does not add members."""
    program = request.state.program(path_id(request, "programId"))
    body = await json_object(request)
    rows = records(body)
    check_texts(body, "status")
    status = _status(program, body.get("status"), "status")
    answers: list[Row] = []
    for row in rows:
        lead_id = to_int(row.get("id"))
        try:
            lead_of(request, lead_id)
            _member(program, lead_id)
            set_status(request.state, program, lead_id, status, request.clock.now(), reason=API)
            answers.append({"id": lead_id, "status": "updated"})
        except MarketoError as error:
            answers.append(skipped(error, id=lead_id))
    return result(request, answers)


def _status(program: Program, name: object, parameter: str) -> Status:
    if not name:
        raise missing(parameter)
    status = program.channel.status(str(name))
    if status is None:
        raise MarketoError(1025, f"Program status '{name}' not found")
    return status


@routes.handle("POST", "/programs/{programId}/members.json", scopes=(WRITE_LEAD,))
async def sync_data(request: MarketoRequest) -> Response:
    program = request.state.program(path_id(request, "programId"))
    answers: list[Row] = []
    for seq, row in enumerate(records(await json_object(request))):
        lead_id = to_int(row.get("leadId"), "leadId")
        try:
            lead_of(request, lead_id)
            _write(request, program, lead_id, row)
            answers.append({"seq": seq, "status": "updated", "leadId": lead_id})
        except MarketoError as error:
            answers.append(skipped(error, seq=seq, leadId=lead_id))
    return result(request, answers)


def _member(program: Program, lead_id: int) -> Member:
    member = program.members.get(lead_id)
    if member is None:
        raise MarketoError(1013, "Membership not found")
    return member


def _write(request: MarketoRequest, program: Program, lead_id: int, row: Row) -> None:
    member = _member(program, lead_id)
    values = member_data.read(request.state, {name: value for name, value in row.items() if name != "leadId"})
    member_data.write(request.state, program, member, values, request.clock.now(), API)


@routes.handle("POST", "/programs/{programId}/members/delete.json", scopes=(WRITE_LEAD,))
async def delete_members(request: MarketoRequest) -> Response:
    program = request.state.program(path_id(request, "programId"))
    answers: list[Row] = []
    for seq, row in enumerate(records(await json_object(request))):
        lead_id = to_int(row.get("leadId"), "leadId")
        try:
            lead_of(request, lead_id)
            leave(request.state, program, lead_id, request.clock.now())
            answers.append({"seq": seq, "status": "deleted", "leadId": lead_id})
        except MarketoError as error:
            answers.append(skipped(error, seq=seq, leadId=lead_id))
    return result(request, answers)
