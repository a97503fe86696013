"""Operators for Marketo smart campaigns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_mkt.operators._base import (
    MarketingOperator,
    as_mapping,
    as_time,
    optional_str,
    required_str,
)
from airflow_provider_mkt.operators._task_state import task_state_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from airflow.providers.common.compat.sdk import Context


class ScheduleCampaignOperator(MarketingOperator):
    """Schedule a run of a Marketo batch campaign, once.

    Each request adds a run, and Marketo shows no list of the runs that are scheduled. So the request is
    remembered before it is sent, and after a lost answer or a killed worker it is looked for: by the
    status of a campaign that never ran before, or, with ``clone_to_program_name``, by the copy. Where that
    cannot tell, the task fails and does not ask again by itself; clearing it then does. A task that has
    scheduled its run says so again when it is cleared, and asks for nothing.

    :param conn_id: a connection of type ``marketo``.
    :param campaign_id: a batch campaign.
    :param run_at: an aware datetime or ISO 8601 text with offset, five minutes to two years ahead; five
        minutes from now when not given.
    :param tokens: up to 100 My Tokens for this run, ``{{my.name}}`` to value.
    :param clone_to_program_name: copy the campaign's program under this name, and run the copy. Can be
        done 20 times a day; :class:`.CloneProgramOperator` has no such limit.
    :returns: ``scheduled`` (by this task; False where a copy of that name had its run already),
        ``campaign_id`` of the campaign that runs, ``program_id`` of the copy, and ``run_at``.
    :raises AirflowFailException: when there is no such batch campaign, ``run_at`` is too soon or too late, a
        program of that name is there without a run, or nobody can tell whether a run was scheduled.

    Source: ``POST /rest/v1/campaigns/{campaignId}/schedule.json``.
    """

    template_fields: Sequence[str] = ("conn_id", "campaign_id", "run_at", "tokens", "clone_to_program_name")

    def __init__(
        self,
        *,
        conn_id: str,
        campaign_id: str | int,
        run_at: datetime | str | None = None,
        tokens: Mapping[str, str] | str | None = None,
        clone_to_program_name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.campaign_id = campaign_id
        self.run_at = run_at
        self.tokens = tokens
        self.clone_to_program_name = clone_to_program_name

    def run_action(self, context: Context) -> dict[str, Any]:
        from airflow_provider_mkt.actions.marketo import smart_campaigns

        campaign_id, run_at = required_str("campaign_id", self.campaign_id), as_time("run_at", self.run_at)
        tokens = as_mapping("tokens", self.tokens) if self.tokens else None
        copy = optional_str("clone_to_program_name", self.clone_to_program_name)
        with self.hook_on("marketo") as hook, hook.exclusive(f"schedule campaign {campaign_id}"):
            # Read within the lock: another try of this task may hold it.
            task_state = task_state_of(context)
            run = hook.follow(
                smart_campaigns.schedule_copy(campaign_id, copy, task_state, run_at=run_at, tokens=tokens)
                if copy
                else smart_campaigns.schedule(campaign_id, task_state, run_at=run_at, tokens=tokens)
            )
        word = "scheduled" if run.done else "left alone, it was scheduled already"
        self.log.info("Campaign %s: %s", run.campaign_id, word)
        return {
            "outcome": "campaign_schedule",
            "platform": hook.conn_type,
            "campaign_id": run.campaign_id,
            "program_id": run.program_id,
            "scheduled": run.done,
            "run_at": run_at.isoformat() if run_at else None,
        }


class _SwitchCampaignOperator(MarketingOperator):
    """Base of the operators that switch a trigger campaign.

    :param conn_id: a connection of type ``marketo``.
    :param campaign_id: the trigger campaign.
    """

    template_fields: Sequence[str] = ("conn_id", "campaign_id")
    _on: ClassVar[bool]

    def __init__(self, *, conn_id: str, campaign_id: str | int, **kwargs: Any) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.campaign_id = campaign_id

    def run_action(self, context: Context) -> dict[str, Any]:
        from airflow_provider_mkt.actions.marketo import smart_campaigns as smart_campaign_actions

        campaign_id = required_str("campaign_id", self.campaign_id)
        with self.hook_on("marketo") as hook, hook.exclusive(f"switch campaign {campaign_id}"):
            changed = hook.follow(
                smart_campaign_actions.switch(campaign_id, task_state_of(context), on=self._on)
            )
        self.log.info(
            "Campaign %s: %s", campaign_id, "switched" if changed else "left alone, it was so already"
        )
        return {
            "outcome": "campaign_switch",
            "platform": hook.conn_type,
            "campaign_id": campaign_id,
            "active": self._on,
            "changed": changed,
        }


class ActivateCampaignOperator(_SwitchCampaignOperator):
    """Switch a Marketo trigger campaign on. One that is on is left alone.

    :param conn_id: a connection of type ``marketo``.
    :param campaign_id: a campaign with a trigger and a flow step.
    :returns: ``active``, and whether this task ``changed`` it.
    :raises AirflowFailException: when there is no such campaign, or it cannot be switched on.

    Source: ``POST /rest/asset/v1/smartCampaign/{id}/activate.json``.
    """

    _on = True


class DeactivateCampaignOperator(_SwitchCampaignOperator):
    """Switch a Marketo trigger campaign off. One that is off is left alone.

    :param conn_id: a connection of type ``marketo``.
    :param campaign_id: the campaign. A batch campaign that runs is not stopped by it.
    :returns: ``active``, and whether this task ``changed`` it.
    :raises AirflowFailException: when there is no such campaign.

    Source: ``POST /rest/asset/v1/smartCampaign/{id}/deactivate.json``.
    """

    _on = False
