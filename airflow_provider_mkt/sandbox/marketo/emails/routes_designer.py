"""Emails of the Email Designer: version 2 of the asset API, with JSON bodies and ids that are texts."""

from collections.abc import Callable

from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.checks import check_booleans, check_texts
from airflow_provider_mkt.sandbox.marketo.emails.designer_models import WORKSPACE_ID, DesignerEmail
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError, missing, wrong_type
from airflow_provider_mkt.sandbox.marketo.folders.models import FolderRef
from airflow_provider_mkt.sandbox.marketo.paging import moment
from airflow_provider_mkt.sandbox.marketo.permissions import APPROVE_ASSETS, ASSETS_READABLE, WRITE_ASSETS
from airflow_provider_mkt.sandbox.marketo.requests import json_object, required, to_bool, to_int
from airflow_provider_mkt.sandbox.marketo.responses import (
    ASSET_V2,
    MarketoRequest,
    MarketoRoutes,
    Row,
    result,
    success,
)
from airflow_provider_mkt.sandbox.marketo.times import lead_time

routes = MarketoRoutes(ASSET_V2)

PAGE_MAX = 50
BATCH_MAX = 20
USED_BY_MAX = 50
ACTIONS = ("approve", "unapprove", "discard", "create_draft")
HEADERS = ("subject", "fromName", "fromEmail", "replyEmail", "preheader", "ccEmails")
SETTINGS = (
    "isOperational",
    "isWebPageView",
    "isTextOnly",
    "enableUrlTracking",
    "brandedDomain",
    "dedicatedIp",
)
SORT_KEYS: dict[str, Callable[[DesignerEmail], str]] = {
    "name": lambda one: one.name.lower(),
    "createdAt": lambda one: one.created_at.isoformat(),
    "modifiedAt": lambda one: one.modified_at.isoformat(),
    "status": lambda one: one.status,
}
"""Which keys there are is not documented."""
PLACES = ("folderId", "programId", "workspaceId")


def _check_app(request: MarketoRequest) -> None:
    if request.headers.get("x-app-type") != "marketo":
        raise missing("x-app-type")


@routes.handle("GET", "/email/filter", scopes=ASSETS_READABLE)
async def list_emails(request: MarketoRequest) -> Response:
    _check_app(request)
    query = request.query_params
    workspace = required(query, "workspaceId")
    size, page = _number(query.get("pageSize"), PAGE_MAX), _number(query.get("pageIndex"), 0)
    if not 1 <= size <= PAGE_MAX or page < 0:
        raise MarketoError(1003, f"pageSize must be between 1 and {PAGE_MAX}, and pageIndex not negative")
    for name, choices in (("folderType", ("Folder", "Program")), ("sortOrder", ("ASC", "DESC"))):
        if query.get(name) not in (None, "", *choices):
            raise MarketoError(
                1003, f"Invalid value '{query[name]}' for {name}. Valid values are {', '.join(choices)}"
            )
    created_after, created_before = moment(request, "createdAtStart"), moment(request, "createdAtEnd")
    by_me = to_bool(query.get("isCreatedByMe"), default=False)
    changed_by_me = to_bool(query.get("isModifiedByMe"), default=False)
    sort_key = query.get("sortKey") or "createdAt"
    if sort_key not in SORT_KEYS:
        raise MarketoError(
            1003, f"Invalid value '{sort_key}' for sortKey. Valid values are {', '.join(SORT_KEYS)}"
        )
    wanted = {status.lower() for status in request.query_params.getlist("status")}
    after, before = moment(request, "modifiedAtStart"), moment(request, "modifiedAtEnd")
    archived = bool(to_bool(query.get("includeArchived"), default=False))
    place = "programId" if query.get("folderType") == "Program" else "folderId"
    chosen = [
        one
        for one in request.state.designer_emails.values()
        if workspace == WORKSPACE_ID
        and (not query.get("folderId") or one.place.get(place) == query.get("folderId"))
        and (not wanted or one.status in wanted)
        and (not query.get("name") or one.name == query.get("name"))
        and (not query.get("templateId") or one.template_id == query.get("templateId"))
        and (after is None or one.modified_at >= after)
        and (before is None or one.modified_at <= before)
        and (created_after is None or one.created_at >= created_after)
        and (created_before is None or one.created_at <= created_before)
        and (not by_me or one.created_by == request.token.email)
        and (not changed_by_me or one.modified_by == request.token.email)
        and (archived or not _is_archived(request, one))
    ]
    chosen.sort(key=SORT_KEYS[sort_key], reverse=query.get("sortOrder") == "DESC")
    rows = [_row(one) for one in chosen[page * size : (page + 1) * size]]
    # The schema has an object here; the guide shows an array.
    listed: Row = {"items": rows, "totalItems": len(chosen), "pageSize": size, "currentPage": page}
    return success(request, result=listed)


