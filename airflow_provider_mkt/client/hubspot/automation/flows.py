"""Flows: workflows in the v4 automation API. Every version profile calls it, as dated paths are in beta."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal, NotRequired, TypedDict, TypeVar, cast

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
from airflow_provider_mkt.client.hubspot.batch import nothing, with_unanswered
from airflow_provider_mkt.client.hubspot.parameters import PageSize, epoch_milliseconds
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.paging import Cursor, after_cursor
from airflow_provider_mkt.client.parameters import (
    NumericId,
    UtcTime,
    endpoint,
    items,
    items_or_empty,
    mapping,
    required_str,
)
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.client.transport.platform import errors_of

T = TypeVar("T")

PAGE_MAX = 100
BATCH_MAX = 100
"""HubSpot documents no limit; its other batches accept this many."""
_SCOPES = ("automation",)
BucketType = Literal["DAY", "WEEK", "MONTH"]
FirstDay = Literal["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]


class Flow(TypedDict):
    id: str
    name: NotRequired[str]
    isEnabled: bool
    flowType: str
    objectTypeId: str
    revisionId: str
    createdAt: str
    updatedAt: str


class FlowEmail(TypedDict):
    """An email that a flow sends."""

    flowId: str
    emailCampaignId: NotRequired[str]
    emailContentId: NotRequired[str]


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
def list(*, limit: PageSize = PAGE_MAX, after: Cursor | None = None) -> Call[builtins.list[Flow]]:
    """List flows, without their actions.

    :param limit: rows per page, 1-100.
    :param after: cursor of the page to begin with; the first page when not given.
    :returns: one page; iterate the call for all pages.
    :raises InvalidInput: when *limit* is out of range.

    Source: ``GET /automation/{version}/flows``.
    """
    return Call(
        "flows.list",
        Route("GET", "flows", "/flows"),
        lambda envelope: cast("builtins.list[Flow]", envelope["results"]),
        Replay.SAFE,
        query=query_pairs(after=after, limit=limit),
        follow=after_cursor,
        scopes=_SCOPES,
    )


@endpoint
def email_campaigns(
    flow_ids: Annotated[Sequence[NumericId], items_or_empty(BATCH_MAX)] = (),
    *,
    limit: PageSize = PAGE_MAX,
    after: Cursor | None = None,
) -> Call[builtins.list[FlowEmail]]:
    """List the emails that flows send.

    :param flow_ids: only the emails of these flows, at most 100; of all flows when not given.
    :param limit: rows per page, 1-100.
    :param after: cursor of the page to begin with; the first page when not given.
    :returns: one page; iterate the call for all pages.
    :raises InvalidInput: when *limit* is out of range, or an id is not a number.

    Source: ``GET /automation/{version}/flows/email-campaigns``.
    """
    return Call(
        "flows.email_campaigns",
        Route("GET", "flows", "/flows/email-campaigns"),
        lambda envelope: cast("builtins.list[FlowEmail]", envelope["results"]),
        Replay.SAFE,
        query=query_pairs(flowId=builtins.list(flow_ids), limit=limit, after=after),
        follow=after_cursor,
        scopes=_SCOPES,
    )


@endpoint
def performance(
    flow_id: NumericId,
    *,
    bucket_type: BucketType | None = None,
    start: UtcTime | None = None,
    end: UtcTime | None = None,
    first_day: FirstDay | None = None,
) -> Call[builtins.list[JsonDict]]:
    """Read a flow's performance over time.

    :param flow_id: id of the flow.
    :param bucket_type: the length of one row: ``DAY``, ``WEEK`` or ``MONTH``.
    :param start: begin of the period.
    :param end: end of the period.
    :param first_day: the day on which weeks begin, e.g. ``MONDAY``.
    :returns: one row per bucket, in HubSpot's own format, which it does not document.
    :raises InvalidInput: when the id is not a number, a word is unknown, or the period ends before it starts.
    :raises NotFound: when the flow does not exist.

    Source: ``GET /automation/{version}/flows/performance/{flowId}``.
    """
    if start is not None and end is not None and start > end:
        raise InvalidInput("end", "is before start")
    return Call(
        "flows.performance",
        Route("GET", "flows", "/flows/performance/{flowId}", path_params(flowId=flow_id)),
        lambda envelope: cast("builtins.list[JsonDict]", envelope["results"]),
        Replay.SAFE,
        query=query_pairs(
            bucketType=bucket_type,
            start=_milliseconds(start),
            end=_milliseconds(end),
            firstDay=first_day,
        ),
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
        "flows.batch_read",
        "/flows/batch/read",
        inputs,
        lambda envelope: cast("Flows", _complete(envelope, inputs)),
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
        "flows.workflow_ids", tail, inputs, lambda envelope: cast("WorkflowIds", _complete(envelope, inputs))
    )


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else epoch_milliseconds(moment)


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


def _complete(envelope: Envelope, inputs: Sequence[Mapping[str, Json]]) -> Envelope:
    """Check that the batch is complete. HubSpot has no call to poll a pending batch.

    :returns: the batch with an error of the inputs that it does not answer.
    """
    if envelope.get("status") != "COMPLETE":
        msg = f"batch status {envelope.get('status')}"
        raise ValueError(msg)
    errors = with_unanswered(inputs, envelope["results"], builtins.list(errors_of(envelope)))
    return {**envelope, "errors": errors}
