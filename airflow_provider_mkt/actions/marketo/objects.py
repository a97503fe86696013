"""Write companies, opportunities and their roles, sales persons, named accounts and custom objects."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple, Protocol, get_args

from airflow_provider_mkt.actions.jobs import chunked
from airflow_provider_mkt.actions.leads import (
    KEY_SEPARATOR,
    UNKNOWN_LEADS,
    KnownFields,
    Record,
    RecordResult,
    RecordStatus,
    StoredLead,
    StoredLeads,
    rejected,
    similar_to,
)
from airflow_provider_mkt.actions.marketo.lists import action_by_rows
from airflow_provider_mkt.actions.marketo.records import (
    QUIET_AFTER,
    RecordBatches,
    read_only_of,
    types_of,
    value_problem,
)
from airflow_provider_mkt.actions.members import MemberAction
from airflow_provider_mkt.actions.procedure import Pages, Procedure
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import InvalidInput, InvalidRequest, NotFound, PlatformError
from airflow_provider_mkt.client.marketo.companies import companies
from airflow_provider_mkt.client.marketo.custom_objects import custom_objects
from airflow_provider_mkt.client.marketo.named_accounts import named_accounts
from airflow_provider_mkt.client.marketo.opportunities import opportunities, opportunity_roles
from airflow_provider_mkt.client.marketo.record_calls import Action, DedupeBy
from airflow_provider_mkt.client.marketo.requests import BATCH_MAX
from airflow_provider_mkt.client.marketo.responses import RowResult
from airflow_provider_mkt.client.marketo.rows import Description, ObjectType
from airflow_provider_mkt.client.marketo.sales_persons import sales_persons
from airflow_provider_mkt.client.transport.exchange import Reply

IDS = frozenset({"id", "marketoGUID"})
"""Fields that Marketo gives: a record has one of them, by its type."""
_STATUSES = {"created": RecordStatus.CREATED, "updated": RecordStatus.UPDATED}
_EXISTS = frozenset({"1005", "1017"})
_NOT_FOUND = "1013"
_NO_SUCH_TYPE = frozenset({"610", "1013", "1026"})


class _Sync(Protocol):
    def __call__(
        self, records: Sequence[Mapping[str, object]], /, *, action: Action, dedupe_by: DedupeBy
    ) -> Call[list[RowResult]]: ...


class _List(Protocol):
    def __call__(
        self, filter_type: str, filter_values: Sequence[str | int], /, *, fields: Sequence[str]
    ) -> Call[builtins.list[Any]]: ...


class _Delete(Protocol):
    def __call__(
        self, records: Sequence[Mapping[str, object]], /, *, delete_by: DedupeBy
    ) -> Call[list[RowResult]]: ...


class _ListByKeys(Protocol):
    def __call__(
        self, keys: Sequence[Mapping[str, object]], /, *, fields: Sequence[str]
    ) -> Call[builtins.list[Any]]: ...


class _Calls(NamedTuple):
    """The calls of one object type.

    :param list_by_keys: None where every key is one field.
    """

    describe: Callable[[], Call[Description]]
    sync: _Sync
    list: _List
    delete: _Delete
    list_by_keys: _ListByKeys | None = None


_CALLS = {
    "companies": _Calls(companies.describe, companies.sync, companies.list, companies.delete),
    "opportunities": _Calls(
        opportunities.describe, opportunities.sync, opportunities.list, opportunities.delete
    ),
    "opportunity_roles": _Calls(
        opportunity_roles.describe,
        opportunity_roles.sync,
        opportunity_roles.list,
        opportunity_roles.delete,
        opportunity_roles.list_by_keys,
    ),
    "sales_persons": _Calls(
        sales_persons.describe, sales_persons.sync, sales_persons.list, sales_persons.delete
    ),
    "named_accounts": _Calls(
        named_accounts.describe, named_accounts.sync, named_accounts.list, named_accounts.delete
    ),
}


class ObjectWriter(RecordBatches):
    """Write records of one object type, in batches of 300.

    :param object_type: ``companies``, ``opportunities``, ``opportunity_roles``, ``sales_persons``,
        ``named_accounts``, or the API name of a custom object.
    :param action: ``createOrUpdate``, ``createOnly`` or ``updateOnly``.
    :param lookup_field: a key of one field, or with ``updateOnly`` the id that Marketo gives; None for the
        dedupe fields of the type, of which there can be several.
    :raises InvalidInput: on an action that Marketo does not have, or an id with another action.
    """

    repeatable = True
    one_lead_per_key = True

    def __init__(self, object_type: str, *, action: str, lookup_field: str | None) -> None:
        if action not in get_args(Action):
            raise InvalidInput("action", f"Marketo has {', '.join(get_args(Action))}")
        if lookup_field in IDS and action != "updateOnly":
            raise InvalidInput("lookup_field", f"{lookup_field} is given by Marketo; use action updateOnly")
        self.object_type = object_type
        self.action: Action = action  # type: ignore[assignment]
        self.lookup_field = lookup_field
        self.quiet_after = 0.0 if action == "updateOnly" else QUIET_AFTER
        self.key_fields: tuple[str, ...] = (lookup_field,) if lookup_field else ()
        """The fields that identify a record, once the schema was read."""
        self._links: Mapping[str, str] = {}
        self.is_custom = object_type not in _CALLS
        self._id_field = ""
        self._calls = _CALLS.get(object_type) or _Calls(
            partial(custom_objects.describe, object_type),
            partial(custom_objects.sync, object_type),
            partial(custom_objects.list, object_type),
            partial(custom_objects.delete, object_type),
            partial(custom_objects.list_by_keys, object_type),
        )

    def known_fields(self) -> Procedure[KnownFields]:
        """Read the schema: which fields can be written, and which identify a record.

        :raises InvalidInput: when there is no such object type, or the key is not one.
        """
        schema = yield from self._schema()
        fields, id_field = schema.get("fields"), str(schema.get("idField") or "")
        self.key_fields, self._id_field = self._key_of(schema, id_field), id_field
        names = {str(field["name"]) for field in fields or ()}
        required = dict.fromkeys(self.key_fields, "the key")
        self._links = _links_of(schema) if self.is_custom else {}
        if len(self._links) == 1 and self.action != "updateOnly":
            required = {name: f"the link to {to}" for name, to in self._links.items()} | required
        return KnownFields(
            frozenset(names | {*self.key_fields}),
            frozenset((read_only_of(fields) | {id_field}) - {*self.key_fields}),
            types_of(fields),
            required,
        )

    def _schema(self) -> Procedure[Description]:
        try:
            schema: Description = yield self._calls.describe()
        except (InvalidRequest, NotFound) as error:
            if error.code not in _NO_SUCH_TYPE or not self.is_custom:
                raise
            known = [*_CALLS]
            try:
                types: list[ObjectType] = yield custom_objects.list_types()
                known += [str(one["name"]) for one in types]
            except PlatformError:
                # The first refusal says enough.
                pass
            hint = similar_to(self.object_type, known)
            raise InvalidInput(
                "object_type", f"Marketo has no {self.object_type!r}{hint}; there are {', '.join(known)}"
            ) from error
        return schema

    def _key_of(self, schema: Description, id_field: str) -> tuple[str, ...]:
        dedupe, given = tuple(schema.get("dedupeFields") or ()), self.lookup_field
        if given is None:
            return dedupe
        if given == id_field:
            return (given,)
        if (given,) == dedupe:
            return dedupe
        if given in dedupe:
            raise InvalidInput(
                "lookup_field",
                f"the key of {self.object_type} is {', '.join(dedupe)} together; leave lookup_field out",
            )
        hint = similar_to(given, [*dedupe, id_field])
        raise InvalidInput(
            "lookup_field",
            f"{self.object_type} are identified by {', '.join(dedupe)}, or by {id_field} with action "
            f"updateOnly, not by {given!r}{hint}",
        )

    def key_names(self) -> Sequence[str]:
        return self.key_fields

    def check(self, record: Record) -> RecordResult | None:
        for name in self.key_fields:
            if record.get(name) in (None, ""):
                what = "the key" if len(self.key_fields) == 1 else "a part of the key"
                return rejected("KEY_MISSING", f"{name}, {what}, is missing or empty")
        created = self._links and self.action != "updateOnly"
        if created and all(record.get(name) in (None, "") for name in self._links):
            links = " or ".join(f"{name}, the link to {to}," for name, to in self._links.items())
            return rejected("LINK_MISSING", f"{links} is missing or empty, so that it would belong to nobody")
        return value_problem(record)

    def key(self, record: Record) -> str | None:
        # Marketo ignores case in keys.
        return "\n".join(str(record.get(name)).strip().lower() for name in self.key_fields)

    def call(self, records: Sequence[Record]) -> Call[list[RowResult]]:
        by_id = len(self.key_fields) == 1 and self.key_fields[0] in IDS
        return self._calls.sync(records, action=self.action, dedupe_by="idField" if by_id else "dedupeFields")

    def record_results(self, records: Sequence[Record], reply: Reply[list[RowResult]]) -> list[RecordResult]:
        return [
            self._record_result(record, result, ambiguous=reply.ambiguous)
            for record, result in zip(records, reply.value, strict=True)
        ]

    def _record_result(self, record: Record, result: RowResult, *, ambiguous: bool) -> RecordResult:
        record_id = result.marketoGUID or ("" if result.id is None else str(result.id))
        if (status := _STATUSES.get(result.status.lower())) is not None:
            return RecordResult(status, id=record_id)
        why = result.why()
        code, reason = (why.code, why.message) if why else ("", "skipped without a reason")
        if code in _EXISTS and self.action == "createOnly":
            if ambiguous:
                reason = "exists already, perhaps by an earlier try whose answer was lost"
            return RecordResult(RecordStatus.SKIPPED, id=record_id, code=code, reason=reason)
        # The same code is for a company or another record that a link leads to.
        about_link = any(record.get(name) is not None for name in {*self._links} - {*self.key_fields})
        by_key = not IDS & {*self.key_fields}
        if code == _NOT_FOUND and self.action == "updateOnly" and by_key and not about_link:
            return RecordResult(RecordStatus.SKIPPED, id=record_id, code=code, reason=reason)
        return RecordResult(RecordStatus.REJECTED, id=record_id, code=code or "SKIPPED", reason=reason)

    def stored(self) -> StoredObjects:
        """Return what reads and deletes the records, once the schema was read."""
        return StoredObjects(self.object_type, self._calls, self._id_field, self.key_fields, self._links)


class StoredObjects:
    """Read and delete the records of one object type.

    :param object_type: as of the writer.
    :param calls: of the type.
    :param id_field: the id that Marketo gives.
    :param key_fields: the fields that identify a record.
    :param links: the fields that link a custom object to something.
    """

    # Marketo ignores case in keys, and changes none of a record that exists.
    key_kind: Literal["email", "text"] = "email"
    key_changes = False
    no_such_record = frozenset({_NOT_FOUND})

    def __init__(
        self,
        object_type: str,
        calls: _Calls,
        id_field: str,
        key_fields: tuple[str, ...],
        links: Iterable[str],
    ) -> None:
        self.object_type, self.id_field, self.key_fields = object_type, id_field, key_fields
        self.never_cleared = frozenset({id_field, *key_fields, *links})
        self._calls = calls

    def read(self, keys: Sequence[str], fields: Sequence[str], *, by_id: bool) -> Procedure[StoredLeads]:
        """Read records by the id that Marketo gives, or by their key. One call for 300.

        Two with empty ids stand for those of a key that cannot be searched for: one with a comma, unless it
        is of several fields.
        """
        names = (self.id_field,) if by_id else self.key_fields
        wanted = list(dict.fromkeys([self.id_field, *names, *fields]))
        searchable = [key for key in keys if self._is_searchable(key, names)]
        unknown = set(keys).difference(searchable)
        found: dict[str, list[StoredLead]] = {key.lower(): [*UNKNOWN_LEADS] for key in unknown}
        for part in chunked(searchable, BATCH_MAX):
            if len(names) > 1 and self._calls.list_by_keys is not None:
                given = [dict(zip(names, key.split(KEY_SEPARATOR), strict=True)) for key in part]
                call = self._calls.list_by_keys(given, fields=wanted)
            else:
                call = self._calls.list(names[0], part, fields=wanted)
            rows: builtins.list[Mapping[str, object]] = yield Pages(call)
            for row in rows:
                stored = StoredLead(str(row[self.id_field]), {name: row.get(name) for name in fields})
                key = KEY_SEPARATOR.join(str(row.get(name)).strip().lower() for name in names)
                found.setdefault(key, []).append(stored)
        return found

    def _is_searchable(self, key: str, names: Sequence[str]) -> bool:
        if len(names) == 1:
            return "," not in key
        return self._calls.list_by_keys is not None and key.count(KEY_SEPARATOR) == len(names) - 1

    def removal(self) -> MemberAction:
        """Delete records. One that does not exist counts as deleted before."""

        def delete(ids: Sequence[str]) -> Call[list[RowResult]]:
            return self._calls.delete([{self.id_field: one} for one in ids], delete_by="idField")

        return action_by_rows(
            "object_deletion",
            f"delete {self.object_type}",
            ("deleted", "already_gone"),
            delete,
            already_code=_NOT_FOUND,
        )


def _links_of(schema: Mapping[str, object]) -> dict[str, str]:
    """Return the fields that link a custom object to something, and what that is."""
    found: dict[str, str] = {}
    relationships = schema.get("relationships")
    for one in relationships if isinstance(relationships, list) else ():
        # Samples of one call have "object" where those of another have "relatedTo".
        to = one.get("relatedTo") or one.get("object") or {}
        if one.get("field") and str(one.get("type", "child")).lower() != "parent":
            found[str(one["field"])] = f"{to.get('name', 'a record')} by its {to.get('field', 'key')}"
    return found
