"""The folders of a new instance."""

from airflow_provider_mkt.sandbox.marketo.folders.models import Folder, FolderRef
from airflow_provider_mkt.sandbox.marketo.seed import (
    CAMPAIGN_FOLDER,
    EMAIL_FOLDER,
    PROGRAM_FOLDER,
    ROOT_FOLDER,
    SEEDED_AT,
)
from airflow_provider_mkt.sandbox.marketo.state import MarketoState


def fill(state: MarketoState) -> None:
    """Add the root folder and three folders."""
    root = FolderRef(ROOT_FOLDER, "Folder")
    names = {
        ROOT_FOLDER: "Marketing Activities",
        PROGRAM_FOLDER: "Programs",
        CAMPAIGN_FOLDER: "Campaigns",
        EMAIL_FOLDER: "Emails",
    }
    for number, name in names.items():
        system = number == ROOT_FOLDER
        state.folders[number] = Folder(number, name, root, SEEDED_AT, SEEDED_AT, system=system)
