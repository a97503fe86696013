"""Companies: describe, sync, get and delete."""

from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.companies.store import Company
from airflow_provider_mkt.sandbox.marketo.errors import (
    MarketoError,
    field_not_found,
    missing,
    object_not_found,
)
from airflow_provider_mkt.sandbox.marketo.leads.values import Value, match_key, read_value
from airflow_provider_mkt.sandbox.marketo.paging import page
from airflow_provider_mkt.sandbox.marketo.permissions import COMPANIES_READABLE, WRITE_COMPANY
from airflow_provider_mkt.sandbox.marketo.requests import BATCH, json_object, records, required
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

KEY = "externalCompanyId"
KEY_FIELDS = {"dedupeFields": KEY, "idField": "id"}
ACTIONS = ("createOrUpdate", "createOnly", "updateOnly")
KEYS = ("id", KEY, "company")
DEFAULTS = ("id", KEY, "company", "createdAt", "updatedAt")


@routes.handle("GET", "/companies.json", scopes=COMPANIES_READABLE)
async def find_companies(request: MarketoRequest) -> Response:
    kind = required(request.query_params, "filterType")
    if kind not in KEYS:
        raise MarketoError(1011, f"Field '{kind}' is not supported for lookup")
    values = {match_key(text) for text in request.list_param("filterValues")}
    if not values:
        raise missing("filterValues")
    if len(values) > BATCH:
        raise MarketoError(1003, f"Number of filter values exceeds the limit of {BATCH}")
    fields = request.list_param("fields") or list(DEFAULTS)
    for name in fields:
        if name not in DEFAULTS and name not in _columns(request):
            raise field_not_found(name)
    found = [one for one in request.state.companies.all() if match_key(_values(one).get(kind)) in values]
    companies, more = page(request, found, lambda one: one.id, says_more=False)
    rows: list[Row] = []
    for seq, one in enumerate(companies):
        fields_row = {
            name: value for name, value in _values(one).items() if name in fields and value is not None
        }
        rows.append({"seq": seq, "id": one.id} | fields_row)
    return result(request, rows, **more)


@routes.handle("POST", "/companies.json", scopes=(WRITE_COMPANY,))
async def sync_companies(request: MarketoRequest) -> Response:
    body = await json_object(request)
    rows = records(body)
    action, by = body.get("action") or ACTIONS[0], str(body.get("dedupeBy") or "dedupeFields")
    if action not in ACTIONS:
        raise MarketoError(
            1003, f"Invalid value '{action}' for action. Valid values are {', '.join(ACTIONS)}"
        )
    if by not in KEY_FIELDS:
        raise MarketoError(1003, f"Invalid value '{by}' for dedupeBy")
    if by == "idField" and action == "createOnly":
        raise MarketoError(1003, "dedupeBy 'idField' is not allowed with action 'createOnly'")
    await request.simulate_latency()
    answers: list[Row] = []
    for seq, row in enumerate(rows):
        try:
            company, status = _write(request, str(action), KEY_FIELDS[by], row)
            answers.append({"seq": seq, "id": company.id, "status": status})
        except MarketoError as error:
            answers.append(skipped(error, seq=seq))
    return result(request, answers)


@routes.handle("POST", "/companies/delete.json", scopes=(WRITE_COMPANY,))
async def delete_company(request: MarketoRequest) -> Response:
    body = await json_object(request)
    rows, by = records(body), str(body.get("deleteBy") or "dedupeFields")
    if by not in KEY_FIELDS:
        raise MarketoError(1003, f"Invalid value '{by}' for deleteBy")
    await request.simulate_latency()
    answers: list[Row] = []
    for seq, row in enumerate(rows):
        try:
            company = _existing(request, KEY_FIELDS[by], row)
            request.state.companies.delete(company)
            answers.append({"seq": seq, "id": company.id, "status": "deleted"})
        except MarketoError as error:
            answers.append(skipped(error, seq=seq))
    return result(request, answers)


def _existing(request: MarketoRequest, key: str, row: Row) -> Company:
    if row.get(key) in (None, ""):
        raise missing(key)
    found = _found(request, key, row)
    if found is None:
        raise object_not_found("Company", row[key])
    return found


def _found(request: MarketoRequest, key: str, row: Row) -> Company | None:
    store = request.state.companies
    return store.get(row["id"]) if key == "id" else store.by_external_id(row[key])


def _write(request: MarketoRequest, action: str, key: str, row: Row) -> tuple[Company, str]:
    store = request.state.companies
    if row.get(key) in (None, ""):
        raise missing(key)
    columns, values = _columns(request), dict[str, Value]()
    for name, value in row.items():
        if name in ("id", KEY):
            continue
        if name not in columns:
            raise field_not_found(name)
        field = request.state.leads.schema.get(name)
        values[name] = read_value(field.data_type, field.length, value)
    found = _found(request, key, row)
    if found is None:
        if action == "updateOnly" or key == "id":
            raise object_not_found("Company", row[key])
        return store.insert(str(row[KEY]), values, request.clock.now()), "created"
    if action == "createOnly":
        raise MarketoError(1017, "Company already exists")
    store.update(found, values, request.clock.now())
    return found, "updated"


def _columns(request: MarketoRequest) -> list[str]:
    return [field.name for field in request.state.leads.schema.fields.values() if field.company]


def _values(one: Company) -> dict[str, Value]:
    known: dict[str, Value] = {
        "id": one.id,
        KEY: one.external_id,
        "createdAt": lead_time(one.created_at),
        "updatedAt": lead_time(one.updated_at),
    }
    return one.values | known


@routes.handle("GET", "/companies/describe.json", scopes=COMPANIES_READABLE)
async def describe_companies(request: MarketoRequest) -> Response:
    fields: list[Row] = [
        {"name": KEY, "displayName": "External Company Id", "dataType": "string", "length": 255},
        {"name": "id", "displayName": "Id", "dataType": "integer"},
        {"name": "createdAt", "displayName": "Created At", "dataType": "datetime"},
        {"name": "updatedAt", "displayName": "Updated At", "dataType": "datetime"},
    ]
    for name in _columns(request):
        field = request.state.leads.schema.get(name)
        fields.append({"name": name, "displayName": field.display_name, "dataType": field.data_type})
    for row in fields:
        row["updateable"] = row["name"] not in ("id", "createdAt", "updatedAt")
    described: Row = {
        "name": "Company",
        "displayName": "Company",
        "pluralName": "Companies",
        "apiName": "company",
        "description": "Company object",
        "idField": "id",
        "dedupeFields": [KEY],
        "searchableFields": [[name] for name in KEYS],
        "createdAt": "2020-01-01T00:00:00Z",
        "updatedAt": "2020-01-01T00:00:00Z",
        "fields": fields,
        "relationships": [],
        "state": "approved",
        # Required by the schema, but not described.
        "status": "approved",
        "version": "approved",
    }
    return result(request, [described])
