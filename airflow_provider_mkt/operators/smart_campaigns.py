"""Operators for Marketo smart campaigns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.hooks.state import task_state_of
from airflow_provider_mkt.operators._base import MarketingOperator
from airflow_provider_mkt.operators._parameters import as_mapping, as_time, optional_str, required_str

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.operators.outcomes import CampaignScheduleOutcome, CampaignSwitchOutcome


class ScheduleCampaignOperator(MarketingOperator):
    """Schedule a run of a Marketo batch campaign, once.

    Each request adds a run, and Marketo has no list of the scheduled runs. So the request is recorded before
    it is sent. After a lost answer or a killed worker, the run is verified by the status of a campaign that
    never ran before or, with ``clone_to_program_name``, by the copy. Where neither is conclusive, the task
    fails and does not send the request again by itself; clearing the task does. A task that has scheduled its
    run reports the same when it is cleared, and sends nothing.

    :param conn_id: a connection of type ``marketo``.
    :param campaign_id: a batch campaign.
    :param run_at: an aware datetime or ISO 8601 text with offset, five minutes to two years ahead; five
        minutes from now when not given.
    :param tokens: up to 100 My Tokens for this run, ``{{my.name}}`` to value.
    :param clone_to_program_name: clone the campaign's program under this name, and run the copy. At most 20
        times a day; :class:`.CloneProgramOperator` has no such limit.
    :returns: :class:`.CampaignScheduleOutcome`: ``scheduled`` (by this task; False where a copy of that name
        had its run already), ``campaign_id`` of the campaign that runs, ``program_id`` of the copy, and
        ``run_at``.
    :raises AirflowFailException: when there is no such batch campaign, ``run_at`` is too early or too late, a
        program of that name exists without a run, or it is unknown whether a run was scheduled.

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

    def run_action(self, context: Context) -> CampaignScheduleOutcome:
        from airflow_provider_mkt.actions.marketo import smart_campaigns

        campaign_id, run_at = required_str("campaign_id", self.campaign_id), as_time("run_at", self.run_at)
        tokens = as_mapping("tokens", self.tokens) if self.tokens else None
        copy = optional_str("clone_to_program_name", self.clone_to_program_name)
        with self.hook_on("marketo") as hook, hook.exclusive(f"schedule campaign {campaign_id}"):
            # Read with the lock held: another try of this task may have held it before.
            task_state = task_state_of(context)
            run = hook.follow(
                smart_campaigns.schedule_copy(campaign_id, copy, task_state, run_at=run_at, tokens=tokens)
                if copy
                else smart_campaigns.schedule(campaign_id, task_state, run_at=run_at, tokens=tokens)
            )
        if run.done:
            self.log.info("Scheduled campaign %s", run.campaign_id)
        else:
            self.log.info("Campaign %s has its run already", run.campaign_id)
        return {
            "outcome": "campaign_schedule",
            "platform": hook.conn_type,
            "campaign_id": run.campaign_id,
            "program_id": run.program_id,
            "scheduled": run.done,
            "run_at": run_at.isoformat() if run_at else None,
        }


class ActivateCampaignOperator(MarketingOperator):
    """Activate a Marketo trigger campaign. An active campaign is not changed.

    :param conn_id: a connection of type ``marketo``.
    :param campaign_id: a campaign with a trigger and a flow step.
    :returns: :class:`.CampaignSwitchOutcome`: ``active``, and whether this task ``changed`` it.
    :raises AirflowFailException: when there is no such campaign, or it cannot be activated.

    Source: ``POST /rest/asset/v1/smartCampaign/{id}/activate.json``.
    """

    template_fields: Sequence[str] = ("conn_id", "campaign_id")

    def __init__(self, *, conn_id: str, campaign_id: str | int, **kwargs: Any) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.campaign_id = campaign_id

    def run_action(self, context: Context) -> CampaignSwitchOutcome:
        return _switch_campaign(self, self.campaign_id, context, active=True)


class DeactivateCampaignOperator(MarketingOperator):
    """Deactivate a Marketo trigger campaign. A campaign that is not active is not changed.

    :param conn_id: a connection of type ``marketo``.
    :param campaign_id: the campaign. A batch campaign that is running is not stopped.
    :returns: :class:`.CampaignSwitchOutcome`: ``active``, and whether this task ``changed`` it.
    :raises AirflowFailException: when there is no such campaign.

    Source: ``POST /rest/asset/v1/smartCampaign/{id}/deactivate.json``.
    """

    template_fields: Sequence[str] = ("conn_id", "campaign_id")

    def __init__(self, *, conn_id: str, campaign_id: str | int, **kwargs: Any) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.campaign_id = campaign_id

    def run_action(self, context: Context) -> CampaignSwitchOutcome:
        return _switch_campaign(self, self.campaign_id, context, active=False)


def _switch_campaign(
    operator: MarketingOperator, campaign_id: object, context: Context, *, active: bool
) -> CampaignSwitchOutcome:
    from airflow_provider_mkt.actions.marketo import smart_campaigns

    campaign = required_str("campaign_id", campaign_id)
    with operator.hook_on("marketo") as hook, hook.exclusive(f"switch campaign {campaign}"):
        changed = hook.follow(smart_campaigns.switch(campaign, task_state_of(context), on=active))
    state = "active" if active else "not active"
    operator.log.info("Campaign %s is %s%s", campaign, state, "" if changed else " already")
    return {
        "outcome": "campaign_switch",
        "platform": hook.conn_type,
        "campaign_id": campaign,
        "active": active,
        "changed": changed,
    }
