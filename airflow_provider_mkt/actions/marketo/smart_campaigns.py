"""Activate and deactivate trigger campaigns, schedule batch campaigns once, request campaigns for leads once.

Each schedule request adds a run, and no call lists the scheduled runs. Only two effects can be looked up: the
status of a campaign that never ran before, and the copy of a program that a request created.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from airflow_provider_mkt.actions.idempotency import (
    BatchOutcome,
    Ensured,
    create_if_absent,
    is_sent,
    not_found,
    send_at_most_once,
    send_batch_at_most_once,
)
from airflow_provider_mkt.actions.marketo.lookup import find_or_none
from airflow_provider_mkt.actions.members import (
    FindVerified,
    MemberAction,
    MemberResult,
    MemberStatus,
    rejected_member,
    unknown,
)
from airflow_provider_mkt.actions.procedure import Pages, Procedure, TaskState
from airflow_provider_mkt.actions.send_guards import OPEN, SendGate
from airflow_provider_mkt.client.call import Call, numeric_id
from airflow_provider_mkt.client.errors import (
    Conflict,
    InvalidInput,
    InvalidRequest,
    NotFound,
    NotRepeated,
    PermissionDenied,
)
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.marketo.activities import activities
from airflow_provider_mkt.client.marketo.leads import leads as lead_records
from airflow_provider_mkt.client.marketo.programs import programs
from airflow_provider_mkt.client.marketo.responses import no_result
from airflow_provider_mkt.client.marketo.rows import Program, SmartCampaign
from airflow_provider_mkt.client.marketo.smart_campaigns import campaigns


def smart_campaign(campaign_id: int | str) -> Procedure[SmartCampaign]:
    """Read a smart campaign.

    :raises NotFound: when there is none.
    """
    campaign = yield from find_or_none(campaigns.get(campaign_id))
    if campaign is None:
        raise NotFound(f"there is no smart campaign {campaign_id}", platform="marketo", call="campaigns.get")
    return campaign


def switch(campaign_id: int | str, task_state: TaskState, *, on: bool) -> Procedure[bool]:
    """Activate or deactivate a trigger campaign, unless it is in that state.

    :param campaign_id: the campaign.
    :param task_state: marks of the task's earlier tries.
    :returns: whether this task changed its state.
    :raises NotFound: when there is no such campaign.
    :raises InvalidRequest: when it cannot be activated: a batch campaign, or one without trigger or flow.
    """

    def find() -> Procedure[SmartCampaign | None]:
        campaign = yield from smart_campaign(campaign_id)
        return campaign if bool(campaign.get("isActive")) is on else None

    call: Call[object] = campaigns.activate(campaign_id) if on else campaigns.deactivate(campaign_id)
    made: Ensured[object] = yield from create_if_absent(f"{call.name} {campaign_id}", task_state, call, find)
    return made.created


SOONEST = timedelta(minutes=5)
_RENDER_DELAY = timedelta(seconds=30)
"""Time that may pass between rendering "in five minutes" and the request."""
_SCHEDULED = ("single run", "recurring run")


@dataclass(frozen=True)
class Scheduled:
    """A scheduled run.

    :param done: whether this task scheduled it; False where a copy with that name had it before.
    :param campaign_id: the campaign that runs.
    :param program_id: the copy of the program, where one was requested.
    :param run_at: the time that this task has requested, in an earlier try perhaps; None when it gave none.
    """

    done: bool
    campaign_id: str
    program_id: str | None = None
    run_at: str | None = None


def schedule(
    campaign_id: int | str,
    task_state: TaskState,
    *,
    run_at: datetime | None = None,
    tokens: Mapping[str, str] | None = None,
    gate: SendGate = OPEN,
    clock: Callable[[], float] = time.time,
) -> Procedure[Scheduled]:
    """Schedule a run of a batch campaign.

    After a lost answer or a killed worker the request is not sent again. Where the campaign had never run
    before, its status shows that the request took effect.

    :param campaign_id: a batch campaign.
    :param task_state: marks of the task's earlier tries.
    :param run_at: five minutes to two years ahead; five minutes from now when not given.
    :param tokens: My Tokens for this run, ``{{my.name}}`` to value.
    :param gate: is passed before the request.
    :raises NotFound: when there is no such campaign.
    :raises InvalidInput: when *run_at* is too soon or too late.
    :raises InvalidRequest: when it is not a batch campaign.
    :raises NotRepeated: when it is unknown whether a run was scheduled.
    """
    key, before = f"schedule campaign {campaign_id}", f"before the schedule of campaign {campaign_id}"
    campaign = yield from _batch_campaign(campaign_id)
    if not is_sent(key, task_state):
        _soon_enough(run_at, clock)
        task_state.set(before, {"status": str(campaign.get("status") or ""), "run_at": _iso(run_at)})
    kept = task_state.get(before)
    noted = kept if isinstance(kept, Mapping) else {}

    def find() -> Procedure[str | None]:
        now = yield from smart_campaign(campaign_id)
        return str(campaign_id) if _is_scheduled(now) else None

    yield from send_at_most_once(
        key,
        task_state,
        campaigns.schedule(campaign_id, run_at=run_at, tokens=tokens),
        to_answer=lambda asset: str(asset["id"]),
        # The status of a campaign that ran before does not show another run.
        find=find if str(noted.get("status")).lower() == "never run" else None,
        prepare=lambda: gate.before_send(_runs_at(run_at, clock), scheduled_here=True),
        claim=gate.claim,
        clock=clock,
    )
    return Scheduled(True, str(campaign_id), run_at=cast("str | None", noted.get("run_at")))


def schedule_copy(
    campaign_id: int | str,
    program_name: str,
    task_state: TaskState,
    *,
    run_at: datetime | None = None,
    tokens: Mapping[str, str] | None = None,
    gate: SendGate = OPEN,
    clock: Callable[[], float] = time.time,
) -> Procedure[Scheduled]:
    """Copy a campaign's program, and schedule a run of the copy of the campaign.

    The copy's name is unique in the instance, so an existing copy shows that the request took effect, and it
    is not sent again.

    :param campaign_id: a batch campaign in a program.
    :param program_name: name of the copy.
    :param task_state: marks of the task's earlier tries.
    :param run_at: five minutes to two years ahead; five minutes from now when not given.
    :param tokens: My Tokens for this run, ``{{my.name}}`` to value.
    :param gate: is passed before the request.
    :raises NotFound: when there is no such campaign.
    :raises InvalidInput: when *run_at* is too soon or too late.
    :raises InvalidRequest: when it is not a batch campaign, or its program cannot be copied.
    :raises Conflict: when a program with that name exists, and its campaign is not scheduled.
    :raises NotRepeated: when this task's copy exists, and it is unknown whether its run is scheduled.
    :raises QuotaExhausted: when programs were copied this way 20 times today.
    """
    key = f"schedule campaign {campaign_id} as {program_name}"
    campaign = yield from _batch_campaign(campaign_id)
    if task_state.get(key) is None:
        _soon_enough(run_at, clock)
    schedule_call: Call[Any] = campaigns.schedule(
        campaign_id, run_at=run_at, tokens=tokens, clone_to_program_name=program_name
    )

    def find() -> Procedure[Program | None]:
        return (yield from find_or_none(programs.by_name(program_name)))

    # The answer names the requested campaign and not the copy, so nothing is read from it.
    call = replace(schedule_call, read=no_result)
    made: Ensured[Program | None] = yield from create_if_absent(
        key,
        task_state,
        call,
        find,
        prepare=lambda: gate.before_send(_runs_at(run_at, clock), scheduled_here=True),
        details=lambda: {"run_at": _iso(run_at)},
        claim=gate.claim,
        clock=clock,
    )
    mark = task_state.get(key)
    requested = cast("str | None", mark.get("run_at")) if isinstance(mark, Mapping) else None
    copy: Program | None = made.value or (yield from find())
    run = (yield from _campaign_in(copy, str(campaign.get("name")))) if copy else None
    answered = made.value is None
    if not answered and (run is None or not _is_scheduled(run)):
        message = (
            f"a program with the name {program_name!r} exists, and whether its campaign is scheduled is "
            "unknown; check on the platform"
        )
        raise (NotRepeated if made.created else Conflict)(message, platform="marketo", call=call.name)
    program_id = str(copy["id"]) if copy else None
    return Scheduled(made.created, str((run or campaign)["id"]), program_id, requested)


def _batch_campaign(campaign_id: int | str) -> Procedure[SmartCampaign]:
    campaign = yield from smart_campaign(campaign_id)
    kind = str(campaign.get("type") or "").lower()
    if kind and kind != "batch":
        raise InvalidRequest(
            f"smart campaign {campaign_id} is of type {kind}; only a batch campaign can be scheduled",
            platform="marketo",
            call="campaigns.schedule",
        )
    return campaign


def _campaign_in(program: Program, name: str) -> Procedure[SmartCampaign | None]:
    rows = yield Pages(campaigns.list(folder_id=program["id"], folder_type="Program"))
    return next((row for row in cast("list[SmartCampaign]", rows) if row.get("name") == name), None)


def _is_scheduled(campaign: SmartCampaign) -> bool:
    return str(campaign.get("status") or "").lower() in _SCHEDULED


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _runs_at(run_at: datetime | None, clock: Callable[[], float]) -> datetime:
    return run_at or datetime.fromtimestamp(clock(), UTC) + SOONEST


def _soon_enough(run_at: datetime | None, clock: Callable[[], float]) -> None:
    if run_at is not None and run_at < datetime.fromtimestamp(clock(), UTC) + SOONEST - _RENDER_DELAY:
        raise InvalidInput(
            "run_at", "is less than five minutes ahead; leave it out to run as soon as Marketo can"
        )


_CLOCKS_APART = timedelta(seconds=90)
_BOUNCES = (8, 27)
"""Activity types of mail that bounced for good, and for a while."""
_LOOKUP_INTERVAL = 20.0
"""Seconds between two lookups in the activity log, each of which takes several calls."""
_NESTED = (
    "Marketo answers 611 to each request with tokens for a campaign whose program is inside another program. "
    "Request such a campaign without tokens, or move its program into a folder."
)
# The documents leave open which of the two a missing lead has.
_LEAD_NOT_FOUND, _OBJECT_NOT_FOUND = "1004", "1013"
_LEAD_ERRORS = (_LEAD_NOT_FOUND, _OBJECT_NOT_FOUND)


def member_action(
    campaign_id: int | str,
    *,
    tokens: Mapping[str, str] | None = None,
    program_id: int | str | None = None,
    outcome: str = "campaign_request",
    done: str = "requested",
    already: str = "already_member",
    verify: FindVerified | None = None,
    warnings: Callable[[], Procedure[list[str]]] | None = None,
    check: Callable[[], Procedure[None]] = not_found,
    clock: Callable[[], float] = time.time,
) -> MemberAction:
    """Run leads through a trigger campaign, 100 at a time.

    Every request runs its leads again, and its answer names none of them. So a request whose answer was lost
    is looked up in the activity log. Leads that do not show there are unknown and are not requested again by
    themselves. When a request is rejected for one of its leads, those that do not exist are looked up, and
    the others are requested. If all exist, the request is split.

    :param campaign_id: an active, requestable trigger campaign.
    :param tokens: My Tokens for this run.
    :param program_id: leads that are members of this program are left out.
    :param check: checks more than the campaign, before the first lead.
    :raises InvalidInput: on an id that is not a number, or a token without its braces.
    """
    number = numeric_id("campaigns.request", "campaign_id", campaign_id)
    program = None if program_id is None else numeric_id("programs.members", "program_id", program_id)
    campaigns.request(number, [1], tokens=tokens)

    def precheck() -> Procedure[None]:
        yield from _requestable(number)
        yield from check()

    def apply(people: Sequence[str], task_state: TaskState) -> Procedure[list[MemberResult]]:
        requests = _Requests(number, tokens, task_state, clock)
        leads = [int(person) for person in people]
        if program is not None:
            for lead in (yield from _members(program, leads, task_state)):
                requests.results[lead] = MemberResult(str(lead), MemberStatus.ALREADY)
        yield from requests.run(leads)
        return [requests.results[lead] for lead in leads]

    return MemberAction(
        outcome=outcome,
        key=f"request campaign {number}",
        done_key=done,
        already_key=already,
        chunk_max=campaigns.LEADS_MAX,
        apply=apply,
        precheck=precheck,
        find_bounced=_bounced,
        once_only=True,
        find_verified=verify,
        warnings=warnings,
    )


def _members(program_id: int, leads: Sequence[int], task_state: TaskState) -> Procedure[list[int]]:
    """Read who was a member before the first request: requested leads may have become members since."""
    known = task_state.get("members")
    if isinstance(known, Sequence) and not isinstance(known, str):
        return [int(lead) for lead in known]  # type: ignore[arg-type]
    rows = yield Pages(programs.members(program_id, lead_ids=leads, fields=("leadId", "statusName")))
    found = [int(row["leadId"]) for row in rows]
    task_state.set("members", found)
    return found


class _Requests:
    """The requests for up to 100 leads.

    The mark of a request that was rejected for one of its leads says what follows: ``{"missing": [...]}``
    when leads do not exist, and the others are requested; ``{"split": True}`` when all exist.
    """

    def __init__(
        self,
        campaign_id: int,
        tokens: Mapping[str, str] | None,
        task_state: TaskState,
        clock: Callable[[], float],
    ) -> None:
        self.results: dict[int, MemberResult] = {}
        self._campaign_id, self._tokens = campaign_id, tokens
        self._task_state, self._clock = task_state, clock

    def run(self, leads: Sequence[int], prefix: str = "") -> Procedure[None]:
        """Request the leads that have no result yet.

        :param prefix: of the key of the mark, where the same leads may have one already.
        """
        key = f"{prefix}{leads[0]}-{leads[-1]}"
        mark = self._task_state.get(key)
        if isinstance(mark, Mapping) and mark.get("split"):
            yield from self._split(leads)
            return
        if isinstance(mark, Mapping) and isinstance(missing := mark.get("missing"), list):
            yield from self._without_missing(leads, [int(str(lead)) for lead in missing], prefix)
            return
        outcome = BatchOutcome([lead for lead in leads if lead not in self.results])
        rejected: InvalidRequest | None = None
        try:
            yield from send_batch_at_most_once(
                key,
                self._task_state,
                outcome,
                lambda pending: campaigns.request(self._campaign_id, pending, tokens=self._tokens),
                self._find_requested,
                lookup_interval=_LOOKUP_INTERVAL,
                clock=self._clock,
            )
        except InvalidRequest as error:
            if error.code not in _LEAD_ERRORS:
                raise
            rejected = error
        self.results.update({lead: MemberResult(str(lead)) for lead in outcome.done})
        hint = _NESTED if self._tokens and outcome.error is not None and outcome.error.code == "611" else ""
        self.results.update({lead: unknown(str(lead), outcome.error, hint) for lead in outcome.unknown})
        if rejected is None:
            return
        pending = list(outcome.pending)
        if len(pending) == 1:
            (lead,) = pending
            self.results[lead] = rejected_member(str(lead), rejected)
            return
        there = yield from self._existing(pending)
        missing_now = [lead for lead in pending if there is not None and lead not in there]
        if missing_now:
            self._task_state.set(key, {"missing": missing_now})
            yield from self._without_missing(leads, missing_now, prefix)
            return
        if there is not None and rejected.code == _OBJECT_NOT_FOUND:
            # Every lead exists, so it is the campaign that is not there.
            raise rejected
        self._task_state.set(key, {"split": True})
        yield from self._split(leads)

    def _existing(self, leads: Sequence[int]) -> Procedure[set[int] | None]:
        """Return which leads exist; None when the user may not read leads."""
        try:
            rows = yield Pages(lead_records.list("id", leads, fields=("id",)))
        except PermissionDenied:
            return None
        return {int(row["id"]) for row in rows}

    def _without_missing(self, leads: Sequence[int], missing: Sequence[int], prefix: str) -> Procedure[None]:
        """Request the leads that exist. The rejected request reached nobody."""
        for lead in missing:
            reason = f"there is no lead {lead}"
            self.results[lead] = MemberResult(str(lead), MemberStatus.REJECTED, _LEAD_NOT_FOUND, reason)
        left = [lead for lead in leads if lead not in self.results]
        if left:
            yield from self.run(left, f"{prefix}known ")

    def _split(self, leads: Sequence[int]) -> Procedure[None]:
        """Request what was rejected as a whole in two parts: the rejected request reached nobody."""
        half = len(leads) // 2
        for part in (leads[:half], leads[half:]):
            yield from self.run(part)

    def _find_requested(self, leads: Sequence[int], since: float) -> Procedure[list[int]]:
        """Which leads the activity log shows as requested since then."""
        found: list[int] = []
        token: str = yield activities.paging_token(datetime.fromtimestamp(since, UTC) - _CLOCKS_APART)
        for start in range(0, len(leads), activities.LEADS_MAX):
            chunk = leads[start : start + activities.LEADS_MAX]
            rows = yield Pages(
                activities.read(token, activity_type_ids=[activities.REQUEST_CAMPAIGN], lead_ids=chunk)
            )
            found += [int(row["leadId"]) for row in rows if self._is_of_campaign(row)]
        return found

    def _is_of_campaign(self, row: Mapping[str, object]) -> bool:
        return self._campaign_id in (row.get("primaryAttributeValueId"), row.get("campaignId"))


def _bounced(people: Sequence[str], since: float) -> Procedure[set[str]]:
    """To which leads mail has bounced since then, whatever email it was."""
    found: set[str] = set()
    token: str = yield activities.paging_token(datetime.fromtimestamp(since, UTC) - _CLOCKS_APART)
    for start in range(0, len(people), activities.LEADS_MAX):
        chunk = [int(one) for one in people[start : start + activities.LEADS_MAX]]
        rows = yield Pages(activities.read(token, activity_type_ids=_BOUNCES, lead_ids=chunk))
        found.update(str(row["leadId"]) for row in rows)
    return found


def _requestable(campaign_id: int) -> Procedure[None]:
    campaign: JsonDict | None = yield campaigns.get(campaign_id)
    if campaign is None:
        raise NotFound(f"there is no smart campaign {campaign_id}", platform="marketo", call="campaigns.get")
    for flag, problem in (
        ("isActive", "is not active"),
        ("isRequestable", "has no trigger for API requests"),
    ):
        if campaign.get(flag) is False:
            raise InvalidRequest(
                f"smart campaign {campaign_id} {problem}", platform="marketo", call="campaigns.request"
            )
