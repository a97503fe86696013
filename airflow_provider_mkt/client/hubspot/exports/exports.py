"""Exports of records to files, which HubSpot writes in the background.

An account starts 30 exports in 24 hours, and runs one at a time. No call lists them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from airflow_provider_mkt.client.call import Call, Envelope, Json, JsonBody, Replay, Route, path_params
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.objects._searching import Filter, checked_groups
from airflow_provider_mkt.client.hubspot.objects._types import ObjectTypeName, number_of, singular
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.parameters import (
    Names,
    NumericId,
    Text,
    endpoint,
    items,
    items_or_empty,
    one_of,
)

PROPERTIES_MAX = 1_000
"""More properties than an account has of an object type. HubSpot documents no limit."""
FORMATS = ("CSV", "XLS", "XLSX")
GROUPS_MAX, GROUP_MAX = 3, 3
"""Filters of an export: groups, and filters in a group."""
ASSOCIATIONS_MAX = 1_000
"""Associated records in a row, unless the limit is lifted."""
_SCOPES = ("crm.export",)
_MAX_ELAPSED = 120.0


class StartedExport(BaseModel):
    """An export that was accepted."""

    model_config = ConfigDict(extra="allow", coerce_numbers_to_str=True)

    id: str


class ExportTask(BaseModel):
    """The task that writes an export, and the address of its file.

    :param status: PENDING, PROCESSING, CANCELED or COMPLETE. A complete task can have errors.
    :param result: the address of the file. Whoever has it can read the file, for five minutes after the
        answer; so its text is only in ``get_secret_value()``.
    """

    model_config = ConfigDict(extra="allow")

    status: str
    result: SecretStr | None = None
    startedAt: str | None = None
    completedAt: str | None = None
    numErrors: int = 0
    errors: list[JsonDict] = Field(default_factory=list)


class Export(BaseModel):
    """An export.

    :param exportState: ENQUEUED, PROCESSING, DEFERRED, PENDING_APPROVAL, DONE, FAILED, CANCELED, CONFLICT or
        DELETED.
    :param recordCount: rows of the file, where HubSpot tells it.
    """

    model_config = ConfigDict(extra="allow", coerce_numbers_to_str=True)

    id: str
    exportState: str
    exportName: str | None = None
    exportType: str | None = None
    objectType: str | None = None
    objectProperties: list[str] = Field(default_factory=list)
    recordCount: int | None = None
    createdAt: str | None = None
    updatedAt: str | None = None


@endpoint
def start(
    name: Text,
    object_type: ObjectTypeName,
    properties: Annotated[Sequence[str], items(PROPERTIES_MAX)],
    *,
    list_id: NumericId | None = None,
    filter_groups: Annotated[Sequence[Sequence[Filter]], items_or_empty(GROUPS_MAX)] = (),
    query: Text | None = None,
    file_format: Annotated[str, one_of(*FORMATS)] = "CSV",
    language: Text = "EN",
    internal_names: bool = True,
    internal_values: bool = True,
    associated_types: Names = (),
    association_labels: bool = False,
    primary_display_property: bool = False,
    all_associations: bool = False,
) -> Call[StartedExport]:
    """Start an export of the records of one object type, of a list of them or of those that filters match.

    Every accepted call starts another export, and no call lists them. So it is never retried automatically,
    and the export of a call whose answer was lost cannot be found.

    :param name: name of the export.
    :param object_type: ``contacts``, ``companies``, ``deals``, ``tickets``, or the number of a custom object,
        such as ``2-123``. HubSpot takes no name of a custom object here.
    :param properties: properties to export, by their internal names.
    :param list_id: export the members of this list; all records when not given.
    :param filter_groups: export records that match all filters of one of the groups: at most 3 groups of 3
        filters. Not with *list_id*.
    :param query: export records whose default text properties contain this. Not with *list_id*.
    :param file_format: ``CSV``, ``XLS`` or ``XLSX``. HubSpot splits a file of more than 1,000,000 rows
        (65,535 of XLS).
    :param language: language of labels in the file, as HubSpot writes it, e.g. ``EN`` or ``DE``.
    :param internal_names: head columns with the internal names of the properties instead of their labels.
    :param internal_values: write internal values of options, stages and users instead of their labels.
    :param associated_types: also export the ids of associated records of these object types.
    :param association_labels: also export the labels of associations.
    :param primary_display_property: also export the name of each associated record.
    :param all_associations: export all associated records of a row, and not just 1,000.
    :returns: the export's id; poll its state.
    :raises InvalidInput: when a custom object is given by its name, a filter is invalid, or filters are given
        with a list.
    :raises RateLimited: when 30 exports were started within 24 hours.

    Source: ``POST /crm/{version}/exports/export/async``.
    """
    body: dict[str, Json] = {
        "exportType": "VIEW" if list_id is None else "LIST",
        "exportName": name,
        "format": file_format,
        "language": language,
        "objectType": _type_name("object_type", object_type),
        "objectProperties": list(properties),
        "associatedObjectType": [_type_name("associated_types", one) for one in associated_types],
        "exportInternalValuesOptions": [
            option for option, wanted in (("NAMES", internal_names), ("VALUES", internal_values)) if wanted
        ],
        "includeLabeledAssociations": association_labels,
        "includePrimaryDisplayPropertyForAssociatedObjects": primary_display_property,
        "overrideAssociatedObjectsPerDefinitionPerRowLimit": all_associations,
    }
    if list_id is not None:
        for field, given in (("filter_groups", filter_groups), ("query", query)):
            if given:
                raise InvalidInput(field, "is for exports without list_id; leave it out")
        body["listId"] = str(list_id)
    elif filter_groups or query:
        groups = checked_groups(filter_groups, groups_max=GROUPS_MAX, group_max=GROUP_MAX)
        request: dict[str, Json] = {
            "filterGroups": [{"filters": group} for group in groups],
            "filters": [],
            "sorts": [],
        }
        body["publicCrmSearchRequest"] = request | ({"query": query} if query else {})
    return Call(
        "exports.start",
        Route("POST", "exports", "/async"),
        StartedExport.model_validate,
        Replay.NEVER,
        body=JsonBody(body),
        scopes=_SCOPES,
        # Not longer: an account that has started its 30 exports is refused for hours.
        max_elapsed=_MAX_ELAPSED,
    )


@endpoint
def status(task_id: NumericId) -> Call[ExportTask]:
    """Read the status of an export's task, and a new address of its file.

    The address is a secret: it needs no authorization while it is alive, which is for five minutes.

    :param task_id: id of the export.
    :raises InvalidInput: when the id is not a number.
    :raises NotFound: when there is no such export.

    Source: ``GET /crm/{version}/exports/export/async/tasks/{taskId}/status``.
    """
    return Call(
        "exports.status",
        Route("GET", "exports", "/async/tasks/{taskId}/status", path_params(taskId=task_id)),
        _task,
        Replay.SAFE,
        scopes=_SCOPES,
    )


@endpoint
def get(export_id: NumericId) -> Call[Export]:
    """Read the state of an export, and how many records it has.

    :param export_id: id of the export.
    :raises InvalidInput: when the id is not a number.
    :raises NotFound: when there is no such export.

    Source: ``GET /crm/{version}/exports/export/{exportId}``.
    """
    return Call(
        "exports.get",
        Route("GET", "exports", "/{exportId}", path_params(exportId=export_id)),
        Export.model_validate,
        Replay.SAFE,
        scopes=_SCOPES,
    )


def _task(envelope: Envelope) -> ExportTask:
    return ExportTask.model_validate(envelope)


def _type_name(field: str, object_type: str) -> str:
    """Return an object type as exports name it: CONTACT, or a number."""
    name = singular(object_type)
    if name is not None:
        return name.upper()
    number = number_of(object_type)
    if number is None:
        raise InvalidInput(field, "must be a standard object, or the number of a custom one, such as 2-123")
    return number
