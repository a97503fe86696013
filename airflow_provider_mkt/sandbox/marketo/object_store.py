"""Records with a schema and a key: companies, opportunities, sales persons, custom objects ..."""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from airflow_provider_mkt.sandbox.marketo.errors import MarketoError, field_not_found
from airflow_provider_mkt.sandbox.marketo.leads.values import Value, match_key, read_value
from airflow_provider_mkt.sandbox.marketo.times import lead_time

GUID, ID = "marketoGUID", "id"
Key = tuple[str, ...]


@dataclass(frozen=True)
class Link:
    """Where the value of a field leads: an object and its field."""

    object: str
    field: str


@dataclass(frozen=True)
class ObjectField:
    name: str
    display_name: str
    data_type: str
    length: int | None = None
    updateable: bool = True
    description: str = ""
    link: Link | None = None


@dataclass(frozen=True)
class Model:
    """The schema of one type of record.

    :param id_field: the id that Marketo gives: `id` or `marketoGUID`.
    :param dedupe_fields: the key, of one field or of several.
    :param searchable: fields that records are found by.
    :param required: further fields that must have a value.
    :param shown: further fields of an answer to a request that names none.
    """

    name: str
    display_name: str
    plural_name: str
    id_field: str
    dedupe_fields: Key
    searchable: Key
    fields: dict[str, ObjectField]
    required: Key = ()
    shown: Key = ()
    description: str = ""

    def field(self, name: str) -> ObjectField:
        try:
            return self.fields[name]
        except KeyError:
            raise field_not_found(name) from None

    def read(self, row: dict[str, object]) -> dict[str, Value]:
        """Return the values to store. Ids that Marketo gives are left out.

        :raises MarketoError: a field does not exist or cannot be written, or a value is not valid.
        """
        values: dict[str, Value] = {}
        for name, value in row.items():
            if name == self.id_field:
                continue
            known = self.field(name)
            if not known.updateable:
                raise MarketoError(1003, f"Field '{name}' cannot be updated")
            values[name] = read_value(known.data_type, known.length, value)
            if name in self.required and values[name] is None:
                raise MarketoError(1003, f"Value of field '{name}' cannot be null")
        return values


def fields_of(*rows: ObjectField) -> dict[str, ObjectField]:
    return {row.name: row for row in rows}


def fields_from(text: str) -> dict[str, ObjectField]:
    """Return fields of lines `name|display name|data type|length`."""
    found = []
    for line in text.strip().splitlines():
        name, label, data_type, length = line.split("|")
        found.append(ObjectField(name, label, data_type, int(length) if length else None))
    return fields_of(*found)


def system_fields(id_field: str) -> dict[str, ObjectField]:
    """Return the fields that Marketo sets."""
    given = "integer" if id_field == ID else "string"
    return fields_of(
        ObjectField(id_field, "Id" if id_field == ID else "Marketo GUID", given, None, updateable=False),
        ObjectField("createdAt", "Created At", "datetime", updateable=False),
        ObjectField("updatedAt", "Updated At", "datetime", updateable=False),
    )


@dataclass
class ObjectRecord:
    number: int
    id: int | str
    created_at: datetime
    updated_at: datetime
    values: dict[str, Value] = field(default_factory=dict)


class ObjectStore:
    """All records of one type."""

    def __init__(self, model: Model, first_id: int = 1) -> None:
        self._model = model
        self._records: dict[int, ObjectRecord] = {}
        self._by_id: dict[str, ObjectRecord] = {}
        self._by_key: dict[Key, ObjectRecord] = {}
        self._next = first_id

    def use(self, model: Model) -> None:
        """Change the schema; its key is that of before. Values of fields that it lacks are gone."""
        self._model = model
        for record in self:
            record.values = {name: value for name, value in record.values.items() if name in model.fields}

    @property
    def model(self) -> Model:
        return self._model

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[ObjectRecord]:
        return iter([*self._records.values()])

    def get(self, record_id: object) -> ObjectRecord | None:
        return self._by_id.get(match_key(record_id))

    def by_key(self, *values: object) -> ObjectRecord | None:
        return self._by_key.get(tuple(map(match_key, values)))

    def find(self, name: str, values: Iterable[str]) -> list[ObjectRecord]:
        """Return the records whose field has one of some values, the oldest first."""
        wanted = {match_key(value) for value in values}
        if name == self.model.id_field:
            found = [self._by_id[value] for value in wanted if value in self._by_id]
        elif (name,) == self.model.dedupe_fields:
            found = [self._by_key[value,] for value in wanted if (value,) in self._by_key]
        else:
            found = [one for one in self if match_key(one.values.get(name)) in wanted]
        return sorted(found, key=lambda one: one.number)

    def insert(self, values: dict[str, Value], now: datetime) -> ObjectRecord:
        number, self._next = self._next, self._next + 1
        made = f"{self.model.name} {number}"
        record_id = number if self.model.id_field == ID else str(uuid.uuid5(uuid.NAMESPACE_URL, made))
        record = ObjectRecord(number, record_id, now, now, _filled(values))
        self._records[number] = self._by_id[match_key(record_id)] = record
        self._by_key[self._key(record)] = record
        return record

    def update(self, record: ObjectRecord, values: dict[str, Value], now: datetime) -> None:
        record.values = _filled(record.values | values)
        record.updated_at = now

    def delete(self, record: ObjectRecord) -> None:
        del self._records[record.number]
        del self._by_id[match_key(record.id)]
        del self._by_key[self._key(record)]

    def _key(self, record: ObjectRecord) -> Key:
        return tuple(match_key(record.values.get(name)) for name in self.model.dedupe_fields)

    def row(self, record: ObjectRecord) -> dict[str, Value]:
        """Return all values of a record."""
        return {
            **record.values,
            self.model.id_field: record.id,
            "createdAt": lead_time(record.created_at),
            "updatedAt": lead_time(record.updated_at),
        }


def _filled(values: dict[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in values.items() if value is not None}
