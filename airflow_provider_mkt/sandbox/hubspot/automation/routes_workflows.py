"""Enrolments in workflows, which these endpoints find by the older ids.

The status codes of errors are not documented. Neither is the response when a contact is enrolled again in
a workflow without re-enrolment; it is 204 without effect here, the case that clients must be ready for.
"""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.automation.store import Workflow
from airflow_provider_mkt.sandbox.hubspot.contacts.store import Contact
from airflow_provider_mkt.sandbox.hubspot.errors import invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

SCOPES = ("automation",)
_ONE = "/{workflowId}/enrollments/contacts/{email}"

routes = HubSpotRoutes("/automation/v2/workflows")


@routes.handle("POST", _ONE, scopes=SCOPES)
async def enrol_contact(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    workflow, contact = _named(request)
    if not workflow.enabled:
        msg = f"Workflow {workflow.workflow_id} is turned off"
        raise invalid(msg)
    request.state.automation.enrol_in_workflow(workflow, contact.id)
    return Response(status_code=204)


@routes.handle("DELETE", _ONE, scopes=SCOPES)
async def unenrol_contact(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    workflow, contact = _named(request)
    request.state.automation.take_out(workflow, contact.id)
    return Response(status_code=204)


@routes.handle("GET", "/enrollments/contacts/{vid}", scopes=SCOPES)
async def list_enrolments(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    contacts = request.state.contacts
    contact = contacts.get(contacts.survivor(request.path_params["vid"]))
    if contact is None:
        raise not_found("contact does not exist")
    found = request.state.automation.workflows_of(contact.id)
    # An array: this version of the API has no envelope.
    return JSONResponse([_view(one) for one in found if one.workflow_id is not None])


def _named(request: HubSpotRequest) -> tuple[Workflow, Contact]:
    workflow = request.state.automation.by_workflow_id(request.path_params["workflowId"])
    if workflow is None:
        raise not_found(f"No workflow with id {request.path_params['workflowId']}")
    contact = request.state.contacts.find("email", request.path_params["email"])
    if contact is None:
        raise not_found("contact does not exist")
    return workflow, contact


def _view(one: Workflow) -> dict[str, object]:
    return {
        "id": int(one.workflow_id or 0),
        "name": one.name,
        "type": "DRIP_DELAY",
        "enabled": one.enabled,
        "insertedAt": int(one.created * 1000),
        "updatedAt": int(one.created * 1000),
    }
