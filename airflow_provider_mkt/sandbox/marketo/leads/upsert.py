"""Create or update leads in two steps, search and write, without a lock in between."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from airflow_provider_mkt.sandbox.marketo.account.credential_store import ApiUser
from airflow_provider_mkt.sandbox.marketo.activities.activity_types import CHANGE_DATA_VALUE, NEW_LEAD
from airflow_provider_mkt.sandbox.marketo.errors import (
    MarketoError,
    lead_not_found,
    missing,
    object_not_found,
)
from airflow_provider_mkt.sandbox.marketo.leads.origin import Origin
from airflow_provider_mkt.sandbox.marketo.leads.store import Change, Lead, Partition
from airflow_provider_mkt.sandbox.marketo.leads.values import Value, match_key
from airflow_provider_mkt.sandbox.marketo.state import MarketoState

CREATE_OR_UPDATE, CREATE_ONLY, UPDATE_ONLY, CREATE_DUPLICATE = (
    "createOrUpdate",
    "createOnly",
    "updateOnly",
    "createDuplicate",
)
ACTIONS = (CREATE_OR_UPDATE, CREATE_ONLY, UPDATE_ONLY, CREATE_DUPLICATE)


@dataclass
class Upsert:
    """The options of one request."""

    action: str = CREATE_OR_UPDATE
    lookup_field: str | None = None
    """The key; None for the instance's own rule."""
    partition: Partition | None = None
    user: ApiUser | None = None
    company_fields: bool = False
    strict_email: bool = True


@dataclass
class Planned:
    """A record after the search. `lead` is None when a new one is to be created."""

    lead: Lead | None
    values: dict[str, Value] = field(default_factory=dict)


def plan(state: MarketoState, order: Upsert, record: dict[str, object]) -> Planned:
    """Check a record and find its lead.

    :raises MarketoError: the record is skipped.
    """
    record = dict(record)
    names = lookup_fields(state, order)
    keys = {name: record.get(name) for name in names}
    if order.action != CREATE_DUPLICATE:
        for name in names:
            if not state.leads.schema.get(name).updateable:
                record.pop(name, None)
    if "id" in record:
        # An id can only find a lead; it cannot be written.
        raise MarketoError(1003, "Field 'id' is allowed only with lookupField 'id' and action 'updateOnly'")
    values = state.leads.read(record, strict_email=order.strict_email)
    _check_links(state, order, values)
    lead = None
    if order.action != CREATE_DUPLICATE:
        if all(key in (None, "") for key in keys.values()):
            raise missing(names[0])
        lead = _look_up(state, order, keys)
    if lead is None:
        _check_partition(order.user, order.partition or state.leads.partitions[0])
    return Planned(lead, values)


def apply(
    state: MarketoState, order: Upsert, planned: Planned, at: datetime, origin: Origin
) -> tuple[Lead, str]:
    """Write a planned record without another search. Return the lead and the status."""
    if planned.lead is None:
        partition = order.partition or state.leads.partitions[0]
        lead = state.leads.insert(planned.values, partition, at)
        attributes: dict[str, object] = {"Created Date": at.date().isoformat(), "Source Type": origin.source}
        state.log.add(NEW_LEAD, lead.id, at, attributes | {"API Method Name": origin.method})
        return lead, "created"
    if state.leads.get(planned.lead.id) is None:
        raise lead_not_found(planned.lead.id)
    blocked = state.accounts.settings.blocked_fields
    planned.values = {name: value for name, value in planned.values.items() if name not in blocked}
    log_changes(state, planned.lead, state.leads.update(planned.lead, planned.values, at), at, origin)
    return planned.lead, "updated"


def log_changes(state: MarketoState, lead: Lead, changes: list[Change], at: datetime, origin: Origin) -> None:
    for change in changes:
        attributes = {"New Value": change.new, "Old Value": change.old, **origin.attributes()}
        row: dict[str, object] = {"id": change.field_id, "name": change.name, "newValue": _text(change.new)}
        if change.old is not None:
            row["oldValue"] = _text(change.old)
        state.log.add(
            CHANGE_DATA_VALUE,
            lead.id,
            at,
            {name: one for name, one in attributes.items() if one is not None},
            primary=(change.field_id, change.display_name),
            fields=(row,),
        )


def lookup_fields(state: MarketoState, order: Upsert) -> tuple[str, ...]:
    """Return the fields by which leads are found: the given one, else those of the instance's own rule."""
    return (
        (order.lookup_field,) if order.lookup_field else state.accounts.settings.duplicate_rule or ("email",)
    )


def key_of(state: MarketoState, order: Upsert, values: Mapping[str, Value]) -> tuple[str, ...]:
    """Return the key of a record, normalized so that equal keys are equal."""
    return tuple(_key(values.get(name)) for name in lookup_fields(state, order))


def _key(value: object) -> str:
    return "" if value is None else match_key(value)


def _look_up(state: MarketoState, order: Upsert, keys: dict[str, object]) -> Lead | None:
    # An empty value of a rule with several fields is a value like others.
    given = next(name for name, key in keys.items() if key not in (None, ""))
    found = [
        lead
        for lead in state.leads.find(given, keys[given])
        if all(_key(lead.values.get(name)) == _key(key) for name, key in keys.items() if name != given)
    ]
    if len(found) > 1:
        raise MarketoError(1007, "Multiple lead match lookup criteria")
    if not found:
        # A key that cannot be written can only find a lead, not create one.
        if order.action == UPDATE_ONLY or not state.leads.schema.get(given).updateable:
            raise lead_not_found(keys[given])
        return None
    lead = found[0]
    if order.action == CREATE_ONLY:
        raise MarketoError(1005, "Lead already exists")
    if order.user and not order.user.may_use(lead.partition_id):
        raise MarketoError(1008, f"Access to lead partition '{_partition_name(state, lead)}' denied")
    if order.partition and lead.partition_id != order.partition.id:
        raise MarketoError(1010, f"Lead '{lead.id}' is in partition '{_partition_name(state, lead)}'")
    return lead


def _check_partition(user: ApiUser | None, partition: Partition) -> None:
    if user and not user.may_use(partition.id):
        raise MarketoError(1008, f"Access to lead partition '{partition.name}' denied")


def _check_links(state: MarketoState, order: Upsert, values: dict[str, Value]) -> None:
    if not order.company_fields:
        for name in values:
            if state.leads.schema.fields[name].company:
                raise MarketoError(1021, f"Company field '{name}' can only be updated through Sync Companies")
    company = values.get("externalCompanyId")
    if company is not None and state.companies.by_external_id(company) is None:
        raise object_not_found("Company", company)
    person = values.get("externalSalesPersonId")
    if person is not None and state.sales_persons.by_key(person) is None:
        raise MarketoError(718, f"Sales person '{person}' not found")


def _partition_name(state: MarketoState, lead: Lead) -> str:
    return next(one.name for one in state.leads.partitions if one.id == lead.partition_id)


def _text(value: Value) -> str | None:
    return value if value is None or isinstance(value, str) else str(value).lower()
