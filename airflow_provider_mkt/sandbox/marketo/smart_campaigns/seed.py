"""The smart campaigns of a new instance."""

from airflow_provider_mkt.sandbox.marketo.folders.models import FolderRef
from airflow_provider_mkt.sandbox.marketo.lists.rules import SmartList, member_of_list
from airflow_provider_mkt.sandbox.marketo.programs.models import PAUSED
from airflow_provider_mkt.sandbox.marketo.seed import (
    APPROVED_EMAIL,
    BATCH_CAMPAIGN,
    CAMPAIGN_FOLDER,
    DEFAULT_PROGRAM,
    INACTIVE_CAMPAIGN,
    NURTURE_PROGRAM,
    REQUEST_CAMPAIGN,
    SECOND_STREAM,
    SEEDED_AT,
    STATIC_LIST,
)
from airflow_provider_mkt.sandbox.marketo.smart_campaigns import models as steps
from airflow_provider_mkt.sandbox.marketo.smart_campaigns.models import (
    BATCH,
    REQUESTED,
    TRIGGER,
    SmartCampaign,
)
from airflow_provider_mkt.sandbox.marketo.state import MarketoState


def fill(state: MarketoState) -> None:
    """Add a campaign that can be requested, a batch campaign and an inactive one."""
    folder, program = FolderRef(CAMPAIGN_FOLDER, "Folder"), FolderRef(DEFAULT_PROGRAM, "Program")
    state.campaigns[REQUEST_CAMPAIGN] = SmartCampaign(
        REQUEST_CAMPAIGN,
        "Add to Welcome Nurture",
        folder,
        SEEDED_AT,
        SEEDED_AT,
        TRIGGER,
        trigger=REQUESTED,
        flow=(
            steps.AddToEngagementProgram(NURTURE_PROGRAM, SECOND_STREAM),
            steps.SendEmail(APPROVED_EMAIL),
        ),
        active=True,
        description="Puts people into the second stream and welcomes them",
    )
    state.campaigns[BATCH_CAMPAIGN] = SmartCampaign(
        BATCH_CAMPAIGN,
        "Monthly Digest",
        program,
        SEEDED_AT,
        SEEDED_AT,
        BATCH,
        SmartList(BATCH_CAMPAIGN * 10 + 1, "Readers", (member_of_list(STATIC_LIST),)),
        flow=(steps.SendEmail(APPROVED_EMAIL),),
        program_id=DEFAULT_PROGRAM,
    )
    state.campaigns[INACTIVE_CAMPAIGN] = SmartCampaign(
        INACTIVE_CAMPAIGN,
        "Pause Welcome Nurture",
        folder,
        SEEDED_AT,
        SEEDED_AT,
        TRIGGER,
        trigger=REQUESTED,
        flow=(steps.ChangeCadence(NURTURE_PROGRAM, PAUSED),),
    )
