"""Fields of leads, program members and companies; those of companies are read-only."""

from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.leads.fields import Field, Schema
from airflow_provider_mkt.sandbox.marketo.paging import page
from airflow_provider_mkt.sandbox.marketo.permissions import ANY_SCHEMA, CUSTOM_SCHEMA
from airflow_provider_mkt.sandbox.marketo.requests import json_object, records
from airflow_provider_mkt.sandbox.marketo.responses import LEAD, MarketoRequest, MarketoRoutes, Row, result
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

routes = MarketoRoutes(LEAD)

MEMBERS = "/programs/members/schema/fields"
LEADS = "/leads/schema/fields"
COMPANIES = "/companies/schema/fields"


def _schema(request: MarketoRequest) -> Schema:
    if "/programs/members/" in request.endpoint.template:
        return request.state.member_schema
    leads = request.state.leads.schema
    return leads.of_companies() if "/companies/" in request.endpoint.template else leads


def _row(field: Field) -> Row:
    row: JsonObject = {
        "displayName": field.display_name,
        "name": field.name,
        "description": field.description,
        "dataType": field.data_type,
        "isHidden": field.hidden,
        "isHtmlEncodingInEmail": field.html_encoding,
        "isSensitive": field.sensitive,
        "isCustom": field.custom,
        "isApiCreated": field.api_created,
    }
    if field.length:
        row["length"] = field.length
    return row


@routes.handle("GET", LEADS + ".json", scopes=ANY_SCHEMA)
@routes.handle("GET", MEMBERS + ".json", scopes=ANY_SCHEMA)
@routes.handle("GET", COMPANIES + ".json", scopes=ANY_SCHEMA)
async def list_fields(request: MarketoRequest) -> Response:
    fields, more = page(request, list(_schema(request).fields.values()), lambda field: field.id)
    return result(request, [_row(field) for field in fields], **more)


@routes.handle("GET", LEADS + "/{fieldApiName}.json", scopes=ANY_SCHEMA)
@routes.handle("GET", MEMBERS + "/{fieldApiName}.json", scopes=ANY_SCHEMA)
@routes.handle("GET", COMPANIES + "/{fieldApiName}.json", scopes=ANY_SCHEMA)
async def get_field_by_name(request: MarketoRequest) -> Response:
    return result(request, [_row(_schema(request).get(request.path_params["fieldApiName"]))])


@routes.handle("POST", LEADS + ".json", scopes=(CUSTOM_SCHEMA,))
@routes.handle("POST", MEMBERS + ".json", scopes=(CUSTOM_SCHEMA,))
async def create_field(request: MarketoRequest) -> Response:
    schema = _schema(request)
    rows = records(await json_object(request), schema.custom_limit)
    return result(request, [{"name": field.name, "status": "created"} for field in schema.create(rows)])


@routes.handle("POST", LEADS + "/{fieldApiName}.json", scopes=ANY_SCHEMA)
@routes.handle("POST", MEMBERS + "/{fieldApiName}.json", scopes=ANY_SCHEMA)
async def update_field(request: MarketoRequest) -> Response:
    (row,) = records(await json_object(request), 1)
    field = _schema(request).update(request.path_params["fieldApiName"], row)
    return result(request, [{"name": field.name, "status": "updated"}])
