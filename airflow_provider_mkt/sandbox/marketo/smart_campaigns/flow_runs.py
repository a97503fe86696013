"""Run smart campaigns: for requested leads, or for a smart list."""

import contextlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from airflow_provider_mkt.sandbox.marketo.activities.activity_types import REQUEST_CAMPAIGN
from airflow_provider_mkt.sandbox.marketo.emails.mailing import at_pace, send, start_run
from airflow_provider_mkt.sandbox.marketo.emails.models import Run
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError
from airflow_provider_mkt.sandbox.marketo.folders.models import FolderRef
from airflow_provider_mkt.sandbox.marketo.leads.store import Lead
from airflow_provider_mkt.sandbox.marketo.lists import membership as membership
from airflow_provider_mkt.sandbox.marketo.lists.audience import members
from airflow_provider_mkt.sandbox.marketo.programs import enrolment
from airflow_provider_mkt.sandbox.marketo.smart_campaigns import models as steps
from airflow_provider_mkt.sandbox.marketo.smart_campaigns.models import BATCH, SmartCampaign, Step
from airflow_provider_mkt.sandbox.marketo.state import MarketoState

PICKED_UP_AFTER = timedelta(seconds=2)


def request(
    state: MarketoState, campaign: SmartCampaign, leads: list[Lead], overrides: Mapping[str, str]
) -> None:
    """Queue leads for a trigger campaign. A repeated request queues them again."""
    now, tokens = state.now(), tokens_of(state, campaign, overrides)
    campaign.requests += 1
    for lead in leads:
        state.log.add(
            REQUEST_CAMPAIGN,
            lead.id,
            now,
            {"Source": "Web service API"},
            campaign_id=campaign.id,
            primary=(campaign.id, campaign.name),
        )
    ids = [lead.id for lead in leads]
    state.schedule.at(now + PICKED_UP_AFTER, lambda at: _run(state, campaign, ids, at, tokens))


def schedule(
    state: MarketoState, campaign: SmartCampaign, due: datetime, overrides: Mapping[str, str]
) -> None:
    """Schedule a run of a batch campaign. A repeated request schedules another run."""
    tokens = tokens_of(state, campaign, overrides)
    campaign.scheduled.append(due)

    def start(at: datetime) -> None:
        campaign.scheduled.remove(due)
        campaign.schedule_numbers.remove(number)
        people = [lead.id for lead in members(state, campaign.smart_list)]
        _run(state, campaign, [one for one in people if campaign.qualifies(one, at)], at, tokens)

    number = state.schedule.at(due, start)
    campaign.schedule_numbers.append(number)


def switch_off(state: MarketoState, folder: FolderRef) -> None:
    """Deactivate and unschedule all campaigns below a folder, as archiving it does."""
    for campaign in state.campaigns.values():
        if folder in state.path_of(campaign.folder):
            campaign.active = False
            _unschedule(state, campaign)


def abort(state: MarketoState, campaign: SmartCampaign) -> None:
    """Stop a batch campaign that runs or is scheduled, as in the user interface.

    :raises ValueError: there is nothing to stop.
    """
    runs = [one for one in state.runs if one.campaign_id == campaign.id and one.ended_at is None]
    if campaign.type != BATCH or not (runs or campaign.scheduled):
        msg = "only a batch campaign that runs or is scheduled can be aborted"
        raise ValueError(msg)
    _unschedule(state, campaign)
    for run in runs:
        run.aborted = True


def _unschedule(state: MarketoState, campaign: SmartCampaign) -> None:
    for number in campaign.schedule_numbers:
        state.schedule.cancel(number)
    campaign.schedule_numbers.clear()
    campaign.scheduled.clear()


def activate(state: MarketoState, campaign: SmartCampaign) -> None:
    if campaign.type == BATCH:
        raise MarketoError(709, "Batch campaigns cannot be activated")
    if campaign.active:
        raise MarketoError(709, "Campaign is already active")
    if not campaign.trigger or not campaign.flow:
        raise MarketoError(709, "Campaign needs at least one trigger and one flow step")
    campaign.active, campaign.updated_at = True, state.now()


def deactivate(state: MarketoState, campaign: SmartCampaign) -> None:
    if not campaign.active:
        raise MarketoError(709, "Campaign is not active")
    campaign.active, campaign.updated_at = False, state.now()


def tokens_of(state: MarketoState, campaign: SmartCampaign, overrides: Mapping[str, str]) -> dict[str, str]:
    """Return the token values of a run.

    :raises MarketoError: a token cannot be overridden.
    """
    folder = campaign.folder
    if overrides and folder.type == "Program" and state.programs[folder.id].folder.type == "Program":
        # The live platform has this error for programs inside a program.
        raise MarketoError(611, "System error")
    return state.tokens.resolve(state.path_of(folder), overrides)


def _run(
    state: MarketoState, campaign: SmartCampaign, lead_ids: list[int], at: datetime, tokens: dict[str, str]
) -> None:
    batch = campaign.type == BATCH
    run = start_run(
        state,
        campaign.name,
        at,
        campaign_id=campaign.id,
        program_id=campaign.program_id,
        limits=campaign.communication_limits,
        one_by_one=not batch,
    )
    run.qualified = len(lead_ids)
    limit = campaign.max_members
    if limit is None:
        limit = state.accounts.settings.smart_campaign_limit
    if batch and limit is not None and len(lead_ids) > limit:
        run.refused, run.ended_at = f"{len(lead_ids)} people are more than the limit of {limit}", at
        return
    campaign.runs.append(at)

    def flow(lead_id: int, when: datetime) -> None:
        lead = state.leads.get(lead_id)
        if run.aborted or lead is None or not campaign.qualifies(lead_id, when):
            return
        campaign.members.setdefault(lead_id, []).append(when)
        for step in campaign.flow:
            # A step whose asset was deleted is skipped; the following ones run.
            with contextlib.suppress(MarketoError):
                _take(state, campaign, step, lead, when, tokens, run)

    def end(when: datetime) -> None:
        run.ended_at = when

    at_pace(state, lead_ids, at, flow, end)


def _take(
    state: MarketoState,
    campaign: SmartCampaign,
    step: Step,
    lead: Lead,
    at: datetime,
    tokens: dict[str, str],
    run: Run,
) -> None:
    match step:
        case steps.SendEmail(email_id):
            email = state.emails.get(email_id)
            if email:
                send(state, run, email, lead, at, tokens)
        case steps.AddToList(list_id):
            membership.add(state, state.static_list(list_id), lead, at, campaign.name)
        case steps.ChangeStatus(program_id, status_name):
            program = state.program(program_id)
            status = program.channel.status(status_name)
            if status:
                enrolment.advance(state, program, lead.id, status, at)
        case steps.AddToEngagementProgram(program_id, name) | steps.ChangeStream(program_id, name):
            program = state.program(program_id)
            stream = program.stream(name)
            move = (
                enrolment.change_stream if isinstance(step, steps.ChangeStream) else enrolment.add_to_stream
            )
            if stream:
                move(state, program, lead.id, stream, at, campaign.id)
        case steps.ChangeCadence(program_id, cadence):
            enrolment.change_cadence(state, state.program(program_id), lead.id, cadence, at, campaign.id)
