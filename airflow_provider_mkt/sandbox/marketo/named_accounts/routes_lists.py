"""Lists of named accounts, and their members."""

import uuid

from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.checks import check_texts
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError, missing, object_not_found
from airflow_provider_mkt.sandbox.marketo.named_accounts.models import NAMED_ACCOUNT, AccountList
from airflow_provider_mkt.sandbox.marketo.object_calls import record_rows, wanted_fields
from airflow_provider_mkt.sandbox.marketo.object_store import GUID
from airflow_provider_mkt.sandbox.marketo.paging import page
from airflow_provider_mkt.sandbox.marketo.permissions import (
    ACCOUNT_LISTS_READABLE,
    NAMED_ACCOUNTS_READABLE,
    WRITE_ACCOUNT_LIST,
    WRITE_NAMED_ACCOUNT,
)
from airflow_provider_mkt.sandbox.marketo.requests import json_object, records, required
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

LISTS, MEMBERS = "/namedAccountLists", "/namedAccountList/{id}/namedAccounts"


@routes.handle("GET", LISTS + ".json", scopes=ACCOUNT_LISTS_READABLE)
async def find_lists(request: MarketoRequest) -> Response:
    kind, values = required(request.query_params, "filterType"), request.list_param("filterValues")
    if kind not in ("dedupeFields", "idField"):
        raise MarketoError(1011, f"Field '{kind}' is not supported for lookup")
    if not values:
        raise missing("filterValues")
    wanted = {value.lower() for value in values}
    every = list(enumerate(request.state.account_lists.values()))
    found = [
        one for one in every if (one[1].name.lower() if kind == "dedupeFields" else one[1].guid) in wanted
    ]
    lists, more = page(request, found, lambda one: one[0], says_more=False)
    return result(request, [_row(seq, one) for seq, (_, one) in enumerate(lists)], **more)


@routes.handle("POST", LISTS + ".json", scopes=(WRITE_ACCOUNT_LIST,))
async def sync_lists(request: MarketoRequest) -> Response:
    body = await json_object(request)
    check_texts(body, "action")
    rows, action = records(body), body.get("action") or "createOnly"
    if action not in ("createOnly", "updateOnly"):
        raise MarketoError(
            1003, f"Invalid value '{action}' for action. Valid values are createOnly, updateOnly"
        )
    await request.simulate_latency()
    answers: list[Row] = []
    for seq, row in enumerate(rows):
        try:
            check_texts(row, "name", GUID)
            if not row.get("name"):
                raise missing("name")
            one, status = _written(request, str(action), row)
            answers.append({"seq": seq, GUID: one.guid, "status": status})
        except MarketoError as error:
            answers.append(skipped(error, seq=seq))
    return result(request, answers)


def _written(request: MarketoRequest, action: str, row: Row) -> tuple[AccountList, str]:
    lists, now, name = request.state.account_lists, request.clock.now(), str(row["name"])
    if any(one.name.lower() == name.lower() for one in lists.values()):
        # Whether Marketo refuses a second list of a name is not documented.
        raise MarketoError(1017, f"List '{name}' already exists")
    if action == "updateOnly":
        one = _list(request, row.get(GUID))
        one.name, one.updated_at = name, now
        return one, "updated"
    guid = str(uuid.uuid5(uuid.NAMESPACE_URL, f"list {request.state.next_id('account list')}"))
    lists[guid] = AccountList(guid, name, now, now)
    return lists[guid], "created"


@routes.handle("POST", LISTS + "/delete.json", scopes=(WRITE_ACCOUNT_LIST,))
async def delete_lists(request: MarketoRequest) -> Response:
    body = await json_object(request)
    check_texts(body, "deleteBy")
    by = str(body.get("deleteBy") or "dedupeFields")
    if by not in ("dedupeFields", "idField"):
        raise MarketoError(1003, f"Invalid value '{by}' for deleteBy")
    by_id = by == "idField"
    answers: list[Row] = []
    for seq, row in enumerate(records(body)):
        try:
            one = _list(request, row.get(GUID)) if by_id else _by_name(request, row.get("name"))
            del request.state.account_lists[one.guid]
            answers.append({"seq": seq, GUID: one.guid, "status": "deleted"})
        except MarketoError as error:
            answers.append(skipped(error, seq=seq))
    return result(request, answers)


@routes.handle("GET", MEMBERS + ".json", scopes=NAMED_ACCOUNTS_READABLE)
async def list_members(request: MarketoRequest) -> Response:
    store, one = request.state.named_accounts, _list(request, request.path_params["id"])
    fields = wanted_fields(NAMED_ACCOUNT, request.list_param("fields"))
    members = [account for guid in one.members if (account := store.get(guid)) is not None]
    found, more = page(request, members, lambda account: account.number, says_more=False)
    return result(request, record_rows(store, found, fields), **more)


@routes.handle("POST", MEMBERS + ".json", scopes=(WRITE_NAMED_ACCOUNT,))
@routes.handle("POST", MEMBERS + "/remove.json", scopes=(WRITE_NAMED_ACCOUNT,))
async def change_members(request: MarketoRequest) -> Response:
    removes = request.endpoint.template.endswith("/remove.json")
    one = _list(request, request.path_params["id"])
    answers: list[Row] = []
    for seq, row in enumerate(records(await json_object(request))):
        account = request.state.named_accounts.get(row.get(GUID))
        if account is None:
            answers.append(skipped(object_not_found("Named Account", row.get(GUID)), seq=seq))
            continue
        guid = str(account.id)
        if removes:
            one.members.pop(guid, None)
        else:
            one.members[guid] = None
        answers.append({"seq": seq, GUID: guid, "status": "removed" if removes else "added"})
    return result(request, answers)


def _list(request: MarketoRequest, guid: object) -> AccountList:
    found = request.state.account_lists.get(str(guid))
    if found is None:
        raise object_not_found("Named Account List", guid)
    return found


def _by_name(request: MarketoRequest, name: object) -> AccountList:
    if not name:
        raise missing("name")
    for one in request.state.account_lists.values():
        if one.name.lower() == str(name).lower():
            return one
    raise object_not_found("Named Account List", name)


def _row(seq: int, one: AccountList) -> Row:
    return {
        "seq": seq,
        GUID: one.guid,
        "name": one.name,
        "type": "default",
        "updateable": True,
        "createdAt": lead_time(one.created_at),
        "updatedAt": lead_time(one.updated_at),
    }
