"""Sales persons: describe, sync, get and delete."""

from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.errors import MarketoError
from airflow_provider_mkt.sandbox.marketo.leads.values import match_key
from airflow_provider_mkt.sandbox.marketo.object_calls import Objects, no_links
from airflow_provider_mkt.sandbox.marketo.object_store import ObjectRecord
from airflow_provider_mkt.sandbox.marketo.permissions import SALES_PERSONS_READABLE, WRITE_SALES_PERSON
from airflow_provider_mkt.sandbox.marketo.responses import LEAD, MarketoRequest, MarketoRoutes
from airflow_provider_mkt.sandbox.marketo.sales_persons.models import KEY
from airflow_provider_mkt.sandbox.marketo.state import MarketoState

routes = MarketoRoutes(LEAD)


def _check_owner(state: MarketoState, person: ObjectRecord) -> None:
    key = match_key(person.values.get(KEY))
    if any(match_key(lead.values.get(KEY)) == key for lead in state.leads):
        # The code is not documented.
        raise MarketoError(1022, "Sales person owns active leads")


PERSONS = Objects(lambda request: request.state.sales_persons, no_links, _check_owner)


@routes.handle("GET", "/salespersons/describe.json", scopes=SALES_PERSONS_READABLE)
async def describe_sales_persons(request: MarketoRequest) -> Response:
    return await PERSONS.describe(request)


@routes.handle("GET", "/salespersons.json", scopes=SALES_PERSONS_READABLE)
async def find_sales_persons(request: MarketoRequest) -> Response:
    return await PERSONS.find(request)


@routes.handle("POST", "/salespersons.json", scopes=(WRITE_SALES_PERSON,))
async def sync_sales_persons(request: MarketoRequest) -> Response:
    return await PERSONS.sync(request)


@routes.handle("POST", "/salespersons/delete.json", scopes=(WRITE_SALES_PERSON,))
async def delete_sales_persons(request: MarketoRequest) -> Response:
    return await PERSONS.delete(request)
