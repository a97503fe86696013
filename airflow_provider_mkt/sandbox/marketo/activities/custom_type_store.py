"""Custom activity types, each with an approved version and a draft."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from airflow_provider_mkt.sandbox.marketo.checks import check_texts
from airflow_provider_mkt.sandbox.marketo.errors import (
    MarketoError,
    field_not_found,
    missing,
    object_not_found,
    wrong_type,
)
from airflow_provider_mkt.sandbox.marketo.times import lead_time

FIRST_ID = 100_001
MAX_TYPES = 10
MAX_ATTRIBUTES = 20
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
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9_]+")
_ATTRIBUTE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]*")
_TEXTS = {
    "name": "name",
    "triggerName": "trigger_name",
    "filterName": "filter_name",
    "description": "description",
}

Row = dict[str, object]


@dataclass(frozen=True)
class Attribute:
    api_name: str
    name: str
    data_type: str
    description: str = ""

    def row(self, *, primary: bool = False) -> Row:
        row: Row = {"apiName": self.api_name, "name": self.name, "dataType": self.data_type}
        if self.description:
            row["description"] = self.description
        return row | {"isPrimary": True} if primary else row


@dataclass(frozen=True)
class Version:
    name: str
    trigger_name: str
    filter_name: str
    primary: Attribute | None
    """None while no attribute is the primary one."""
    attributes: tuple[Attribute, ...] = ()
    description: str = ""


@dataclass
class CustomType:
    id: int
    api_name: str
    created_at: datetime
    updated_at: datetime
    draft: Version | None = None
    live: Version | None = None

    @property
    def status(self) -> str:
        if self.live is None:
            return "draft"
        return "approved with draft" if self.draft else "approved"

    @property
    def latest(self) -> Version:
        version = self.draft or self.live
        if version is None:
            msg = "a type has a version from the start"
            raise RuntimeError(msg)
        return version

    def edit(self, now: datetime, **changes: object) -> Version:
        """Return the draft to change; it starts as a copy of the approved version."""
        self.draft, self.updated_at = replace(self.latest, **changes), now  # type: ignore[arg-type]
        return self.draft

    def row(self, version: Version, status: str | None = None) -> Row:
        row: Row = {
            "id": self.id,
            "apiName": self.api_name,
            "name": version.name,
            "description": version.description,
            "triggerName": version.trigger_name,
            "filterName": version.filter_name,
            "status": status or self.status,
            "attributes": [one.row() for one in version.attributes],
            "createdAt": lead_time(self.created_at),
            "updatedAt": lead_time(self.updated_at),
        }
        return row | {"primaryAttribute": version.primary.row(primary=True)} if version.primary else row


@dataclass
class CustomTypeStore:
    """All custom types, by API name."""

    types: dict[str, CustomType] = field(default_factory=dict)
    _made: int = 0

    def get(self, api_name: str) -> CustomType:
        found = self.types.get(api_name)
        if found is None:
            raise object_not_found("Custom activity type", api_name)
        return found

    def live(self, type_id: int) -> Version | None:
        """Return the approved version, against which activities are checked."""
        return next((one.live for one in self.types.values() if one.id == type_id), None)

    def api_names(self, type_id: int) -> Mapping[str, str]:
        """Return the API names of a type's attributes by their names."""
        version = self.live(type_id)
        return {one.name: one.api_name for one in version.attributes} if version else {}

    def create(self, body: Row, now: datetime) -> CustomType:
        for key in ("apiName", "name", "triggerName", "filterName", "primaryAttribute"):
            if not body.get(key):
                raise missing(key)
        check_texts(body, "apiName", *_TEXTS)
        api_name = str(body["apiName"])
        if not _NAME.fullmatch(api_name):
            raise MarketoError(1003, f"apiName '{api_name}' must be alphanumeric with at least one letter")
        if api_name.lower() in {name.lower() for name in self.types}:
            raise MarketoError(1017, f"Custom activity type '{api_name}' already exists")
        if len(self.types) >= MAX_TYPES:
            raise MarketoError(1027, f"No more than {MAX_TYPES} custom activity types can be created")
        draft = Version(
            str(body["name"]),
            str(body["triggerName"]),
            str(body["filterName"]),
            _attribute(body["primaryAttribute"]),
            description=str(body.get("description") or ""),
        )
        created = CustomType(FIRST_ID + self._made, api_name, now, now, draft)
        self._made += 1
        self.types[api_name] = created
        return created

    def update(self, api_name: str, body: Row, now: datetime) -> CustomType:
        found = self.get(api_name)
        check_texts(body, "apiName", *_TEXTS)
        changes: dict[str, object] = {
            attribute: str(body[key] or "") for key, attribute in _TEXTS.items() if key in body
        }
        if "primaryAttribute" in body:
            changes["primary"] = _attribute(body["primaryAttribute"])
        if not changes:
            raise missing("name")
        found.edit(now, **changes)
        return found

    def add_attributes(self, api_name: str, rows: list[Row], now: datetime) -> CustomType:
        found = self.get(api_name)
        attributes, primary = _parts(found)
        for row in rows:
            new = _attribute(row)
            if new.api_name in attributes or (primary and new.api_name == primary.api_name):
                raise MarketoError(1017, f"Attribute '{new.api_name}' already exists")
            if _is_primary(row):
                primary = _only(primary, new)
            else:
                attributes[new.api_name] = new
        return _keep(found, attributes, primary, now)

    def update_attributes(self, api_name: str, rows: list[Row], now: datetime) -> CustomType:
        found = self.get(api_name)
        attributes, primary = _parts(found)
        for row in rows:
            name = str(row.get("apiName") or "")
            old = primary if primary and name == primary.api_name else attributes.get(name)
            if old is None:
                raise field_not_found(name)
            new, wanted = _attribute(old.row() | row), _is_primary(row)
            if old is primary:
                primary = None if wanted is False else new
            elif wanted:
                primary = _only(primary, new)
                del attributes[name]
            if new is not primary:
                attributes[name] = new
        return _keep(found, attributes, primary, now)

    def delete_attributes(self, api_name: str, rows: list[Row], now: datetime) -> CustomType:
        found = self.get(api_name)
        attributes = {one.api_name: one for one in found.latest.attributes}
        for row in rows:
            name = str(row.get("apiName") or "")
            if attributes.pop(name, None) is None:
                raise field_not_found(name)
        found.edit(now, attributes=tuple(attributes.values()))
        return found

    def approve(self, api_name: str, now: datetime) -> CustomType:
        found = self.get(api_name)
        if found.draft is None:
            raise MarketoError(1003, f"Custom activity type '{api_name}' has no draft to approve")
        if found.draft.primary is None:
            raise MarketoError(1003, f"Custom activity type '{api_name}' has no primary attribute")
        found.live, found.draft, found.updated_at = found.draft, None, now
        return found

    def discard(self, api_name: str, now: datetime) -> CustomType:
        found = self.get(api_name)
        if found.draft is None or found.live is None:
            raise MarketoError(1003, f"Custom activity type '{api_name}' has no draft to discard")
        found.draft, found.updated_at = None, now
        return found

    def delete(self, api_name: str) -> CustomType:
        found = self.get(api_name)
        del self.types[api_name]
        return found


