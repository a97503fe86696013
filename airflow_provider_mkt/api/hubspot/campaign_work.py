"""Changing and archiving campaigns by id or name, each with an outcome of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from airflow_provider_mkt.api.campaign_work import CampaignOutcome, CampaignRef, rename, renamed
from airflow_provider_mkt.api.errors import InvalidInput, InvalidRequest, NotFound
from airflow_provider_mkt.api.flow import SETTLE, Flow, Memory, Pages, Pause
from airflow_provider_mkt.api.hubspot import campaigns
from airflow_provider_mkt.api.hubspot.batch import BatchResult

_LOOK_EVERY = 5.0
_ABSENT = "there is no campaign of this name"


class HubSpotCampaigns:
    """What is done with HubSpot campaigns."""

    def update(self, memory: Memory, campaigns: Sequence[CampaignRef]) -> Flow[CampaignOutcome]:
        return update(memory, campaigns)

    def archive(self, campaigns: Sequence[CampaignRef]) -> Flow[CampaignOutcome]:
        return archive(campaigns)


def update(memory: Memory, wanted: Sequence[CampaignRef]) -> Flow[CampaignOutcome]:
    """Change properties of campaigns, 50 per call.

    :param memory: what the task's earlier tries did.
    :param wanted: campaigns with their changes: properties by their API names, ``new_name`` for
        ``hs_name``.
    :raises InvalidInput: when one has nothing to change, or a value is not text.
    """
    changes = {one.label: _properties(one) for one in wanted}
    outcome = CampaignOutcome()
    guids = yield from _guids(wanted, outcome, renamed(memory))
    rename(
        memory,
        {one.name: guids[one.name] for one in wanted if one.name in guids and "hs_name" in changes[one.name]},
    )
    for label in [label for label in changes if label not in guids and label not in outcome.rejected]:
        outcome.rejected[label] = _ABSENT
    labels = list(guids)
    for start in range(0, len(labels), campaigns.BATCH_MAX):
        chunk = labels[start : start + campaigns.BATCH_MAX]
        yield from _update({guids[label]: changes[label] for label in chunk}, guids, outcome)
    return outcome


def archive(
    wanted: Sequence[CampaignRef], *, clock: Callable[[], float] = time.time
) -> Flow[CampaignOutcome]:
    """Archive campaigns, 50 per call, and look whether they are gone: the platform does not tell.

    :param wanted: campaigns; those that are not there are absent.
    """
    outcome = CampaignOutcome()
    guids = yield from _guids(wanted, outcome, {})
    labels = {guid.lower(): label for label, guid in guids.items()}
    outcome.absent = [one.label for one in wanted if one.label not in {*guids, *outcome.rejected}]
    every = list(guids.values())
    for start in range(0, len(every), campaigns.BATCH_MAX):
        chunk = every[start : start + campaigns.BATCH_MAX]
        there = yield from _there(chunk)
        outcome.absent += [labels[guid.lower()] for guid in chunk if guid.lower() not in there]
        if not there:
            continue
        yield campaigns.archive_batch(sorted(there))
        left, until = (yield from _there(sorted(there))), clock() + SETTLE
        while left and clock() < until:
            yield Pause(_LOOK_EVERY, "looking whether the campaigns are gone")
            left = yield from _there(sorted(left))
        outcome.done |= {labels[guid]: guid for guid in there - left}
        outcome.rejected |= {labels[guid]: "it is still there after it was archived" for guid in left}
    return outcome


def _properties(one: CampaignRef) -> dict[str, str]:
    given = dict(one.changes)
    if "new_name" in given:
        if "hs_name" in given:
            raise InvalidInput("campaigns", "give a campaign new_name or hs_name, not both")
        given["hs_name"] = given.pop("new_name")
    try:
        # For its checks alone, so that nothing is sent when a later one is wrong.
        campaigns.update(one.id or "looked-up", given)
    except InvalidInput as error:
        raise InvalidInput(f"campaigns ({one.label}): {error.field}", error.problem) from None
    return given


def _guids(
    wanted: Sequence[CampaignRef], outcome: CampaignOutcome, known: Mapping[str, str]
) -> Flow[dict[str, str]]:
    """The ids of the campaigns, by label; without those whose name is nobody's, or not one's alone.

    :param known: ids by names that need not be looked up.
    """
    guids: dict[str, str] = {}
    taken: set[str] = set()
    for one in wanted:
        guid = one.id or known.get(one.label)
        found = [guid] if guid else (yield from named(one.label))
        if len(found) > 1:
            outcome.rejected[one.label] = f"{len(found)} campaigns have this name; name it by its id"
        elif found and found[0].lower() in taken:
            outcome.rejected[one.label] = "it is in the list twice, by id and by name"
        elif found:
            guids[one.label] = found[0]
            taken.add(found[0].lower())
    return guids


def named(name: str) -> Flow[list[str]]:
    """The ids of the campaigns of a name, which need not be one's alone."""
    rows: list[campaigns.Campaign] = yield Pages(campaigns.search(name=name, properties=("hs_name",)))
    return [row["id"] for row in rows if row["properties"].get("hs_name") == name]


def _there(guids: Sequence[str]) -> Flow[set[str]]:
    try:
        result: BatchResult = yield campaigns.read_many(guids)
    except NotFound:
        return set()
    return {row.id.lower() for row in result.results}


def _update(
    batch: Mapping[str, Mapping[str, Any]], guids: Mapping[str, str], outcome: CampaignOutcome
) -> Flow[None]:
    """Change one batch; what is left of it without a reason is asked for one by one, to learn the reason."""
    labels = {guid.lower(): label for label, guid in guids.items() if guid in batch}
    call = campaigns.update_batch([{"id": guid, **changes} for guid, changes in batch.items()])
    try:
        result: BatchResult = yield call
    except InvalidRequest as refused:
        if len(batch) == 1:
            outcome.rejected |= dict.fromkeys(labels.values(), refused.message)
            return
        result = BatchResult(status="COMPLETE")
    for row in result.results:
        if (label := labels.pop(row.id.lower(), None)) is not None:
            outcome.done[label] = row.id
    for error in result.errors:
        for guid in error.ids():
            if (label := labels.pop(guid.lower(), None)) is not None:
                outcome.rejected[label] = error.message
    for label in labels.values():
        if len(batch) == 1:
            reasons = "; ".join(error.message for error in result.errors)
            outcome.rejected[label] = reasons or "refused without a reason"
        else:
            yield from _update({guids[label]: batch[guids[label]]}, guids, outcome)
