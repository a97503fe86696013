"""Putting a run of a batch campaign on the clock, once.

Each request adds another run, and no call lists the runs that are scheduled. What can be seen is the
status of a campaign that never ran before, and the copy of a program that a request made.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from airflow_provider_mkt.api.call import Call, Json
from airflow_provider_mkt.api.errors import Conflict, InvalidInput, InvalidRequest, NotRepeated
from airflow_provider_mkt.api.flow import Flow, Memory, Pages
from airflow_provider_mkt.api.marketo import campaigns, programs
from airflow_provider_mkt.api.marketo.answers import found, nothing_of
from airflow_provider_mkt.api.marketo.campaign_switching import smart_campaign
from airflow_provider_mkt.api.marketo.rows import Program, SmartCampaign
from airflow_provider_mkt.api.once import Made, at_most_once, once, to_be_sent

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
    memory: Memory,
    *,
    run_at: datetime | None = None,
    tokens: Mapping[str, str] | None = None,
    clock: Callable[[], float] = time.time,
) -> Flow[Scheduled]:
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
    if to_be_sent(memory.get(key)):
        _soon_enough(run_at, clock)
        memory.set(status_before, str(campaign.get("status") or ""))

    def seen() -> Flow[Json]:
        now = yield from smart_campaign(campaign_id)
        return str(campaign_id) if _is_scheduled(now) else None

    yield from at_most_once(
        key,
        memory,
        campaigns.schedule(campaign_id, run_at=run_at, tokens=tokens),
        plain=lambda asset: str(asset["id"]),
        # Of a campaign that ran before, the status tells nothing of another run.
        seen=seen if str(memory.get(status_before)).lower() == "never run" else None,
        clock=clock,
    )
    return Scheduled(True, str(campaign_id))


def schedule_copy(
    campaign_id: int | str,
    program_name: str,
    memory: Memory,
    *,
    run_at: datetime | None = None,
    tokens: Mapping[str, str] | None = None,
    clock: Callable[[], float] = time.time,
) -> Flow[Scheduled]:
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
    if memory.get(key) is None:
        _soon_enough(run_at, clock)
    asked: Call[Any] = campaigns.schedule(
        campaign_id, run_at=run_at, tokens=tokens, clone_to_program_name=program_name
    )

    def find() -> Flow[Program | None]:
        return (yield from found(programs.by_name(program_name)))

    # The answer names the campaign that was asked for and not the copy, so nothing is read from it.
    call = replace(asked, read=nothing_of)
    made: Made[Program | None] = yield from once(key, memory, call, find, clock=clock)
    copy: Program | None = made.value or (yield from find())
    run = (yield from _campaign_in(copy, str(campaign.get("name")))) if copy else None
    answered = made.value is None
    if not answered and (run is None or not _is_scheduled(run)):
        problem = "and whether its campaign is scheduled cannot be told; look at it on the platform"
        told = f"there is a program of the name {program_name!r}, {problem}"
        raise (NotRepeated if made.new else Conflict)(told, platform="marketo", call=call.name)
    return Scheduled(made.new, str((run or campaign)["id"]), str(copy["id"]) if copy else None)


def _batch_campaign(campaign_id: int | str) -> Flow[SmartCampaign]:
    campaign = yield from smart_campaign(campaign_id)
    kind = str(campaign.get("type") or "").lower()
    if kind and kind != "batch":
        raise InvalidRequest(
            f"smart campaign {campaign_id} is of type {kind}; only a batch campaign can be scheduled",
            platform="marketo",
            call="campaigns.schedule",
        )
    return campaign


def _campaign_in(program: Program, name: str) -> Flow[SmartCampaign | None]:
    rows = yield Pages(campaigns.browse(folder_id=program["id"], folder_type="Program"))
    return next((row for row in cast("list[SmartCampaign]", rows) if row.get("name") == name), None)


def _is_scheduled(campaign: SmartCampaign) -> bool:
    return str(campaign.get("status") or "").lower() in _SCHEDULED


def _soon_enough(run_at: datetime | None, clock: Callable[[], float]) -> None:
    if run_at is not None and run_at < datetime.fromtimestamp(clock(), UTC) + SOONEST - _ON_THE_WAY:
        raise InvalidInput(
            "run_at", "is less than five minutes ahead; leave it out to run as soon as Marketo can"
        )