def _parts(one: CustomType) -> tuple[dict[str, Attribute], Attribute | None]:
    return {attribute.api_name: attribute for attribute in one.latest.attributes}, one.latest.primary


def _keep(
    one: CustomType, attributes: Mapping[str, Attribute], primary: Attribute | None, now: datetime
) -> CustomType:
    if len(attributes) > MAX_ATTRIBUTES:
        raise MarketoError(1028, f"A type has at most {MAX_ATTRIBUTES} attributes")
    one.edit(now, attributes=tuple(attributes.values()), primary=primary)
    return one


def _is_primary(row: Row) -> bool | None:
    wanted = row.get("isPrimary")
    if wanted is not None and not isinstance(wanted, bool):
        raise wrong_type(wanted, "boolean")
    return wanted


def _only(present: Attribute | None, new: Attribute) -> Attribute:
    """Return the primary attribute of a type; another one must be demoted before."""
    if present is not None:
        raise MarketoError(1003, f"Attribute '{present.api_name}' is the primary attribute already")
    return new


def _attribute(row: object) -> Attribute:
    if not isinstance(row, dict):
        raise missing("apiName")
    check_texts(row, "apiName", "name", "dataType", "description")
    for key in ("apiName", "name"):
        if not row.get(key):
            raise missing(key)
    # The schema does not require a data type, and clients leave it out; the default is not documented.
    data_type = str(row.get("dataType") or "string")
    if data_type not in DATA_TYPES:
        raise MarketoError(1003, f"Data type '{data_type}' is not supported")
    if not _ATTRIBUTE_NAME.fullmatch(str(row["apiName"])):
        raise MarketoError(
            1003,
            f"apiName '{row['apiName']}' must be letters, digits and _, and begin with a letter or digit",
        )
    return Attribute(str(row["apiName"]), str(row["name"]), data_type, str(row.get("description") or ""))
