"""Named accounts: describe, sync, get and delete, and their fields."""

from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.named_accounts.models import NAMED_ACCOUNT
from airflow_provider_mkt.sandbox.marketo.object_calls import Objects, get_field, list_fields
from airflow_provider_mkt.sandbox.marketo.permissions import (
    ANY_SCHEMA,
    NAMED_ACCOUNTS_READABLE,
    WRITE_NAMED_ACCOUNT,
)
from airflow_provider_mkt.sandbox.marketo.responses import LEAD, MarketoRequest, MarketoRoutes

routes = MarketoRoutes(LEAD)

ACCOUNTS = Objects(lambda request: request.state.named_accounts, of_crm=False)
FIELDS = "/namedaccounts/schema/fields"


@routes.handle("GET", "/namedaccounts/describe.json", scopes=NAMED_ACCOUNTS_READABLE)
async def describe_named_accounts(request: MarketoRequest) -> Response:
    return await ACCOUNTS.describe(request)


@routes.handle("GET", "/namedaccounts.json", scopes=NAMED_ACCOUNTS_READABLE)
async def find_named_accounts(request: MarketoRequest) -> Response:
    return await ACCOUNTS.find(request)


@routes.handle("POST", "/namedaccounts.json", scopes=(WRITE_NAMED_ACCOUNT,))
async def sync_named_accounts(request: MarketoRequest) -> Response:
    return await ACCOUNTS.sync(request)


@routes.handle("POST", "/namedaccounts/delete.json", scopes=(WRITE_NAMED_ACCOUNT,))
async def delete_named_accounts(request: MarketoRequest) -> Response:
    return await ACCOUNTS.delete(request)


@routes.handle("GET", FIELDS + ".json", scopes=ANY_SCHEMA)
async def list_account_fields(request: MarketoRequest) -> Response:
    return list_fields(request, NAMED_ACCOUNT)


@routes.handle("GET", FIELDS + "/{fieldApiName}.json", scopes=ANY_SCHEMA)
async def get_account_field(request: MarketoRequest) -> Response:
    return get_field(request, NAMED_ACCOUNT)
