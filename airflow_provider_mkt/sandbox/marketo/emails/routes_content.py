"""Content of emails. The sandbox's template has one editable section and one variable."""

from html import escape

from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.assets import by_path, for_write
from airflow_provider_mkt.sandbox.marketo.emails.models import APPROVED, DRAFT
from airflow_provider_mkt.sandbox.marketo.emails.rendering import for_lead, my_tokens, with_my_tokens
from airflow_provider_mkt.sandbox.marketo.emails.routes_emails import shown, wanted_status
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError
from airflow_provider_mkt.sandbox.marketo.leads.access import lead_of
from airflow_provider_mkt.sandbox.marketo.permissions import ASSETS_READABLE, LEADS_READABLE, WRITE_ASSETS
from airflow_provider_mkt.sandbox.marketo.requests import asset_params, text_param, to_int
from airflow_provider_mkt.sandbox.marketo.responses import ASSET, MarketoRequest, MarketoRoutes, Row, assets

routes = MarketoRoutes(ASSET)

SECTION = "body"
LONGEST_SECTION = 100_000
CC_FIELD = {
    "attributeId": "157",
    "objectName": "lead",
    "displayName": "Lead Owner Email Address",
    "apiName": "leadOwnerEmailAddress",
}


@routes.handle("GET", "/email/{id}/content.json", scopes=ASSETS_READABLE)
async def sections(request: MarketoRequest) -> Response:
    status, email = wanted_status(request), shown(request, by_path(request, request.state.emails))
    version = email.version(status) if email else None
    if version is None:
        return assets(request, [])
    value = [{"type": "HTML", "value": version.body}, {"type": "Text", "value": version.body_text}]
    section = {"htmlId": SECTION, "contentType": "Text", "value": value, "index": 1, "isLocked": False}
    return assets(request, [section])


@routes.handle("POST", "/email/{id}/content/{htmlId}.json", scopes=(WRITE_ASSETS,))
async def update_section(request: MarketoRequest) -> Response:
    params = await asset_params(request)
    email = for_write(request, request.state.emails, "Email")
    if request.path_params["htmlId"] != SECTION:
        raise MarketoError(702, f"Section {request.path_params['htmlId']} not found")
    kind = text_param(params, "type")
    if kind != "Text":
        raise MarketoError(709, f"Content type '{kind}' is not supported here")
    changes = {"body": text_param(params, "value", LONGEST_SECTION)}
    if "textValue" in params:
        changes["body_text"] = params.get("textValue") or ""
    email.edit(request.clock.now(), **changes)
    return assets(request, [{"id": email.id}])


@routes.handle("GET", "/email/{id}/fullContent.json", scopes=ASSETS_READABLE)
async def preview(request: MarketoRequest) -> Response:
    """Return the whole email; for a lead with its values, which needs the permission to read leads."""
    status, email = wanted_status(request), shown(request, by_path(request, request.state.emails))
    kind, lead_id = request.query_params.get("type") or "HTML", request.query_params.get("leadId")
    if kind not in ("HTML", "Text"):
        raise MarketoError(701, f"Invalid type '{kind}'")
    lead = None
    if lead_id is not None:
        if not request.token.permissions.intersection(LEADS_READABLE):
            raise MarketoError(603, "Access denied: a preview for a lead needs the permission to read leads")
        lead = lead_of(request, to_int(lead_id, "leadId"))
    version = email.version(status) if email else None
    if email is None or version is None:
        return assets(request, [])
    title = f"<title>{escape(version.subject)}</title>"
    html = f"<html><head>{title}</head><body>{version.body}</body></html>"
    content = with_my_tokens(version.body_text if kind == "Text" else html, my_tokens(request.state, email))
    if lead:
        # Without a lead, the tokens of a lead stay as they are.
        content = for_lead(request.state, content, lead, request.clock.now(), html=kind == "HTML")
    status = APPROVED if version is email.approved else DRAFT
    return assets(request, [{"id": email.id, "status": status, "content": content}])


@routes.handle("GET", "/email/{id}/variables.json", scopes=ASSETS_READABLE)
async def variables(request: MarketoRequest) -> Response:
    """Return the variables of the draft; which version is meant is not documented."""
    email = shown(request, by_path(request, request.state.emails))
    version = (email.draft or email.approved) if email else None
    return assets(request, [_variable(name, value) for name, value in version.variables] if version else [])


def _variable(name: str, value: str) -> Row:
    # The template has no modules with variables.
    return {"name": name, "value": value, "moduleScope": False}


@routes.handle("POST", "/email/{id}/variable/{name}.json", scopes=(WRITE_ASSETS,))
async def update_variable(request: MarketoRequest) -> Response:
    params = await asset_params(request)
    email, name = for_write(request, request.state.emails, "Email"), request.path_params["name"]
    version = email.draft or email.approved
    present = dict(version.variables) if version else {}
    if name not in present or params.get("moduleId"):
        raise MarketoError(702, f"Variable {name} not found")
    if "value" not in params:
        raise MarketoError(701, "value cannot be blank")
    present[name] = params.get("value") or ""
    email.edit(request.clock.now(), variables=tuple(present.items()))
    return assets(request, [_variable(name, present[name])])


@routes.handle("GET", "/email/ccFields.json", scopes=ASSETS_READABLE)
async def cc_fields(request: MarketoRequest) -> Response:
    return assets(request, [CC_FIELD])
