"""Activities: types, paging tokens, activities, lead changes and deleted leads."""

from collections.abc import Callable
from datetime import timedelta

from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.activities.activity_types import (
    CATALOG,
    CHANGE_DATA_VALUE,
    DELETE_LEAD,
    NEW_LEAD,
    ActivityType,
)
from airflow_provider_mkt.sandbox.marketo.activities.custom_type_store import CustomType
from airflow_provider_mkt.sandbox.marketo.activities.store import Activity, Position
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError, missing
from airflow_provider_mkt.sandbox.marketo.paging import batch_size, moment, read_position, write_position
from airflow_provider_mkt.sandbox.marketo.permissions import ACTIVITIES_READABLE
from airflow_provider_mkt.sandbox.marketo.requests import required, to_int
from airflow_provider_mkt.sandbox.marketo.responses import (
    LEAD,
    MarketoRequest,
    MarketoRoutes,
    Row,
    result,
    success,
)
from airflow_provider_mkt.sandbox.marketo.times import has_milliseconds, lead_time

routes = MarketoRoutes(LEAD)

MAX_TYPES = 10
MAX_LEADS = 30
LARGEST_LIST = 10_000
DELETES_RETENTION = timedelta(days=14)
SCOPES = ACTIVITIES_READABLE


@routes.handle("GET", "/activities/types.json", scopes=SCOPES)
async def types(request: MarketoRequest) -> Response:
    custom = [one for one in request.state.custom_types.types.values() if one.live]
    return result(
        request, [_type(CATALOG[one]) for one in sorted(CATALOG)] + [_custom(one) for one in custom]
    )


def _custom(one: CustomType) -> Row:
    row = one.row(one.live) if one.live else {}
    named = ("id", "apiName", "name", "description", "primaryAttribute", "attributes")
    return {name: row[name] for name in named if name in row}


def _type(one: ActivityType) -> Row:
    row: Row = {"id": one.id, "name": one.name, "description": one.description}
    if one.primary:
        kind = "integer" if one.primary.endswith(" ID") else "string"
        row["primaryAttribute"] = {"name": one.primary, "dataType": kind}
    return row | {"attributes": [{"name": name, "dataType": kind} for name, kind in one.attributes]}


@routes.handle("GET", "/activities/pagingtoken.json", scopes=SCOPES)
async def paging_token(request: MarketoRequest) -> Response:
    text = required(request.query_params, "sinceDatetime")
    if has_milliseconds(text):
        raise MarketoError(1003, "Milliseconds are not allowed in 'sinceDatetime'")
    since = moment(request, "sinceDatetime")
    if since is None:
        raise missing("sinceDatetime")
    return success(request, nextPageToken=write_position(request, Position(since, 0)))


@routes.handle("GET", "/activities.json", scopes=SCOPES)
async def activities(request: MarketoRequest) -> Response:
    wanted = {to_int(text, "activityTypeIds") for text in request.list_param("activityTypeIds")}
    if not wanted:
        raise missing("activityTypeIds")
    if len(wanted) > MAX_TYPES:
        raise MarketoError(1003, f"Number of activityTypeIds exceeds the limit of {MAX_TYPES}")
    if DELETE_LEAD in wanted:
        raise MarketoError(1003, f"Activity type {DELETE_LEAD} can only be read as deleted leads")
    assets = {to_int(text, "assetIds") for text in request.list_param("assetIds")}
    if assets and len(wanted) != 1:
        raise MarketoError(1003, "assetIds needs exactly one activity type")
    people = _people(request)

    def matches(row: Activity) -> bool:
        return (
            row.type_id in wanted
            and not row.skipped
            and (people is None or row.lead_id in people)
            and (not assets or row.primary_id in assets)
        )

    return _page(request, matches, _row)


@routes.handle("GET", "/activities/leadchanges.json", scopes=SCOPES)
async def changes(request: MarketoRequest) -> Response:
    fields = set(request.list_param("fields"))
    if not fields:
        raise missing("fields")
    for name in fields:
        request.state.leads.schema.get(name)
    people = _people(request)

    def matches(row: Activity) -> bool:
        about = row.type_id == CHANGE_DATA_VALUE and any(one["name"] in fields for one in row.fields)
        return (about or row.type_id == NEW_LEAD) and (people is None or row.lead_id in people)

    return _page(request, matches, _change)


def _change(request: MarketoRequest, row: Activity) -> Row:
    written = _row(request, row)
    for name in ("primaryAttributeValueId", "primaryAttributeValue"):
        written.pop(name, None)
    return written | {"fields": list(row.fields)}


@routes.handle("GET", "/activities/deletedleads.json", scopes=SCOPES)
async def deleted(request: MarketoRequest) -> Response:
    oldest = request.clock.now() - DELETES_RETENTION
    return _page(request, lambda row: row.type_id == DELETE_LEAD and row.date >= oldest, _row)


def _people(request: MarketoRequest) -> set[int] | None:
    """Return the leads whose activities are requested; None for all leads."""
    leads = {to_int(text, "leadIds") for text in request.list_param("leadIds")}
    if len(leads) > MAX_LEADS:
        raise MarketoError(1003, f"Number of leadIds exceeds the limit of {MAX_LEADS}")
    text = request.query_params.get("listId")
    if not text:
        return leads or None
    settings = request.state.accounts.settings
    members = set(request.state.static_list(to_int(text, "listId")).members)
    if len(members) >= LARGEST_LIST and request.clock.now().date() >= settings.large_lists_from:
        raise MarketoError(1003, f"List must have fewer than {LARGEST_LIST} members")
    return members & leads if leads else members


def _page(
    request: MarketoRequest,
    matches: Callable[[Activity], bool],
    write: Callable[[MarketoRequest, Activity], Row],
) -> Response:
    block = request.state.accounts.settings.activity_block
    page = request.state.log.page(
        read_position(request), request.clock.now(), batch_size(request), matches, block
    )
    token = write_position(request, page.position)
    # There is always a token: at the end, it is the position of the next poll.
    return result(
        request, [write(request, row) for row in page.rows], nextPageToken=token, moreResult=page.more
    )


def _row(request: MarketoRequest, row: Activity) -> Row:
    written: Row = {
        "id": row.id,
        "marketoGUID": row.guid,
        "leadId": row.lead_id,
        "activityDate": lead_time(row.date),
        "activityTypeId": row.type_id,
    }
    if row.campaign_id is not None:
        written["campaignId"] = row.campaign_id
    if row.primary_id is not None:
        written["primaryAttributeValueId"] = row.primary_id
    if row.primary_value is not None:
        written["primaryAttributeValue"] = row.primary_value
    api_names = request.state.custom_types.api_names(row.type_id)
    attributes: list[Row] = []
    for name, value in row.attributes.items():
        if value not in (None, ""):
            attribute: Row = {"name": name, "value": value}
            attributes.append(attribute | {"apiName": api_names[name]} if name in api_names else attribute)
    return written | {"attributes": attributes}
