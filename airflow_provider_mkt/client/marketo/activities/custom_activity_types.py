"""Custom activity types. Changes are made to a draft, which becomes the live version when approved."""

from __future__ import annotations

import builtins
import re
from collections.abc import Mapping, Sequence
from typing import Annotated

from airflow_provider_mkt.client.call import Call, Json, Replay, path_params, query_pairs
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.marketo.requests import (
    NAME_MAX,
    ShortText,
    at_least_one,
    read,
    records,
    write,
)
from airflow_provider_mkt.client.marketo.responses import only_row_as, rows_as
from airflow_provider_mkt.client.marketo.rows import ActivityType
from airflow_provider_mkt.client.parameters import endpoint, items, known_value, mapping, text_or_empty
from airflow_provider_mkt.client.redaction import describe_type

ATTRIBUTES_MAX = 20
DATA_TYPES = (
    "string",
    "boolean",
    "integer",
    "float",
    "link",
    "email",
    "currency",
    "date",
    "datetime",
    "phone",
    "text",
)
_READ = ("Read-Only Activity Metadata",)
_WRITE = ("Read-Write Activity Metadata",)
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9_]+")
_ATTRIBUTE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]*")


@endpoint
def list() -> Call[builtins.list[ActivityType]]:
    """List all custom activity types.

    Source: ``GET /rest/v1/activities/external/types.json``.
    """
    return read(
        "custom_activity_types.list", "/activities/external/types.json", rows_as(ActivityType), scopes=_READ
    )


@endpoint
def get(api_name: str, *, draft: bool = False) -> Call[ActivityType]:
    """Read a custom activity type.

    :param api_name: API name of the type.
    :param draft: read the draft instead of the live version.
    :raises NotFound: when the type or that version does not exist.

    Source: ``GET /rest/v1/activities/external/type/{apiName}/describe.json``.
    """
    return read(
        "custom_activity_types.get",
        "/activities/external/type/{apiName}/describe.json",
        only_row_as(ActivityType),
        params=path_params(apiName=api_name),
        query=query_pairs(draft=draft or None),
        scopes=_READ,
    )


@endpoint
def create(
    api_name: str,
    display_name: ShortText,
    *,
    trigger_name: ShortText,
    filter_name: ShortText,
    primary_attribute: Mapping[str, object],
    description: Annotated[str, text_or_empty(NAME_MAX)] | None = None,
) -> Call[ActivityType]:
    """Create a custom activity type as a draft. An instance can have ten.

    :param api_name: unique API name of letters, digits and ``_``.
    :param display_name: display name.
    :param trigger_name: name of its trigger in smart lists.
    :param filter_name: name of its filter in smart lists.
    :param primary_attribute: ``apiName``, ``name`` and ``dataType``.
    :param description: description, for people in Marketo.

    Source: ``POST /rest/v1/activities/external/type.json``.
    """
    if not isinstance(api_name, str) or not _NAME.fullmatch(api_name):
        raise InvalidInput("api_name", f"must be letters, digits and _, not {describe_type(api_name)}")
    body: dict[str, Json] = {
        "apiName": api_name,
        "name": display_name,
        "triggerName": trigger_name,
        "filterName": filter_name,
        "primaryAttribute": _primary_attribute(primary_attribute),
    }
    if description:
        body["description"] = description
    return write(
        "custom_activity_types.create",
        "/activities/external/type.json",
        only_row_as(ActivityType),
        Replay.VERIFY,
        body=body,
        scopes=_WRITE,
    )


@endpoint
def update(
    api_name: str,
    *,
    display_name: ShortText | None = None,
    trigger_name: ShortText | None = None,
    filter_name: ShortText | None = None,
    description: str | None = None,
    primary_attribute: Mapping[str, object] | None = None,
) -> Call[ActivityType]:
    """Update a custom activity type's draft, which is created if there is none.

    :param api_name: API name of the type.
    :param display_name: the name that people see.
    :param trigger_name: name of the trigger in smart lists.
    :param filter_name: name of the filter in smart lists.
    :param description: description, for people in Marketo.
    :param primary_attribute: ``apiName``, ``name`` and ``dataType`` of the attribute that replaces the
        current primary attribute.
    :raises InvalidInput: when no field to change is given.

    Source: ``POST /rest/v1/activities/external/type/{apiName}.json``.
    """
    changes = query_pairs(
        name=display_name, triggerName=trigger_name, filterName=filter_name, description=description
    )
    body: dict[str, Json] = dict(changes)
    if primary_attribute is None:
        at_least_one("display_name", changes)
    else:
        body["primaryAttribute"] = _primary_attribute(primary_attribute)
    return _change("custom_activity_types.update", api_name, ".json", Replay.SAFE, body)


