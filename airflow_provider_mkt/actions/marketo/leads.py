"""Write, push, merge and delete leads, submit forms, read changes of leads, and wait for leads."""

from __future__ import annotations

import hashlib
import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import cast, get_args

from airflow_provider_mkt.actions.idempotency import create_if_absent, send_at_most_once
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
from airflow_provider_mkt.actions.marketo.lists import action_by_rows
from airflow_provider_mkt.actions.marketo.lookup import find_or_none
from airflow_provider_mkt.actions.members import MemberAction
from airflow_provider_mkt.actions.procedure import Pages, Procedure, TaskState
from airflow_provider_mkt.client.call import Call, Envelope, numeric_id
from airflow_provider_mkt.client.errors import InvalidInput, InvalidRequest, NotFound
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.marketo.activities import activities
from airflow_provider_mkt.client.marketo.leads import lead_intake, leads
from airflow_provider_mkt.client.marketo.lists import lists
from airflow_provider_mkt.client.marketo.programs import channels, program_members, programs
from airflow_provider_mkt.client.marketo.responses import RowResult, rows
from airflow_provider_mkt.client.marketo.rows import Channel
from airflow_provider_mkt.client.marketo.values import moment, written
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.client.transport.exchange import Reply

_RECORD_STATUSES = {"created": RecordStatus.CREATED, "updated": RecordStatus.UPDATED}
_EXISTS = "1005"
_NOT_FOUND = "1004"
_FIELD = re.compile(r"[Ff]ield\W+([A-Za-z]\w*)")


class DatabaseLeadWriter:
    """Write leads, in batches of 300.

    :param action: ``createOrUpdate``, ``createOnly``, ``updateOnly`` or ``createDuplicate``.
    :param lookup_field: the key.
    :param partition_name: lead partition for new leads.
    :raises InvalidInput: on an unknown action.
    """

    batch_max = leads.BATCH_MAX
    bytes_max = leads.BODY_MAX - 2_000
    other_keys: frozenset[str] = frozenset()
    """Keys that the schema does not list."""

    def __init__(
        self,
        *,
        action: str = "createOrUpdate",
        lookup_field: str = "email",
        partition_name: str | None = None,
    ) -> None:
        if action not in get_args(leads.Action):
            raise InvalidInput("action", f"Marketo has {', '.join(get_args(leads.Action))}")
        if lookup_field == "id" and action != "updateOnly":
            raise InvalidInput("lookup_field", "id is assigned by Marketo; use action updateOnly")
        self.action: leads.Action = action  # type: ignore[assignment]
        self.lookup_field = lookup_field
        self.partition_name = partition_name
        self.keyed = self.repeatable = action != "createDuplicate"
        self.quiet_after = 90.0 if action in ("createOrUpdate", "createOnly") else 0.0

    def known_fields(self) -> Procedure[frozenset[str] | None]:
        schema: JsonDict = yield leads.describe2()
        names = {str(field["name"]) for field in schema.get("fields") or ()}
        keys = {str(name) for pair in schema.get("searchableFields") or () for name in pair}
        if self.keyed and keys and self.lookup_field not in keys | self.other_keys:
            raise InvalidInput("lookup_field", f"Marketo finds no leads by {self.lookup_field!r}")
        # Keys and links that the schema does not list as fields.
        linked = {"id", "cookies", "externalCompanyId", "externalSalesPersonId"}
        return frozenset(names | linked | self.other_keys)

    def prepare(self, record: Record) -> dict[str, object]:
        prepared = {name: written(_number(value)) for name, value in record.items()}
        if isinstance(key := prepared.get(self.lookup_field), str):
            prepared[self.lookup_field] = key.strip()
        return prepared

    def check(self, record: Record) -> RecordResult | None:
        if self.keyed and record.get(self.lookup_field) in (None, ""):
            return rejected("KEY_MISSING", f"{self.lookup_field}, the key, is missing or empty")
        email = record.get("email")
        if isinstance(email, str) and not email.isascii():
            return rejected(
                "INVALID_EMAIL", "email has a character that is not ASCII; Marketo takes ASCII only"
            )
        for name, value in record.items():
            if isinstance(value, (float, Decimal)) and not math.isfinite(value):
                return rejected("WRONG_TYPE", f"{name}: is not a finite number")
            if isinstance(value, (list, dict, tuple, set, bytes)):
                return rejected("WRONG_TYPE", f"{name}: Marketo takes one value, not {describe_type(value)}")
        return None

    def key(self, record: Record) -> str | None:
        if not self.keyed:
            return None
        # Marketo ignores case in keys.
        return str(record[self.lookup_field]).lower()

    def call(self, records: Sequence[Record]) -> Call[list[RowResult]]:
        return leads.sync(
            records,
            action=self.action,
            lookup_field=self.lookup_field,
            partition_name=self.partition_name,
        )

    def record_results(self, records: Sequence[Record], reply: Reply[list[RowResult]]) -> list[RecordResult]:
        return [self._record_result(result, ambiguous=reply.ambiguous) for result in reply.value]

    def rejected_records(self, records: Sequence[Record], error: InvalidRequest) -> list[bool] | None:
        if error.code != "1006":
            return None
        names = set(_FIELD.findall(error.message))
        rejected_records = [bool(names & record.keys()) for record in records]
        return rejected_records if any(rejected_records) else None

    def _record_result(self, result: RowResult, *, ambiguous: bool) -> RecordResult:
        lead_id = str(result.id) if result.id is not None else ""
        if (status := _RECORD_STATUSES.get(result.status.lower())) is not None:
            return RecordResult(status, id=lead_id)
        why = result.why()
        code, reason = (why.code, why.message) if why else ("", "skipped without a reason")
        if code == _EXISTS and self.action == "createOnly":
            if ambiguous:
                reason = "exists already, perhaps by an earlier try whose answer was lost"
            return RecordResult(RecordStatus.SKIPPED, id=lead_id, code=code, reason=reason)
        if code == _NOT_FOUND and self.action == "updateOnly":
            return RecordResult(RecordStatus.SKIPPED, id=lead_id, code=code, reason=reason)
        return RecordResult(RecordStatus.REJECTED, id=lead_id, code=code or "SKIPPED", reason=reason)


