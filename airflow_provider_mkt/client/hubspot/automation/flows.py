"""Flows: workflows in the v4 automation API. The API has no dated version yet."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, NotRequired, TypedDict, TypeVar, cast

from airflow_provider_mkt.client.call import (
    Call,
    Envelope,
    Json,
    JsonBody,
    Quota,
    Replay,
    Route,
    path_params,
    query_pairs,
)
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.batch import nothing
from airflow_provider_mkt.client.hubspot.parameters import PageSize
from airflow_provider_mkt.client.paging import after_cursor
from airflow_provider_mkt.client.parameters import NumericId, endpoint, items, mapping, required_str
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.client.transport.platform import errors_of

T = TypeVar("T")

PAGE_MAX = 100
BATCH_MAX = 100
"""HubSpot documents no limit; its other batches accept this many."""
_SCOPES = ("automation",)


class Flow(TypedDict):
    id: str
    name: NotRequired[str]
    isEnabled: bool
    flowType: str
    objectTypeId: str
    revisionId: str
    createdAt: str
    updatedAt: str


class FlowFailure(TypedDict):
    category: str
    message: str
    context: NotRequired[dict[str, builtins.list[str]]]


class Flows(TypedDict):
    """A batch response: the flows in any order, and errors for those that were not found."""

    status: str
    results: builtins.list[Flow]
    errors: builtins.list[FlowFailure]


class WorkflowId(TypedDict):
    """A workflow's id as a flow and its legacy id."""

    flowId: int
    workflowId: int


class WorkflowIds(TypedDict):
    """A batch response.

    The ids in any order (match them by ``flowId``), and errors for those that were not found."""

    status: str
    results: builtins.list[WorkflowId]
    errors: builtins.list[FlowFailure]


@endpoint
def list(*, limit: PageSize = PAGE_MAX) -> Call[builtins.list[Flow]]:
    """List flows, without their actions.

    :param limit: rows per page, 1-100.
    :returns: one page; iterate the call for all pages.
    :raises InvalidInput: when *limit* is out of range.

    Source: ``GET /automation/{version}/flows``.
    """
    return Call(
        "flows.list",
        Route("GET", "flows", "/flows"),
        lambda envelope: cast("builtins.list[Flow]", envelope["results"]),
        Replay.SAFE,
        query=query_pairs(limit=limit),
        follow=after_cursor,
        scopes=_SCOPES,
    )


@endpoint
def get(flow_id: NumericId) -> Call[Flow]:
    """Read a flow with its actions and enrolment criteria.

    :param flow_id: id of the flow.
    :raises InvalidInput: when the id is not a number.
    :raises NotFound: when it does not exist.

    Source: ``GET /automation/{version}/flows/{flowId}``.
    """
    params = path_params(flowId=flow_id)
    return Call(
        "flows.get",
        Route("GET", "flows", "/flows/{flowId}", params),
        lambda envelope: cast("Flow", envelope),
        Replay.SAFE,
        scopes=_SCOPES,
    )


@endpoint
def create(definition: Mapping[str, object]) -> Call[Flow]:
    """Create a flow. Names are not unique, so a retry can create a duplicate.

    :param definition: the flow in HubSpot's own format: ``type``, ``objectTypeId``, ``actions`` ...
    :returns: the flow.
    :raises InvalidInput: when *definition* is empty.
    :raises InvalidRequest: when HubSpot rejects the definition.

    Source: ``POST /automation/{version}/flows``.
    """
    return _write("flows.create", Route("POST", "flows", "/flows"), _definition(definition))


@endpoint
def replace(flow_id: NumericId, definition: Mapping[str, object]) -> Call[Flow]:
    """Replace a flow completely. Fields that *definition* leaves out are removed.

    :param flow_id: id of the flow.
    :param definition: the complete flow, with the current ``revisionId``; an outdated one is rejected.
    :returns: the flow, with its new ``revisionId``.
    :raises InvalidInput: when the id is not a number, or the ``revisionId`` is missing.
    :raises NotFound: when it does not exist.

    Source: ``PUT /automation/{version}/flows/{flowId}``.
    """
    body = _definition(definition)
    required_str("definition.revisionId", body.get("revisionId", ""))
    params = path_params(flowId=flow_id)
    return _write("flows.replace", Route("PUT", "flows", "/flows/{flowId}", params), body)


