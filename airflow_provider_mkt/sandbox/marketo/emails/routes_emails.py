"""Emails: list, get, create, update, clone, approve and send a sample."""

import json

from starlette.datastructures import QueryParams
from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.assets import (
    APP,
    by_name,
    by_path,
    common,
    for_write,
    in_folder,
    rename,
    requested_folder,
)
from airflow_provider_mkt.sandbox.marketo.emails.models import APPROVED, DRAFT, Email, Sample, Version
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError, wrong_type
from airflow_provider_mkt.sandbox.marketo.leads.access import lead_of
from airflow_provider_mkt.sandbox.marketo.leads.values import is_email
from airflow_provider_mkt.sandbox.marketo.paging import asset_page
from airflow_provider_mkt.sandbox.marketo.permissions import APPROVE_ASSETS, ASSETS_READABLE, WRITE_ASSETS
from airflow_provider_mkt.sandbox.marketo.programs.cloning import clone_email
from airflow_provider_mkt.sandbox.marketo.requests import asset_params, text_param, to_bool, to_int
from airflow_provider_mkt.sandbox.marketo.responses import ASSET, MarketoRequest, MarketoRoutes, Row, assets
from airflow_provider_mkt.sandbox.marketo.smart_campaigns.models import SendEmail

routes = MarketoRoutes(ASSET)

LONGEST_PREHEADER = 1024
SWITCHES = {
    "operational": "operational",
    "textOnly": "text_only",
    "webView": "web_view",
    "published": "published",
    "autoCopyToText": "copy_to_text",
    "isOpenTrackingDisabled": "tracking_disabled",
}
HEADERS = {
    "subject": "subject",
    "fromName": "from_name",
    "fromEmail": "from_email",
    "replyEmail": "reply_email",
}


def wanted_status(request: MarketoRequest) -> str | None:
    """Return the requested version. One page of the guide spells the parameter `Status`."""
    status = request.query_params.get("status")
    if status is None:
        return None
    if status.lower() not in (APPROVED, DRAFT):
        raise MarketoError(701, f"Invalid status '{status}'")
    return status.lower()


def shown(request: MarketoRequest, email: Email | None) -> Email | None:
    """Return an email that reads return: emails of a program with an A/B test are not."""
    program = request.state.program_of(email.folder) if email else None
    return None if program and program.ab_test else email


@routes.handle("GET", "/emails.json", scopes=ASSETS_READABLE)
async def list_emails(request: MarketoRequest) -> Response:
    status = wanted_status(request)
    chosen = in_folder(list(request.state.emails.values()), request.query_params.get("folder"))
    chosen = [one for one in chosen if one.version(status) and shown(request, one)]
    return assets(request, [_row(request, one, status) for one in asset_page(request, chosen)])


@routes.handle("GET", "/email/{id}.json", scopes=ASSETS_READABLE)
async def get_email(request: MarketoRequest) -> Response:
    status, email = wanted_status(request), shown(request, by_path(request, request.state.emails))
    return assets(request, [_row(request, email, status)] if email and email.version(status) else [])


@routes.handle("GET", "/email/byName.json", scopes=ASSETS_READABLE)
async def get_email_by_name(request: MarketoRequest) -> Response:
    """Find emails by name, which is only unique in a program."""
    status = wanted_status(request)
    found = in_folder(
        by_name(request.state.emails, text_param(request.query_params, "name")),
        request.query_params.get("folder"),
    )
    return assets(
        request, [_row(request, one, status) for one in found if one.version(status) and shown(request, one)]
    )


@routes.handle("POST", "/emails.json", scopes=(WRITE_ASSETS,))
async def create_email(request: MarketoRequest) -> Response:
    params = await asset_params(request)
    name, folder = text_param(params, "name"), requested_folder(request, params)
    request.state.check_name_free(request.state.emails, name, folder)
    template = to_int(text_param(params, "template"), "template")
    if template not in request.state.templates:
        raise MarketoError(702, f"Email template {template} not found")
    now = request.clock.now()
    email = Email(request.state.next_id("email"), name, folder, now, now, template, draft=Version())
    email.description = params.get("description") or ""
    email.edit(now, **{HEADERS[key]: params.get(key) or "" for key in HEADERS if key in params})
    email.edit(now, **_switches(params))
    request.state.emails[email.id] = email
    return assets(request, [_row(request, email)])


@routes.handle("POST", "/email/{id}.json", scopes=(WRITE_ASSETS,))
async def update_email(request: MarketoRequest) -> Response:
    """Update metadata: name and description at once, everything else in the draft."""
    params = await asset_params(request)
    email = for_write(request, request.state.emails, "Email")
    changes: dict[str, object] = dict(_switches(params))
    if "preHeader" in params:
        text = params.get("preHeader") or ""
        if len(text) > LONGEST_PREHEADER:
            raise MarketoError(701, f"preHeader cannot be longer than {LONGEST_PREHEADER} characters")
        changes["pre_header"] = text
    rename(request, request.state.emails, email, params)
    if changes:
        email.edit(request.clock.now(), **changes)
    return assets(request, [_row(request, email, DRAFT if changes else None)])


