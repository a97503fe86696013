"""Write, push, merge and delete leads, submit forms, read changes of leads, and wait for leads."""

from __future__ import annotations

import hashlib
import itertools
import re
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import cast, get_args

from airflow_provider_mkt.actions.idempotency import create_if_absent, is_sent, send_at_most_once
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
    UNKNOWN_LEADS,
    Change,
    ChangeLog,
    KnownFields,
    LeadMerge,
    Record,
    RecordResult,
    RecordStatus,
    StoredLead,
    checked_ids,
    reads_whole_window,
    rejected,
)
from airflow_provider_mkt.actions.marketo.lists import action_by_rows
from airflow_provider_mkt.actions.marketo.lookup import find_or_none
from airflow_provider_mkt.actions.marketo.records import QUIET_AFTER as QUIET_AFTER
from airflow_provider_mkt.actions.marketo.records import (
    RecordBatches,
    read_only_of,
    types_of,
    value_problem,
)
from airflow_provider_mkt.actions.members import MemberAction
from airflow_provider_mkt.actions.procedure import Pages, Procedure, TaskState
from airflow_provider_mkt.client.call import Call, Envelope, numeric_id
from airflow_provider_mkt.client.errors import InvalidInput, InvalidRequest, NotFound, OutcomeUnknown
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.marketo.activities import activities
from airflow_provider_mkt.client.marketo.leads import lead_fields, lead_intake, leads
from airflow_provider_mkt.client.marketo.lists import lists
from airflow_provider_mkt.client.marketo.programs import channels, program_members, programs
from airflow_provider_mkt.client.marketo.responses import RowResult, WrittenRow, decode_written, rows
from airflow_provider_mkt.client.marketo.rows import Channel, LeadField
from airflow_provider_mkt.client.marketo.values import moment
from airflow_provider_mkt.client.paging import with_next
from airflow_provider_mkt.client.transport.exchange import Reply

_CREATED_TYPES = {
    "text": "string",
    "integer": "integer",
    "number": "float",
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime",
}
"""What a lead field is created as, by the type of its values."""

_STANDARD_FIELDS = frozenset(
    {
        "email", "firstName", "lastName", "title", "phone",
        "address", "city", "state", "postalCode", "country",
    }
)  # fmt: skip

_RECORD_STATUSES = {"created": RecordStatus.CREATED, "updated": RecordStatus.UPDATED}
_EXISTS = "1005"
_TOO_MANY_MATCHES = "1003"
_NOT_FOUND = "1004"


