"""Write companies, deals, tickets and custom objects, find records, and associate them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Literal

from airflow_provider_mkt.actions.hubspot import contacts
from airflow_provider_mkt.actions.hubspot.records import RECORD_ID, RecordWriter, check_contact_key
from airflow_provider_mkt.actions.jobs import chunked
from airflow_provider_mkt.actions.leads import (
    KnownFields,
    Record,
    RecordResult,
    StoredLead,
    StoredLeads,
    rejected,
)
from airflow_provider_mkt.actions.members import MemberAction, MemberResult, MemberStatus
from airflow_provider_mkt.actions.ports import NewProperties as NewProperties
from airflow_provider_mkt.actions.procedure import Procedure, TaskState
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import (
    Conflict,
    InvalidInput,
    InvalidRequest,
    NotFound,
    PermissionDenied,
)
from airflow_provider_mkt.client.hubspot.associations import association_labels, associations
from airflow_provider_mkt.client.hubspot.batch import BatchError, BatchResult
from airflow_provider_mkt.client.hubspot.objects import object_schemas, objects
from airflow_provider_mkt.client.hubspot.objects._types import number_of, plural
from airflow_provider_mkt.client.hubspot.properties import properties, property_groups
from airflow_provider_mkt.client.paging import with_next

_SEARCH_VALUES, _SEARCH_CHARACTERS = 100, 2_000
"""Values of one search, and characters of them, that leave room for the rest of its body."""
_EXISTS_ALREADY = "OBJECT_ALREADY_EXISTS"
_CREATED_TYPES = {
    "text": ("string", "text"),
    "integer": ("number", "number"),
    "number": ("number", "number"),
    "boolean": ("bool", "booleancheckbox"),
    "date": ("date", "date"),
    "datetime": ("datetime", "date"),
}
"""What a property is made as, by the type of the field."""
_NEVER_CLEARED = ("dealname", "dealstage", "hs_pipeline", "hs_pipeline_stage", "pipeline", "subject")
"""Properties without which HubSpot has no deal and no ticket."""


class ObjectWriter(RecordWriter):
    """Write records of one object type, in batches of 100.

    With a key whose values are not unique, records are only updated. They are found by search beforehand,
    and are written by record id.

    :param object_type: ``companies``, ``deals``, ``tickets``, a custom object, or another type.
    :param action: ``createOrUpdate``, ``createOnly`` or ``updateOnly``.
    :param lookup_field: the key: a property with unique values, ``hs_object_id``, or with ``updateOnly`` any
        property.
    :param new_properties: what is created first.
    :raises InvalidInput: on a combination that the platform has no call for.
    """

    def __init__(
        self, object_type: str, *, action: str, lookup_field: str, new_properties: NewProperties | None = None
    ) -> None:
        super().__init__(object_type, action=action, lookup_field=lookup_field)
        if plural(object_type) == "contacts":
            check_contact_key(action, lookup_field)
        self.found_by: str | None = None
        """The property that records are found by before they are written; None where HubSpot finds them."""
        self._new_properties = new_properties

    def known_fields(self) -> Procedure[KnownFields]:
        """Read which fields can be written, and check the object type and the key.

        :raises InvalidInput: when there is no such object type or property, or the key is not unique.
        """
        yield from self._check_key()
        if self._new_properties is not None:
            yield from create_missing(self.object_type, self._new_properties)
        return (yield from super().known_fields())

    def _check_key(self) -> Procedure[None]:
        key = self.lookup_field
        try:
            one: properties.Property = yield properties.get(self.object_type, key)
        except NotFound:
            raise InvalidInput("lookup_field", f"{self.object_type} have no property {key!r}") from None
        except PermissionDenied:
            # HubSpot says it for the first batch.
            return
        except InvalidRequest as error:
            raise InvalidInput("object_type", f"HubSpot does not take it: {error.message}") from error
        if key == RECORD_ID or one.get("hasUniqueValue"):
            return
        if self.action != "updateOnly":
            raise InvalidInput(
                "lookup_field",
                f"the values of {key!r} are not unique, so {self.object_type} can only be updated by it "
                "(action updateOnly); create a property with unique values for other actions",
            )
        self.found_by, self.lookup_field = key, RECORD_ID

    def find(self, keys: Sequence[str]) -> Procedure[dict[str, list[str]]]:
        """Find the records by the property that they are found by."""
        return (yield from find_records(self.object_type, self.found_by or "", keys, unique=False))

    def found_key(self, value: object) -> str:
        """Normalize a value of the property that records are found by; empty for no value."""
        text = key_text(value).lower()
        return domain_of(text) if self.found_by == "domain" else text

    def check(self, record: Record) -> RecordResult | None:
        if self.lookup_field == RECORD_ID and not str(record.get(RECORD_ID) or "0").isdecimal():
            return rejected("KEY_INVALID", f"{RECORD_ID} must be a number")
        return super().check(record)

    def read(self, keys: Sequence[str]) -> Call[BatchResult]:
        return objects.batch_read(
            self.object_type, keys, id_property=None if self.lookup_field == RECORD_ID else self.lookup_field
        )

    def stored(self) -> StoredObjects:
        """Return what reads and archives the records, once the fields are known.

        :raises InvalidInput: when the values of the key are not unique.
        """
        if self.found_by is not None:
            raise InvalidInput(
                "lookup_field",
                f"the values of {self.found_by!r} are not unique; rows are compared by a property with "
                f"unique values, or by {RECORD_ID}",
            )
        return StoredObjects(self.object_type, self.lookup_field)


class StoredObjects:
    """Read and archive the records of one object type.

    :param object_type: ``companies``, ``deals``, ``tickets``, a custom object, or another type.
    :param key: a property with unique values, or ``hs_object_id``.
    """

    id_field = RECORD_ID
    key_changes = True
    no_such_record = frozenset({"OBJECT_NOT_FOUND", "NOT_FOUND"})

    def __init__(self, object_type: str, key: str) -> None:
        self.object_type = object_type
        self.key_fields: tuple[str, ...] = (key,)
        self._contacts = plural(object_type) == "contacts"
        self.key_kind: Literal["email", "text"] = "email" if self._contacts and key == "email" else "text"
        self.never_cleared = frozenset({key, RECORD_ID, *_NEVER_CLEARED, *(["email"] * self._contacts)})

    def read(self, keys: Sequence[str], fields: Sequence[str], *, by_id: bool) -> Procedure[StoredLeads]:
        """Read records by record id or by their key. One call for 100."""
        (key,) = (RECORD_ID,) if by_id else self.key_fields
        if self._contacts:
            return (yield from contacts.read_by_key(key, keys, fields))
        found: dict[str, list[StoredLead]] = {}
        names = list(dict.fromkeys([key, *fields]))
        for part in chunked(keys, objects.BATCH_MAX):
            answer: BatchResult = yield objects.batch_read(
                self.object_type, part, properties=names, id_property=None if key == RECORD_ID else key
            )
            for row in answer.results:
                stored = StoredLead(row.id, {name: row.properties.get(name) for name in fields})
                value = row.id if key == RECORD_ID else row.properties.get(key) or ""
                found.setdefault(value.strip().lower(), []).append(stored)
        return found

    def removal(self) -> MemberAction:
        """Archive records."""
        return MemberAction(
            outcome="object_archive",
            key=f"archive {self.object_type}",
            done_key="archived",
            already_key="already_gone",
            chunk_max=objects.BATCH_MAX,
            apply=self._archive,
        )

    def _archive(self, ids: Sequence[str], task_state: TaskState) -> Procedure[list[MemberResult]]:
        # The platform does not return which of them existed, so they are read first.
        there: BatchResult = yield objects.batch_read(self.object_type, ids)
        # For the id of a merged record the platform returns the one that stayed, which was not named here.
        found = {row.id for row in there.results}.intersection(ids)
        if found:
            yield objects.batch_archive(self.object_type, sorted(found))
        return [
            MemberResult(one)
            if one in found
            else MemberResult(one, MemberStatus.ALREADY, "NOT_FOUND", "there is no such record")
            for one in ids
        ]


def create_missing(object_type: str, wanted: NewProperties) -> Procedure[list[str]]:
    """Create the properties that an object type does not have, and their group.

    :returns: the names of those that it did not have.
    :raises InvalidInput: on a type that is not created, or when HubSpot refuses a property.
    """
    missing: list[str] = []
    for part in chunked(list(wanted.types), properties.BATCH_MAX):
        known: properties.PropertyBatch = yield properties.batch_read(object_type, part)
        names = {one["name"] for one in known["results"]}
        missing += [name for name in part if name not in names]
    if not missing:
        return []
    for name in missing:
        if wanted.types[name] not in _CREATED_TYPES:
            raise InvalidInput(
                f"types.{name}", "a property with options is not created; create it in HubSpot first"
            )
    groups: list[property_groups.PropertyGroup] = yield property_groups.list(object_type)
    if all(one["name"] != wanted.group for one in groups):
        # Another task may have been faster.
        with suppress(Conflict):
            yield property_groups.create(object_type, wanted.group, _label(wanted.group))
    for part in chunked(missing, properties.BATCH_MAX):
        definitions = [
            {
                "name": name,
                "label": _label(name),
                "type": _CREATED_TYPES[wanted.types[name]][0],
                "fieldType": _CREATED_TYPES[wanted.types[name]][1],
                "groupName": wanted.group,
                **({"options": _YES_AND_NO} if wanted.types[name] == "boolean" else {}),
            }
            for name in part
        ]
        made: properties.PropertyBatch = yield properties.batch_create(object_type, definitions)
        for error in map(BatchError.model_validate, made["errors"]):
            if error.category != _EXISTS_ALREADY:
                raise InvalidInput(wanted.parameter, f"HubSpot refused: {error.reason()}")
    return missing


_YES_AND_NO = [
    {"label": "Yes", "value": "true", "displayOrder": 0, "hidden": False},
    {"label": "No", "value": "false", "displayOrder": 1, "hidden": False},
]


def _label(name: str) -> str:
    return name.replace("_", " ").strip().capitalize()


def find_records(
    object_type: str, name: str, values: Sequence[str], *, unique: bool
) -> Procedure[dict[str, list[str]]]:
    """Find records by a property. One call for 100 values.

    :param name: the property; ``hs_object_id`` for the record id.
    :param values: in lower case where the property is ``email``, or its values are not unique.
    :param unique: whether the property has unique values. Otherwise the records are searched for, and the
        search is some time behind the writes.
    :returns: record ids by value. A value that no record has is missing.
    """
    found: dict[str, list[str]] = {}
    if unique:
        by_id, further = name == RECORD_ID, ["hs_additional_emails"] if name == "email" else []
        for part in chunked(values, objects.BATCH_MAX):
            answer: BatchResult = yield objects.batch_read(
                object_type, part, properties=[name, *further], id_property=None if by_id else name
            )
            for row in answer.results:
                names = [row.id] if by_id else [row.properties.get(one) or "" for one in (name, *further)]
                for value in (part for one in names for part in (one.split(";") if further else [one])):
                    found[value.strip()] = [row.id]
        return found
    for part in _searchable(values):
        wanted: objects.Filter = {"property_name": name, "operator": "IN", "values": part}
        call: Call[list[objects.Record]] | None = objects.search_all(
            object_type, [[wanted]], properties=[name]
        )
        while call is not None:
            page: list[objects.Record]
            page, call = yield with_next(call)
            for record in page:
                value = str(record["properties"].get(name) or "").strip().lower()
                found.setdefault(value, []).append(record["id"])
    return found


def _searchable(values: Sequence[str]) -> Iterator[list[str]]:
    part: list[str] = []
    size = 0
    for value in values:
        if part and (len(part) >= _SEARCH_VALUES or size + len(value) + 3 > _SEARCH_CHARACTERS):
            yield part
            part, size = [], 0
        part.append(value)
        size += len(value) + 3
    if part:
        yield part


class ObjectAssociation:
    """Associate the records of one object type with those of another, which are found by a property.

    :param object_type: of the records that are written.
    :param to: object type of the others.
    :param by: the property that they are found by; ``id`` for the record id.
    :param label: of the association; None for the default type.
    """

    batch_max = associations.CREATE_MAX

    def __init__(self, object_type: str, to: str, by: str, label: str | None) -> None:
        self.object_type, self.to, self.label = object_type, to, label
        self.by = RECORD_ID if by == "id" else by
        self._unique = self.by == RECORD_ID
        self._kind: associations.AssociationType | None = None

    def prepare(self) -> Procedure[None]:
        """Check the object type, the property and the label. Two calls.

        :raises InvalidInput: naming ``to``, ``by`` or ``label``.
        """
        try:
            one: properties.Property = yield properties.get(self.to, self.by)
            self._unique = self.by == RECORD_ID or bool(one.get("hasUniqueValue"))
        except NotFound:
            raise InvalidInput("by", f"{self.to} have no property {self.by!r}") from None
        except InvalidRequest as error:
            raise InvalidInput("to", f"HubSpot does not take it: {error.message}") from error
        self._kind = yield from self._association_type()

    def _association_type(self) -> Procedure[associations.AssociationType | None]:
        label = self.label
        if label is None:
            return None
        every: list[associations.AssociationType] = yield association_labels.list(self.object_type, self.to)
        labels = {str(one["label"]): one for one in every if one["label"]}
        by_case = {name.lower(): one for name, one in labels.items()}
        found = labels.get(label) or by_case.get(label.lower())
        if found is None:
            known = ", ".join(labels) or "none"
            raise InvalidInput("label", f"there is no label {label!r} to {self.to}; there are: {known}")
        return found

    @property
    def searched(self) -> bool:
        """Whether records are found by a search, which is some time behind the writes."""
        return not self._unique

    def key(self, value: object) -> str:
        """Normalize a value of the property, so that equal values are equal; empty for no value.

        An email address or a web address stands for its domain.
        """
        text = key_text(value)
        if self.by == "domain":
            return domain_of(text)
        # A search does not regard case, and addresses are stored in lower case.
        return text if self._unique and self.by != "email" else text.lower()

    def find(self, keys: Sequence[str]) -> Procedure[dict[str, list[str]]]:
        """Find the records with some keys. One call for 100 keys."""
        if self.by == RECORD_ID:
            keys = [key for key in keys if key.isdecimal()]
        return (yield from find_records(self.to, self.by, keys, unique=self._unique))

    def call(self, pairs: Sequence[tuple[str, str]]) -> Call[associations.AssociationResult]:
        """Return the call that associates pairs of records. Repeating it changes nothing more."""
        one, other, kind = self.object_type, self.to, self._kind
        if kind is None:
            return associations.batch_create_default(one, other, pairs)
        return associations.batch_create(one, other, pairs, type_id=kind["typeId"], category=kind["category"])

    def refused(
        self, pairs: Sequence[tuple[str, str]], answer: associations.AssociationResult
    ) -> dict[tuple[str, str], str]:
        """Return why pairs were not associated. Every pair is associated or has a reason."""
        done = {(row.from_id, row.to_id) for row in answer.results}
        refused: dict[tuple[str, str], str] = {}
        for error in answer.errors:
            ones, others = (_ids(error, name) for name in ("fromObjectId", "toObjectId"))
            for pair in pairs:
                if pair[0] in ones and (not others or pair[1] in others):
                    refused.setdefault(pair, error.reason() or error.category)
        rest = "; ".join(dict.fromkeys(error.reason() for error in answer.errors))
        for pair in pairs:
            if pair not in done and pair not in refused:
                refused[pair] = rest or "the answer does not name the association"
        return refused

    def about_request(self, error: InvalidRequest) -> bool:
        """Tell whether a batch was refused for something else than its pairs."""
        return error.status != 400 or "Edit Associations" in error.message


def read_number(object_type: str, job: str) -> Procedure[str]:
    """Return the number of an object type, which jobs need. One call where the name does not say it.

    :param job: ``import`` or ``export``, for errors.
    :raises InvalidInput: when there is no such object type, or its number cannot be read.
    """
    if (known := number_of(object_type)) is not None:
        return known
    try:
        schema: object_schemas.ObjectSchema = yield object_schemas.get(object_type)
    except NotFound:
        raise InvalidInput("object_type", f"HubSpot {job}s no {object_type}; use calls") from None
    except PermissionDenied:
        problem = f"an {job} needs its number, such as 2-123, as the token must not read the schema"
        raise InvalidInput("object_type", problem) from None
    return schema["objectTypeId"]


def key_text(value: object) -> str:
    """Return a value that names a record as text; empty for no value. A whole number has no decimals."""
    if isinstance(value, float | Decimal):
        if not math.isfinite(value):
            return ""
        value = int(value) if value == int(value) else value
    return "" if value is None else str(value).strip()


def domain_of(text: str) -> str:
    """Return the domain of an email address, a web address or a domain, in lower case."""
    host = text.strip().lower().rpartition("@")[2].partition("://")
    name = (host[2] or host[0]).partition("/")[0].partition(":")[0]
    return name.removeprefix("www.").strip(".")


def _ids(error: BatchError, name: str) -> list[str]:
    value = error.context.get(name)
    return [str(one) for one in (value if isinstance(value, list) else [value]) if one is not None]
