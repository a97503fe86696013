"""Companies: describe, sync, get and delete."""

from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.object_calls import Objects, check_sales_person
from airflow_provider_mkt.sandbox.marketo.permissions import COMPANIES_READABLE, WRITE_COMPANY
from airflow_provider_mkt.sandbox.marketo.responses import LEAD, MarketoRequest, MarketoRoutes

routes = MarketoRoutes(LEAD)

COMPANIES = Objects(lambda request: request.state.companies, check_sales_person)


@routes.handle("GET", "/companies/describe.json", scopes=COMPANIES_READABLE)
async def describe_companies(request: MarketoRequest) -> Response:
    return await COMPANIES.describe(request)


@routes.handle("GET", "/companies.json", scopes=COMPANIES_READABLE)
async def find_companies(request: MarketoRequest) -> Response:
    return await COMPANIES.find(request)


@routes.handle("POST", "/companies.json", scopes=(WRITE_COMPANY,))
async def sync_companies(request: MarketoRequest) -> Response:
    return await COMPANIES.sync(request)


@routes.handle("POST", "/companies/delete.json", scopes=(WRITE_COMPANY,))
async def delete_companies(request: MarketoRequest) -> Response:
    return await COMPANIES.delete(request)