class DatabaseLeadWriter(RecordBatches):
    """Write leads, in batches of 300.

    :param action: ``createOrUpdate``, ``createOnly``, ``updateOnly`` or ``createDuplicate``.
    :param lookup_field: the key; None for the instance's own duplicate rule. Its fields are unknown, so no
        record replaces another one, and records with one email address are sent one after the other.
    :param partition_name: lead partition for new leads.
    :raises InvalidInput: on an unknown action.
    """

    other_keys: frozenset[str] = frozenset()
    """Keys that the schema does not list."""

    def __init__(
        self,
        *,
        action: str = "createOrUpdate",
        lookup_field: str | None = "email",
        partition_name: str | None = None,
    ) -> None:
        if action not in get_args(leads.Action):
            raise InvalidInput("action", f"Marketo has {', '.join(get_args(leads.Action))}")
        if lookup_field == "id" and action != "updateOnly":
            raise InvalidInput("lookup_field", "id is assigned by Marketo; use action updateOnly")
        self.action: leads.Action = action  # type: ignore[assignment]
        self.lookup_field = lookup_field
        self.partition_name = partition_name
        self.repeatable = action != "createDuplicate"
        self.keyed = self.one_lead_per_key = self.repeatable and lookup_field is not None
        self.quiet_after = QUIET_AFTER if action in ("createOrUpdate", "createOnly") else 0.0
        # Whether leads are found by another key is not known before the fields are.
        self.standard_fields = _STANDARD_FIELDS if lookup_field in (None, "email") else frozenset()

    def known_fields(self) -> Procedure[KnownFields]:
        schema: JsonDict = yield leads.describe2()
        names = {str(field["name"]) for field in schema.get("fields") or ()}
        keys = {str(name) for pair in schema.get("searchableFields") or () for name in pair}
        if self.keyed and keys and self.lookup_field not in keys | self.other_keys:
            raise InvalidInput("lookup_field", f"Marketo finds no leads by {self.lookup_field!r}")
        # Keys and links that the schema does not list as fields.
        linked = {"id", "cookies", "externalCompanyId", "externalSalesPersonId"}
        return KnownFields(
            frozenset(names | linked | self.other_keys),
            frozenset(read_only_of(schema.get("fields")) - linked - {self.lookup_field}),
            types_of(schema.get("fields")),
        )

    def key_names(self) -> Sequence[str]:
        return (self.lookup_field or "email",)

    def check(self, record: Record) -> RecordResult | None:
        name = self.lookup_field
        if self.keyed and name is not None and record.get(name) in (None, ""):
            return rejected("KEY_MISSING", f"{name}, the key, is missing or empty")
        email = record.get("email")
        if isinstance(email, str) and not email.isascii():
            return rejected(
                "INVALID_EMAIL", "email has a character that is not ASCII; Marketo takes ASCII only"
            )
        return value_problem(record)

    def key(self, record: Record) -> str | None:
        if self.action == "createDuplicate":
            return None
        key = record.get(self.lookup_field or "email")
        # Marketo ignores case in keys.
        return None if key in (None, "") else str(key).lower()

    def call(self, records: Sequence[Record]) -> Call[Sequence[RowResult | WrittenRow]]:
        return replace(self.batch_call(records), decode=decode_written(len(records)))

    def batch_call(self, records: Sequence[Record]) -> Call[Sequence[RowResult | WrittenRow]]:
        """Return the platform's call that writes a batch."""
        return leads.sync(
            records,
            action=self.action,
            lookup_field=self.lookup_field,
            partition_name=self.partition_name,
        )

    def record_results(
        self, records: Sequence[Record], reply: Reply[Sequence[RowResult | WrittenRow]]
    ) -> list[RecordResult]:
        return [self._record_result(result, ambiguous=reply.ambiguous) for result in reply.value]

    def _record_result(self, result: RowResult | WrittenRow, *, ambiguous: bool) -> RecordResult:
        lead_id = str(result.id) if result.id is not None else ""
        status = _RECORD_STATUSES.get(result.status) or _RECORD_STATUSES.get(result.status.lower())
        if status is not None:
            return RecordResult(status, lead_id)
        why = result.why()
        code, reason = (why.code, why.message) if why else ("", "skipped without a reason")
        if code == _EXISTS and self.action == "createOnly":
            if ambiguous:
                reason = "exists already, perhaps by an earlier try whose answer was lost"
            return RecordResult(RecordStatus.SKIPPED, id=lead_id, code=code, reason=reason)
        # An id that does not exist was merged or deleted; an unknown key is what updateOnly leaves out.
        if code == _NOT_FOUND and self.action == "updateOnly" and self.lookup_field != "id":
            return RecordResult(RecordStatus.SKIPPED, id=lead_id, code=code, reason=reason)
        return RecordResult(RecordStatus.REJECTED, id=lead_id, code=code or "SKIPPED", reason=reason)


