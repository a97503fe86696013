"""Properties and groups as JSON."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.objects.definitions import Property
from airflow_provider_mkt.sandbox.hubspot.properties.store import Group
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

FIELD_TYPES = {
    "string": "text",
    "number": "number",
    "date": "date",
    "datetime": "date",
    "bool": "booleancheckbox",
    "enumeration": "select",
}
_LABELS = {"true": "Yes", "false": "No"}


def property_view(one: Property, group: str) -> JsonObject:
    """Return a property; texts of HubSpot's own properties are derived from their names.

    :param group: the group of HubSpot's own properties.
    """
    own = bool(one.custom)
    view: JsonObject = {
        "name": one.name,
        "label": one.name.removeprefix("hs_").replace("_", " ").capitalize(),
        "description": "",
        "groupName": group,
        "type": one.kind,
        "fieldType": "checkbox" if one.multiple else FIELD_TYPES.get(one.kind, "text"),
        "options": [_option(value, place) for place, value in enumerate(one.options)],
        "displayOrder": -1,
        "calculated": False,
        "externalOptions": False,
        "hasUniqueValue": one.unique,
        "hidden": False,
        "hubspotDefined": not own,
        "formField": not one.read_only,
        "dataSensitivity": "non_sensitive",
        "archived": "archivedAt" in one.custom,
        "modificationMetadata": {
            "archivable": own,
            "readOnlyDefinition": not own,
            "readOnlyValue": one.read_only,
        },
    }
    if own:
        view |= {name: value for name, value in one.custom.items() if value is not None and name != "options"}
        view["options"] = [
            {"hidden": False, "displayOrder": -1, **option} for option in one.custom.get("options") or []
        ] or view["options"]
    return view


def _option(value: str, place: int) -> JsonObject:
    label = _LABELS.get(value, value.replace("_", " ").capitalize())
    return {"label": label, "value": value, "displayOrder": place, "hidden": False}


def group_view(group: Group) -> JsonObject:
    return {"name": group.name, "label": group.label, "displayOrder": group.order, "archived": False}
