"""Create, get, update, clone and archive an email."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.emails import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.emails.field_checks import check_references, checked, is_automated
from airflow_provider_mkt.sandbox.hubspot.emails.requests import READ, WRITE, asks_for_archived, find
from airflow_provider_mkt.sandbox.hubspot.emails.view_options import IncludeOptions
from airflow_provider_mkt.sandbox.hubspot.emails.views import email_view
from airflow_provider_mkt.sandbox.hubspot.errors import invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.languages import is_language
from airflow_provider_mkt.sandbox.hubspot.requests import check_object, is_dated, read_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.json_types import copied
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

routes = HubSpotRoutes(*PREFIXES)


@routes.handle("POST", "", scopes=WRITE)
async def create_email(request: HubSpotRequest) -> Response:
    schema = "EmailCreateRequest"
    fields = checked(await read_object(request, schema), schema, creating=True, dated=is_dated(request))
    automated = is_automated(fields)
    fields.pop("state", None)
    archived = fields.pop("archived", False)
    await request.simulate_latency()
    check_references(fields, request.state)
    emails = request.state.emails
    created = emails.create(fields, automated=automated)
    if archived:
        emails.archive(created)
    return JSONResponse(email_view(emails, created), 201)


@routes.handle("POST", "/clone", scopes=WRITE)
async def clone_email(request: HubSpotRequest) -> Response:
    """Clone an email. Responds 200, not 201; a repeated request creates another clone."""
    schema = "EmailCloneRequestVNext"
    body = check_object(
        await read_object(request, schema, ["id"]), schema, known=["id", "cloneName", "language"]
    )
    if body.get("language") and not is_language(str(body["language"])):
        msg = (
            f"Invalid input JSON on line 1, column 1: Cannot build {schema}, language is not a language code"
        )
        raise invalid(msg)
    await request.simulate_latency()
    emails = request.state.emails
    source = emails.get(str(body["id"]))
    if source is None or source.archived_at is not None:
        raise not_found(f"Email {body['id']} not found")
    fields = copied(source.live)
    fields["name"] = body.get("cloneName") or f"{source.name} (clone)"
    if body.get("language"):
        fields["language"] = body["language"]
    clone = emails.create(fields, automated=source.automated, cloned_from=source.id)
    return JSONResponse(email_view(emails, clone))


@routes.handle("GET", "/{emailId}", scopes=READ)
async def get_email(request: HubSpotRequest) -> Response:
    archived, options = asks_for_archived(request), IncludeOptions.of(request)
    await request.simulate_latency()
    return JSONResponse(options.view(request.state, find(request, archived=archived)))


@routes.handle("PATCH", "/{emailId}", scopes=WRITE)
async def update_email(request: HubSpotRequest) -> Response:
    """Update the live version. The state cannot be set; publishing changes it."""
    schema = "EmailUpdateRequest"
    fields = checked(await read_object(request, schema), schema, creating=False, dated=is_dated(request))
    archived = asks_for_archived(request)
    await request.simulate_latency()
    email = find(request, archived=archived)
    check_references(fields, request.state)
    emails = request.state.emails
    if fields.pop("state", emails.state(email)) != emails.state(email):
        msg = "The state of an email cannot be set; publish or unpublish it"
        raise invalid(msg)
    archive = fields.pop("archived", None)
    if archive is not None:
        (emails.archive if archive else emails.unarchive)(email)
    emails.change(email, fields)
    return JSONResponse(email_view(emails, email))


@routes.handle("DELETE", "/{emailId}", scopes=WRITE)
async def archive_email(request: HubSpotRequest) -> Response:
    """Archive an email. 204 if it is archived already."""
    await request.simulate_latency()
    email = request.state.emails.get(request.path_params["emailId"])
    if email is None:
        raise not_found(f"Email {request.path_params['emailId']} not found")
    request.state.emails.archive(email)
    return Response(status_code=204)
