"""Smart campaigns at work: requested for people, or run over a smart list."""

import contextlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from airflow_provider_mkt.sandbox.marketo.problems import Problem
from airflow_provider_mkt.sandbox.marketo.work import enrolment, listing
from airflow_provider_mkt.sandbox.marketo.work.sending import audience, send
from airflow_provider_mkt.sandbox.marketo.world import campaigns as steps
from airflow_provider_mkt.sandbox.marketo.world.activity_types import REQUEST_CAMPAIGN
from airflow_provider_mkt.sandbox.marketo.world.campaigns import BATCH, SmartCampaign, Step
from airflow_provider_mkt.sandbox.marketo.world.instance import Instance
from airflow_provider_mkt.sandbox.marketo.world.leads import Lead

PICKED_UP_AFTER = timedelta(seconds=2)


def request(
    world: Instance, campaign: SmartCampaign, leads: list[Lead], overrides: Mapping[str, str]
) -> None:
    """Queue people for a trigger campaign. Asking again queues them again: nothing tells a retry apart."""
    now, tokens = world.now(), tokens_of(world, campaign, overrides)
    campaign.requests += 1
    for lead in leads:
        world.log.add(
            REQUEST_CAMPAIGN,
            lead.id,
            now,
            {"Source": "Web service API"},
            campaign_id=campaign.id,
            primary=(campaign.id, campaign.name),
        )
    ids = [lead.id for lead in leads]
    world.timetable.at(now + PICKED_UP_AFTER, lambda at: _run(world, campaign, ids, at, tokens))


def schedule(world: Instance, campaign: SmartCampaign, due: datetime, overrides: Mapping[str, str]) -> None:
    """Put a run of a batch campaign on the clock; each call adds one."""
    tokens = tokens_of(world, campaign, overrides)
    campaign.scheduled.append(due)

    def start(at: datetime) -> None:
        campaign.scheduled.remove(due)
        people = [lead.id for lead in audience(world, campaign.smart_list)]
        _run(world, campaign, people, at, tokens)

    world.timetable.at(due, start)


def activate(world: Instance, campaign: SmartCampaign) -> None:
    if campaign.type == BATCH:
        raise Problem(709, "Batch campaigns cannot be activated")
    if campaign.active:
        raise Problem(709, "Campaign is already active")
    if not campaign.trigger or not campaign.flow:
        raise Problem(709, "Campaign needs at least one trigger and one flow step")
    campaign.active, campaign.updated_at = True, world.now()


def deactivate(world: Instance, campaign: SmartCampaign) -> None:
    if not campaign.active:
        raise Problem(709, "Campaign is not active")
    campaign.active, campaign.updated_at = False, world.now()


def tokens_of(world: Instance, campaign: SmartCampaign, overrides: Mapping[str, str]) -> dict[str, str]:
    """Return the token values of a run, or refuse overrides that cannot be."""
    home = campaign.folder
    if overrides and home.type == "Program" and world.programs[home.id].folder.type == "Program":
        # Overriding tokens below a program inside a program fails on the live platform too, with this.
        raise Problem(611, "System error")
    return world.tokens.resolve(world.path_of(home), overrides)


def _run(
    world: Instance, campaign: SmartCampaign, lead_ids: list[int], at: datetime, tokens: dict[str, str]
) -> None:
    campaign.runs.append(at)
    for lead_id in lead_ids:
        lead = world.leads.get(lead_id)
        if lead is None or not campaign.qualifies(lead_id, at):
            continue
        campaign.members.setdefault(lead_id, []).append(at)
        for step in campaign.flow:
            # A step that points to something deleted since is passed over; the ones after it still run.
            with contextlib.suppress(Problem):
                _take(world, campaign, step, lead, at, tokens)


def _take(
    world: Instance,
    campaign: SmartCampaign,
    step: Step,
    lead: Lead,
    at: datetime,
    tokens: dict[str, str],
) -> None:
    match step:
        case steps.SendEmail(email_id):
            email = world.emails.get(email_id)
            if email:
                send(world, email, lead, at, campaign.id, campaign.program_id, tokens)
        case steps.AddToList(list_id):
            listing.add(world, world.static_list(list_id), lead, at, campaign.name)
        case steps.ChangeStatus(program_id, status_name):
            program = world.program(program_id)
            status = program.channel.status(status_name)
            if status:
                enrolment.advance(world, program, lead.id, status, at)
        case steps.AddToEngagementProgram(program_id, name) | steps.ChangeStream(program_id, name):
            program = world.program(program_id)
            stream = program.stream(name)
            move = (
                enrolment.change_stream if isinstance(step, steps.ChangeStream) else enrolment.add_to_stream
            )
            if stream:
                move(world, program, lead.id, stream, at, campaign.id)
        case steps.ChangeCadence(program_id, cadence):
            enrolment.change_cadence(world, world.program(program_id), lead.id, cadence, at, campaign.id)