class PushWriter(DatabaseLeadWriter):
    """Push leads, in batches of 300: an upsert, and an activity each time.

    :param program_name: the name of the program that they are pushed for.
    :param lookup_field: the key; ``mktToken`` for the value of a clicked link; None for the instance's own
        duplicate rule.
    :param program_status: a status of the program's channel that they get.
    :param source: free text that triggers can filter by.
    :param reason: free text that triggers can filter by.
    :param partition_name: lead partition for new leads.
    """

    other_keys = frozenset({"mktToken"})

    def __init__(
        self,
        *,
        program_name: str,
        lookup_field: str | None = "email",
        program_status: str | None = None,
        source: str | None = None,
        reason: str | None = None,
        partition_name: str | None = None,
    ) -> None:
        super().__init__(lookup_field=lookup_field, partition_name=partition_name)
        self.program_name = program_name
        self.program_status, self.source, self.reason = program_status, source, reason
        # Each push is another activity.
        self.repeatable = False

    def batch_call(self, records: Sequence[Record]) -> Call[Sequence[RowResult | WrittenRow]]:
        return lead_intake.push(
            self.program_name,
            records,
            lookup_field=self.lookup_field,
            program_status=self.program_status,
            source=self.source,
            reason=self.reason,
            partition_name=self.partition_name,
        )


def create_missing_fields(types: Mapping[str, str]) -> Procedure[list[str]]:
    """Create the lead fields that an instance does not have. They cannot be deleted.

    :param types: REST name of a field to its type.
    :returns: the names of those that it did not have.
    :raises InvalidInput: on a type that is not created, or when Marketo refuses a field.
    """
    schema: JsonDict = yield leads.describe2()
    known = {str(field["name"]) for field in schema.get("fields") or ()}
    missing = [name for name in types if name not in known]
    for name in missing:
        if types[name] not in _CREATED_TYPES:
            raise InvalidInput(f"types.{name}", f"a field of type {types[name]!r} is not created")
    # Those that are hidden are not in the schema of leads.
    labels = (yield from _field_labels()) if missing else {}
    missing = [name for name in missing if name not in labels]
    for part in chunked(missing, lead_fields.CREATE_MAX):
        yield from _create_fields(part, types, labels)
    return missing


def _create_fields(
    names: Sequence[str], types: Mapping[str, str], labels: Mapping[str, str]
) -> Procedure[None]:
    """Create fields.

    :param labels: name to label of the fields that there are.
    """
    while names:
        taken = {label.lower() for label in labels.values()}
        definitions = []
        for name in names:
            label = _free_label(name, taken)
            taken.add(label.lower())
            definitions.append({"name": name, "displayName": label, "dataType": _CREATED_TYPES[types[name]]})
        left: list[str] = []
        try:
            yield lead_fields.create(definitions)
        except (InvalidRequest, OutcomeUnknown) as error:
            # This call, or another task, may have created some of them.
            labels = yield from _field_labels()
            left = [name for name in names if name not in labels]
            if left == list(names):
                if isinstance(error, OutcomeUnknown):
                    raise
                raise InvalidInput("create_missing_fields", f"Marketo refused: {error.message}") from error
        names = left


def _field_labels() -> Procedure[dict[str, str]]:
    """Return the labels of all lead fields by name."""
    labels: dict[str, str] = {}
    call: Call[list[LeadField]] | None = lead_fields.list()
    while call is not None:
        page: list[LeadField]
        page, call = yield with_next(call)
        labels.update((str(field["name"]), str(field["displayName"])) for field in page)
    return labels


