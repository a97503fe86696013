"""Opportunities and roles: describe, sync, get and delete; fields of opportunities."""

from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.errors import object_not_found
from airflow_provider_mkt.sandbox.marketo.leads.values import Value
from airflow_provider_mkt.sandbox.marketo.object_calls import (
    Objects,
    check_lead,
    check_sales_person,
    get_field,
    list_fields,
)
from airflow_provider_mkt.sandbox.marketo.opportunities.models import KEY, OPPORTUNITY
from airflow_provider_mkt.sandbox.marketo.permissions import (
    ANY_SCHEMA,
    OPPORTUNITIES_READABLE,
    WRITE_OPPORTUNITY,
)
from airflow_provider_mkt.sandbox.marketo.responses import LEAD, MarketoRequest, MarketoRoutes
from airflow_provider_mkt.sandbox.marketo.state import MarketoState

routes = MarketoRoutes(LEAD)


def _check_role(state: MarketoState, values: dict[str, Value]) -> None:
    opportunity = values.get(KEY)
    if opportunity is not None and state.opportunities.by_key(opportunity) is None:
        raise object_not_found("Opportunity", opportunity)
    check_lead(state, values.get("leadId"))


DEALS = Objects(lambda request: request.state.opportunities, check_sales_person)
ROLES = Objects(lambda request: request.state.opportunity_roles, _check_role)
PATH, ROLE_PATH, FIELDS = "/opportunities", "/opportunities/roles", "/opportunities/schema/fields"


def _objects(request: MarketoRequest) -> Objects:
    return ROLES if "/roles" in request.endpoint.template else DEALS


@routes.handle("GET", PATH + "/describe.json", scopes=OPPORTUNITIES_READABLE)
@routes.handle("GET", ROLE_PATH + "/describe.json", scopes=OPPORTUNITIES_READABLE)
async def describe(request: MarketoRequest) -> Response:
    return await _objects(request).describe(request)


@routes.handle("GET", PATH + ".json", scopes=OPPORTUNITIES_READABLE)
@routes.handle("GET", ROLE_PATH + ".json", scopes=OPPORTUNITIES_READABLE)
async def find(request: MarketoRequest) -> Response:
    return await _objects(request).find(request)


@routes.handle("POST", PATH + ".json", scopes=(WRITE_OPPORTUNITY,))
@routes.handle("POST", ROLE_PATH + ".json", scopes=(WRITE_OPPORTUNITY,))
async def sync(request: MarketoRequest) -> Response:
    return await _objects(request).sync(request)


@routes.handle("POST", PATH + "/delete.json", scopes=(WRITE_OPPORTUNITY,))
@routes.handle("POST", ROLE_PATH + "/delete.json", scopes=(WRITE_OPPORTUNITY,))
async def delete(request: MarketoRequest) -> Response:
    return await _objects(request).delete(request)


@routes.handle("GET", FIELDS + ".json", scopes=ANY_SCHEMA)
async def list_opportunity_fields(request: MarketoRequest) -> Response:
    return list_fields(request, OPPORTUNITY)


@routes.handle("GET", FIELDS + "/{fieldApiName}.json", scopes=ANY_SCHEMA)
async def get_opportunity_field(request: MarketoRequest) -> Response:
    return get_field(request, OPPORTUNITY)
