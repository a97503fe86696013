"""Custom object types, each with an approved version and a draft, and the records of the approved one."""

import re
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
from airflow_provider_mkt.sandbox.marketo.object_store import (
    GUID,
    Link,
    Model,
    ObjectField,
    ObjectStore,
    fields_of,
    system_fields,
)

MAX_TYPES, MAX_FIELDS, MAX_DEDUPE_FIELDS, MAX_LATER_FIELDS = 10, 50, 3, 20
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
LINK_TYPES = {"Lead": {"id": "integer", "email": "email"}, "Company": {"externalCompanyId": "string"}}
"""Objects that links can lead to beside custom objects, and the data types of their fields."""
_NAME = re.compile(r"[A-Za-z0-9_]+")

Row = dict[str, object]


@dataclass(frozen=True)
class TypeField:
    name: str
    display_name: str
    data_type: str
    description: str = ""
    dedupe: bool = False
    link: Link | None = None


@dataclass(frozen=True)
class Version:
    display_name: str
    plural_name: str
    description: str = ""
    show_in_lead_detail: bool = False
    fields: tuple[TypeField, ...] = ()

    def field(self, name: str) -> TypeField | None:
        return next((one for one in self.fields if one.name == name), None)

    @property
    def linked(self) -> bool:
        return any(one.link is not None for one in self.fields)


@dataclass
class CustomObjectType:
    api_name: str
    created_at: datetime
    updated_at: datetime
    draft: Version | None = None
    live: Version | None = None
    records: ObjectStore | None = None

    @property
    def state(self) -> str:
        if self.live is None:
            return "draft"
        return "approvedWithDraft" if self.draft else "approved"

    @property
    def latest(self) -> Version:
        version = self.draft or self.live
        if version is None:
            msg = "a type has a version from the start"
            raise RuntimeError(msg)
        return version

    def edit(self, now: datetime, **changes: object) -> None:
        """Change the draft; it starts as a copy of the approved version."""
        self.draft, self.updated_at = replace(self.latest, **changes), now  # type: ignore[arg-type]


