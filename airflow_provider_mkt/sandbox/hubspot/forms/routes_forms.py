"""Create, get, update and archive a form, and list forms."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.errors import invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.forms import DEFINITIONS, SCOPES
from airflow_provider_mkt.sandbox.hubspot.forms.definition_checks import (
    FORM_TYPES,
    changed_parts,
    whole_definition,
)
from airflow_provider_mkt.sandbox.hubspot.forms.store import Form
from airflow_provider_mkt.sandbox.hubspot.paging import page
from airflow_provider_mkt.sandbox.hubspot.requests import bool_param, int_param, read_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

_SCHEMA = "FormDefinition"

routes = HubSpotRoutes(DEFINITIONS)


@routes.handle("GET", "", scopes=SCOPES)
async def list_forms(request: HubSpotRequest) -> Response:
    """Return forms, the oldest first. The default and the maximum of the limit are not documented."""
    limit = int_param(request.query_params.get("limit"), "limit", 20, 1, 100)
    archived = bool_param(request.query_params.get("archived"), "archived")
    kinds = request.list_param("formTypes") or ["hubspot"]
    for kind in kinds:
        if kind not in (*FORM_TYPES, "all"):
            msg = f"formTypes must be of {', '.join(FORM_TYPES)} and all, not {kind!r}"
            raise invalid(msg)
    await request.simulate_latency()
    found = [one for one in request.state.forms.all(archived=archived) if "all" in kinds or one.kind in kinds]
    items, paging = page(found, request.query_params.get("after"), limit)
    return JSONResponse({"results": [one.view() for one in items], **paging})


@routes.handle("POST", "", scopes=SCOPES)
async def create_form(request: HubSpotRequest) -> Response:
    parts = whole_definition(await read_object(request, _SCHEMA))
    await request.simulate_latency()
    return JSONResponse(request.state.forms.create(parts).view(), 201)


@routes.handle("GET", "/{formId}", scopes=SCOPES)
async def get_form(request: HubSpotRequest) -> Response:
    archived = bool_param(request.query_params.get("archived"), "archived")
    await request.simulate_latency()
    form = find(request)
    if (form.archived_at is not None) is not archived:
        raise _unknown(request)
    return JSONResponse(form.view())


@routes.handle("PUT", "/{formId}", scopes=SCOPES)
async def replace_form(request: HubSpotRequest) -> Response:
    parts = whole_definition(await read_object(request, _SCHEMA))
    await request.simulate_latency()
    form = find(request)
    _check_kind(form, parts.get("formType"))
    request.state.forms.change(form, parts)
    return JSONResponse(form.view())


@routes.handle("PATCH", "/{formId}", scopes=SCOPES)
async def update_form(request: HubSpotRequest) -> Response:
    body = await read_object(request, _SCHEMA)
    parts, archived = changed_parts(body), body.get("archived")
    if not isinstance(archived, bool | None):
        raise invalid(
            "Invalid input JSON on line 1, column 1: Cannot build FormDefinition, archived is no boolean"
        )
    await request.simulate_latency()
    form = find(request)
    _check_kind(form, parts.get("formType"))
    request.state.forms.change(form, parts)
    if archived is not None:
        (request.state.forms.archive if archived else request.state.forms.restore)(form)
    return JSONResponse(form.view())


@routes.handle("DELETE", "/{formId}", scopes=SCOPES)
async def archive_form(request: HubSpotRequest) -> Response:
    """Archive a form; one that is archived already stays so."""
    await request.simulate_latency()
    request.state.forms.archive(find(request))
    return Response(status_code=204)


def find(request: HubSpotRequest) -> Form:
    """Return the form of the path, which may be archived.

    :raises HubSpotError: 404.
    """
    form = request.state.forms.get(request.path_params["formId"])
    if form is None:
        raise _unknown(request)
    return form


def _check_kind(form: Form, kind: str | None) -> None:
    if kind not in (None, form.kind):
        raise invalid("The formType of a form cannot be changed")


def _unknown(request: HubSpotRequest) -> Exception:
    return not_found(f"Form {request.path_params['formId']} not found")
