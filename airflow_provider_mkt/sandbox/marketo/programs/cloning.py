"""Clone emails, campaigns, and programs with their content."""

from dataclasses import dataclass, field, replace

from airflow_provider_mkt.sandbox.marketo.emails.models import Email
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError
from airflow_provider_mkt.sandbox.marketo.folders.models import FolderRef
from airflow_provider_mkt.sandbox.marketo.lists.models import StaticList
from airflow_provider_mkt.sandbox.marketo.lists.rules import (
    MEMBER_OF_LIST,
    MEMBER_OF_PROGRAM,
    MEMBER_OF_SMART_LIST,
    Filter,
    SmartList,
)
from airflow_provider_mkt.sandbox.marketo.programs.models import Program, Stream
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
        max_members=source.max_members,
        communication_limits=source.communication_limits,
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
        description=source.description if description is None else description,
        communication_limits=source.communication_limits,
        recipient_time_zone=source.recipient_time_zone,
    )
    state.programs[program.id] = program
    old, new = FolderRef(source.id, "Program"), FolderRef(program.id, "Program")
    copies = _Copies({source.id: program.id})
    for email in [one for one in state.emails.values() if one.folder == old]:
        copy = clone_email(state, email, email.name, new, None)
        copy.approved, copy.draft = email.approved, email.draft
        copies.emails[email.id] = copy.id
    for chosen in [one for one in state.lists.values() if one.folder == old]:
        number = state.next_id("list")
        state.lists[number] = StaticList(number, chosen.name, new, now, now, description=chosen.description)
        copies.lists[chosen.id] = number
    for smart in [one for one in state.smart_lists.values() if one.folder == old]:
        number = state.next_id("smart list")
        state.smart_lists[number] = replace(smart, id=number, folder=new, created_at=now, updated_at=now)
        copies.smart_lists[smart.id] = number
    for number in copies.smart_lists.values():
        state.smart_lists[number].rules = copies.rules(state.smart_lists[number].rules)
    program.smart_list = _own(source.smart_list and copies.rules(source.smart_list), new_id)
    program.streams = tuple(copies.stream(one) for one in source.streams)
    for campaign in [one for one in state.campaigns.values() if one.folder == old]:
        created = clone_campaign(state, campaign, campaign.name, new, None)
        created.smart_list = created.smart_list and copies.rules(created.smart_list)
        created.flow = tuple(copies.step(step) for step in created.flow)
    state.tokens.copy(old, new)
    return program


def _own(source: SmartList | None, owner: int) -> SmartList | None:
    """Return the smart list of a clone, with a new id."""
    return source and replace(source, id=owner * 10 + 1)


@dataclass
class _Copies:
    """The assets of a program and their clones, by id. What is outside the program keeps its id."""

    programs: dict[int, int]
    emails: dict[int, int] = field(default_factory=dict)
    lists: dict[int, int] = field(default_factory=dict)
    smart_lists: dict[int, int] = field(default_factory=dict)

    def rules(self, source: SmartList) -> SmartList:
        """Return rules that refer to the clones. A cloned static list has no members."""
        return replace(source, filters=tuple(self._filter(one) for one in source.filters))

    def _filter(self, source: Filter) -> Filter:
        about = {MEMBER_OF_LIST: self.lists, MEMBER_OF_PROGRAM: self.programs}
        about[MEMBER_OF_SMART_LIST] = self.smart_lists
        known = about.get(source.name, self.emails)
        values = tuple(known.get(one, one) if isinstance(one, int) else one for one in source.values)
        return replace(source, values=values)

    def stream(self, source: Stream) -> Stream:
        """Return a stream with the same content and no cadence."""
        content = [
            replace(one, email_id=self.emails.get(one.email_id, one.email_id)) for one in source.content
        ]
        return Stream(source.id, source.name, content=content)

    def step(self, source: Step) -> Step:
        if isinstance(source, steps.SendEmail):
            return replace(source, email_id=self.emails.get(source.email_id, source.email_id))
        if isinstance(source, steps.AddToList):
            return replace(source, list_id=self.lists.get(source.list_id, source.list_id))
        return replace(source, program_id=self.programs.get(source.program_id, source.program_id))


def check_clone_name(state: MarketoState, name: str) -> None:
    """Check the name of a program, which is unique in the instance."""
    if any(one.name.lower() == name.lower() for one in state.programs.values()):
        raise MarketoError(709, f"A program named '{name}' already exists")