def _number(text: object, default: int) -> int:
    return default if text in (None, "") else to_int(text, "page")


def _is_archived(request: MarketoRequest, one: DesignerEmail) -> bool:
    number = str(one.place.get("folderId") or "")
    if not number.isdigit():
        return False
    folders = request.state.path_of(FolderRef(int(number), "Folder"))
    return any(
        folder.type == "Folder"
        and folder.id in request.state.folders
        and request.state.folders[folder.id].archived
        for folder in folders
    )


@routes.handle("GET", "/email/{id}", scopes=ASSETS_READABLE)
async def get_email(request: MarketoRequest) -> Response:
    return result(request, [_full(_find(request, request.path_params["id"]))])


def _find(request: MarketoRequest, email_id: object) -> DesignerEmail:
    """Return an email. The error for an unknown id is not documented; it is 702 here, as in version 1."""
    _check_app(request)
    found = request.state.designer_emails.get(str(email_id))
    if found is None:
        raise MarketoError(702, f"Email '{email_id}' not found")
    return found


@routes.handle("POST", "/email", scopes=(WRITE_ASSETS,))
async def create_email(request: MarketoRequest) -> Response:
    _check_app(request)
    body = await json_object(request)
    name, place = _text(body, "name"), _object(body, "appData")
    given = {key: place[key] for key in PLACES if place.get(key)}
    if len(given) != 1:
        raise MarketoError(1003, "appData must have one of folderId, programId and workspaceId")
    _check_place(request, given)
    if not _object(body, "headers").get("subject"):
        raise missing("headers.subject")
    _check_name(request, name, given)
    now, state = request.clock.now(), request.state
    user = request.token.email
    email = DesignerEmail(state.next_id("designer email"), name, given, now, now, user, user)
    _write(email, body)
    state.designer_emails[email.id] = email
    return result(request, [_full(email)])


def _check_place(request: MarketoRequest, place: Row) -> None:
    ((kind, value),) = place.items()
    if kind == "workspaceId":
        if value != WORKSPACE_ID:
            raise MarketoError(1003, f"Workspace '{value}' not found")
        return
    if not isinstance(value, str):
        raise wrong_type(value, "string")
    number = to_int(value, kind)
    request.state.folder_name(FolderRef(number, "Folder" if kind == "folderId" else "Program"))


def _check_name(request: MarketoRequest, name: str, place: Row, exclude: DesignerEmail | None = None) -> None:
    for other in request.state.designer_emails.values():
        if other is not exclude and other.name.lower() == name.lower() and other.place == place:
            raise MarketoError(709, f"An email named '{name}' already exists")


@routes.handle("POST", "/email/{id}/update", scopes=(WRITE_ASSETS,))
async def update_email(request: MarketoRequest) -> Response:
    email, body = _find(request, request.path_params["id"]), await json_object(request)
    if "name" in body:
        name = _text(body, "name")
        _check_name(request, name, email.place, exclude=email)
        email.name = name
    _write(email, body)
    email.modified_at, email.modified_by = request.clock.now(), request.token.email
    return result(request, [_full(email)])


def _write(email: DesignerEmail, body: Row) -> None:
    """Write the fields of a request. All but name and description go into the draft."""
    headers, settings = _object(body, "headers", HEADERS), _object(body, "settings", SETTINGS)
    check_texts(headers, *(name for name in HEADERS if name != "ccEmails"))
    check_booleans(settings, *(name for name in SETTINGS if name.startswith(("is", "enable"))))
    data = _object(body, "data", ("html", "text"))
    check_texts(body, "description", "templateId")
    if "description" in body:
        email.description = str(body["description"] or "")
    template = body.get("templateId")
    if template is not None:
        email.template_id = str(template)
        # The content of the template replaces that of the request.
        data = {"html": {"body": f"<p>Template {template}</p>"}}
    if email.draft is None and email.approved is None:
        email.edit()
    if headers or settings or data:
        draft = email.edit()
        draft.headers.update(headers)
        draft.settings.update(settings)
        draft.data.update(data)


@routes.handle("POST", "/email/state/transition", scopes=(APPROVE_ASSETS,))
async def change_state(request: MarketoRequest) -> Response:
    body = await json_object(request)
    action = body.get("action")
    if action not in ACTIONS:
        raise MarketoError(
            1003, f"Invalid value '{action}' for action. Valid values are {', '.join(ACTIONS)}"
        )
    email = _find(request, _text(body, "contentId"))
    email.transition(str(action))
    email.modified_at, email.modified_by = request.clock.now(), request.token.email
    return result(request, [_full(email)])