@endpoint
def delete(flow_id: NumericId) -> Call[None]:
    """Delete a flow and unenrol its records. It cannot be restored by API.

    :param flow_id: id of the flow.
    :raises InvalidInput: when the id is not a number.
    :raises NotFound: when it does not exist.

    Source: ``DELETE /automation/{version}/flows/{flowId}``.
    """
    params = path_params(flowId=flow_id)
    route = Route("DELETE", "flows", "/flows/{flowId}", params)
    return Call("flows.delete", route, nothing, Replay.SAFE, scopes=_SCOPES)


@endpoint
def batch_read(flow_ids: Annotated[Sequence[NumericId], items(BATCH_MAX)]) -> Call[Flows]:
    """Read up to 100 flows by id.

    :param flow_ids: 1-100 flow ids.
    :returns: the flows or records that exist, and errors for the others.
    :raises InvalidInput: on an empty or too large batch, or an id that is not a number.

    Source: ``POST /automation/{version}/flows/batch/read``.
    """
    inputs = [{"flowId": str(flow_id), "type": "FLOW_ID"} for flow_id in flow_ids]
    return _batch(
        "flows.batch_read", "/flows/batch/read", inputs, lambda envelope: cast("Flows", _complete(envelope))
    )


@endpoint
def workflow_ids(flow_ids: Annotated[Sequence[NumericId], items(BATCH_MAX)]) -> Call[WorkflowIds]:
    """Convert flow ids to the legacy workflow ids that the enrolment calls take.

    :param flow_ids: 1-100 flow ids.
    :returns: both ids of each flow, and errors for flows without a legacy id.
    :raises InvalidInput: on an empty or too large batch, or an id that is not a number.

    Source: ``POST /automation/{version}/workflow-id-mappings/batch/read``.
    """
    # HubSpot's reference page and its schema name the field differently.
    inputs = [
        {"flowId": str(flow_id), "flowMigrationStatuses": str(flow_id), "type": "FLOW_ID"}
        for flow_id in flow_ids
    ]
    tail = "/workflow-id-mappings/batch/read"
    return _batch(
        "flows.workflow_ids", tail, inputs, lambda envelope: cast("WorkflowIds", _complete(envelope))
    )


def _definition(definition: Mapping[str, object]) -> dict[str, Json]:
    if not isinstance(definition, Mapping) or not definition:
        raise InvalidInput(
            "definition", f"must be a mapping that describes a flow, not {describe_type(definition)}"
        )
    return mapping("definition", definition)


def _write(call: str, route: Route, definition: dict[str, Json]) -> Call[Flow]:
    return Call(
        call,
        route,
        lambda envelope: cast("Flow", envelope),
        Replay.VERIFY,
        body=JsonBody(definition),
        # HubSpot does not count these two calls in its rate-limit window.
        quota=Quota.FREE,
        scopes=_SCOPES,
    )


def _batch(
    call: str, tail: str, inputs: builtins.list[dict[str, str]], read: Callable[[Envelope], T]
) -> Call[T]:
    return Call(
        call,
        Route("POST", "flows", tail),
        read,
        Replay.SAFE,
        body=JsonBody({"inputs": inputs}),
        scopes=_SCOPES,
    )


def _complete(envelope: Envelope) -> Envelope:
    """Check that the batch is complete. HubSpot has no call to poll a pending batch."""
    if envelope.get("status") != "COMPLETE":
        msg = f"batch status {envelope.get('status')}"
        raise ValueError(msg)
    return {**envelope, "errors": builtins.list(errors_of(envelope))}
