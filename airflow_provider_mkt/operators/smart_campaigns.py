"""Operators for Marketo smart campaigns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from airflow_provider_mkt.actions.targets import Target
from airflow_provider_mkt.hooks.state import task_state_of
from airflow_provider_mkt.operators._base import MarketingOperator
from airflow_provider_mkt.operators._parameters import as_mapping, as_time, optional_str, required_str
from airflow_provider_mkt.operators._send_guards import AUTO, ONE_DAY, GuardedSend

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from airflow.sdk import Context

    from airflow_provider_mkt.operators.outcomes import (
        CampaignScheduleOutcome,
        CampaignSwitchOutcome,
        DryRunOutcome,
    )


class ScheduleCampaignOperator(GuardedSend, MarketingOperator):
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
    :param max_recipients: refuse the send when it would reach more people. The number is looked up right
        before the request: by the sizes of the lists, and by a count where these do not decide.
    :param min_recipients: refuse the send when it would reach fewer people.
    :param check: the output of :class:`.CheckEmailOperator`. The send is refused when the check ended with an
        error or is older than ``check_valid_for``, and when the email, its lists or its schedule were changed
        since; the limits of the check are checked once more.
    :param check_valid_for: how old the check may be.
    :param max_growth: by which share there may be more recipients than at the check, as far as the sizes of
        the lists tell; None for any.
    :param approval: the output of :class:`.ApproveEmailOperator`, or of Airflow's own ``ApprovalOperator``.
        Without an approval the send is refused. Who approved it, and when, is copied into the outcome.
    :param allow_operational: False refuses email that also goes to people who opted out: Marketo's
        operational emails, HubSpot's transactional ones.
    :param expect_account: HubSpot's portal id or Marketo's munchkin id; any other account is refused.
    :param not_after: refuse the send when the mail would go out after this time: an aware datetime or ISO
        8601 text with offset.
    :param max_lateness: refuse the send when the DAG run was due longer ago than this; no limit when not
        given.
    :param allow_backfill: also send in backfill runs, in which the task is skipped otherwise.
    :param quiet_hours: hours without mail, such as ``("21:00", "08:00")``. Mail that would go out at once in
        them is held back until they end, with the task deferred; mail that is scheduled in them is refused.
    :param timezone: the time zone of ``quiet_hours``, such as ``Europe/Berlin``.
    :param send_key: names what the send is for. Another task instance with the same key sends nothing,
        whatever the id of its email: it fails, and says which run sent what, and when. ``auto``: made of the
        DAG, the task, the map index and the DAG run's data interval. None: no key.
    :param dry_run: only look and check: nothing is changed or sent, and :class:`.DryRunOutcome` is returned.
    :returns: :class:`.CampaignScheduleOutcome`: ``scheduled`` (by this task; False where a copy of that name
        had its run already), ``campaign_id`` of the campaign that runs, ``program_id`` of the copy, and
        ``run_at``; ``audience`` and ``approval`` where they were read.
    :raises AirflowFailException: when a safeguard refuses the send, there is no such batch campaign,
        ``run_at`` is too early or too late, a program of that name exists without a run, or it is unknown
        whether a run was scheduled.

    Source: ``POST /rest/v1/campaigns/{campaignId}/schedule.json``.
    """

    targets = (Target("smart_campaign", "campaign_id", "output"),)

    template_fields: Sequence[str] = (
        "conn_id",
        "campaign_id",
        "run_at",
        "tokens",
        "clone_to_program_name",
        "max_recipients",
        "min_recipients",
        "check",
        "approval",
        "allow_operational",
        "expect_account",
        "not_after",
        "send_key",
        "is_dry_run",
    )

    def __init__(
        self,
        *,
        conn_id: str,
        campaign_id: str | int,
        run_at: datetime | str | None = None,
        tokens: Mapping[str, str] | str | None = None,
        clone_to_program_name: str | None = None,
        max_recipients: int | str | None = None,
        min_recipients: int | str | None = None,
        check: Mapping[str, object] | str | None = None,
        check_valid_for: timedelta = ONE_DAY,
        max_growth: float | str | None = 0.1,
        approval: Mapping[str, object] | str | None = None,
        allow_operational: bool | str = True,
        expect_account: str | int | None = None,
        not_after: datetime | str | None = None,
        max_lateness: timedelta | None = None,
        allow_backfill: bool = False,
        quiet_hours: Sequence[str] | None = None,
        timezone: str | None = None,
        send_key: str | None = AUTO,
        dry_run: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.campaign_id = campaign_id
        self.run_at = run_at
        self.tokens = tokens
        self.clone_to_program_name = clone_to_program_name
        self.max_recipients = max_recipients
        self.min_recipients = min_recipients
        self.check = check
        self.check_valid_for = check_valid_for
        self.max_growth = max_growth
        self.approval = approval
        self.allow_operational = allow_operational
        self.expect_account = expect_account
        self.not_after = not_after
        self.max_lateness = max_lateness
        self.allow_backfill = allow_backfill
        self.quiet_hours = quiet_hours
        self.timezone = timezone
        self.send_key = send_key
        self.is_dry_run = dry_run
        self.check_guards()

    def run_action(self, context: Context) -> CampaignScheduleOutcome | DryRunOutcome:
        from airflow_provider_mkt.actions.marketo import smart_campaigns
        from airflow_provider_mkt.actions.send_guards import DryRunEnded
        from airflow_provider_mkt.actions.sending import SendTarget

        campaign_id, run_at = required_str("campaign_id", self.campaign_id), as_time("run_at", self.run_at)
        tokens = as_mapping("tokens", self.tokens) if self.tokens else None
        copy = optional_str("clone_to_program_name", self.clone_to_program_name)
        target = SendTarget("marketo", "smart_campaign", campaign_id)
        with self.hook_on("marketo") as hook:
            try:
                with (
                    self.send_gate(context, hook, target=target) as gate,
                    hook.exclusive(f"schedule campaign {campaign_id}"),
                ):
                    # Read with the lock held: another try of this task may have held it before.
                    task_state = task_state_of(context, hook)
                    run = hook.follow(
                        smart_campaigns.schedule_copy(
                            campaign_id, copy, task_state, run_at=run_at, tokens=tokens, gate=gate
                        )
                        if copy
                        else smart_campaigns.schedule(
                            campaign_id, task_state, run_at=run_at, tokens=tokens, gate=gate
                        )
                    )
                    gate.finish(sent=run.done, state="it has its run already")
            except DryRunEnded as end:
                return self.dry_run_outcome(hook, end)
        if run.done:
            self.log.info("Scheduled campaign %s", run.campaign_id)
        else:
            self.log.info("Campaign %s has its run already", run.campaign_id)
        if run_at is not None and run.run_at is not None and run.run_at != run_at.isoformat():
            self.log.warning(
                "This task has scheduled the run for %s before. It is not moved to %s: no call does that",
                run.run_at,
                run_at.isoformat(),
            )
        outcome: CampaignScheduleOutcome = {
            "outcome": "campaign_schedule",
            "platform": hook.conn_type,
            "campaign_id": run.campaign_id,
            "program_id": run.program_id,
            "scheduled": run.done,
            "run_at": run.run_at,
        }
        return cast("CampaignScheduleOutcome", {**outcome, **gate.details()})


class ActivateCampaignOperator(MarketingOperator):
    """Activate a Marketo trigger campaign. An active campaign is not changed.

    :param conn_id: a connection of type ``marketo``.
    :param campaign_id: a campaign with a trigger and a flow step.
    :returns: :class:`.CampaignSwitchOutcome`: ``active``, and whether this task ``changed`` it.
    :raises AirflowFailException: when there is no such campaign, or it cannot be activated.

    Source: ``POST /rest/asset/v1/smartCampaign/{id}/activate.json``.
    """

    targets = (Target("smart_campaign", "campaign_id", "output"),)

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

    targets = (Target("smart_campaign", "campaign_id", "output"),)

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
        changed = hook.follow(smart_campaigns.switch(campaign, task_state_of(context, hook), on=active))
    state = "active" if active else "not active"
    operator.log.info("Campaign %s is %s%s", campaign, state, "" if changed else " already")
    return {
        "outcome": "campaign_switch",
        "platform": hook.conn_type,
        "campaign_id": campaign,
        "active": active,
        "changed": changed,
    }
