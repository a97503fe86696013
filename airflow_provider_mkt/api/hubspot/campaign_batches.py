"""Creating campaigns so that none is created twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from airflow_provider_mkt.api.errors import InvalidInput, InvalidRequest, OutcomeUnknown
from airflow_provider_mkt.api.flow import Flow, Pages, Pause
from airflow_provider_mkt.api.hubspot import campaigns
from airflow_provider_mkt.api.hubspot.batch import BatchResult
from airflow_provider_mkt.api.jobs import Job
from airflow_provider_mkt.api.outcomes import CampaignBatch

_LOOKS = 4
_LOOK_EVERY = 5.0


def create_all(wanted: Sequence[Mapping[str, str]]) -> Flow[CampaignBatch]:
    """Create the campaigns that are not there yet.

    Names are this flow's key: the platform has none. A name that occurs already is left alone; after
    a lost answer the names are looked up before anything is sent again.

    :param wanted: properties of each campaign; ``hs_name`` must be there and occur once.
    :raises InvalidInput: on an empty list, a campaign without a name or a name given twice.
    """
    by_name = _by_name(wanted)
    outcome = CampaignBatch()
    for name in by_name:
        guid = yield from find(name)
        if guid is not None:
            outcome.existing[name] = guid
    missing = [name for name in by_name if name not in outcome.existing]
    for start in range(0, len(missing), campaigns.BATCH_MAX):
        yield from _create(by_name, missing[start : start + campaigns.BATCH_MAX], outcome)
    guids = list(outcome.ids.values())
    outcome.jobs = [
        Job.of_many("hubspot", "campaign_batch", guids[start : start + campaigns.BATCH_MAX])
        for start in range(0, len(guids), campaigns.BATCH_MAX)
    ]
    return outcome


def find(name: str) -> Flow[str | None]:
    """Find a campaign by its exact name; the oldest, where there are several."""
    rows: list[campaigns.Campaign] = yield Pages(
        campaigns.search(name=name, properties=("hs_name",), sort="createdAt")
    )
    return next((row["id"] for row in rows if row["properties"].get("hs_name") == name), None)


def _by_name(wanted: Sequence[Mapping[str, str]]) -> dict[str, Mapping[str, str]]:
    if not wanted:
        raise InvalidInput("campaigns", "is empty: nothing to create")
    for start in range(0, len(wanted), campaigns.BATCH_MAX):
        # Builds the calls for their checks alone, so that nothing is sent when a later one is wrong.
        campaigns.create_batch(wanted[start : start + campaigns.BATCH_MAX])
    by_name: dict[str, Mapping[str, str]] = {}
    for index, properties in enumerate(wanted):
        if properties["hs_name"] in by_name:
            raise InvalidInput(f"campaigns[{index}].hs_name", "occurs twice in the list")
        by_name[properties["hs_name"]] = properties
    return by_name


def _create(
    by_name: Mapping[str, Mapping[str, str]], names: Sequence[str], outcome: CampaignBatch
) -> Flow[None]:
    """Create one batch; what a whole batch leaves open is settled one campaign at a time."""
    created, reasons = yield from _attempt(by_name, names)
    outcome.created.update(created)
    left = [name for name in names if name not in created]
    if len(names) == 1:
        outcome.rejected.update(dict.fromkeys(left, reasons or "refused without a reason"))
        return
    for name in left:
        yield from _create(by_name, [name], outcome)


def _attempt(
    by_name: Mapping[str, Mapping[str, str]], names: Sequence[str]
) -> Flow[tuple[dict[str, str], str]]:
    """Send one batch. Returns the ids of those that are there, and the platform's reasons for the rest."""
    try:
        result: BatchResult = yield campaigns.create_batch([by_name[name] for name in names])
    except InvalidRequest as refused:
        return {}, refused.message
    except OutcomeUnknown as lost:
        found = yield from _look_for(names)
        if len(names) == 1 and not found:
            raise lost from lost.__cause__
        return found, lost.message
    created = {
        str(row.properties["hs_name"]): row.id for row in result.results if row.properties.get("hs_name")
    }
    if len(created) < len(result.results):
        # Rows without their name cannot be told apart, yet they were created.
        created |= yield from _look_for([name for name in names if name not in created])
    reasons = "; ".join(dict.fromkeys(error.message for error in result.errors))
    return {name: created[name] for name in names if name in created}, reasons


def _look_for(names: Sequence[str]) -> Flow[dict[str, str]]:
    """Look which of a lost batch were created after all, until they are there or time is up."""
    found: dict[str, str] = {}
    for _ in range(_LOOKS):
        yield Pause(_LOOK_EVERY, "the answer was lost; looking which campaigns were created")
        for name in names:
            if name not in found and (guid := (yield from find(name))) is not None:
                found[name] = guid
        if len(found) == len(names):
            break
    return found
