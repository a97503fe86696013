"""The channels, tags and programs of a new instance."""

from airflow_provider_mkt.sandbox.marketo.folders.models import FolderRef
from airflow_provider_mkt.sandbox.marketo.lists.rules import SmartList, member_of_list
from airflow_provider_mkt.sandbox.marketo.programs import models as kinds
from airflow_provider_mkt.sandbox.marketo.programs.models import (
    NOT_IN_PROGRAM,
    Channel,
    Content,
    Program,
    Status,
    Stream,
    TagType,
)
from airflow_provider_mkt.sandbox.marketo.programs.token_store import MyToken
from airflow_provider_mkt.sandbox.marketo.seed import (
    APPROVED_EMAIL,
    DEFAULT_CHANNEL,
    DEFAULT_PROGRAM,
    EMAIL_CHANNEL,
    EMAIL_PROGRAM,
    EVENT_CHANNEL,
    FIRST_STREAM,
    NURTURE_CHANNEL,
    NURTURE_PROGRAM,
    PROGRAM_FOLDER,
    SECOND_STREAM,
    SEEDED_AT,
    STATIC_LIST,
    TAG_TYPE,
    TAG_VALUES,
)
from airflow_provider_mkt.sandbox.marketo.state import MarketoState


def fill(state: MarketoState) -> None:
    """Add channels, a tag type and three programs."""
    state.tag_types = (TagType(TAG_TYPE, TAG_VALUES),)
    _add_channels(state)
    _add_programs(state)


def _add_channels(state: MarketoState) -> None:
    not_in_program = Status(NOT_IN_PROGRAM, 0)
    table = {
        EMAIL_CHANNEL: ("Email Send", kinds.EMAIL, ("Sent", "Opened", "Clicked")),
        NURTURE_CHANNEL: ("Nurture", kinds.ENGAGEMENT, ("Member", "Engaged", "Influenced")),
        DEFAULT_CHANNEL: ("Default", kinds.DEFAULT, ("Member", "Responded", "Converted")),
        EVENT_CHANNEL: ("Roadshow", kinds.EVENT, ("Invited", "Registered", "Attended")),
    }
    for number, (name, kind, names) in table.items():
        last = len(names)
        moves = tuple(
            Status(status_name, step * 10, step == last) for step, status_name in enumerate(names, 1)
        )
        state.channels[number] = Channel(number, name, kind, (not_in_program, *moves), SEEDED_AT)


def _add_programs(state: MarketoState) -> None:
    folder = FolderRef(PROGRAM_FOLDER, "Folder")
    for number, name, kind, channel in (
        (NURTURE_PROGRAM, "Welcome Nurture", kinds.ENGAGEMENT, NURTURE_CHANNEL),
        (EMAIL_PROGRAM, "November Newsletter", kinds.EMAIL, EMAIL_CHANNEL),
        (DEFAULT_PROGRAM, "Website Contacts", kinds.DEFAULT, DEFAULT_CHANNEL),
    ):
        state.programs[number] = Program(
            number, name, folder, SEEDED_AT, SEEDED_AT, kind, state.channels[channel]
        )
    nurture = state.programs[NURTURE_PROGRAM]
    nurture.on, nurture.streams = (
        True,
        (
            Stream(1, FIRST_STREAM, content=[Content(APPROVED_EMAIL, active=True)]),
            Stream(2, SECOND_STREAM),
        ),
    )
    state.programs[EMAIL_PROGRAM].smart_list = SmartList(
        EMAIL_PROGRAM * 10 + 1, "Readers", (member_of_list(STATIC_LIST),)
    )
    for number in (EMAIL_PROGRAM, DEFAULT_PROGRAM):
        state.tokens.put(FolderRef(number, "Program"), MyToken("Headline", "text", "News of the month"))
