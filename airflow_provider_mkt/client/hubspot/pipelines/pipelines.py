"""Pipelines of deals, tickets and other objects, and their stages."""

from __future__ import annotations

import builtins
from typing import TypedDict, cast

from airflow_provider_mkt.client.call import Call, Envelope, Replay, Route, path_params
from airflow_provider_mkt.client.hubspot.objects._types import ObjectTypeName, record_scopes
from airflow_provider_mkt.client.parameters import PathSegment, endpoint


class Stage(TypedDict):
    """A stage. ``id`` is what ``dealstage`` of a deal and ``hs_pipeline_stage`` of a ticket hold."""

    id: str
    label: str
    displayOrder: int
    metadata: dict[str, str]
    archived: bool


class Pipeline(TypedDict):
    """A pipeline. ``id`` is what ``pipeline`` of a deal and ``hs_pipeline`` of a ticket hold."""

    id: str
    label: str
    displayOrder: int
    archived: bool
    stages: builtins.list[Stage]


@endpoint
def list(object_type: ObjectTypeName) -> Call[builtins.list[Pipeline]]:
    """List the pipelines of an object type with their stages, in one response.

    :param object_type: ``deals``, ``tickets``, or another object type that has pipelines.

    Source: ``GET /crm/{version}/pipelines/{objectType}``.
    """
    return Call(
        "pipelines.list",
        Route("GET", "pipelines", "/{objectType}", path_params(objectType=object_type)),
        _pipelines,
        Replay.SAFE,
        scopes=record_scopes(object_type, "read"),
    )


@endpoint
def get(object_type: ObjectTypeName, pipeline_id: PathSegment) -> Call[Pipeline]:
    """Read a pipeline with its stages.

    :param object_type: ``deals``, ``tickets``, or another object type that has pipelines.
    :param pipeline_id: its id, e.g. ``default``.
    :raises NotFound: when there is none.

    Source: ``GET /crm/{version}/pipelines/{objectType}/{pipelineId}``.
    """
    params = path_params(objectType=object_type, pipelineId=pipeline_id)
    return Call(
        "pipelines.get",
        Route("GET", "pipelines", "/{objectType}/{pipelineId}", params),
        _pipeline,
        Replay.SAFE,
        scopes=record_scopes(object_type, "read"),
    )


@endpoint
def list_stages(object_type: ObjectTypeName, pipeline_id: PathSegment) -> Call[builtins.list[Stage]]:
    """List the stages of a pipeline, in one response.

    :param object_type: ``deals``, ``tickets``, or another object type that has pipelines.
    :param pipeline_id: its id, e.g. ``default``.
    :raises NotFound: when there is none.

    Source: ``GET /crm/{version}/pipelines/{objectType}/{pipelineId}/stages``.
    """
    params = path_params(objectType=object_type, pipelineId=pipeline_id)
    return Call(
        "pipelines.list_stages",
        Route("GET", "pipelines", "/{objectType}/{pipelineId}/stages", params),
        _stages,
        Replay.SAFE,
        scopes=record_scopes(object_type, "read"),
    )


def _pipeline(envelope: Envelope) -> Pipeline:
    return cast("Pipeline", envelope)


def _pipelines(envelope: Envelope) -> builtins.list[Pipeline]:
    return cast("builtins.list[Pipeline]", envelope["results"])


def _stages(envelope: Envelope) -> builtins.list[Stage]:
    return cast("builtins.list[Stage]", envelope["results"])
