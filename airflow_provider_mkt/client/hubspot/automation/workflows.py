"""Enrolment of contacts in workflows.

These calls take legacy workflow ids; :func:`.flows.workflow_ids` converts flow ids. They have no dated
version. The long-term alternative is to add contacts to a list, or to set a property, that triggers the
workflow.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import Call, Replay, Route, path_params
from airflow_provider_mkt.client.hubspot.batch import nothing
from airflow_provider_mkt.client.hubspot.parameters import EmailAddress
from airflow_provider_mkt.client.parameters import NumericId, endpoint

_SCOPES = ("automation",)
_ENROLMENT = "/{workflowId}/enrollments/contacts/{email}"


class Workflow(TypedDict):
    id: int
    name: str
    type: NotRequired[str]
    enabled: NotRequired[bool]


@endpoint
def enrol(workflow_id: NumericId, email: EmailAddress) -> Call[None]:
    """Enrol a contact in a workflow. The response does not say whether it was enrolled before.

    The workflow's settings decide whether a second enrolment restarts it. After an ambiguous failure, read
    the contact's :func:`enrolments` before retrying.

    :param workflow_id: legacy id of the workflow (not its flow id). The workflow must be on.
    :param email: the contact's email address. The contact must exist.
    :raises InvalidInput: when the id is not a number, or the address is not an email address.
    :raises InvalidRequest: when the workflow is off.
    :raises NotFound: when the workflow or the contact does not exist.

    Source: ``POST /automation/v2/workflows/{workflowId}/enrollments/contacts/{email}``.
    """
    return Call(
        "workflows.enrol", _enrolment("POST", workflow_id, email), nothing, Replay.VERIFY, scopes=_SCOPES
    )


@endpoint
def unenrol(workflow_id: NumericId, email: EmailAddress) -> Call[None]:
    """Unenrol a contact from a workflow.

    :param workflow_id: legacy id of the workflow.
    :param email: the contact's email address.
    :raises InvalidInput: when the id is not a number, or the address is not an email address.
    :raises NotFound: when the workflow or the contact does not exist.

    Source: ``DELETE /automation/v2/workflows/{workflowId}/enrollments/contacts/{email}``.
    """
    return Call(
        "workflows.unenrol", _enrolment("DELETE", workflow_id, email), nothing, Replay.SAFE, scopes=_SCOPES
    )


@endpoint
def enrolments(contact_id: NumericId) -> Call[list[Workflow]]:
    """List the workflows that a contact is enrolled in now.

    :param contact_id: the contact's record id.
    :raises InvalidInput: when the id is not a number.
    :raises NotFound: when the contact does not exist.

    Source: ``GET /automation/v2/workflows/enrollments/contacts/{vid}``.
    """
    params = path_params(vid=contact_id)
    return Call(
        "workflows.enrolments",
        Route("GET", "workflows", "/enrollments/contacts/{vid}", params),
        lambda envelope: cast("list[Workflow]", envelope["results"]),
        Replay.SAFE,
        bare_list=True,
        scopes=_SCOPES,
    )


def _enrolment(method: str, workflow_id: NumericId, email: str) -> Route:
    return Route(method, "workflows", _ENROLMENT, path_params(workflowId=workflow_id, email=email))