def _number(value: object) -> object:
    """Convert decimals, which databases return and JSON does not have, to plain numbers."""
    if not isinstance(value, Decimal) or not value.is_finite():
        return value
    return int(value) if value == value.to_integral_value() else float(value)


class PushWriter(DatabaseLeadWriter):
    """Push leads, in batches of 300: an upsert, and an activity each time.

    :param program_name: the name of the program that they are pushed for.
    :param lookup_field: the key; ``mktToken`` for the value of a clicked link.
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
        lookup_field: str = "email",
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

    def call(self, records: Sequence[Record]) -> Call[list[RowResult]]:
        return lead_intake.push(
            self.program_name,
            records,
            lookup_field=self.lookup_field,
            program_status=self.program_status,
            source=self.source,
            reason=self.reason,
            partition_name=self.partition_name,
        )


def merge(
    winner_id: int | str, loser_ids: Sequence[int | str], task_state: TaskState, *, merge_in_crm: bool = False
) -> Procedure[LeadMerge]:
    """Merge leads into one, 25 at a time. It cannot be undone.

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
    for start in range(0, len(losers), leads.MERGE_MAX):
        yield from merging.take(losers[start : start + leads.MERGE_MAX])
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
        if self.survivor not in there:
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
    key = f"submit form {form_id}"
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
    if not fields:
        raise InvalidInput("fields", "is missing: the REST names of the fields whose changes count")
    # The log is read in whole seconds, and an earlier start misses nothing.
    token: str = yield activities.paging_token(since.replace(microsecond=0))
    call = activities.lead_changes(token, fields=fields, list_id=list_id)

    def changes(envelope: Envelope) -> list[Change]:
        return [_change(row) for row in rows(envelope) if (moment(row["activityDate"]) or since) >= since]

    return cast("Call[list[Change]]", replace(call, read=changes))  # type: ignore[arg-type]


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
) -> Procedure[PollResult]:
    """Poll whether an unknown lead was created or changed since a time. Two calls while few are known."""
    changes = read(aware_time("since", since), fields, list_id)
    return (yield from any_change(changes, frozenset(known)))


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
        return met_when(True, {"leads": f"more than {MATCHES_MAX}"})
    return met_when(len(rows) >= count, {"leads": len(rows)})


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


def deletion() -> MemberAction:
    """Delete leads. One that does not exist counts as deleted before."""
    return action_by_rows(
        "lead_deletion",
        "delete leads",
        ("deleted", "already_gone"),
        leads.delete,
        already_code=_NOT_FOUND,
    )
