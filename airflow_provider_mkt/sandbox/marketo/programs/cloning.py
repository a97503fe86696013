"""Clone emails, campaigns, and programs with their content."""

from dataclasses import replace

from airflow_provider_mkt.sandbox.marketo.emails.models import Email
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError
from airflow_provider_mkt.sandbox.marketo.folders.models import FolderRef
from airflow_provider_mkt.sandbox.marketo.lists.models import StaticList
from airflow_provider_mkt.sandbox.marketo.programs.models import Program, SmartList
from airflow_provider_mkt.sandbox.marketo.smart_campaigns import models as steps
from airflow_provider_mkt.sandbox.marketo.smart_campaigns.models import SmartCampaign, Step
from airflow_provider_mkt.sandbox.marketo.state import MarketoState


def clone_email(
    state: MarketoState, source: Email, name: str, folder: FolderRef, description: str | None
) -> Email:
    """Clone an email; the clone is a draft."""
    now = state.now()
    email = Email(
        state.next_id("email"),
        name,
        folder,
        now,
        now,
        source.template,
        draft=source.version(),
        description=source.description if description is None else description,
    )
    state.emails[email.id] = email
    return email


def clone_campaign(
    state: MarketoState, source: SmartCampaign, name: str, folder: FolderRef, description: str | None
) -> SmartCampaign:
    """Clone a campaign; the clone is inactive and has no scheduled runs."""
    now, number = state.now(), state.next_id("campaign")
    campaign = SmartCampaign(
        number,
        name,
        folder,
        now,
        now,
        source.type,
        _own(source.smart_list, number),
        source.trigger,
        source.flow,
        rule=source.rule,
        rule_interval=source.rule_interval,
        rule_unit=source.rule_unit,
        program_id=folder.id if folder.type == "Program" else None,
        description=source.description if description is None else description,
    )
    state.campaigns[campaign.id] = campaign
    return campaign


def clone_program(
    state: MarketoState, source: Program, name: str, folder: FolderRef, description: str | None = None
) -> Program:
    """Clone a program with its emails, campaigns, lists and tokens, without members and dates.

    Whether the dates of an email program are cloned is not documented. Without them, approving a program
    whose dates were not set fails, instead of a send at the wrong time.
    """
    now, new_id = state.now(), state.next_id("program")
    program = Program(
        new_id,
        name,
        folder,
        now,
        now,
        source.type,
        source.channel,
        [dict(tag) for tag in source.tags],
        streams=source.streams,
        smart_list=_own(source.smart_list, new_id),
        description=source.description if description is None else description,
    )
    state.programs[program.id] = program
    old, new = FolderRef(source.id, "Program"), FolderRef(program.id, "Program")
    emails: dict[int, int] = {}
    for email in [one for one in state.emails.values() if one.folder == old]:
        copy = clone_email(state, email, email.name, new, None)
        copy.approved, copy.draft = email.approved, email.draft
        emails[email.id] = copy.id
    for chosen in [one for one in state.lists.values() if one.folder == old]:
        number = state.next_id("list")
        state.lists[number] = StaticList(number, chosen.name, new, now, now, description=chosen.description)
    for smart in [one for one in state.smart_lists.values() if one.folder == old]:
        number = state.next_id("smart list")
        state.smart_lists[number] = replace(smart, id=number, folder=new, created_at=now, updated_at=now)
    for campaign in [one for one in state.campaigns.values() if one.folder == old]:
        created = clone_campaign(state, campaign, campaign.name, new, None)
        created.flow = tuple(_rebound(step, source.id, program.id, emails) for step in created.flow)
    state.tokens.copy(old, new)
    return program


def _own(source: SmartList | None, owner: int) -> SmartList | None:
    """Return the smart list of a clone, with a new id."""
    return source and replace(source, id=owner * 10 + 1)


def _rebound(step: Step, old: int, new: int, emails: dict[int, int]) -> Step:
    """Return a step that refers to the clones; references to assets outside the program do not change."""
    if isinstance(step, steps.SendEmail):
        return replace(step, email_id=emails.get(step.email_id, step.email_id))
    if not isinstance(step, steps.AddToList) and step.program_id == old:
        return replace(step, program_id=new)
    return step


def check_clone_name(state: MarketoState, name: str) -> None:
    """Check the name of a program, which is unique in the instance."""
    if any(one.name.lower() == name.lower() for one in state.programs.values()):
        raise MarketoError(709, f"A program named '{name}' already exists")