def _free_label(name: str, taken: Collection[str]) -> str:
    """Return a label for a field that no other one has."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_+", " ", name).strip()
    label = words[:1].upper() + words[1:]
    more = (f"{label} {number}" for number in itertools.count(2))
    return next(one for one in itertools.chain([label], more) if one.lower() not in taken)


def merge(
    winner_id: int | str, loser_ids: Sequence[int | str], task_state: TaskState, *, merge_in_crm: bool = False
) -> Procedure[LeadMerge]:
    """Merge leads into one, 25 at a time, or in the CRM one at a time. It cannot be undone.

    A merged lead cannot be found any more. A rejected request merges no lead, so its leads are then sent in
    smaller groups.

    :param winner_id: the lead whose values win.
    :param loser_ids: the leads to merge into it.
    :param task_state: marks of the task's earlier tries.
    :param merge_in_crm: merge them in Salesforce too.
    :raises InvalidInput: on an id that is not a number, no losers, or the winner among them.
    :raises NotFound: when there is no lead with the winner's id.
    """
    winner, losers = checked_ids(winner_id, loser_ids)
    merging = _Merging(winner, task_state, merge_in_crm=merge_in_crm)
    # The CRM merges two records at a time, says a public report; a larger group may be refused.
    size = 1 if merge_in_crm else leads.MERGE_MAX
    for start in range(0, len(losers), size):
        yield from merging.take(losers[start : start + size])
    merging.outcome.survivor = str(merging.survivor)
    return merging.outcome


class _Merging:
    """The lead that stays, and the outcome of the others so far."""

    def __init__(self, winner: int, task_state: TaskState, *, merge_in_crm: bool) -> None:
        self.winner = self.survivor = winner
        self.task_state, self.merge_in_crm = task_state, merge_in_crm
        self.outcome = LeadMerge(str(winner))

    def take(self, losers: Sequence[int]) -> Procedure[None]:
        """Merge those of a group of losers that exist."""
        digest = hashlib.sha256(",".join(map(str, losers)).encode()).hexdigest()[:16]
        key = f"merge leads {digest} into {self.winner}"
        there = yield from self._there(losers)
        requested = self.task_state.get(key) is not None
        gone_since = requested and not there and self.merge_in_crm
        if self.survivor not in there and not gone_since:
            # Where a whole group is gone, an earlier try merged it, and later its survivor too.
            if not requested or len(there) != 1:
                msg = f"there is no lead {self.survivor}"
                raise NotFound(msg, platform="marketo", call="leads.list")
            (self.survivor,) = there
        if not requested:
            self.task_state.set(f"{key}: gone before", [loser for loser in losers if loser not in there])
        gone = self.task_state.get(f"{key}: gone before")
        already = [loser for loser in losers if isinstance(gone, list) and loser in gone]
        left = [loser for loser in losers if loser in there and loser != self.survivor]
        if left:
            try:
                yield from self._merge(key, left)
            except InvalidRequest as error:
                yield from self._divide(losers, error)
                return
        self.outcome.already += map(str, already)
        self.outcome.merged += [str(loser) for loser in losers if loser not in already]

    def _merge(self, key: str, losers: Sequence[int]) -> Procedure[None]:
        def find() -> Procedure[int | None]:
            # A record of the CRM stays, even when another lead was to win.
            there = yield from self._there(losers)
            return there[0] if len(there) == 1 else None

        call: Call[int | None] = leads.merge(self.survivor, losers, merge_in_crm=self.merge_in_crm)
        made = yield from create_if_absent(key, self.task_state, call, find)
        stays = made.value or (yield from find())
        self.survivor = stays or self.survivor

    def _divide(self, losers: Sequence[int], error: InvalidRequest) -> Procedure[None]:
        if len(losers) == 1:
            self.outcome.rejected[str(losers[0])] = error.message
            return
        half = len(losers) // 2
        yield from self.take(losers[:half])
        yield from self.take(losers[half:])

    def _there(self, losers: Sequence[int]) -> Procedure[list[int]]:
        """Read which of these leads, and of the one that stays, exist."""
        rows = yield Pages(leads.list("id", [self.survivor, *losers], fields=("id",)))
        return [int(row["id"]) for row in rows]


def submit(
    form_id: int | str,
    fields: Mapping[str, object],
    task_state: TaskState,
    *,
    program_id: int | str | None = None,
    visitor_data: Mapping[str, str] | None = None,
    cookie: str | None = None,
    clock: Callable[[], float] = time.time,
) -> Procedure[dict[str, str]]:
    """Submit a form for a person. After a lost answer or a killed worker it is not submitted again.

    :param form_id: the form.
    :param fields: REST field names to values; ``email`` is required.
    :param task_state: marks of the task's earlier tries.
    :param program_id: the program to add the person to.
    :param visitor_data: as :func:`.lead_intake.submit_form` takes it.
    :param cookie: value of the browser's ``_mkto_trk`` cookie.
    :returns: ``lead_id``, and its ``status``: ``created`` or ``updated``.
    :raises InvalidRequest: when the form was not accepted.
    :raises NotRepeated: when it is unknown whether it was accepted.
    """
    key = _form_key(form_id, fields, program_id)
    call = lead_intake.submit_form(
        form_id, fields, program_id=program_id, visitor_data=visitor_data, cookie=cookie
    )
    sent = yield from send_at_most_once(key, task_state, call, to_answer=_form_answer, clock=clock)
    answer = sent.value
    if answer["status"] in ("created", "updated"):
        return answer
    task_state.set(key, None)
    raise InvalidRequest(
        answer.get("reason") or f"form {form_id} was not accepted: {answer['status'] or 'no reason given'}",
        platform="marketo",
        call=call.name,
        code=answer.get("code", ""),
    )


def was_submitted(
    form_id: int | str, fields: Mapping[str, object], task_state: TaskState, program_id: int | str | None
) -> bool:
    """Whether :func:`submit` sends no request, because an earlier try of the task has sent it."""
    return is_sent(_form_key(form_id, fields, program_id), task_state)


def _form_key(form_id: int | str, fields: Mapping[str, object], program_id: int | str | None) -> str:
    """Name the filling of a form by a person. Other values of the same person are the same filling."""
    person = f"{str(fields.get('email') or '').strip().lower()} {program_id or ''}"
    return f"submit form {form_id} {hashlib.sha256(person.encode()).hexdigest()[:16]}"


def _form_answer(result: RowResult) -> dict[str, str]:
    answer = {"lead_id": str(result.id or ""), "status": result.status.lower()}
    if (why := result.why()) is not None:
        answer |= {"code": why.code, "reason": why.message}
    return answer


LATE = 7200.0
"""Seconds within which a row of the activity log shows. The platform documents no limit."""


def read(since: datetime, fields: Sequence[str], list_id: str | None) -> Procedure[Call[list[Change]]]:
    """Make the call that pages through leads that were created, or had a field changed, since a time.

    :raises InvalidInput: without fields.
    """
    _check_given(fields)
    token = yield from _token(since)
    call = activities.lead_changes(token, fields=fields, list_id=list_id)
    return cast("Call[list[Change]]", replace(call, read=_changes(since)))  # type: ignore[arg-type]


def _check_given(fields: Sequence[str]) -> None:
    if not fields:
        raise InvalidInput("fields", "is missing: the REST names of the fields whose changes count")


def _token(since: datetime) -> Procedure[str]:
    # The log is read in whole seconds, and an earlier start misses nothing.
    token: str = yield activities.paging_token(since.replace(microsecond=0))
    return token


def _changes(since: datetime) -> Callable[[Envelope], list[Change]]:
    def read(envelope: Envelope) -> list[Change]:
        return [_change(row) for row in rows(envelope) if (moment(row["activityDate"]) or since) >= since]

    return read


def _change(row: JsonDict) -> Change:
    at = moment(row["activityDate"])
    if at is None:
        msg = "an activity has no date"
        raise ValueError(msg)
    new = int(row["activityTypeId"]) == activities.NEW_LEAD
    return Change(str(row["leadId"]), str(row["marketoGUID"]), at, new)


LOG = ChangeLog(read, LATE)


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
    """Poll whether an unknown lead was created or changed since a time.

    A poll goes on where the last one ended, by one call. The whole window is read again for changes that
    arrive late, the less often the more changes are known in it: one call for 300 of them.

    :param since: start of the window.
    :param known: marks of changes in it that were reported.
    :param newest: time of the newest of them; None to read the whole window first.
    :param read_at: when the whole window was read last, in epoch seconds.
    """
    _check_given(fields)
    start, marks, token = aware_time("since", since), frozenset(known), cache.get("token")
    given = {"known": len(marks), "page": leads.BATCH_MAX, "late": LATE}
    if newest is None or reads_whole_window(cache, **given, read_at=read_at, clock=clock):  # type: ignore[arg-type]
        token = yield from _token(start)
    elif not isinstance(token, str):
        token = yield from _token(aware_time("newest", newest))
    read_changes, more = _changes(start), True
    while more:
        call = activities.lead_changes(token, fields=fields, list_id=list_id)
        page: Envelope = yield replace(call, read=dict, follow=None)  # type: ignore[arg-type]
        if any(change.mark not in marks for change in read_changes(page)):
            return met_when(True)
        token, more = str(page["nextPageToken"]), bool(page.get("moreResult"))
    cache["token"] = token
    return met_when(False)


MATCHES_MAX = 1000
_TOO_MANY = "1003"


def leads_visible(
    cache: PollCache, *, lead_ids: Sequence[str], having: Mapping[str, str] | None = None
) -> Procedure[PollResult]:
    """Poll whether every lead can be read, with the wanted values. One call for 300 missing ones."""
    wanted, values = _ids(lead_ids), dict(having or {})
    for part in chunked(not_found_yet(cache, wanted), leads.BATCH_MAX):
        rows: list[JsonDict] = yield leads.list("id", part, fields=["id", *values])
        note_found(
            cache,
            [
                str(row["id"])
                for row in rows
                if all(_text(row.get(name)) == _text(value) for name, value in values.items())
            ],
        )
    return _how_many(cache, wanted)


def leads_matching(cache: PollCache, *, field: str, value: str, count: int) -> Procedure[PollResult]:
    """Poll whether enough leads with a value can be read. One call for 300 of them."""
    if whole_number("count", count) > MATCHES_MAX:
        raise InvalidInput("count", f"at most {MATCHES_MAX}: the platform returns no more matches")
    try:
        rows: list[JsonDict] = yield Pages(leads.list(field, [value], fields=["id"]))
    except InvalidRequest as error:
        if error.code != _TOO_MANY or "too many" not in error.message.lower():
            raise
        # The platform returns none of them.
        return met_when(True, {"leads": f"more than {MATCHES_MAX}", "ids": []})
    if len(rows) < count:
        return met_when(False, {"leads": len(rows)})
    return met_when(True, {"leads": len(rows), "ids": [str(row["id"]) for row in rows[:NAMED_MAX]]})


def in_list(cache: PollCache, *, list_id: str, lead_ids: Sequence[str]) -> Procedure[PollResult]:
    """Poll whether every lead is in a static list. One call for 300 missing ones."""
    wanted = _ids(lead_ids)
    for part in chunked(not_found_yet(cache, wanted), leads.BATCH_MAX):
        results: list[RowResult] = yield lists.are_members(list_id, part)
        pairs = zip(part, results, strict=True)
        note_found(cache, [lead for lead, result in pairs if result.status.lower() == "memberof"])
    return _how_many(cache, wanted)


def member_status(
    cache: PollCache,
    *,
    program_id: str,
    lead_ids: Sequence[str],
    status_name: str | None = None,
    stream: str | None = None,
) -> Procedure[PollResult]:
    """Poll whether every lead has reached a status of a program, or is in a stream of it.

    One call for 300 missing leads; two more at first to read which statuses come later.
    """
    wanted = _ids(lead_ids)
    if status_name is None and stream is None:
        raise InvalidInput("status_name", "give status_name, stream or both")
    reached: list[str] = []
    if status_name is not None:
        reached = yield from _this_or_later(cache, program_id, status_name)
    fields = ["leadId", "statusName", "trackName"]
    for part in chunked(not_found_yet(cache, wanted), leads.BATCH_MAX):
        rows: list[JsonDict] = yield program_members.list(program_id, "leadId", part, fields=fields)
        note_found(
            cache,
            [
                str(row["leadId"])
                for row in rows
                if (status_name is None or row.get("statusName") in reached)
                and (stream is None or row.get("trackName") == stream)
            ],
        )
    return _how_many(cache, wanted)


def _this_or_later(cache: PollCache, program_id: str, status_name: str) -> Procedure[list[str]]:
    """Read the statuses of a program's channel that come with this one or later."""
    kept = cache.get("reached")
    if isinstance(kept, list):
        return [str(one) for one in kept]
    program = yield from find_or_none(programs.get(program_id))
    if program is None:
        raise InvalidInput("program_id", "names no program")
    channel: Channel | None = yield from find_or_none(channels.by_name(program["channel"]))
    steps = {one["name"]: one["step"] for one in (channel or {}).get("progressionStatuses", ())}
    if status_name not in steps:
        raise InvalidInput("status_name", f"is not a status of the program: {', '.join(steps)}")
    reached = [name for name, step in steps.items() if step >= steps[status_name]]
    cache["reached"] = reached
    return reached


