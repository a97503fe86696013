"""The lists of a new instance."""

from airflow_provider_mkt.sandbox.marketo.folders.models import FolderRef
from airflow_provider_mkt.sandbox.marketo.lists.models import OwnSmartList, StaticList
from airflow_provider_mkt.sandbox.marketo.lists.rules import SmartList, member_of_list
from airflow_provider_mkt.sandbox.marketo.seed import (
    ANNA,
    BEN,
    CAMPAIGN_FOLDER,
    CARLA,
    PROGRAM_FOLDER,
    SEEDED_AT,
    SMART_LIST,
    STATIC_LIST,
)
from airflow_provider_mkt.sandbox.marketo.state import MarketoState


def fill(state: MarketoState) -> None:
    """Add a static list of three leads, and a smart list of the same."""
    members = dict.fromkeys((ANNA, BEN, CARLA), SEEDED_AT)
    state.lists[STATIC_LIST] = StaticList(
        STATIC_LIST,
        "Newsletter Readers",
        FolderRef(CAMPAIGN_FOLDER, "Folder"),
        SEEDED_AT,
        SEEDED_AT,
        members,
        description="Who gets the newsletter",
    )
    state.smart_lists[SMART_LIST] = OwnSmartList(
        SMART_LIST,
        "Readers of the Newsletter",
        FolderRef(PROGRAM_FOLDER, "Folder"),
        SEEDED_AT,
        SEEDED_AT,
        rules=SmartList(SMART_LIST, "", (member_of_list(STATIC_LIST),)),
    )
