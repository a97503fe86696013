"""Push leads and submit forms, which log an activity each time."""

from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.activities.activity_types import FILL_OUT_FORM, PUSH_LEAD
from airflow_provider_mkt.sandbox.marketo.checks import check_texts, object_of
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError, missing, object_not_found
from airflow_provider_mkt.sandbox.marketo.leads.access import check_cookie, origin
from airflow_provider_mkt.sandbox.marketo.leads.upsert import Planned, Upsert, apply, plan
from airflow_provider_mkt.sandbox.marketo.leads.values import Value, read_value
from airflow_provider_mkt.sandbox.marketo.lists.models import Form
from airflow_provider_mkt.sandbox.marketo.permissions import WRITE_LEAD
from airflow_provider_mkt.sandbox.marketo.programs.enrolment import advance
from airflow_provider_mkt.sandbox.marketo.programs.models import Program, Status
from airflow_provider_mkt.sandbox.marketo.requests import json_object, records, to_int
from airflow_provider_mkt.sandbox.marketo.responses import (
    LEAD,
    MarketoRequest,
    MarketoRoutes,
    Row,
    new_request_id,
    result,
    skipped,
)

routes = MarketoRoutes(LEAD)

CLICK_TOKEN = "mktToken"  # noqa: S105


@routes.handle("POST", "/leads/push.json", scopes=(WRITE_LEAD,))
async def push(request: MarketoRequest) -> Response:
    body = await json_object(request)
    rows = records(body)
    check_texts(body, "programName", "programStatus", "lookupField", "partitionName", "source", "reason")
    program, status = _push_target(request, body)
    lookup = str(body["lookupField"]) if body.get("lookupField") else None
    if lookup is not None and lookup != CLICK_TOKEN:
        request.state.leads.schema.key(lookup)
    partition = None
    if body.get("partitionName"):
        partition = request.state.leads.partition(str(body["partitionName"]))
        if partition is None:
            raise object_not_found("Lead partition", body["partitionName"])
    order, request_id = (
        Upsert("createOrUpdate", lookup, partition, request.token),
        new_request_id(request.clock),
    )
    planned: list[tuple[Planned, str | None] | MarketoError] = []
    for row in rows:
        try:
            planned.append(_plan_push(request, order, row))
        except MarketoError as error:
            planned.append(error)
    await request.simulate_latency()
    answers: list[Row] = []
    for one in planned:
        if isinstance(one, MarketoError):
            # Unlike other endpoints, a failed row has reasons, but no status.
            answers.append({"reasons": [one.reason]})
            continue
        answers.append(_apply_push(request, order, one, program, status, body, request_id))
    return result(request, answers, request_id)


def _push_target(request: MarketoRequest, body: Row) -> tuple[Program, Status | None]:
    name = body.get("programName")
    if not name:
        raise missing("programName")
    program = next((one for one in request.state.programs.values() if one.name == name), None)
    if program is None:
        raise object_not_found("Program", name)
    wanted = body.get("programStatus")
    status = program.channel.status(str(wanted)) if wanted else None
    if wanted and status is None:
        raise MarketoError(1025, f"Invalid program status '{wanted}'")
    return program, status


def _plan_push(request: MarketoRequest, order: Upsert, row: Row) -> tuple[Planned, str | None]:
    row = dict(row)
    click, cookies = row.pop(CLICK_TOKEN, None), row.pop("cookies", None)
    if order.lookup_field == CLICK_TOKEN:
        if not click:
            raise missing(CLICK_TOKEN)
        # Only real emails have click tokens, so none is valid here.
        raise MarketoError(1004, f"Lead not found for {CLICK_TOKEN}")
    if cookies is not None:
        check_cookie(str(cookies))
    return plan(request.state, order, row), None if cookies is None else str(cookies)


def _apply_push(
    request: MarketoRequest,
    order: Upsert,
    one: tuple[Planned, str | None],
    program: Program,
    status: Status | None,
    body: Row,
    request_id: str,
) -> Row:
    planned, cookie = one
    now, source = request.clock.now(), origin("pushLeadToMarketo", request_id)
    try:
        lead, upsert_status = apply(request.state, order, planned, now, source)
    except MarketoError as error:
        return {"reasons": [error.reason]}
    if cookie:
        request.state.leads.associate(lead, cookie)
    named = {"Source": body.get("source"), "Reason": body.get("reason"), "API Method Name": source.method}
    attributes: dict[str, object] = {name: value for name, value in named.items() if value}
    request.state.log.add(PUSH_LEAD, lead.id, now, attributes, primary=(program.id, program.name))
    if status:
        advance(request.state, program, lead.id, status, now)
    return {"id": lead.id, "status": upsert_status}


@routes.handle("POST", "/leads/submitForm.json", scopes=(WRITE_LEAD,))
async def submit_form(request: MarketoRequest) -> Response:
    body = await json_object(request)
    if "formId" not in body:
        raise missing("formId")
    form = request.state.forms.get(to_int(body["formId"], "formId"))
    if form is None:
        raise object_not_found("Form", body["formId"])
    program_id = body.get("programId")
    program = None if program_id is None else request.state.program(to_int(program_id, "programId"))
    (row,) = records(body, 1)
    request_id = new_request_id(request.clock)
    values, data = _read_form(request, form, row)
    if program is None and data and form.program_id:
        program = request.state.program(form.program_id)
    order = Upsert()
    try:
        planned = plan(request.state, order, values)
        await request.simulate_latency()
        lead, upsert_status = apply(
            request.state, order, planned, request.clock.now(), origin("submitForm", request_id)
        )
    except MarketoError as error:
        return result(request, [skipped(error)], request_id)
    if row.get("cookie"):
        request.state.leads.associate(lead, str(row["cookie"]))
    visit = object_of(row, "visitorData")
    named = {
        "Form Fields": ", ".join(values),
        "Client IP Address": visit.get("leadClientIpAddress"),
        "Query Parameters": visit.get("queryString"),
        "Referrer URL": visit.get("pageURL"),
        "User Agent": visit.get("userAgentString"),
    }
    attributes: dict[str, object] = {name: value for name, value in named.items() if value}
    request.state.log.add(
        FILL_OUT_FORM, lead.id, request.clock.now(), attributes, primary=(form.id, form.name)
    )
    if program:
        advance(request.state, program, lead.id, program.channel.first(), request.clock.now())
        program.members[lead.id].data.update(data)
    return result(request, [{"id": lead.id, "status": upsert_status}], request_id)


def _read_form(request: MarketoRequest, form: Form, row: Row) -> tuple[Row, dict[str, Value]]:
    check_texts(row, "cookie")
    visit = object_of(row, "visitorData")
    check_texts(visit, "pageURL", "queryString", "leadClientIpAddress", "userAgentString")
    values = object_of(row, "leadFormFields")
    if not values:
        raise missing("leadFormFields")
    if not values.get("email"):
        raise MarketoError(1003, "Form validation failed: email is required")
    unknown = [name for name in values if name not in form.fields + form.member_fields]
    if unknown:
        raise MarketoError(1003, f"Form validation failed: field '{unknown[0]}' is not on the form")
    cookie = row.get("cookie")
    if cookie:
        check_cookie(str(cookie))
    data: dict[str, Value] = {}
    for name in form.member_fields:
        if name in values:
            field = request.state.member_schema.get(name)
            data[name] = read_value(field.data_type, field.length, values[name])
    return {name: value for name, value in values.items() if name in form.fields}, data
