"""A send in two waves: to a few people first, and to the others when little of that mail has bounced."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import time as now
from typing import TYPE_CHECKING

from airflow_provider_mkt.client.errors import InvalidInput, SendDelayed
from airflow_provider_mkt.client.wording import counted, part_of
from airflow_provider_mkt.hooks.state import clear_count

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_mkt.actions.members import MemberAction
    from airflow_provider_mkt.actions.procedure import TaskState
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators._parameters import RejectThreshold
    from airflow_provider_mkt.sync.member_table import MemberTable
    from airflow_provider_mkt.sync.members import MemberActionRunner

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FirstWave:
    """The people of the first wave.

    :param people: how many.
    :param wait: how long to wait until bounces are counted.
    :param max_bounced: how many of them may bounce.
    """

    people: int
    wait: timedelta
    max_bounced: RejectThreshold

    def chunks(self, action: MemberAction) -> int:
        """Return how many chunks the wave has: whole requests."""
        return math.ceil(self.people / action.chunk_max)

    def run(
        self,
        context: Context,
        hook: MarketingHook,
        action: MemberAction,
        members: MemberTable,
        task_state: TaskState,
        runner: MemberActionRunner,
    ) -> str:
        """Apply the action to the first wave, and count the bounces when it is time to.

        :returns: why the others must not get it; empty when they may.
        :raises SendDelayed: until it is time to count.
        """
        if action.find_bounced is None:
            raise InvalidInput("canary", "bounces of this send cannot be found out; leave it out")
        key = f"{action.key}: first wave"
        runner.run(stop=self.chunks(action))
        mark = task_state.get(key)
        known = mark if isinstance(mark, Mapping) else {}
        sent_at, seen = known.get("sent_at"), known.get("stopped_at_clear")
        if not isinstance(sent_at, (int, float)):
            sent_at = now()
            task_state.set(key, {"sent_at": sent_at})
        if known.get("passed"):
            return ""
        if isinstance(seen, int) and seen != clear_count(context):
            log.info("The task was cleared after the first wave had stopped it: the others follow")
            task_state.set(key, {"sent_at": sent_at, "passed": True})
            return ""
        until = datetime.fromtimestamp(sent_at, UTC) + self.wait
        if until.timestamp() > now():
            raise SendDelayed(
                f"the first wave has {part_of(members.counts().total(), members.total, 'person')}; "
                "its bounces are counted later",
                retry_at=until,
                platform=hook.conn_type,
            )
        reached = bounced = 0
        for chunk in members.done(action.chunk_max):
            reached += len(chunk)
            bounced += len(hook.follow(action.find_bounced(chunk, sent_at)))
        log.info("First wave: %s bounced", part_of(bounced, reached, "mail"))
        if self.max_bounced.allows(bounced, reached):
            task_state.set(key, {"sent_at": sent_at, "passed": True})
            return ""
        task_state.set(key, {"sent_at": sent_at, "stopped_at_clear": clear_count(context)})
        return (
            f"mail to {bounced:,} of the {counted(reached, 'person')} of the first wave bounced, allowed: "
            f"{self.max_bounced}; clear the task to go on all the same"
        )
