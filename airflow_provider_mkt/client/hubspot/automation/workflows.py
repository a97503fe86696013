"""Enrolment of contacts in workflows.

These calls take legacy workflow ids; :func:`.flows.workflow_ids` converts flow ids. They have no dated
version. The long-term alternative is to add contacts to a list, or to set a property, that triggers the
workflow.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import Call, Replay, Route, numeric_id, path_params
from airflow_provider_mkt.client.hubspot.batch import nothing
from airflow_provider_mkt.client.hubspot.mailbox import address

_SCOPES = ("automation",)
_ONE = "/{workflowId}/enrollments/contacts/{email}"


class Workflow(TypedDict):
    id: int
    name: str
    type: NotRequired[str]
    enabled: NotRequired[bool]


def enrol(workflow_id: int | str, email: str) -> Call[None]:
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
    name = "workflows.enrol"
    return Call(name, _one("POST", name, workflow_id, email), nothing, Replay.VERIFY, scopes=_SCOPES)


def unenrol(workflow_id: int | str, email: str) -> Call[None]:
    """Unenrol a contact from a workflow.

    :param workflow_id: legacy id of the workflow.
    :param email: the contact's email address.
    :raises InvalidInput: when the id is not a number, or the address is not an email address.
    :raises NotFound: when the workflow or the contact does not exist.

    Source: ``DELETE /automation/v2/workflows/{workflowId}/enrollments/contacts/{email}``.
    """
    name = "workflows.unenrol"
    return Call(name, _one("DELETE", name, workflow_id, email), nothing, Replay.SAFE, scopes=_SCOPES)


def enrolments(contact_id: int | str) -> Call[list[Workflow]]:
    """List the workflows that a contact is enrolled in now.

    :param contact_id: the contact's record id.
    :raises InvalidInput: when the id is not a number.
    :raises NotFound: when the contact does not exist.

    Source: ``GET /automation/v2/workflows/enrollments/contacts/{vid}``.
    """
    name = "workflows.enrolments"
    params = path_params(name, vid=numeric_id(name, "contact_id", contact_id))
    return Call(
        name,
        Route("GET", "workflows", "/enrollments/contacts/{vid}", params),
        lambda envelope: cast("list[Workflow]", envelope["results"]),
        Replay.SAFE,
        bare_list=True,
        scopes=_SCOPES,
    )


def _one(method: str, call: str, workflow_id: int | str, email: str) -> Route:
    number = numeric_id(call, "workflow_id", workflow_id)
    params = path_params(call, workflowId=number, email=address(call, "email", email))
    return Route(method, "workflows", _ONE, params)
