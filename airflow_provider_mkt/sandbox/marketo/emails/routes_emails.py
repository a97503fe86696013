"""Emails: reading them, and the draft's way to approval."""

import json

from airflow_provider_mkt.sandbox.marketo.assets import (
    APP,
    by_name,
    by_path,
    chosen_place,
    common,
    for_write,
    in_folder,
    rename,
)
from airflow_provider_mkt.sandbox.marketo.campaigns.models import SendEmail
from airflow_provider_mkt.sandbox.marketo.emails.models import APPROVED, DRAFT, Email, Sample, Version
from airflow_provider_mkt.sandbox.marketo.errors import Problem, wrong_type
from airflow_provider_mkt.sandbox.marketo.leads.access import lead_of
from airflow_provider_mkt.sandbox.marketo.leads.values import is_email
from airflow_provider_mkt.sandbox.marketo.paging import asset_page
from airflow_provider_mkt.sandbox.marketo.permissions import APPROVE_ASSETS, ASSETS_READABLE, WRITE_ASSETS
from airflow_provider_mkt.sandbox.marketo.programs.cloning import clone_email
from airflow_provider_mkt.sandbox.marketo.requests import asset_params, text_param, truth, whole
from airflow_provider_mkt.sandbox.marketo.responses import ASSET, Call, MarketoRoutes, Row, assets
from airflow_provider_mkt.sandbox.server.requests import Query
from airflow_provider_mkt.sandbox.server.responses import Reply

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


def wanted_status(call: Call) -> str | None:
    """Read the version that is asked for; one page of the guide writes its name with a capital."""
    status = call.query.get("status")
    if status is None:
        return None
    if status.lower() not in (APPROVED, DRAFT):
        raise Problem(701, f"Invalid status '{status}'")
    return status.lower()


@routes.handle("GET", "/emails.json", scopes=ASSETS_READABLE)
async def browse(call: Call) -> Reply:
    status = wanted_status(call)
    chosen = in_folder(list(call.state.emails.values()), call.query.get("folder"))
    chosen = [one for one in chosen if one.version(status)]
    return assets(call, [_row(call, one, status) for one in asset_page(call, chosen)])


@routes.handle("GET", "/email/{id}.json", scopes=ASSETS_READABLE)
async def by_id(call: Call) -> Reply:
    status, email = wanted_status(call), by_path(call, call.state.emails)
    return assets(call, [_row(call, email, status)] if email and email.version(status) else [])


@routes.handle("GET", "/email/byName.json", scopes=ASSETS_READABLE)
async def named(call: Call) -> Reply:
    """Find by name, which is unique only within a program: several emails may answer."""
    status = wanted_status(call)
    found = in_folder(by_name(call.state.emails, text_param(call.query, "name")), call.query.get("folder"))
    return assets(call, [_row(call, one, status) for one in found if one.version(status)])


@routes.handle("POST", "/emails.json", scopes=(WRITE_ASSETS,))
async def create(call: Call) -> Reply:
    params = await asset_params(call)
    name, place = text_param(params, "name"), chosen_place(call, params)
    call.state.check_name_free(call.state.emails, name, place)
    template = whole(text_param(params, "template"), "template")
    if template not in call.state.templates:
        raise Problem(702, f"Email template {template} not found")
    now = call.clock.now()
    email = Email(call.state.next_id("email"), name, place, now, now, template, draft=Version())
    email.description = params.get("description") or ""
    email.edit(now, **{HEADERS[key]: params.get(key) or "" for key in HEADERS if key in params})
    email.edit(now, **_switches(params))
    call.state.emails[email.id] = email
    return assets(call, [_row(call, email)])


@routes.handle("POST", "/email/{id}.json", scopes=(WRITE_ASSETS,))
async def update(call: Call) -> Reply:
    """Change metadata: name and description at once, the rest in the draft, which this may start."""
    params = await asset_params(call)
    email = for_write(call, call.state.emails, "Email")
    changes: dict[str, object] = dict(_switches(params))
    if "preHeader" in params:
        text = params.get("preHeader") or ""
        if len(text) > LONGEST_PREHEADER:
            raise Problem(701, f"preHeader cannot be longer than {LONGEST_PREHEADER} characters")
        changes["pre_header"] = text
    rename(call, call.state.emails, email, params)
    if changes:
        email.edit(call.clock.now(), **changes)
    return assets(call, [_row(call, email, DRAFT if changes else None)])