@routes.handle("POST", "/email/{id}/content.json", scopes=(WRITE_ASSETS,))
async def update_headers(request: MarketoRequest) -> Response:
    params = await asset_params(request)
    email = for_write(request, request.state.emails, "Email")
    changes: dict[str, object] = {}
    for key, attribute in HEADERS.items():
        # This endpoint calls the field replyTO, all others replyEmail.
        name = "replyTO" if key == "replyEmail" else key
        if name in params:
            changes[attribute] = _header(name, params.get(name) or "")
    changes |= {key: value for key, value in _switches(params).items() if key == "tracking_disabled"}
    if not changes:
        raise MarketoError(701, "At least one header is required")
    email.edit(request.clock.now(), **changes)
    return assets(request, [{"id": email.id}])


def _header(name: str, text: str) -> str:
    try:
        parsed = json.loads(text)
        kind, value = parsed["type"], str(parsed["value"])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise wrong_type(text, f"JSON object with type and value ({name})") from None
    if kind != "Text":
        raise MarketoError(709, f"Header type '{kind}' is not supported here")
    return value


def _switches(params: QueryParams) -> dict[str, bool]:
    given = {attribute: to_bool(params.get(name)) for name, attribute in SWITCHES.items()}
    return {attribute: value for attribute, value in given.items() if value is not None}


@routes.handle("POST", "/email/{id}/approveDraft.json", scopes=(APPROVE_ASSETS,))
async def approve(request: MarketoRequest) -> Response:
    email = for_write(request, request.state.emails, "Email")
    email.approve(request.clock.now())
    return assets(request, [{"id": email.id}])


@routes.handle("POST", "/email/{id}/unapprove.json", scopes=(APPROVE_ASSETS,))
async def unapprove(request: MarketoRequest) -> Response:
    email = for_write(request, request.state.emails, "Email")
    _check_unused(request, email)
    email.unapprove(request.clock.now())
    return assets(request, [{"id": email.id}])


@routes.handle("POST", "/email/{id}/discardDraft.json", scopes=(WRITE_ASSETS,))
async def discard(request: MarketoRequest) -> Response:
    email = for_write(request, request.state.emails, "Email")
    email.discard(request.clock.now())
    return assets(request, [{"id": email.id}])


@routes.handle("POST", "/email/{id}/clone.json", scopes=(WRITE_ASSETS,))
async def clone(request: MarketoRequest) -> Response:
    params = await asset_params(request)
    source = for_write(request, request.state.emails, "Email")
    name, folder = text_param(params, "name"), requested_folder(request, params)
    request.state.check_name_free(request.state.emails, name, folder)
    created = clone_email(request.state, source, name, folder, params.get("description"))
    operational = to_bool(params.get("operational"))
    if operational is not None:
        created.edit(request.clock.now(), operational=operational)
    return assets(request, [_row(request, created)])


@routes.handle("POST", "/email/{id}/delete.json", scopes=(WRITE_ASSETS,))
async def delete_email(request: MarketoRequest) -> Response:
    email = for_write(request, request.state.emails, "Email")
    if email.approved:
        raise MarketoError(709, "An approved email cannot be deleted")
    _check_unused(request, email)
    del request.state.emails[email.id]
    return assets(request, [{"id": email.id}])


def _check_unused(request: MarketoRequest, email: Email) -> None:
    for campaign in request.state.campaigns.values():
        if SendEmail(email.id) in campaign.flow:
            raise MarketoError(709, f"Email is in use by campaign '{campaign.name}'")
    program = request.state.program_of(email.folder)
    if program and program.locked:
        raise MarketoError(709, f"Email is in use by the approved program '{program.name}'")


@routes.handle("POST", "/email/{id}/sendSample.json", scopes=(WRITE_ASSETS,))
async def send_sample(request: MarketoRequest) -> Response:
    params = await asset_params(request)
    email = for_write(request, request.state.emails, "Email")
    address = text_param(params, "emailAddress")
    if not is_email(address):
        raise MarketoError(709, f"Invalid email address '{address}'")
    lead_id = params.get("leadId")
    lead = lead_of(request, to_int(lead_id, "leadId")) if lead_id else None
    text_only = bool(to_bool(params.get("textOnly"), default=False))
    request.state.samples.append(
        Sample(request.clock.now(), email.id, address, lead.id if lead else None, text_only)
    )
    return assets(request, [{"service": "sendTestEmail", "result": True}])


def _row(request: MarketoRequest, email: Email, status: str | None = None) -> Row:
    version = email.version(status) or Version()
    headers = {key: {"type": "Text", "value": getattr(version, HEADERS[key])} for key in HEADERS}
    return (
        common(email)
        | headers
        | {
            "url": f"{APP}/#EM{email.id}A1",
            "folder": email.folder.nested(request.state.folder_name(email.folder)),
            "operational": version.operational,
            "textOnly": version.text_only,
            "publishToMSI": version.published,
            "webView": version.web_view,
            "status": APPROVED if version is email.approved else DRAFT,
            "template": email.template,
            "isOpenTrackingDisabled": version.tracking_disabled,
            "version": 2,
            "autoCopyToText": version.copy_to_text,
            "ccFields": [],
            "preHeader": version.pre_header,
        }
    )
