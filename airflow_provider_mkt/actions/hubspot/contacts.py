"""Write, merge and delete contacts, read their changes, and wait for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import cast

from airflow_provider_mkt.actions.hubspot.records import RECORD_ID, RecordWriter, check_contact_key
from airflow_provider_mkt.actions.idempotency import Ensured, create_if_absent
from airflow_provider_mkt.actions.jobs import (
    NAMED_MAX,
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
    StoredLead,
    any_change,
    checked_ids,
    reads_whole_window,
)
from airflow_provider_mkt.actions.members import (
    MemberAction,
    MemberResult,
    MemberStatus,
    rejected_member,
    unknown,
)
from airflow_provider_mkt.actions.procedure import Procedure, TaskState
from airflow_provider_mkt.client.call import Call, Envelope, numeric_id, utc
from airflow_provider_mkt.client.errors import (
    InvalidInput,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
)
from airflow_provider_mkt.client.hubspot.batch import BatchResult, WrittenBatch
from airflow_provider_mkt.client.hubspot.contacts import contact_merging, contact_search, contacts
from airflow_provider_mkt.client.hubspot.lists import list_memberships
from airflow_provider_mkt.client.hubspot.objects._records import Record as Contact
from airflow_provider_mkt.client.hubspot.objects._records import read_records
from airflow_provider_mkt.client.hubspot.parameters import epoch_milliseconds
from airflow_provider_mkt.client.hubspot.values import moment

MARKETABLE = "hs_marketable_status"
"""The property that says whether a contact is a marketing contact, which the account pays for."""

_STANDARD_FIELDS = frozenset(
    {
        "email", "firstname", "lastname", "company", "jobtitle", "phone", "mobilephone", "website",
        "address", "city", "state", "zip", "country",
    }
)  # fmt: skip


class ContactWriter(RecordWriter):
    """Write contacts, in batches of 100.

    :param action: ``createOrUpdate`` (upsert), ``createOnly`` or ``updateOnly``.
    :param lookup_field: ``email``, another unique property, or ``hs_object_id`` to update by record id.
    :param marketable_contacts: make them marketing contacts, or not, where a record does not say it itself.
    :raises InvalidInput: on a combination that the platform has no call for.
    """

    standard_fields = _STANDARD_FIELDS

    def __init__(
        self,
        *,
        action: str = "createOrUpdate",
        lookup_field: str = "email",
        marketable_contacts: bool | None = None,
    ) -> None:
        super().__init__("contacts", action=action, lookup_field=lookup_field)
        if action == "createOnly" and lookup_field != "email":
            raise InvalidInput("lookup_field", "with createOnly only email identifies existing contacts")
        check_contact_key(action, lookup_field)
        self._defaults = {} if marketable_contacts is None else {MARKETABLE: str(marketable_contacts).lower()}

    def prepare(self, record: Record) -> dict[str, object]:
        prepared = super().prepare(record)
        return {**self._defaults, **prepared} if self._defaults else prepared

    def batch_call(self, records: Sequence[Record]) -> Call[BatchResult | WrittenBatch]:
        match self.action:
            case "createOnly":
                return contacts.create_batch(records)
            case "updateOnly":
                return contacts.update_batch(records, id_property=self.lookup_field)
        return contacts.upsert_batch(records, id_property=self.lookup_field)

    def read(self, keys: Sequence[str]) -> Call[BatchResult]:
        return contacts.batch_read(keys, id_property=self.lookup_field)


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
            if there["id"] not in (loser, outcome.survivor):
                # A request of an earlier try may take effect only now, and gives the winner a new id.
                outcome.survivor = (yield from _contact(str(winner)))["id"]
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
    from_ms = epoch_milliseconds(utc("", "since", since))
    wanted = [[{"property_name": _CHANGED, "operator": "GTE", "value": str(from_ms)}]]
    call = contact_search.search_all(wanted, properties=[_CHANGED])

    def changes(envelope: Envelope) -> list[Change]:
        return [_change(row, since) for row in read_records(envelope)]

    return cast("Call[list[Change]]", replace(call, read=changes))  # type: ignore[arg-type]


def _change(row: Contact, since: datetime) -> Change:
    changed = str(row["properties"].get(_CHANGED) or row["updatedAt"])
    return Change(
        str(row["id"]), f"{row['id']}@{changed}", moment(changed), new=moment(row["createdAt"]) >= since
    )


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
    newest: str | None = None,
    read_at: float | None = None,
    clock: Callable[[], float] = time.time,
) -> Procedure[PollResult]:
    """Poll whether an unknown contact was created or changed since a time.

    A poll searches from the newest known change, by one call. The whole window is searched again for changes
    that the index shows late, the less often the more changes are known in it: one call for 200 of them.

    :param since: start of the window.
    :param known: marks of changes in it that were reported.
    :param newest: time of the newest of them; None to read the whole window first.
    :param read_at: when the whole window was read last, in epoch seconds.
    """
    start, marks = aware_time("since", since), frozenset(known)
    given = {"known": len(marks), "page": _SEARCH_PAGE, "late": LOG.late}
    if newest is not None and not reads_whole_window(cache, **given, read_at=read_at, clock=clock):  # type: ignore[arg-type]
        start = aware_time("newest", newest)
    return (yield from any_change(read(start, fields, list_id), marks))


_SEARCH_PAGE = 200


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
    page = contact_search.search([[only]], properties=["hs_object_id"], limit=NAMED_MAX)
    found: int
    ids: list[str]
    found, ids = yield replace(page, read=_total_and_ids)  # type: ignore[arg-type]
    return met_when(found >= count, {"leads": found, "ids": ids} if found >= count else {"leads": found})


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


def _total_and_ids(envelope: Envelope) -> tuple[int, list[str]]:
    return int(envelope["total"]), [str(row["id"]) for row in read_records(envelope)]


def find_by_email(emails: Sequence[str]) -> Procedure[dict[str, list[str]]]:
    """Find contacts by their email addresses, the further ones (``hs_additional_emails``) included.

    :param emails: addresses in lower case.
    :returns: record ids by address; an address belongs to one contact at most.
    """
    found = yield from read_by_key("email", emails, ())
    return {email: [one.id for one in stored] for email, stored in found.items()}


def read_by_key(
    lookup_field: str, keys: Sequence[str], fields: Sequence[str]
) -> Procedure[dict[str, list[StoredLead]]]:
    """Read contacts by record id, email address (the further ones included) or another unique property.

    :param keys: values of the key; 100 a call.
    :param fields: properties to return.
    :returns: contacts by key in lower case. A contact that was merged is not found by its old id.
    """
    found: dict[str, list[StoredLead]] = {}
    by_id, by_email = lookup_field == RECORD_ID, lookup_field == "email"
    properties = dict.fromkeys([lookup_field, *fields, *(["hs_additional_emails"] if by_email else [])])
    for batch in chunked(keys, contacts.BATCH_MAX):
        answer: BatchResult = yield contacts.batch_read(
            batch, properties=list(properties), id_property=None if by_id else lookup_field
        )
        for row in answer.results:
            stored = StoredLead(row.id, {name: row.properties.get(name) for name in fields})
            names = [row.id if by_id else row.properties.get(lookup_field) or ""]
            if by_email:
                names += (row.properties.get("hs_additional_emails") or "").split(";")
            for name in names:
                # HubSpot tells values of a property by their case, so that two contacts can be found by one.
                others = () if by_id or by_email else found.get(name.strip().lower(), ())
                found[name.strip().lower()] = [*(one for one in others if one.id != row.id), stored]
    return found


_GDPR_CHUNK = 20
"""Contacts whose results are saved together: each takes a call."""


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


def gdpr_deletion() -> MemberAction:
    """Delete contacts and their history for good, one by one."""

    def apply(people: Sequence[str], task_state: TaskState) -> Procedure[list[MemberResult]]:
        results = []
        for one in people:
            results.append((yield from _gdpr_delete(one)))
        return results

    return MemberAction(
        "lead_erasure", "delete contacts for good", "deleted", "already_gone", _GDPR_CHUNK, apply
    )


def addresses_of(ids: Sequence[str]) -> Procedure[list[str]]:
    """Read all addresses of contacts, the further ones included: one call for 100."""
    found: list[str] = []
    stored = yield from read_by_key(RECORD_ID, ids, ["email", "hs_additional_emails"])
    for (contact,) in stored.values():
        found.append(str(contact.values.get("email") or ""))
        found += str(contact.values.get("hs_additional_emails") or "").split(";")
    return [address for address in found if address]


def _gdpr_delete(contact_id: str) -> Procedure[MemberResult]:
    """Delete a contact for good. After a lost answer it is read, and deleted again if it is still there."""
    for _ in range(2):
        try:
            yield contacts.gdpr_delete(contact_id)
        except NotFound:
            return MemberResult(contact_id, MemberStatus.ALREADY, "NOT_FOUND", "there is no such contact")
        except InvalidRequest as error:
            return rejected_member(contact_id, error)
        except OutcomeUnknown as error:
            failure = error
        else:
            return MemberResult(contact_id)
        there: BatchResult = yield contacts.batch_read([contact_id])
        if contact_id not in {row.id for row in there.results}:
            return MemberResult(contact_id)
    return unknown(contact_id, failure)


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
