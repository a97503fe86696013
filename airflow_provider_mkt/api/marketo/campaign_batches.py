"""Creating programs, Marketo's campaigns, so that none is created twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_mkt.api.call import Call
from airflow_provider_mkt.api.errors import InvalidInput, InvalidRequest, OutcomeUnknown
from airflow_provider_mkt.api.flow import Flow, Pause
from airflow_provider_mkt.api.jobs import Job
from airflow_provider_mkt.api.marketo import programs
from airflow_provider_mkt.api.marketo.answers import found
from airflow_provider_mkt.api.marketo.rows import Program
from airflow_provider_mkt.api.outcomes import CampaignBatch
from airflow_provider_mkt.api.redact import shape

BATCH_MAX = 50
"""Programs per job, as many as HubSpot takes in a batch; Marketo makes them one by one."""

FIELDS = frozenset(
    {"name", "folder_id", "folder_type", "program_type", "channel", "description", "tags", "costs"}
)
_TRIES = 3
_LOOK_AFTER = 5.0


def create_all(wanted: Sequence[Mapping[str, Any]]) -> Flow[CampaignBatch]:
    """Create the programs that are not there yet.

    :param wanted: ``name``, ``folder_id`` and ``channel`` of each, and ``folder_type``,
        ``program_type``, ``description``, ``tags`` and ``costs`` where they are not the usual ones.
    :raises InvalidInput: on an empty list, a missing or unknown field, or a name given twice.
    """
    calls = _checked(wanted)
    outcome = CampaignBatch()
    for name, call in calls.items():
        try:
            program_id, new = yield from _ensure(name, call)
        except InvalidRequest as refused:
            outcome.rejected[name] = refused.message
            continue
        (outcome.created if new else outcome.existing)[name] = program_id
    ids = list(outcome.ids.values())
    outcome.jobs = [
        Job.of_many("marketo", "campaign_batch", ids[start : start + BATCH_MAX])
        for start in range(0, len(ids), BATCH_MAX)
    ]
    return outcome


def _checked(wanted: Sequence[Mapping[str, Any]]) -> dict[str, Call[Program]]:
    if not wanted:
        raise InvalidInput("campaigns", "is empty: nothing to create")
    calls: dict[str, Call[Program]] = {}
    for index, campaign in enumerate(wanted):
        where = f"campaigns[{index}]"
        if not isinstance(campaign, Mapping):
            raise InvalidInput(where, f"must be a mapping, not {shape(campaign)}")
        if unknown := sorted(campaign.keys() - FIELDS):
            raise InvalidInput(
                f"{where}.{unknown[0]}", f"is unknown; a program has {', '.join(sorted(FIELDS))}"
            )
        for needed in ("name", "folder_id", "channel"):
            if campaign.get(needed) in (None, ""):
                raise InvalidInput(f"{where}.{needed}", "is missing or empty")
        name = campaign["name"]
        if name in calls:
            raise InvalidInput(f"{where}.name", "occurs twice in the list")
        calls[name] = programs.create(
            name, **{field: value for field, value in campaign.items() if field != "name"}
        )
    return calls


def _ensure(name: str, call: Call[Program]) -> Flow[tuple[str, bool]]:
    """The id of the program with this name, and whether it was created here."""
    lost: OutcomeUnknown | None = None
    for _ in range(_TRIES):
        there = yield from found(programs.by_name(name))
        if there is not None:
            return str(there["id"]), lost is not None
        try:
            made: Program = yield call
        except OutcomeUnknown as error:
            lost = error
            yield Pause(_LOOK_AFTER, "the answer was lost; looking whether the program was created")
        except InvalidRequest:
            # Another run may have taken the name in between.
            there = yield from found(programs.by_name(name))
            if there is None:
                raise
            return str(there["id"]), lost is not None
        else:
            return str(made["id"]), True
    raise lost if lost is not None else OutcomeUnknown("creating did not show", platform="marketo")
