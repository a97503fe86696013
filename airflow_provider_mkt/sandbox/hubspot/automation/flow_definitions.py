"""Definitions of flows."""

from __future__ import annotations

from collections.abc import Iterable

from airflow_provider_mkt.sandbox.hubspot.automation.store import Workflow
from airflow_provider_mkt.sandbox.hubspot.errors import invalid
from airflow_provider_mkt.sandbox.hubspot.requests import array, check_object, read_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

FOR_NEW = ("objectTypeId", "flowType")
"""Keys that are required for a new flow, but not to replace one."""
# The schema also requires some arrays and maps. Other endpoints of the platform accept bodies without
# them when they are empty, so this one does.
_ALWAYS = ("type", "isEnabled", "actions")
_ARRAYS = ("actions", "blockedDates", "dataSources", "suppressionListIds", "timeWindows")
_OBJECTS = ("customProperties", "enrollmentCriteria")
_FOR_CONTACTS = ("canEnrollFromSalesforce",)
_CONTACT_FLOW, _PLATFORM_FLOW = "CONTACT_FLOW", "PLATFORM_FLOW"
_KINDS = ("WORKFLOW", "ACTION_SET", "UNKNOWN")


async def read_definition(request: HubSpotRequest, schema: str, also: tuple[str, ...]) -> JsonObject:
    """Return a body that defines a flow, with all keys that its type requires."""
    body = await read_object(request, schema, [*_ALWAYS, *also])
    for name in _ARRAYS:
        array(body, name, schema)
    for name in _OBJECTS:
        check_object(body.get(name) or {}, f"{schema}, {name}")
    if body["type"] not in (_CONTACT_FLOW, _PLATFORM_FLOW):
        msg = f"type must be {_CONTACT_FLOW} or {_PLATFORM_FLOW}"
        raise invalid(msg)
    if body["type"] == _CONTACT_FLOW:
        check_object(body, schema, _FOR_CONTACTS)
    if body.get("flowType", "WORKFLOW") not in _KINDS:
        msg = f"flowType must be one of {', '.join(_KINDS)}"
        raise invalid(msg)
    return body


def definition_view(one: Workflow) -> JsonObject:
    """Return the definition of a flow with its defaults."""
    criteria = {"shouldReEnroll": one.re_enrols, "type": "MANUAL"}
    usual: JsonObject = {
        "type": _CONTACT_FLOW,
        "actions": [],
        "enrollmentCriteria": criteria,
        "timeWindows": [],
        "blockedDates": [],
        "customProperties": {},
        "dataSources": [],
        "crmObjectCreationStatus": "COMPLETE",
    }
    if one.definition.get("type", _CONTACT_FLOW) == _CONTACT_FLOW:
        usual |= {"canEnrollFromSalesforce": False, "suppressionListIds": []}
    view = usual | one.definition
    return view | {"nextAvailableActionId": _next_action(view["actions"])}


def _next_action(actions: Iterable[object]) -> str:
    """Return the first number that is greater than all action ids."""
    given = (action.get("actionId") for action in actions if isinstance(action, dict))
    numbers = [int(one) for one in given if isinstance(one, str) and one.isascii() and one.isdigit()]
    return str(max(numbers, default=0) + 1)
