"""Switching trigger campaigns on and off.

Putting a run of a batch campaign on the clock, once.

Each request adds another run, and no call lists the runs that are scheduled. What can be seen is the
status of a campaign that never ran before, and the copy of a program that a request made.

Running leads through a trigger campaign, each once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from airflow_provider_mkt.actions.idempotency import (
    Ensured,
    create_if_absent,
    requested_at,
    send_at_most_once,
    to_be_sent,
)
from airflow_provider_mkt.actions.marketo.lookup import find_or_none
from airflow_provider_mkt.actions.ports import (
    MemberAction,
    MemberResult,
    MemberStatus,
    rejected_member,
    unknown,
)
from airflow_provider_mkt.actions.procedure import CONSISTENCY_WINDOW, Pages, Pause, Procedure, TaskState
from airflow_provider_mkt.client.call import Call, Json, numeric_id
from airflow_provider_mkt.client.errors import (
    Conflict,
    InvalidInput,
    InvalidRequest,
    NotFound,
    NotRepeated,
    OutcomeUnknown,
    PlatformError,
)
from airflow_provider_mkt.client.marketo.activities import activities
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
    """Switch a trigger campaign on or off. One that is so already is left alone.

    :param campaign_id: the campaign.
    :param memory: what the task's earlier tries did.
    :returns: whether this task switched it.
    :raises NotFound: when there is no such campaign.
    :raises InvalidRequest: when it cannot be switched on: a batch campaign, or one without trigger or flow.
    """

    def find() -> Procedure[SmartCampaign | None]:
        campaign = yield from smart_campaign(campaign_id)
        return campaign if bool(campaign.get("isActive")) is on else None

    call: Call[Any] = campaigns.activate(campaign_id) if on else campaigns.deactivate(campaign_id)
    made: Ensured[Any] = yield from create_if_absent(f"{call.name} {campaign_id}", task_state, call, find)
    return made.new


SOONEST = timedelta(minutes=5)
_ON_THE_WAY = timedelta(seconds=30)
"""What "in five minutes" has lost by the time it gets here."""
_SCHEDULED = ("single run", "recurring run")


@dataclass(frozen=True)
class Scheduled:
    """A run that is on the clock.

    :param done: whether this task put it there; False where a copy of that name had it already.
    :param campaign_id: the campaign that runs.
    :param program_id: the copy of the program, where one was asked for.
    """

    done: bool
    campaign_id: str
    program_id: str | None = None


def schedule(
    campaign_id: int | str,
    task_state: TaskState,
    *,
    run_at: datetime | None = None,
    tokens: Mapping[str, str] | None = None,
    clock: Callable[[], float] = time.time,
) -> Procedure[Scheduled]:
    """Schedule a run of a batch campaign.

    After a lost answer or a killed worker it is not asked for again. Where the campaign had never run
    before, its status tells that the request was carried out.

    :param campaign_id: a batch campaign.
    :param memory: what the task's earlier tries did.
    :param run_at: five minutes to two years ahead; five minutes from now when not given.
    :param tokens: My Tokens for this run, ``{{my.name}}`` to value.
    :raises NotFound: when there is no such campaign.
    :raises InvalidInput: when *run_at* is too soon or too late.
    :raises InvalidRequest: when it is no batch campaign.
    :raises NotRepeated: when nobody can tell whether a run was scheduled.
    """
    key, status_before = f"schedule campaign {campaign_id}", f"status of campaign {campaign_id} before"
    campaign = yield from _batch_campaign(campaign_id)
    if to_be_sent(task_state.get(key)):
        _soon_enough(run_at, clock)
        task_state.set(status_before, str(campaign.get("status") or ""))

    def seen() -> Procedure[Json]:
        now = yield from smart_campaign(campaign_id)
        return str(campaign_id) if _is_scheduled(now) else None

    yield from send_at_most_once(
        key,
        task_state,
        campaigns.schedule(campaign_id, run_at=run_at, tokens=tokens),
        plain=lambda asset: str(asset["id"]),
        # Of a campaign that ran before, the status tells nothing of another run.
        seen=seen if str(task_state.get(status_before)).lower() == "never run" else None,
        clock=clock,
    )
    return Scheduled(True, str(campaign_id))


def schedule_copy(
    campaign_id: int | str,
    program_name: str,
    task_state: TaskState,
    *,
    run_at: datetime | None = None,
    tokens: Mapping[str, str] | None = None,
    clock: Callable[[], float] = time.time,
) -> Procedure[Scheduled]:
    """Copy a campaign's program, and schedule a run of the copy of the campaign.

    The copy's name is unique in the instance, so a copy that is there shows that the request was carried
    out, and is not made again.

    :param campaign_id: a batch campaign in a program.
    :param program_name: name of the copy.
    :param memory: what the task's earlier tries did.
    :param run_at: five minutes to two years ahead; five minutes from now when not given.
    :param tokens: My Tokens for this run, ``{{my.name}}`` to value.
    :raises NotFound: when there is no such campaign.
    :raises InvalidInput: when *run_at* is too soon or too late.
    :raises InvalidRequest: when it is no batch campaign, or its program cannot be copied.
    :raises Conflict: when a program of that name is there, and its campaign is not scheduled.
    :raises NotRepeated: when this task's copy is there, and nobody can tell whether its run is scheduled.
    :raises QuotaExhausted: when programs were copied this way 20 times today.
    """
    key = f"schedule campaign {campaign_id} as {program_name}"
    campaign = yield from _batch_campaign(campaign_id)
    if task_state.get(key) is None:
        _soon_enough(run_at, clock)
    asked: Call[Any] = campaigns.schedule(
        campaign_id, run_at=run_at, tokens=tokens, clone_to_program_name=program_name
    )

    def find() -> Procedure[Program | None]:
        return (yield from find_or_none(programs.by_name(program_name)))

    # The answer names the campaign that was asked for and not the copy, so nothing is read from it.
    call = replace(asked, read=no_result)
    made: Ensured[Program | None] = yield from create_if_absent(key, task_state, call, find, clock=clock)
    copy: Program | None = made.value or (yield from find())
    run = (yield from _campaign_in(copy, str(campaign.get("name")))) if copy else None
    answered = made.value is None
    if not answered and (run is None or not _is_scheduled(run)):
        problem = "and whether its campaign is scheduled cannot be told; look at it on the platform"
        told = f"there is a program of the name {program_name!r}, {problem}"
        raise (NotRepeated if made.new else Conflict)(told, platform="marketo", call=call.name)
    return Scheduled(made.new, str((run or campaign)["id"]), str(copy["id"]) if copy else None)


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


def _soon_enough(run_at: datetime | None, clock: Callable[[], float]) -> None:
    if run_at is not None and run_at < datetime.fromtimestamp(clock(), UTC) + SOONEST - _ON_THE_WAY:
        raise InvalidInput(
            "run_at", "is less than five minutes ahead; leave it out to run as soon as Marketo can"
        )


_CLOCKS_APART = timedelta(seconds=90)
_LOOKS = 6
# Which of the two it is when a lead is not there, the documents leave open.
_OF_LEADS = ("1004", "1013")


def member_action(
    campaign_id: int | str,
    *,
    tokens: Mapping[str, str] | None = None,
    program_id: int | str | None = None,
    outcome: str = "campaign_request",
    done: str = "requested",
    already: str = "already_member",
    verify: Callable[[Sequence[str]], Procedure[set[str]]] | None = None,
    clock: Callable[[], float] = time.time,
) -> MemberAction:
    """Run leads through a trigger campaign, 100 at a time.

    Every request runs its leads again and its answer tells of none of them. So each request is
    remembered before it is sent, and one whose answer was lost is looked for in the activity log.
    Leads that are not seen there come out as unknown and are not requested again by themselves. A request
    that is refused for one of its leads is sent again without it.

    :param campaign_id: an active, requestable trigger campaign.
    :param tokens: My Tokens for this run.
    :param program_id: leads that are members of this program already are left out.
    :raises InvalidInput: on an id that is none, or a token without its braces.
    """
    number = numeric_id("campaigns.request", "campaign_id", campaign_id)
    program = None if program_id is None else numeric_id("programs.members", "program_id", program_id)
    campaigns.request(number, [1], tokens=tokens)

    def apply(people: Sequence[str], task_state: TaskState) -> Procedure[list[MemberResult]]:
        requests = _Requests(number, tokens, task_state, clock)
        leads = [int(person) for person in people]
        if program is not None:
            for lead in (yield from _members(program, leads, task_state)):
                requests.outcomes[lead] = MemberResult(str(lead), MemberStatus.ALREADY)
        yield from requests.run(leads)
        return [requests.outcomes[lead] for lead in leads]

    return MemberAction(
        outcome=outcome,
        key=f"request campaign {number}",
        done=done,
        already=already,
        chunk_max=campaigns.LEADS_MAX,
        apply=apply,
        before=lambda: _requestable(number),
        once=True,
        verify=verify,
    )


def _members(program_id: int, leads: Sequence[int], task_state: TaskState) -> Procedure[list[int]]:
    """Who was a member before anybody was requested: those who were requested may be members by now."""
    known = task_state.get("members")
    if isinstance(known, Sequence) and not isinstance(known, str):
        return [int(lead) for lead in known]  # type: ignore[arg-type]
    rows = yield Pages(programs.members(program_id, lead_ids=leads, fields=("leadId", "statusName")))
    found = [int(row["leadId"]) for row in rows]
    task_state.set("members", found)
    return found


class _Requests:
    """The requests for up to 100 leads, and what is remembered of each.

    ``{"first": when, "asked": when, "done": bool, "refused": bool, "told": bool}``: when it was sent first
    and last, and whether everyone was requested, or it has to be parted.
    """

    def __init__(
        self,
        campaign_id: int,
        tokens: Mapping[str, str] | None,
        task_state: TaskState,
        clock: Callable[[], float],
    ) -> None:
        self.outcomes: dict[int, MemberResult] = {}
        self._campaign_id, self._tokens = campaign_id, tokens
        self._memory, self._clock = task_state, clock

    def run(self, leads: Sequence[int]) -> Procedure[None]:
        """Request the leads that have no outcome yet."""
        key = f"{leads[0]}-{leads[-1]}"
        mark = self._memory.get(key)
        mark = mark if isinstance(mark, Mapping) else {}
        if mark.get("refused"):
            yield from self._parted(leads)
            return
        missing = [lead for lead in leads if lead not in self.outcomes]
        if mark.get("done"):
            self._requested(missing)
            return
        # Those whom an earlier request reached are seen at its time, not at that of the last one.
        first, asked = requested_at({"asked": mark.get("first")}), requested_at(mark)
        if asked is not None:
            missing = yield from self._unseen(missing, first or asked, asked)
            if missing and not mark.get("told"):
                self._unknown(missing)
                return
        if missing:
            yield from self._send(key, leads, missing, first)

    def _send(
        self, key: str, leads: Sequence[int], missing: list[int], first: float | None
    ) -> Procedure[None]:
        before, asked = self._memory.get(key), self._clock()
        first = asked if first is None else first
        self._memory.set(key, {"first": first, "asked": asked})
        try:
            yield campaigns.request(self._campaign_id, missing, tokens=self._tokens)
        except OutcomeUnknown:
            # The time counts from now: until now the request may have been on its way.
            asked = self._clock()
            self._memory.set(key, {"first": first, "asked": asked})
            missing = yield from self._unseen(missing, first, asked)
            if missing:
                self._unknown(missing)
                return
        except InvalidRequest as error:
            self._memory.set(key, before)
            if error.code not in _OF_LEADS:
                raise
            if len(missing) == 1:
                self.outcomes[missing[0]] = rejected_member(str(missing[0]), error)
                return
            self._memory.set(key, {"refused": True})
            yield from self._parted(leads)
            return
        except PlatformError:
            self._memory.set(key, before)
            raise
        else:
            self._requested(missing)
        self._memory.set(key, {"first": first, "asked": asked, "done": True})

    def _parted(self, leads: Sequence[int]) -> Procedure[None]:
        """Request what was refused as a whole in two parts: nobody was requested by that."""
        half = len(leads) // 2
        for part in (leads[:half], leads[half:]):
            yield from self.run(part)

    def _requested(self, leads: Sequence[int]) -> None:
        self.outcomes.update({lead: MemberResult(str(lead)) for lead in leads})

    def _unknown(self, leads: Sequence[int]) -> None:
        self.outcomes.update({lead: unknown(str(lead)) for lead in leads})

    def _unseen(self, leads: list[int], first: float, asked: float) -> Procedure[list[int]]:
        """Which leads the activity log does not show as requested since then; waits for late rows."""
        seen: set[int] = set()
        for look in range(_LOOKS):
            left = asked + CONSISTENCY_WINDOW - self._clock()
            if look and left <= 0:
                break
            if look:
                yield Pause(
                    min(left, CONSISTENCY_WINDOW / _LOOKS), "looking in the activity log for a lost request"
                )
            token: str = yield activities.paging_token(datetime.fromtimestamp(first, UTC) - _CLOCKS_APART)
            for start in range(0, len(leads), activities.LEADS_MAX):
                chunk = leads[start : start + activities.LEADS_MAX]
                rows = yield Pages(
                    activities.read(token, activity_type_ids=[activities.REQUEST_CAMPAIGN], lead_ids=chunk)
                )
                seen.update(int(row["leadId"]) for row in rows if self._is_ours(row))
            if seen.issuperset(leads):
                break
        self._requested([lead for lead in leads if lead in seen])
        return [lead for lead in leads if lead not in seen]

    def _is_ours(self, row: Mapping[str, Any]) -> bool:
        return self._campaign_id in (row.get("primaryAttributeValueId"), row.get("campaignId"))


def _requestable(campaign_id: int) -> Procedure[None]:
    campaign: dict[str, Any] | None = yield campaigns.get(campaign_id)
    if campaign is None:
        raise NotFound(f"there is no smart campaign {campaign_id}", platform="marketo", call="campaigns.get")
    for fact, problem in (
        ("isActive", "is not active"),
        ("isRequestable", "has no trigger for API requests"),
    ):
        if campaign.get(fact) is False:
            raise InvalidRequest(
                f"smart campaign {campaign_id} {problem}", platform="marketo", call="campaigns.request"
            )
