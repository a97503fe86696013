"""Write, merge and delete contacts, read their changes, and wait for them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import cast

from airflow_provider_mkt.actions.idempotency import Ensured, create_if_absent
from airflow_provider_mkt.actions.jobs import (
    PollCache,
    PollResult,
    aware_time,
    chunked,
    met_when,
    not_found_yet,
    note_found,
    whole_number,
)
from airflow_provider_mkt.actions.leads import (
    Change,
    ChangeLog,
    LeadMerge,
    Record,
    RecordResult,
    RecordStatus,
    any_change,
    checked_ids,
    rejected,
)
from airflow_provider_mkt.actions.members import MemberAction, MemberResult, MemberStatus
from airflow_provider_mkt.actions.procedure import Procedure, TaskState
from airflow_provider_mkt.client.call import Call, Envelope, numeric_id, utc
from airflow_provider_mkt.client.errors import InvalidInput, InvalidRequest, NotFound
from airflow_provider_mkt.client.hubspot.batch import BatchResult
from airflow_provider_mkt.client.hubspot.contacts import contact_merging, contact_search, contacts
from airflow_provider_mkt.client.hubspot.contacts._records import Contact, read_contacts
from airflow_provider_mkt.client.hubspot.lists import list_memberships
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.client.transport.exchange import Reply

ACTIONS = ("createOrUpdate", "createOnly", "updateOnly")
_EXISTS = re.compile(r"already exists", re.IGNORECASE)
_MISSING = re.compile(r"[Pp]roperty\W+(?:named\W+)?([A-Za-z][\w.]*)\W+does(?:n't| not) exist")
_RECORD_ID = "hs_object_id"


class ContactWriter:
    """Write contacts, in batches of 100.

    :param action: ``createOrUpdate`` (upsert), ``createOnly`` or ``updateOnly``.
    :param lookup_field: ``email``, another unique property, or ``hs_object_id`` to update by record id.
    :raises InvalidInput: on a combination that the platform has no call for.
    """

    batch_max = contacts.BATCH_MAX
    bytes_max = 4_000_000
    quiet_after = 0.0
    repeatable = True

    def __init__(self, *, action: str = "createOrUpdate", lookup_field: str = "email") -> None:
        if action not in ACTIONS:
            raise InvalidInput("action", f"HubSpot has {', '.join(ACTIONS)}")
        if lookup_field == _RECORD_ID and action != "updateOnly":
            raise InvalidInput("lookup_field", f"{_RECORD_ID} is given by HubSpot; use action updateOnly")
        if action == "createOnly" and lookup_field != "email":
            raise InvalidInput("lookup_field", "with createOnly only email identifies existing contacts")
        if action == "updateOnly" and lookup_field == "email":
            raise InvalidInput(
                "lookup_field",
                f"HubSpot updates by {_RECORD_ID} or by a unique property of your own, not by email; for "
                "email use action createOrUpdate",
            )
        self.action = action
        self.lookup_field = lookup_field

    def known_fields(self) -> Procedure[frozenset[str] | None]:
        return None
        yield  # a procedure that needs no call

    def prepare(self, record: Record) -> dict[str, object]:
        prepared = {name: _as_text(value) for name, value in record.items()}
        if isinstance(key := prepared.get(self.lookup_field), str):
            prepared[self.lookup_field] = key.strip()
        return prepared

    def check(self, record: Record) -> RecordResult | None:
        if not record.get(self.lookup_field):
            return rejected("KEY_MISSING", f"{self.lookup_field}, the key, is missing or empty")
        for name, value in record.items():
            if isinstance(value, (float, Decimal)):
                return rejected("WRONG_TYPE", f"{name}: is not a finite number")
            if not isinstance(value, str):
                return rejected(
                    "WRONG_TYPE", f"{name}: HubSpot takes text, numbers and dates, not {describe_type(value)}"
                )
        return None

    def key(self, record: Record) -> str | None:
        value = str(record[self.lookup_field])
        return value.lower() if self.lookup_field == "email" else value

    def call(self, records: Sequence[Record]) -> Call[BatchResult]:
        match self.action:
            case "createOnly":
                return contacts.create_batch(records)
            case "updateOnly":
                return contacts.update_batch(records, id_property=self.lookup_field)
        return contacts.upsert_batch(records, id_property=self.lookup_field)

    def record_results(self, records: Sequence[Record], reply: Reply[BatchResult]) -> list[RecordResult]:
        by_trace: dict[str, RecordResult] = {}
        by_key: dict[str, RecordResult] = {}
        for row in reply.value.results:
            created = row.new if row.new is not None else self.action == "createOnly"
            result = RecordResult(RecordStatus.CREATED if created else RecordStatus.UPDATED, id=row.id)
            if row.objectWriteTraceId is not None:
                by_trace[row.objectWriteTraceId] = result
            if value := row.properties.get(self.lookup_field):
                by_key[self._spelt(str(value))] = result
            if self.lookup_field == _RECORD_ID:
                by_key[row.id] = result
        for error in reply.value.errors:
            result = self._refused(error.category, error.message, ambiguous=reply.ambiguous)
            for trace in error.context.get("objectWriteTraceId", ()):
                by_trace.setdefault(str(trace), result)
            for named in error.ids():
                by_key.setdefault(self._spelt(named), result)
        return [
            by_trace.get(str(index))
            or by_key.get(self._spelt(str(record[self.lookup_field])))
            or self._rest(reply.value)
            for index, record in enumerate(records)
        ]

    def rejected_records(self, records: Sequence[Record], error: InvalidRequest) -> list[bool] | None:
        # Other properties in the message have a bad value, which not every record has.
        names = set(_MISSING.findall(error.message))
        rejected_records = [bool(names & record.keys()) for record in records]
        return rejected_records if any(rejected_records) else None

    def _spelt(self, value: str) -> str:
        return value.lower() if self.lookup_field == "email" else value

    def _refused(self, category: str, message: str, *, ambiguous: bool) -> RecordResult:
        if self.action == "createOnly" and (category == "CONFLICT" or _EXISTS.search(message)):
            reason = "exists already" + (
                ", perhaps by an earlier try whose answer was lost" if ambiguous else ""
            )
            return RecordResult(RecordStatus.SKIPPED, code=category or "CONFLICT", reason=reason)
        if self.action == "updateOnly" and category == "OBJECT_NOT_FOUND":
            return RecordResult(RecordStatus.SKIPPED, code=category, reason=message)
        return rejected(category or "REFUSED", message or "rejected without a reason")

    def _rest(self, result: BatchResult) -> RecordResult:
        """Return the result of records that the answer does not name: they never count as written."""
        reasons = "; ".join(dict.fromkeys(error.message for error in result.errors))
        return rejected("NOT_IN_ANSWER", reasons or "the answer does not name this record")


def _as_text(value: object) -> object:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case float() | Decimal() if math.isfinite(value):
            return str(value)
        case datetime():
            # Without an offset it is UTC, on both platforms.
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
        case date():
            return value.isoformat()
    return value


def merge(
    winner_id: int | str, loser_ids: Sequence[int | str], task_state: TaskState
) -> Procedure[LeadMerge]:
    """Merge contacts into one, one after the other. It cannot be undone.

    The old id of a merged contact resolves to the contact that stayed.

    :param winner_id: record id of the contact whose values win.
    :param loser_ids: record ids of the contacts to merge into it.
    :param task_state: marks of the task's earlier tries.
    :raises InvalidInput: on an id that is not a number, no losers, or the winner among them.
    :raises NotFound: when there is no contact with the winner's id.
    """
    winner, losers = checked_ids(winner_id, loser_ids)
    primary = yield from _contact(str(winner))
    outcome = LeadMerge(primary["id"])
    for loser in map(str, losers):
        key = f"merge contact {loser} into {winner}"
        requested = task_state.get(key) is not None
        try:
            there = yield from _contact(loser)
            if there["id"] == outcome.survivor:
                (outcome.merged if requested else outcome.already).append(loser)
            elif there["id"] != loser:
                outcome.rejected[loser] = f"was merged into contact {there['id']} before"
            else:
                stays = yield from _merge_one(key, outcome.survivor, loser, task_state)
                outcome.survivor = stays["id"]
                outcome.merged.append(loser)
        except InvalidRequest as error:
            outcome.rejected[loser] = error.message
    return outcome


def _contact(contact_id: str) -> Procedure[Contact]:
    try:
        found: Contact = yield contacts.get(contact_id)
    except NotFound as error:
        msg = f"there is no contact {contact_id}"
        raise NotFound(msg, platform="hubspot", call=error.call) from error
    return found


def _merge_one(key: str, primary: str, loser: str, task_state: TaskState) -> Procedure[Contact]:
    def find() -> Procedure[Contact | None]:
        try:
            one: Contact = yield contacts.get(loser)
            stays: Contact = yield contacts.get(primary)
        except NotFound:
            return None
        return stays if one["id"] == stays["id"] else None

    made: Ensured[Contact] = yield from create_if_absent(
        key, task_state, contact_merging.merge(primary, loser), find
    )
    return made.value


_CHANGED = "lastmodifieddate"


def read(since: datetime, fields: Sequence[str], list_id: str | None) -> Procedure[Call[list[Change]]]:
    """Make the call that pages through contacts that were created or changed since a time.

    :raises InvalidInput: on fields or a list, which the platform cannot filter changes by.
    """
    for name, value in (("fields", fields), ("list_id", list_id)):
        if value:
            raise InvalidInput(name, "HubSpot reports changes of all contacts in all fields; leave it out")
    # A procedure as on Marketo, though it makes no call.
    yield from ()
    from_ms = int(utc("", "since", since).timestamp() * 1000)
    wanted = [[{"property_name": _CHANGED, "operator": "GTE", "value": str(from_ms)}]]
    call = contact_search.search_all(wanted, properties=[_CHANGED])

    def changes(envelope: Envelope) -> list[Change]:
        return [_change(row, since) for row in read_contacts(envelope)]

    return cast("Call[list[Change]]", replace(call, read=changes))  # type: ignore[arg-type]


def _change(row: Contact, since: datetime) -> Change:
    changed = str(row["properties"].get(_CHANGED) or row["updatedAt"])
    return Change(
        str(row["id"]), f"{row['id']}@{changed}", _time(changed), new=_time(row["createdAt"]) >= since
    )


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


LOG = ChangeLog(
    read,
    # The search index is behind the writes. The delay is not documented; this allows far more than it takes.
    late=900.0,
)


def leads_changed(
    cache: PollCache,
    *,
    since: str,
    known: Sequence[str] = (),
    fields: Sequence[str] = (),
    list_id: str | None = None,
) -> Procedure[PollResult]:
    """Poll whether an unknown contact was created or changed since a time. One call for 200 known ones."""
    changes = read(aware_time("since", since), fields, list_id)
    return (yield from any_change(changes, frozenset(known)))


_IDS_MAX = 100
"""Most ids of 19 digits that leave room for other filters in the body of one search."""


def leads_visible(
    cache: PollCache, *, lead_ids: Sequence[str], having: Mapping[str, str] | None = None
) -> Procedure[PollResult]:
    """Poll whether the search shows every contact, with the wanted values. One call for 100 missing ones."""
    filters = [
        {"property_name": name, "operator": "EQ", "value": value} for name, value in (having or {}).items()
    ]
    wanted = [str(numeric_id("", f"lead_ids[{index}]", one)) for index, one in enumerate(lead_ids)]
    for part in chunked(not_found_yet(cache, wanted), _IDS_MAX):
        only = {"property_name": "hs_object_id", "operator": "IN", "values": list(part)}
        rows: list[Contact] = yield contact_search.search([[only, *filters]], properties=["hs_object_id"])
        note_found(cache, [str(row["id"]) for row in rows])
    missing = len(not_found_yet(cache, wanted))
    return met_when(not missing, {"leads": len(wanted), "missing": missing})


def leads_matching(cache: PollCache, *, field: str, value: str, count: int) -> Procedure[PollResult]:
    """Poll whether the search shows enough contacts with a value. One call."""
    whole_number("count", count)
    only = {"property_name": field, "operator": "EQ", "value": value}
    # A page of any size has the number of all matches.
    page = contact_search.search([[only]], properties=["hs_object_id"], limit=1)
    found: int = yield replace(page, read=_total)  # type: ignore[arg-type]
    return met_when(found >= count, {"leads": found})


def in_list(cache: PollCache, *, list_id: str, lead_ids: Sequence[str]) -> Procedure[PollResult]:
    """Poll whether every contact is in a list. One call for 100 missing ones."""
    numeric_id("", "list_id", list_id)
    wanted = [str(numeric_id("", f"lead_ids[{index}]", one)) for index, one in enumerate(lead_ids)]
    for part in chunked(not_found_yet(cache, wanted), list_memberships.BATCH_MAX):
        batch: list_memberships.MembershipBatch = yield list_memberships.batch_read(part)
        note_found(
            cache,
            [
                str(row["recordId"])
                for row in batch["results"]
                if any(str(one["listId"]) == list_id for one in row["recordListMemberships"])
            ],
        )
    missing = len(not_found_yet(cache, wanted))
    return met_when(not missing, {"leads": len(wanted), "missing": missing})


def _total(envelope: Envelope) -> int:
    return int(envelope["total"])


def deletion() -> MemberAction:
    """Delete contacts."""
    return MemberAction(
        outcome="lead_deletion",
        key="delete contacts",
        done_key="deleted",
        already_key="already_gone",
        chunk_max=contacts.BATCH_MAX,
        apply=_delete,
    )


def _delete(people: Sequence[str], task_state: TaskState) -> Procedure[list[MemberResult]]:
    # The platform does not return which of them existed, so they are read first.
    there: BatchResult = yield contacts.batch_read(people)
    # For the id of a merged contact the platform returns the one that stayed, which was not named here.
    found = {row.id for row in there.results}.intersection(people)
    if found:
        yield contacts.archive_batch(sorted(found))
    return [
        MemberResult(one)
        if one in found
        else MemberResult(one, MemberStatus.ALREADY, "NOT_FOUND", "there is no such contact")
        for one in people
    ]
