"""Schemas: the fields of leads, companies and program members."""

import re
from dataclasses import dataclass

from airflow_provider_mkt.sandbox.marketo.checks import check_texts
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError, field_not_found, missing, wrong_type

CREATABLE_TYPES = (
    "boolean",
    "currency",
    "date",
    "datetime",
    "email",
    "float",
    "integer",
    "percent",
    "phone",
    "score",
    "string",
    "url",
)
CUSTOM_KEY_TYPES = ("string", "email", "integer")
_LENGTHS = {"string": 255, "email": 255, "phone": 255, "url": 255, "text": 30_000}


@dataclass
class Field:
    """One field."""

    id: int
    name: str
    display_name: str
    data_type: str
    length: int | None = None
    updateable: bool = True
    searchable: bool = False
    company: bool = False
    custom: bool = False
    api_created: bool = False
    description: str = ""
    hidden: bool = False
    html_encoding: bool = True
    sensitive: bool = False


class Schema:
    """The fields of one kind of record, by REST name."""

    def __init__(self, fields: list[Field], first_custom_id: int, custom_limit: int) -> None:
        self.fields = {field.name: field for field in fields}
        self.custom_limit = custom_limit
        self._next_id = first_custom_id

    def get(self, name: str) -> Field:
        try:
            return self.fields[name]
        except KeyError:
            raise field_not_found(name) from None

    def visible(self) -> list[Field]:
        return [field for field in self.fields.values() if not field.hidden]

    def of_companies(self) -> "Schema":
        """Return a schema of the fields that belong to companies."""
        return Schema([field for field in self.fields.values() if field.company], 0, 0)

    def searchable(self) -> list[str]:
        return sorted(field.name for field in self.visible() if field.searchable)

    def key(self, name: str) -> Field:
        """Return a field by which records can be found."""
        field = self.get(name)
        if not field.searchable:
            raise MarketoError(1011, f"Field '{name}' is not supported for lookup")
        return field

    def add_custom(self, name: str, display_name: str, data_type: str, **more: object) -> Field:
        """Add a field, as in the user interface."""
        field = Field(
            self._next_id,
            name,
            display_name,
            data_type,
            _LENGTHS.get(data_type),
            custom=True,
            searchable=data_type in CUSTOM_KEY_TYPES,
        )
        for key, value in more.items():
            setattr(field, key, value)
        self._next_id += 1
        self.fields[name] = field
        return field

    def create(self, rows: list[dict[str, object]]) -> list[Field]:
        """Add fields, all or none: a field cannot be deleted."""
        created = sum(field.api_created for field in self.fields.values())
        if created + len(rows) > self.custom_limit:
            raise MarketoError(
                1003, f"No more than {self.custom_limit} fields can be created through the API"
            )
        names = {name.lower() for name in self.fields}
        labels = {field.display_name.lower() for field in self.fields.values()}
        for row in rows:
            name, label = self._checked_names(row)
            if name.lower() in names or label.lower() in labels:
                raise MarketoError(1017, f"Field '{name}' already exists")
            names.add(name.lower())
            labels.add(label.lower())
        return [
            self.add_custom(
                str(row["name"]),
                str(row["displayName"]),
                str(row["dataType"]),
                api_created=True,
                **_options(row),
            )
            for row in rows
        ]

    @staticmethod
    def _checked_names(row: dict[str, object]) -> tuple[str, str]:
        check_texts(row, "displayName", "name", "dataType")
        for key in ("displayName", "name", "dataType"):
            if not row.get(key):
                raise missing(key)
        name, label = str(row["name"]), str(row["displayName"])
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
            raise MarketoError(
                1003, f"Field name '{name}' must start with a letter and hold letters, digits and _"
            )
        if not re.fullmatch(r"[\w .-]+", label):
            raise MarketoError(1003, f"Display name '{label}' must not contain special characters")
        if row["dataType"] not in CREATABLE_TYPES:
            raise MarketoError(1003, f"Data type '{row['dataType']}' is not supported")
        _options(row)
        return name, label

    def update(self, name: str, row: dict[str, object]) -> Field:
        """Update a field; for standard fields only some of its attributes."""
        field = self.get(name)
        allowed = {"description", "isHtmlEncodingInEmail", "isSensitive"}
        if field.custom:
            allowed.add("displayName")
        if field.api_created:
            allowed.add("isHidden")
        for key in row:
            if key not in allowed:
                raise MarketoError(1003, f"Attribute '{key}' of field '{name}' cannot be updated")
        options = _options(row)
        check_texts(row, "displayName")
        if "displayName" in row:
            label = str(row["displayName"])
            others = {one.display_name.lower() for one in self.fields.values() if one is not field}
            if not label or label.lower() in others:
                raise MarketoError(1017, f"Display name '{label}' already exists")
            options["display_name"] = label
        for key, value in options.items():
            setattr(field, key, value)
        return field


def _options(row: dict[str, object]) -> dict[str, object]:
    read: dict[str, object] = {}
    switches = {"isHidden": "hidden", "isHtmlEncodingInEmail": "html_encoding", "isSensitive": "sensitive"}
    for key, attribute in switches.items():
        if key in row:
            if not isinstance(row[key], bool):
                raise wrong_type(row[key], "boolean")
            read[attribute] = row[key]
    check_texts(row, "description")
    if "description" in row:
        read["description"] = str(row["description"] or "")
    return read
