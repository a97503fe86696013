"""Changing and deleting programs, Marketo's campaigns, each with an outcome of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_mkt.api.call import Call
from airflow_provider_mkt.api.campaign_work import CampaignOutcome, CampaignRef, rename, renamed
from airflow_provider_mkt.api.errors import InvalidInput, InvalidRequest, OutcomeUnknown
from airflow_provider_mkt.api.flow import Flow, Memory, Pause
from airflow_provider_mkt.api.marketo import programs
from airflow_provider_mkt.api.marketo.answers import found
from airflow_provider_mkt.api.marketo.rows import Program

FIELDS = ("new_name", "description", "tags", "costs", "replace_costs")
_TRIES = 3
_LOOK_AFTER = 5.0


class MarketoCampaigns:
    """What is done with Marketo programs."""

    def update(self, memory: Memory, campaigns: Sequence[CampaignRef]) -> Flow[CampaignOutcome]:
        return update(memory, campaigns)

    def archive(self, campaigns: Sequence[CampaignRef]) -> Flow[CampaignOutcome]:
        return delete(campaigns)


def update(memory: Memory, wanted: Sequence[CampaignRef]) -> Flow[CampaignOutcome]:
    """Change programs, one by one.

    :param memory: what the task's earlier tries did.
    :param wanted: programs with their changes: ``new_name``, ``description``, ``tags``, and ``costs``
        together with ``replace_costs``, since added ones would be added once more by a retry.
    :raises InvalidInput: on an unknown field, costs that are not replaced, or nothing to change.
    """
    # For their checks alone, so that nothing is sent when a later one is wrong.
    for one in wanted:
        _look(one)
        _change(one, 1)
    outcome, known = CampaignOutcome(), renamed(memory)
    for one in wanted:
        try:
            program = yield from found(_look(one, known))
            if program is None:
                outcome.rejected[one.label] = "there is no such program"
                continue
            if one.name and "new_name" in one.changes:
                rename(memory, {one.name: str(program["id"])})
            yield _change(one, program["id"])
        except InvalidRequest as refused:
            outcome.rejected[one.label] = refused.message
        else:
            outcome.done[one.label] = str(program["id"])
    return outcome


def delete(wanted: Sequence[CampaignRef]) -> Flow[CampaignOutcome]:
    """Delete programs with all that is in them, one by one.

    :param wanted: programs; those that are not there are absent.
    """
    for one in wanted:
        _look(one)
    outcome = CampaignOutcome()
    for one in wanted:
        try:
            program = yield from found(_look(one))
            if program is None:
                outcome.absent.append(one.label)
                continue
            yield from _delete(program["id"])
        except InvalidRequest as refused:
            outcome.rejected[one.label] = refused.message
        else:
            outcome.done[one.label] = str(program["id"])
    return outcome


def _look(one: CampaignRef, known: Mapping[str, str] | None = None) -> Call[Program | None]:
    program_id = one.id or (known or {}).get(one.label)
    return programs.get(program_id) if program_id else programs.by_name(one.label)


def _change(one: CampaignRef, program_id: int) -> Call[Program]:
    where = f"campaigns ({one.label})"
    changes: Mapping[str, Any] = one.changes
    for name in changes:
        if name not in FIELDS:
            raise InvalidInput(f"{where}: {name}", f"is unknown; a program has {', '.join(FIELDS)}")
    if changes.get("costs") and changes.get("replace_costs") is not True:
        raise InvalidInput(f"{where}: replace_costs", "must be true: added costs would be added by each try")
    try:
        return programs.update(program_id, **changes)
    except InvalidInput as error:
        raise InvalidInput(f"{where}: {error.field}", error.problem) from None


def _delete(program_id: int) -> Flow[None]:
    lost: OutcomeUnknown | None = None
    for _ in range(_TRIES):
        try:
            yield programs.delete(program_id)
        except OutcomeUnknown as error:
            lost = error
            yield Pause(_LOOK_AFTER, "the answer was lost; looking whether the program was deleted")
            if (yield from found(programs.get(program_id))) is None:
                return
        except InvalidRequest:
            # The request whose answer was lost, or another run, may have deleted it in between.
            if (yield from found(programs.get(program_id))) is None:
                return
            raise
        else:
            return
    raise lost if lost is not None else OutcomeUnknown("deleting did not show", platform="marketo")
