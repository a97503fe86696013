"""Enrolment of contacts in workflows.

These calls take workflow ids of the older API; :func:`.flows.workflow_ids` converts ids of flows. They have
no dated version. Adding contacts to a list, or setting a property, that triggers the workflow is the
lasting alternative.
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
    """Enrol a contact in a workflow. The answer does not tell whether it was in it before.

    Whether a second enrolment starts the workflow again is the workflow's own setting, so after a lost
    answer look at the contact's :func:`enrolments` before it is sent again.

    :param workflow_id: the workflow, which must be on; its old id, not that of the flow.
    :param email: the contact's address; the contact must exist.
    :raises InvalidInput: when the id is no number, or the address is none.
    :raises InvalidRequest: when the workflow is off.
    :raises NotFound: when there is no such workflow or contact.

    Source: ``POST /automation/v2/workflows/{workflowId}/enrollments/contacts/{email}``.
    """
    name = "workflows.enrol"
    return Call(name, _one("POST", name, workflow_id, email), nothing, Replay.VERIFY, scopes=_SCOPES)


def unenrol(workflow_id: int | str, email: str) -> Call[None]:
    """Take a contact out of a workflow.

    :param workflow_id: the workflow's old id.
    :param email: the contact's address.
    :raises InvalidInput: when the id is no number, or the address is none.
    :raises NotFound: when there is no such workflow or contact.

    Source: ``DELETE /automation/v2/workflows/{workflowId}/enrollments/contacts/{email}``.
    """
    name = "workflows.unenrol"
    return Call(name, _one("DELETE", name, workflow_id, email), nothing, Replay.SAFE, scopes=_SCOPES)


def enrolments(contact_id: int | str) -> Call[list[Workflow]]:
    """Read in which workflows a contact is now.

    :param contact_id: the contact's record id.
    :raises InvalidInput: when it is no number.
    :raises NotFound: when there is no such contact.

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