def _ids(lead_ids: Sequence[str]) -> list[str]:
    return [str(numeric_id("", f"lead_ids[{index}]", one)) for index, one in enumerate(lead_ids)]


def _how_many(cache: PollCache, wanted: Sequence[str]) -> PollResult:
    missing = len(not_found_yet(cache, wanted))
    return met_when(not missing, {"leads": len(wanted), "missing": missing})


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def find_by_email(emails: Sequence[str]) -> Procedure[dict[str, list[str]]]:
    """Find leads by their email addresses.

    :param emails: addresses in lower case.
    :returns: lead ids by address, in their order. Several leads can have one address; two empty ids stand for
        more than Marketo returns.
    """
    found = yield from read_by_key("email", emails, ())
    return {email: [one.id for one in stored] for email, stored in found.items()}


def read_by_key(
    lookup_field: str, keys: Sequence[str], fields: Sequence[str]
) -> Procedure[dict[str, list[StoredLead]]]:
    """Read leads by their id or another searchable field.

    :param keys: values of the field; 300 a call.
    :param fields: to return.
    :returns: leads by key in lower case, in the order of their ids. Several leads can have one key; two with
        empty ids stand for more than Marketo returns, and for those of a key with a comma, which Marketo
        cannot search for.
    """
    found = {key.lower(): [*UNKNOWN_LEADS] for key in keys if "," in key}
    wanted = list(dict.fromkeys(["id", lookup_field, *fields]))
    batches = list(chunked([key for key in keys if "," not in key], leads.BATCH_MAX))
    while batches:
        batch = batches.pop()
        try:
            rows: list[JsonDict] = yield Pages(leads.list(lookup_field, batch, fields=wanted))
        except InvalidRequest as error:
            if error.code != _TOO_MANY_MATCHES:
                raise
            if len(batch) == 1:
                found[batch[0].lower()] = [*UNKNOWN_LEADS]
            else:
                half = len(batch) // 2
                batches += [batch[:half], batch[half:]]
            continue
        for row in sorted(rows, key=lambda row: int(row["id"])):
            stored = StoredLead(str(row["id"]), {name: row.get(name) for name in fields})
            found.setdefault(_text(row.get(lookup_field)).lower(), []).append(stored)
    return found


def addresses_of(ids: Sequence[str]) -> Procedure[list[str]]:
    """Read the addresses of leads: one call for 300."""
    stored = yield from read_by_key("id", ids, ["email"])
    found = (str(lead.values.get("email") or "") for some in stored.values() for lead in some)
    return [address for address in found if address]


def erasure() -> MemberAction:
    """Delete leads, as Marketo has no other deletion for good."""
    return replace(deletion(), outcome="lead_erasure", key="delete leads for good")


def deletion() -> MemberAction:
    """Delete leads. One that does not exist counts as deleted before."""
    return action_by_rows(
        "lead_deletion",
        "delete leads",
        ("deleted", "already_gone"),
        leads.delete,
        already_code=_NOT_FOUND,
    )