@routes.handle("POST", "/email/clone", scopes=(WRITE_ASSETS,))
async def clone_email(request: MarketoRequest) -> Response:
    """Copy an email into the folder that it is in, since the request names none."""
    body = await json_object(request)
    source, new = _find(request, _text(body, "assetId")), _object(body, "newAsset")
    name = _text(new, "name")
    _check_name(request, name, source.place)
    now, state = request.clock.now(), request.state
    user = request.token.email
    copy = DesignerEmail(state.next_id("designer email"), name, dict(source.place), now, now, user, user)
    copy.description = str(new.get("description") or source.description)
    copy.template_id, copy.draft = source.template_id, source.latest.copy()
    state.designer_emails[copy.id] = copy
    return result(request, [_full(copy)])


@routes.handle("POST", "/email/{id}/delete", scopes=(WRITE_ASSETS,))
async def delete_email(request: MarketoRequest) -> Response:
    email = _find(request, request.path_params["id"])
    email.check_deletable()
    del request.state.designer_emails[email.id]
    return success(request)


@routes.handle("POST", "/email/usedby", scopes=ASSETS_READABLE)
async def used_by(request: MarketoRequest) -> Response:
    body = await json_object(request)
    email = _find(request, _text(body, "assetId"))
    size, page = _number(body.get("pageSize"), PAGE_MAX), _number(body.get("pageIndex"), 0)
    if not 1 <= size <= PAGE_MAX or page < 0:
        raise MarketoError(1003, f"pageSize must be between 1 and {PAGE_MAX}, and pageIndex not negative")
    rows = email.used_by[page * size : (page + 1) * size]
    details = {"totalItems": len(email.used_by), "pageSize": size, "currentPage": page}
    return result(request, rows, pageDetails=details)


@routes.handle("POST", "/email/bulk/get", scopes=ASSETS_READABLE)
async def batch_get(request: MarketoRequest) -> Response:
    ids = _ids(await json_object(request), BATCH_MAX)
    return result(request, [_full(_find(request, one)) for one in ids])


@routes.handle("POST", "/email/bulk/delete", scopes=(WRITE_ASSETS,))
async def batch_delete(request: MarketoRequest) -> Response:
    """Delete emails, all or none, which is not documented."""
    body = await json_object(request)
    ignore = body.get("ignoreUsedBy", False)
    if not isinstance(ignore, bool):
        raise wrong_type(ignore, "boolean")
    found = [_find(request, one) for one in _ids(body, BATCH_MAX)]
    for email in found:
        email.check_deletable(ignore_used_by=ignore)
    for email in found:
        request.state.designer_emails.pop(email.id, None)
    return success(request)


@routes.handle("POST", "/email/bulk/usedby", scopes=ASSETS_READABLE)
async def batch_used_by(request: MarketoRequest) -> Response:
    found = [_find(request, one) for one in _ids(await json_object(request), USED_BY_MAX)]
    rows: list[Row] = [
        {"id": one.id, "name": one.name, "count": len(one.used_by), "used": bool(one.used_by)}
        for one in found
    ]
    return result(request, rows)


def _text(body: Row, name: str) -> str:
    value = body.get(name)
    if value in (None, ""):
        raise missing(name)
    if not isinstance(value, str):
        raise wrong_type(value, "string")
    return value.strip()


def _object(body: Row, name: str, known: tuple[str, ...] = ()) -> Row:
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise wrong_type(value, "object")
    unknown = [key for key in value if known and key not in known]
    if unknown:
        raise MarketoError(1003, f"Unknown field '{name}.{unknown[0]}'")
    return value


def _ids(body: Row, maximum: int) -> list[str]:
    ids = body.get("assetIds")
    if not isinstance(ids, list) or not ids:
        raise missing("assetIds")
    if len(ids) > maximum:
        raise MarketoError(1003, f"Number of assetIds exceeds the limit of {maximum}")
    return [str(one) for one in ids]


def _row(email: DesignerEmail) -> Row:
    content = email.latest
    row: Row = {
        "id": email.id,
        "name": email.name,
        "description": email.description,
        "appType": "marketo",
        "status": email.status,
        "state": "approved_with_draft" if email.approved and email.draft else email.status,
        "headers": content.headers,
        # Two settings are accepted and never returned.
        "settings": {
            key: value
            for key, value in content.settings.items()
            if key not in ("brandedDomain", "dedicatedIp")
        },
        "metadata": {
            "createdAt": lead_time(email.created_at),
            "createdBy": email.created_by,
            "modifiedAt": lead_time(email.modified_at),
            "modifiedBy": email.modified_by,
        },
        "appData": {"workspaceId": WORKSPACE_ID, **email.place},
    }
    return row | ({"templateId": email.template_id} if email.template_id else {})


def _full(email: DesignerEmail) -> Row:
    return _row(email) | {"data": email.latest.data}
