"""Leads: describe, get, list, sync and delete."""

from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.checks import check_booleans, check_texts
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError, missing, object_not_found
from airflow_provider_mkt.sandbox.marketo.exports.files import ECIDS
from airflow_provider_mkt.sandbox.marketo.leads.access import check_cookie, lead_of, origin, visible
from airflow_provider_mkt.sandbox.marketo.leads.removal import delete
from airflow_provider_mkt.sandbox.marketo.leads.store import DEFAULT_FIELDS, Lead
from airflow_provider_mkt.sandbox.marketo.leads.upsert import (
    ACTIONS,
    CREATE_DUPLICATE,
    UPDATE_ONLY,
    Planned,
    Upsert,
    apply,
    plan,
)
from airflow_provider_mkt.sandbox.marketo.paging import page
from airflow_provider_mkt.sandbox.marketo.permissions import LEADS_READABLE, WRITE_LEAD
from airflow_provider_mkt.sandbox.marketo.requests import (
    BATCH,
    json_object,
    lead_ids,
    path_id,
    records,
    required,
    wanted_fields,
)
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

MAX_MATCHES = 1000


@routes.handle("GET", "/leads/describe.json", scopes=LEADS_READABLE)
async def describe(request: MarketoRequest) -> Response:
    rows: list[Row] = []
    for field in request.state.leads.schema.visible():
        row: Row = {"id": field.id, "displayName": field.display_name, "dataType": field.data_type}
        if field.length:
            row["length"] = field.length
        rows.append(row | {"rest": {"name": field.name, "readOnly": not field.updateable}})
    return result(request, rows)


@routes.handle("GET", "/leads/describe2.json", scopes=LEADS_READABLE)
async def describe2(request: MarketoRequest) -> Response:
    schema, settings = request.state.leads.schema, request.state.accounts.settings
    fields: list[Row] = []
    for field in schema.visible():
        row: Row = {"name": field.name, "displayName": field.display_name, "dataType": field.data_type}
        if field.length:
            row["length"] = field.length
        crm_managed = settings.crm_sync and field.name in settings.blocked_fields
        fields.append(row | {"updateable": field.updateable, "crmManaged": crm_managed})
    keys = [[name] for name in schema.searchable()]
    return result(request, [{"name": "API Lead", "searchableFields": keys, "fields": fields}])


@routes.handle("GET", "/lead/{leadId}.json", scopes=LEADS_READABLE)
async def get_lead(request: MarketoRequest) -> Response:
    """Return a lead. The error for an unknown id is not documented; it is 1004 here."""
    # The sandbox has no ECIDs, because it has no shared audiences.
    fields = wanted_fields(request, request.state.leads.schema, DEFAULT_FIELDS, extra=(ECIDS,))
    lead = lead_of(request, path_id(request, "leadId"))
    return result(request, [request.state.leads.row(lead, fields)])


@routes.handle("GET", "/leads.json", scopes=LEADS_READABLE)
async def find_leads(request: MarketoRequest) -> Response:
    store = request.state.leads
    key = store.schema.key(required(request.query_params, "filterType"))
    values = request.list_param("filterValues")
    if not values:
        raise missing("filterValues")
    if len(values) > BATCH:
        raise MarketoError(1003, f"Number of filter values exceeds the limit of {BATCH}")
    if key.name == "cookies":
        for value in values:
            check_cookie(value)
    fields = wanted_fields(request, store.schema, DEFAULT_FIELDS)
    matches: dict[int, Lead] = {}
    for lead in visible(request, (lead for value in values for lead in store.find(key.name, value))):
        matches[lead.id] = lead
        if len(matches) > MAX_MATCHES:
            raise MarketoError(1003, "Too many results match the filter")
    leads, more = page(request, list(matches.values()), lambda lead: lead.id)
    return result(request, [store.row(lead, fields) for lead in leads], **more)


@routes.handle("POST", "/leads.json", scopes=(WRITE_LEAD,))
async def sync_leads(request: MarketoRequest) -> Response:
    body = await json_object(request)
    rows = records(body)
    order = _read_order(request, body)
    request_id = new_request_id(request.clock)
    planned: list[Planned | MarketoError] = []
    for row in rows:
        try:
            planned.append(plan(request.state, order, row))
        except MarketoError as error:
            planned.append(error)
    # Marketo does not lock a key between search and insert: two simultaneous requests with the same new key
    # both insert a lead.
    await request.simulate_latency()
    source, now, answers = origin("syncLead", request_id), request.clock.now(), list[Row]()
    for one in planned:
        try:
            if isinstance(one, MarketoError):
                raise one
            lead, status = apply(request.state, order, one, now, source)
            answers.append({"id": lead.id, "status": status})
        except MarketoError as error:
            answers.append(skipped(error))
    return result(request, answers, request_id)


def _read_order(request: MarketoRequest, body: Row) -> Upsert:
    check_texts(body, "action", "lookupField", "partitionName")
    check_booleans(body, "asyncProcessing")
    action = str(body.get("action") or ACTIONS[0])
    if action not in ACTIONS:
        raise MarketoError(
            1003, f"Invalid value '{action}' for action. Valid values are {', '.join(ACTIONS)}"
        )
    if body.get("asyncProcessing"):
        # The schema has the parameter, but not the response to it.
        raise MarketoError(1003, "asyncProcessing is not available for this subscription")
    lookup = str(body["lookupField"]) if body.get("lookupField") else None
    if lookup is not None and action != CREATE_DUPLICATE:
        request.state.leads.schema.key(lookup)
    if lookup == "id" and action != UPDATE_ONLY:
        raise MarketoError(1003, "lookupField 'id' is allowed only with action 'updateOnly'")
    partition = None
    name = body.get("partitionName")
    if name:
        partition = request.state.leads.partition(str(name))
        if partition is None:
            raise object_not_found("Lead partition", name)
        if action == UPDATE_ONLY:
            raise MarketoError(1003, "partitionName is not allowed with action 'updateOnly'")
    return Upsert(action, lookup, partition, request.token)


@routes.handle("POST", "/leads/delete.json", scopes=(WRITE_LEAD,))
@routes.handle("DELETE", "/leads.json", scopes=(WRITE_LEAD,))
async def delete_leads(request: MarketoRequest) -> Response:
    """Delete leads. The path with `delete` is not documented any more, but clients use it."""
    answers: list[Row] = []
    for lead_id in await lead_ids(request):
        try:
            lead: Lead = lead_of(request, lead_id)
            delete(request.state, lead)
            answers.append({"id": lead_id, "status": "deleted"})
        except MarketoError as error:
            answers.append(skipped(error, id=lead_id))
    return result(request, answers)
