"""Leads, and the index of their keys."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from airflow_provider_mkt.sandbox.marketo.companies.store import CompanyStore
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError, field_not_found, lead_not_found
from airflow_provider_mkt.sandbox.marketo.leads.fields import Schema
from airflow_provider_mkt.sandbox.marketo.leads.values import Value, match_key, read_value
from airflow_provider_mkt.sandbox.marketo.times import lead_time

FIRST_LEAD_ID = 1001
DEFAULT_FIELDS = ("id", "email", "updatedAt", "createdAt", "firstName", "lastName")


@dataclass
class Partition:
    id: int
    name: str
    description: str = ""


@dataclass
class Lead:
    id: int
    partition_id: int
    created_at: datetime
    updated_at: datetime
    values: dict[str, Value] = field(default_factory=dict)
    cookies: list[str] = field(default_factory=list)


_COMPUTED: dict[str, Callable[[Lead], Value]] = {
    "id": lambda lead: lead.id,
    "leadPartitionId": lambda lead: lead.partition_id,
    "createdAt": lambda lead: lead_time(lead.created_at),
    "updatedAt": lambda lead: lead_time(lead.updated_at),
    "cookies": lambda lead: ",".join(lead.cookies) or None,
    "isAnonymous": lambda lead: False,
}
"""Values that are not stored with the others, by field."""


@dataclass
class Change:
    """A changed value of a lead."""

    field_id: int
    name: str
    display_name: str
    old: Value
    new: Value


class LeadStore:
    """All leads. Duplicates are allowed, as in Marketo."""

    def __init__(self, schema: Schema, companies: CompanyStore) -> None:
        self.schema = schema
        self._companies = companies
        self.partitions: list[Partition] = []
        self._leads: dict[int, Lead] = {}
        self._index: dict[str, dict[str, dict[int, None]]] = {}
        self._with_cookie: dict[str, set[int]] = {}
        """Ids of leads by the key of a cookie."""
        self._next_id = FIRST_LEAD_ID
        self._opt_outs: set[str] = set()
        """Addresses that are unsubscribed, also after their leads are deleted."""

    def __len__(self) -> int:
        return len(self._leads)

    def __iter__(self) -> Iterator[Lead]:
        return iter(self._leads.values())

    def get(self, lead_id: int) -> Lead | None:
        return self._leads.get(lead_id)

    def existing(self, lead_id: int) -> Lead:
        lead = self._leads.get(lead_id)
        if lead is None:
            raise lead_not_found(lead_id)
        return lead

    def partition(self, name: str) -> Partition | None:
        return next((one for one in self.partitions if one.name == name), None)

    def find(self, name: str, value: object) -> Iterable[Lead]:
        """Return the leads with a value in a key field, the oldest first."""
        key = match_key(value)
        if name == "id":
            lead = self._leads.get(int(key)) if key.isdigit() else None
            return [lead] if lead else []
        if name == "cookies":
            return [self._leads[one] for one in sorted(self._with_cookie.get(key, ()))]
        if name == "leadPartitionId":
            return (lead for lead in self._leads.values() if str(lead.partition_id) == key)
        return [self._leads[one] for one in sorted(self._index.get(name, {}).get(key, {}))]

    def read(self, record: dict[str, object], *, strict_email: bool = True) -> dict[str, Value]:
        """Check a record against the schema, and return the values to store."""
        values: dict[str, Value] = {}
        for name, value in record.items():
            known = self.schema.fields.get(name)
            if known is None:
                raise field_not_found(name)
            if not known.updateable:
                raise MarketoError(1003, f"Field '{name}' cannot be updated")
            values[name] = read_value(known.data_type, known.length, value, strict_email=strict_email)
        return values

    def insert(self, values: dict[str, Value], partition: Partition, now: datetime) -> Lead:
        lead = Lead(self._next_id, partition.id, now, now)
        self._next_id += 1
        self._leads[lead.id] = lead
        self._store(lead, self._with_opt_out(lead, values))
        self._copy_opt_out(lead, values)
        return lead

    def update(self, lead: Lead, values: dict[str, Value], now: datetime) -> list[Change]:
        """Write the values that differ, and return the changes."""
        values = self._with_opt_out(lead, values)
        changed = {name: value for name, value in values.items() if lead.values.get(name) != value}
        changes = []
        for name, value in changed.items():
            known = self.schema.get(name)
            changes.append(Change(known.id, name, known.display_name, lead.values.get(name), value))
        if changes:
            self._store(lead, changed)
            self._copy_opt_out(lead, changed)
            lead.updated_at = now
        return changes

    def _with_opt_out(self, lead: Lead, values: dict[str, Value]) -> dict[str, Value]:
        """Return the values with the opt-out that is kept for the address, where a lead gets that address."""
        address = values.get("email")
        if not address or "unsubscribed" in values or address == lead.values.get("email"):
            return values
        return values | {"unsubscribed": True} if match_key(address) in self._opt_outs else values

    def _copy_opt_out(self, lead: Lead, changed: dict[str, Value]) -> None:
        """Keep the opt-out of an address, and copy it to all leads with that address, in every partition."""
        address = lead.values.get("email")
        if "unsubscribed" not in changed or not address:
            return
        opted_out = changed["unsubscribed"]
        (self._opt_outs.add if opted_out else self._opt_outs.discard)(match_key(address))
        for other in self.find("email", address):
            self._store(other, {"unsubscribed": opted_out})

    def delete(self, lead: Lead) -> None:
        self._unindex(lead, lead.values)
        for cookie in lead.cookies:
            self._with_cookie[match_key(cookie)].discard(lead.id)
        del self._leads[lead.id]

    def associate(self, lead: Lead, cookie: str) -> None:
        """Associate a cookie with a lead; another lead loses it."""
        known = self._with_cookie.setdefault(match_key(cookie), set())
        for other in [self._leads[one] for one in known]:
            if cookie in other.cookies:
                other.cookies.remove(cookie)
                if match_key(cookie) not in map(match_key, other.cookies):
                    known.discard(other.id)
        lead.cookies.append(cookie)
        known.add(lead.id)

    def row(self, lead: Lead, fields: Iterable[str] = DEFAULT_FIELDS) -> dict[str, object]:
        """Return a lead as JSON, always with `id`, and without fields that are null."""
        row: dict[str, object] = {"id": lead.id}
        for name in fields:
            value = self.value(lead, name)
            if value is not None:
                row[name] = value
        return row

    def value(self, lead: Lead, name: str) -> Value:
        if (compute := _COMPUTED.get(name)) is not None:
            return compute(lead)
        company = self._companies.by_external_id(lead.values.get("externalCompanyId"))
        if company and self.schema.fields[name].company:
            return company.values.get(name)
        return lead.values.get(name)

    def _store(self, lead: Lead, values: dict[str, Value]) -> None:
        self._unindex(lead, values)
        for name, value in values.items():
            if value is None:
                lead.values.pop(name, None)
                continue
            lead.values[name] = value
            if self.schema.fields[name].searchable:
                self._index.setdefault(name, {}).setdefault(match_key(value), {})[lead.id] = None

    def _unindex(self, lead: Lead, names: Iterable[str]) -> None:
        for name in names:
            if name in lead.values and name in self._index:
                self._index[name].get(match_key(lead.values[name]), {}).pop(lead.id, None)
