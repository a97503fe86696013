"""Schema fields of leads, of program members and, to read only, of companies: the same calls again."""

from typing import Any

from airflow_provider_mkt.sandbox.marketo.leads.fields import Field, Schema
from airflow_provider_mkt.sandbox.marketo.paging import page
from airflow_provider_mkt.sandbox.marketo.permissions import ANY_SCHEMA, CUSTOM_SCHEMA
from airflow_provider_mkt.sandbox.marketo.requests import json_object, records
from airflow_provider_mkt.sandbox.marketo.responses import LEAD, Call, MarketoRoutes, Row, result
from airflow_provider_mkt.sandbox.server.responses import Reply

routes = MarketoRoutes(LEAD)

MEMBERS = "/programs/members/schema/fields"
LEADS = "/leads/schema/fields"
COMPANIES = "/companies/schema/fields"


def _schema(call: Call) -> Schema:
    if "/programs/members/" in call.route.template:
        return call.state.member_schema
    leads = call.state.leads.schema
    return leads.of_companies() if "/companies/" in call.route.template else leads


def _row(field: Field) -> Row:
    row: dict[str, Any] = {
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
async def browse(call: Call) -> Reply:
    fields, more = page(call, list(_schema(call).fields.values()), lambda field: field.id)
    return result(call, [_row(field) for field in fields], **more)


@routes.handle("GET", LEADS + "/{fieldApiName}.json", scopes=ANY_SCHEMA)
@routes.handle("GET", MEMBERS + "/{fieldApiName}.json", scopes=ANY_SCHEMA)
@routes.handle("GET", COMPANIES + "/{fieldApiName}.json", scopes=ANY_SCHEMA)
async def by_name(call: Call) -> Reply:
    return result(call, [_row(_schema(call).get(call.path["fieldApiName"]))])


@routes.handle("POST", LEADS + ".json", scopes=(CUSTOM_SCHEMA,))
@routes.handle("POST", MEMBERS + ".json", scopes=(CUSTOM_SCHEMA,))
async def create(call: Call) -> Reply:
    schema = _schema(call)
    rows = records(await json_object(call), schema.custom_limit)
    return result(call, [{"name": field.name, "status": "created"} for field in schema.create(rows)])


@routes.handle("POST", LEADS + "/{fieldApiName}.json", scopes=ANY_SCHEMA)
@routes.handle("POST", MEMBERS + "/{fieldApiName}.json", scopes=ANY_SCHEMA)
async def update(call: Call) -> Reply:
    (row,) = records(await json_object(call), 1)
    field = _schema(call).update(call.path["fieldApiName"], row)
    return result(call, [{"name": field.name, "status": "updated"}])