@endpoint
def add_attributes(api_name: str, attributes: Sequence[Mapping[str, object]]) -> Call[ActivityType]:
    """Add attributes to a custom activity type's draft. A type has at most 20.

    :param api_name: API name of the type.
    :param attributes: 1-20 mappings of ``apiName``, ``name`` and ``dataType``, optionally with
        ``description`` and ``isPrimary``.

    Source: ``POST /rest/v1/activities/external/type/{apiName}/attributes/create.json``.
    """
    body = _attributes(attributes, ("apiName", "name", "dataType"))
    return _change(
        "custom_activity_types.add_attributes", api_name, "/attributes/create.json", Replay.VERIFY, body
    )


@endpoint
def update_attributes(api_name: str, attributes: Sequence[Mapping[str, object]]) -> Call[ActivityType]:
    """Update attributes of a custom activity type's draft.

    :param api_name: API name of the type.
    :param attributes: 1-20 mappings of ``apiName`` and the fields to change. Set ``isPrimary`` to false on
        the current primary attribute before another one becomes primary.

    Source: ``POST /rest/v1/activities/external/type/{apiName}/attributes/update.json``.
    """
    body = _attributes(attributes, ("apiName",))
    return _change(
        "custom_activity_types.update_attributes", api_name, "/attributes/update.json", Replay.SAFE, body
    )


@endpoint
def delete_attributes(
    api_name: str, attribute_names: Annotated[Sequence[ShortText], items(ATTRIBUTES_MAX)]
) -> Call[ActivityType]:
    """Delete attributes of a custom activity type's draft.

    :param api_name: API name of the type.
    :param attribute_names: 1-20 API names of attributes.

    Source: ``POST /rest/v1/activities/external/type/{apiName}/attributes/delete.json``.
    """
    rows: builtins.list[Json] = [{"apiName": name} for name in attribute_names]
    return _change(
        "custom_activity_types.delete_attributes",
        api_name,
        "/attributes/delete.json",
        Replay.VERIFY,
        {"attributes": rows},
    )


@endpoint
def approve(api_name: str) -> Call[ActivityType]:
    """Approve a custom activity type's draft, which becomes the live version.

    Activities can be added only to approved types.

    :param api_name: API name of a type with a draft.

    Source: ``POST /rest/v1/activities/external/type/{apiName}/approve.json``.
    """
    return _change("custom_activity_types.approve", api_name, "/approve.json", Replay.VERIFY)


@endpoint
def discard_draft(api_name: str) -> Call[ActivityType]:
    """Discard a custom activity type's draft.

    :param api_name: API name of a type with a draft.

    Source: ``POST /rest/v1/activities/external/type/{apiName}/discardDraft.json``.
    """
    return _change("custom_activity_types.discard_draft", api_name, "/discardDraft.json", Replay.VERIFY)


@endpoint
def delete(api_name: str) -> Call[ActivityType]:
    """Delete a custom activity type that is not in use.

    :param api_name: API name of the type.

    Source: ``POST /rest/v1/activities/external/type/{apiName}/delete.json``.
    """
    return _change("custom_activity_types.delete", api_name, "/delete.json", Replay.VERIFY)


def _change(
    name: str, api_name: str, end: str, replay: Replay, body: dict[str, Json] | None = None
) -> Call[ActivityType]:
    return write(
        name,
        "/activities/external/type/{apiName}" + end,
        only_row_as(ActivityType),
        replay,
        body=body,
        params=path_params(apiName=api_name),
        scopes=_WRITE,
    )


def _primary_attribute(value: Mapping[str, object]) -> dict[str, Json]:
    attribute = mapping("primary_attribute", value)
    for key in ("apiName", "name", "dataType"):
        if not attribute.get(key):
            raise InvalidInput(f"primary_attribute.{key}", "is missing or empty")
    known_value("primary_attribute.dataType", attribute["dataType"], DATA_TYPES)
    _check_name("primary_attribute.apiName", attribute["apiName"])
    return attribute


def _check_name(field: str, name: object) -> None:
    if not isinstance(name, str) or not _ATTRIBUTE_NAME.fullmatch(name):
        problem = (
            f"must be letters, digits and _, and begin with a letter or digit, not {describe_type(name)}"
        )
        raise InvalidInput(field, problem)


def _attributes(attributes: Sequence[Mapping[str, object]], required: Sequence[str]) -> dict[str, Json]:
    rows = records("attributes", attributes, required=required, at_most=ATTRIBUTES_MAX)
    for index, row in enumerate(rows):
        if "dataType" in row:
            known_value(f"attributes[{index}].dataType", row["dataType"], DATA_TYPES)
        if "name" in required:
            # Of a new attribute: the name of an older one may be of another kind.
            _check_name(f"attributes[{index}].apiName", row["apiName"])
    return {"attributes": rows}