@dataclass
class CustomObjectStore:
    """All types, by API name."""

    types: dict[str, CustomObjectType] = field(default_factory=dict)

    def get(self, api_name: str) -> CustomObjectType:
        found = self.types.get(api_name)
        if found is None:
            raise object_not_found("Custom object", api_name)
        return found

    def live(self, api_name: str) -> ObjectStore:
        """Return the records of an approved type."""
        found = self.get(api_name)
        if found.records is None:
            raise object_not_found("Custom object", api_name)
        return found.records

    # -- types -----------------------------------------------------------------------------------------

    def sync(self, body: Row, now: datetime) -> CustomObjectType:
        check_texts(body, "action", "apiName", "displayName", "pluralName", "description")
        for key in ("apiName", "displayName"):
            if not body.get(key):
                raise missing(key)
        name, action = str(body["apiName"]), str(body.get("action") or "createOrUpdate")
        if action not in ("createOnly", "updateOnly", "createOrUpdate"):
            raise MarketoError(1003, f"Invalid value '{action}' for action")
        known = next((one for one in self.types.values() if one.api_name.lower() == name.lower()), None)
        if known is None:
            return self._create(name, action, body, now)
        if action == "createOnly":
            raise MarketoError(1017, f"Custom object '{name}' already exists")
        label = str(body["displayName"])
        if known.live is not None and label != known.live.display_name:
            raise MarketoError(1003, "The display name of an approved custom object cannot be changed")
        known.edit(now, **_texts(body, known.latest))
        return known

    def _create(self, name: str, action: str, body: Row, now: datetime) -> CustomObjectType:
        if action == "updateOnly":
            raise object_not_found("Custom object", name)
        if not _NAME.fullmatch(name):
            raise MarketoError(1003, f"apiName '{name}' must be letters, digits and _")
        if len(self.types) >= MAX_TYPES:
            raise MarketoError(1003, f"No more than {MAX_TYPES} custom objects can be created")
        label = str(body["displayName"])
        if any(one.latest.display_name.lower() == label.lower() for one in self.types.values()):
            raise MarketoError(1017, f"A custom object with display name '{label}' already exists")
        made = CustomObjectType(name, now, now, Version(label, f"{label}s"))
        made.edit(now, **_texts(body, made.latest))
        self.types[name] = made
        return made

    def approve(self, api_name: str, now: datetime) -> None:
        found = self.get(api_name)
        if found.draft is None:
            raise MarketoError(1003, f"Custom object '{api_name}' has no draft to approve")
        if not any(one.dedupe for one in found.draft.fields):
            raise MarketoError(1003, f"Custom object '{api_name}' has no dedupe field")
        found.live, found.draft, found.updated_at = found.draft, None, now
        model = self.model(found)
        if found.records is None:
            found.records = ObjectStore(model)
        else:
            found.records.use(model)

    def discard(self, api_name: str, now: datetime) -> None:
        found = self.get(api_name)
        if found.draft is None or found.live is None:
            raise MarketoError(1048, f"Custom object '{api_name}' has no draft to discard")
        found.draft, found.updated_at = None, now

    def delete(self, api_name: str) -> None:
        found = self.get(api_name)
        if self.users(found):
            raise MarketoError(1022, f"Custom object '{api_name}' is in use")
        del self.types[api_name]

    def users(self, one: CustomObjectType) -> list[tuple[CustomObjectType, str]]:
        """Return the types that link to a type, and the fields that do."""
        return [
            (other, link.name)
            for other in self.types.values()
            for link in other.latest.fields
            if link.link is not None and link.link.object == one.api_name and other is not one
        ]

    # -- fields ----------------------------------------------------------------------------------------

    def add_fields(self, api_name: str, rows: list[Row], now: datetime) -> None:
        found = self.get(api_name)
        fields = list(found.latest.fields)
        for row in rows:
            new = self._field(row)
            if any(new.name.lower() == one.name.lower() for one in fields):
                raise MarketoError(1017, f"Field '{new.name}' already exists")
            if found.live is not None and (new.dedupe or new.link is not None):
                raise MarketoError(1003, "Link fields and dedupe fields are fixed after approval")
            fields.append(new)
        if found.live is not None and len(fields) - len(found.live.fields) > MAX_LATER_FIELDS:
            raise MarketoError(1028, f"At most {MAX_LATER_FIELDS} fields can be added after approval")
        self._keep(found, fields, now)

    def update_field(self, api_name: str, name: str, row: Row, now: datetime) -> None:
        found = self.get(api_name)
        old = found.latest.field(name)
        if old is None:
            raise field_not_found(name)
        if not row:
            raise missing("name")
        new = self._field(_row_of(old) | row)
        fixed = found.live is not None and found.live.field(name) is not None
        if fixed and (new.dedupe, new.link, new.name) != (old.dedupe, old.link, old.name):
            raise MarketoError(1003, "Names, link fields and dedupe fields are fixed after approval")
        self._keep(found, [new if one is old else one for one in found.latest.fields], now)

    def delete_fields(self, api_name: str, rows: list[Row], now: datetime) -> None:
        found = self.get(api_name)
        fields = {one.name: one for one in found.latest.fields}
        for row in rows:
            name = str(row.get("name") or "")
            one = fields.pop(name, None)
            if one is None:
                raise field_not_found(name)
            if found.live is not None and (one.dedupe or one.link is not None):
                raise MarketoError(1003, "Link fields and dedupe fields are fixed after approval")
        found.edit(now, fields=tuple(fields.values()))

    @staticmethod
    def _keep(found: CustomObjectType, fields: list[TypeField], now: datetime) -> None:
        if len(fields) > MAX_FIELDS:
            raise MarketoError(1028, f"A custom object has at most {MAX_FIELDS} fields")
        if sum(one.dedupe for one in fields) > MAX_DEDUPE_FIELDS:
            raise MarketoError(1003, f"A custom object has at most {MAX_DEDUPE_FIELDS} dedupe fields")
        found.edit(now, fields=tuple(fields))

    def _field(self, row: Row) -> TypeField:
        check_texts(row, "name", "displayName", "dataType", "description")
        for key in ("name", "displayName", "dataType"):
            if not row.get(key):
                raise missing(key)
        name, data_type = str(row["name"]), str(row["dataType"])
        if not _NAME.fullmatch(name):
            raise MarketoError(1003, f"Field name '{name}' must be letters, digits and _")
        if data_type not in DATA_TYPES:
            raise MarketoError(1003, f"Data type '{data_type}' is not supported")
        dedupe = row.get("isDedupeField", False)
        if not isinstance(dedupe, bool):
            raise wrong_type(dedupe, "boolean")
        return TypeField(
            name,
            str(row["displayName"]),
            data_type,
            str(row.get("description") or ""),
            dedupe,
            self._link(row.get("relatedTo"), data_type),
        )

    def _link(self, given: object, data_type: str) -> Link | None:
        if (data_type == "link") != bool(given):
            raise missing("relatedTo") if not given else MarketoError(1003, "Only link fields have relatedTo")
        if not isinstance(given, dict):
            return None
        link = Link(str(given.get("name")), str(given.get("field")))
        if link.field not in self.linkable().get(link.object, {}):
            raise MarketoError(1003, f"Field '{link.field}' of '{link.object}' cannot be linked to")
        return link

    def linkable(self) -> dict[str, dict[str, str]]:
        """Return what links can lead to: objects, their fields and the data types of these."""
        found = {**LINK_TYPES}
        for one in self.types.values():
            # A type that has a link itself cannot be linked to.
            if one.live is not None and not one.live.linked:
                found[one.api_name] = {
                    GUID: "string",
                    **{known.name: known.data_type for known in one.live.fields if known.dedupe},
                }
        return found

    def model(self, one: CustomObjectType, version: Version | None = None) -> Model:
        """Return the schema of a version; the approved one when not given."""
        version = version or one.live or one.latest
        fields = [
            ObjectField(
                known.name,
                known.display_name,
                self._data_type(known),
                updateable=True,
                description=known.description,
                link=known.link,
            )
            for known in version.fields
        ]
        keys = tuple(known.name for known in version.fields if known.dedupe)
        links = tuple(known.name for known in version.fields if known.link is not None)
        return Model(
            one.api_name,
            version.display_name,
            version.plural_name,
            GUID,
            keys,
            tuple(dict.fromkeys([*keys, *links])),
            fields_of(*fields) | system_fields(GUID),
            description=version.description,
        )

    def _data_type(self, one: TypeField) -> str:
        if one.link is None:
            return one.data_type
        return self.linkable().get(one.link.object, {}).get(one.link.field, "string")


def _texts(body: Row, version: Version) -> Row:
    shown = body.get("showInLeadDetail", version.show_in_lead_detail)
    if not isinstance(shown, bool):
        raise wrong_type(shown, "boolean")
    return {
        "display_name": str(body["displayName"]),
        "plural_name": str(body.get("pluralName") or version.plural_name),
        "description": str(body.get("description") or version.description),
        "show_in_lead_detail": shown,
    }


def _row_of(one: TypeField) -> Row:
    return {
        "name": one.name,
        "displayName": one.display_name,
        "dataType": one.data_type,
        "description": one.description,
        "isDedupeField": one.dedupe,
        "relatedTo": None if one.link is None else {"name": one.link.object, "field": one.link.field},
    }
