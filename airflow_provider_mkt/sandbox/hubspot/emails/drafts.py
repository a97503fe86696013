"""The draft buffer of an email, which is apart from the live version."""

from __future__ import annotations

import copy

from airflow_provider_mkt.sandbox.hubspot.bodies import read_object
from airflow_provider_mkt.sandbox.hubspot.emails.common import READ, WRITE, find, is_dated
from airflow_provider_mkt.sandbox.hubspot.emails.fields import checked
from airflow_provider_mkt.sandbox.hubspot.emails.views import shown
from airflow_provider_mkt.sandbox.hubspot.world import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.reply import Reply

routes = HubSpotRoutes()


@routes.handle("GET", "emails", "/{emailId}/draft", scopes=READ)
async def read_draft(request: HubSpotRequest) -> Reply:
    """Without a draft this is the live version, and nothing tells the two apart."""
    await request.work()
    return Reply(200, shown(request.world.emails, find(request), draft=True))


@routes.handle("PATCH", "emails", "/{emailId}/draft", scopes=WRITE)
async def update_draft(request: HubSpotRequest) -> Reply:
    built = "EmailUpdateRequest"
    fields = checked(await read_object(request, built), built, creating=False, dated=is_dated(request))
    for name in ("state", "archived"):
        fields.pop(name, None)
    await request.work()
    email = find(request)
    request.world.emails.change_draft(email, fields)
    return Reply(200, shown(request.world.emails, email, draft=True))


@routes.handle("POST", "emails", "/{emailId}/draft/reset", scopes=WRITE)
async def reset_draft(request: HubSpotRequest) -> Reply:
    await request.work()
    email = find(request)
    email.draft = copy.deepcopy(email.live)
    email.draft_updated = request.clock.time()
    return Reply(204)