@routes.handle("POST", "/email/{id}/content.json", scopes=(WRITE_ASSETS,))
async def update_headers(call: Call) -> Reply:
    params = await asset_params(call)
    email = for_write(call, call.state.emails, "Email")
    changes: dict[str, object] = {}
    for key, attribute in HEADERS.items():
        # Reading calls the field replyEmail, this one alone replyTO.
        name = "replyTO" if key == "replyEmail" else key
        if name in params:
            changes[attribute] = _header(name, params.get(name) or "")
    changes |= {key: value for key, value in _switches(params).items() if key == "tracking_disabled"}
    if not changes:
        raise Problem(701, "At least one header is required")
    email.edit(call.clock.now(), **changes)
    return assets(call, [{"id": email.id}])


def _header(name: str, text: str) -> str:
    try:
        said = json.loads(text)
        kind, value = said["type"], str(said["value"])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise wrong_type(text, f"JSON object with type and value ({name})") from None
    if kind != "Text":
        raise Problem(709, f"Header type '{kind}' is not supported here")
    return value


def _switches(params: Query) -> dict[str, bool]:
    given = {attribute: truth(params.get(name)) for name, attribute in SWITCHES.items()}
    return {attribute: value for attribute, value in given.items() if value is not None}


@routes.handle("POST", "/email/{id}/approveDraft.json", scopes=(APPROVE_ASSETS,))
async def approve(call: Call) -> Reply:
    email = for_write(call, call.state.emails, "Email")
    email.approve(call.clock.now())
    return assets(call, [{"id": email.id}])


@routes.handle("POST", "/email/{id}/unapprove.json", scopes=(APPROVE_ASSETS,))
async def unapprove(call: Call) -> Reply:
    email = for_write(call, call.state.emails, "Email")
    _check_unused(call, email)
    email.unapprove(call.clock.now())
    return assets(call, [{"id": email.id}])


@routes.handle("POST", "/email/{id}/discardDraft.json", scopes=(WRITE_ASSETS,))
async def discard(call: Call) -> Reply:
    email = for_write(call, call.state.emails, "Email")
    email.discard(call.clock.now())
    return assets(call, [{"id": email.id}])


@routes.handle("POST", "/email/{id}/clone.json", scopes=(WRITE_ASSETS,))
async def clone(call: Call) -> Reply:
    params = await asset_params(call)
    source = for_write(call, call.state.emails, "Email")
    name, place = text_param(params, "name"), chosen_place(call, params)
    call.state.check_name_free(call.state.emails, name, place)
    made = clone_email(call.state, source, name, place, params.get("description"))
    operational = truth(params.get("operational"))
    if operational is not None:
        made.edit(call.clock.now(), operational=operational)
    return assets(call, [_row(call, made)])


@routes.handle("POST", "/email/{id}/delete.json", scopes=(WRITE_ASSETS,))
async def delete(call: Call) -> Reply:
    email = for_write(call, call.state.emails, "Email")
    if email.approved:
        raise Problem(709, "An approved email cannot be deleted")
    _check_unused(call, email)
    del call.state.emails[email.id]
    return assets(call, [{"id": email.id}])


def _check_unused(call: Call, email: Email) -> None:
    for campaign in call.state.campaigns.values():
        if SendEmail(email.id) in campaign.flow:
            raise Problem(709, f"Email is in use by campaign '{campaign.name}'")
    home = call.state.program_of(email.folder)
    if home and home.locked:
        raise Problem(709, f"Email is in use by the approved program '{home.name}'")


@routes.handle("POST", "/email/{id}/sendSample.json", scopes=(WRITE_ASSETS,))
async def send_sample(call: Call) -> Reply:
    params = await asset_params(call)
    email = for_write(call, call.state.emails, "Email")
    address = text_param(params, "emailAddress")
    if not is_email(address):
        raise Problem(709, f"Invalid email address '{address}'")
    lead_id = params.get("leadId")
    lead = lead_of(call, whole(lead_id, "leadId")) if lead_id else None
    text_only = bool(truth(params.get("textOnly"), default=False))
    call.state.samples.append(
        Sample(call.clock.now(), email.id, address, lead.id if lead else None, text_only)
    )
    return assets(call, [{"service": "sendTestEmail", "result": True}])


def _row(call: Call, email: Email, status: str | None = None) -> Row:
    version = email.version(status) or Version()
    headers = {key: {"type": "Text", "value": getattr(version, HEADERS[key])} for key in HEADERS}
    return (
        common(email)
        | headers
        | {
            "url": f"{APP}/#EM{email.id}A1",
            "folder": email.folder.nested(call.state.folder_name(email.folder)),
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
