"""Create campaigns once, change and archive them by id or name, and associate assets."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from airflow_provider_mkt.actions.campaigns import (
    CampaignBatch,
    CampaignOutcome,
    CampaignRef,
    rename,
    renamed,
)
from airflow_provider_mkt.actions.idempotency import (
    find_each_until_consistent,
    find_until_consistent,
    requested_at,
    send_marked,
)
from airflow_provider_mkt.actions.jobs import Job
from airflow_provider_mkt.actions.procedure import Pages, Procedure, TaskState
from airflow_provider_mkt.client.call import Call, Json
from airflow_provider_mkt.client.errors import (
    InvalidInput,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
)
from airflow_provider_mkt.client.hubspot.batch import BatchResult
from airflow_provider_mkt.client.hubspot.campaigns import campaign_assets, campaigns
from airflow_provider_mkt.client.json_types import JsonDict

_KEY = "create campaigns"


def create_all(
    wanted: Sequence[Mapping[str, str]], task_state: TaskState, *, clock: Callable[[], float] = time.time
) -> Procedure[CampaignBatch]:
    """Create the campaigns that do not exist.

    Campaigns are identified by their names, since the platform has no other key. After a lost answer or a
    killed worker the names are looked up until an earlier request must have shown, before anything is sent
    again.

    :param wanted: properties of each campaign; ``hs_name`` is required and must be unique.
    :param task_state: marks of the task's earlier tries.
    :raises InvalidInput: on an empty list, a campaign without a name or a name given twice.
    """
    batches = _Batches(_by_name(wanted), task_state, clock)
    yield from batches.run()
    outcome = batches.outcome
    guids = list(outcome.ids.values())
    outcome.jobs = [
        Job.of_many("hubspot", "campaign_batch", guids[start : start + campaigns.BATCH_MAX])
        for start in range(0, len(guids), campaigns.BATCH_MAX)
    ]
    return outcome


def find(name: str) -> Procedure[str | None]:
    """Find a campaign by its exact name; the oldest, where there are several."""
    rows: list[campaigns.Campaign] = yield Pages(
        campaigns.list(name=name, properties=("hs_name",), sort="createdAt")
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
        # The platform trims names, so that an untrimmed one would never be found.
        name = properties["hs_name"].strip()
        if name in by_name:
            raise InvalidInput(f"campaigns[{index}].hs_name", "occurs twice in the list")
        by_name[name] = {**properties, "hs_name": name}
    return by_name


@dataclass
class _Batches:
    """The campaigns of one task.

    The mark of a request has the ``names`` of all campaigns that this task has created or requested. It stays
    when the task succeeds, because what is created shows later, and Airflow may not learn of the success.
    """

    by_name: Mapping[str, Mapping[str, str]]
    task_state: TaskState
    clock: Callable[[], float]
    outcome: CampaignBatch = field(default_factory=CampaignBatch)
    created_before: list[str] = field(default_factory=list)

    def run(self) -> Procedure[None]:
        mark = self.task_state.get(_KEY)
        self.outcome.existing |= yield from self._find(list(self.by_name), None)
        if (requested := requested_at(mark)) is not None:
            names = mark.get("names") if isinstance(mark, Mapping) else None
            ours = [name for name in self.by_name if name in names] if isinstance(names, list) else []
            missing = [name for name in ours if name not in self.outcome.existing]
            self.outcome.existing |= yield from self._find(missing, requested)
            self.created_before = [name for name in ours if name in self.outcome.existing]
        missing = self._missing()
        for start in range(0, len(missing), campaigns.BATCH_MAX):
            yield from self._create(missing[start : start + campaigns.BATCH_MAX])

    def _missing(self) -> list[str]:
        return [name for name in self.by_name if name not in self.outcome.existing]

    def _keep(self, names: Iterable[str]) -> None:
        """Mark a request as answered, and *names* as created by it."""
        self.created_before += [name for name in names if name not in self.created_before]
        mark: Json = {"names": list(self.created_before), "requested_at": self.clock(), "done": True}
        self.task_state.set(_KEY, mark)

    def _create(self, names: Sequence[str]) -> Procedure[None]:
        """Create one batch; campaigns without an outcome are then created one at a time."""
        created, reasons, again = yield from self._attempt(names)
        self.outcome.created.update(created)
        left = [name for name in names if name not in created]
        if len(names) == 1 or not again:
            self.outcome.rejected.update(dict.fromkeys(left, reasons or "rejected without a reason"))
            return
        for name in left:
            yield from self._create([name])

    def _attempt(self, names: Sequence[str]) -> Procedure[tuple[dict[str, str], str, bool]]:
        """Send one batch.

        Returns the ids of the campaigns that exist, the reasons for the rest, and whether the rest may be
        sent again.
        """
        call = campaigns.create_batch([self.by_name[name] for name in names])
        try:
            result: BatchResult = yield from send_marked(
                _KEY,
                self.task_state,
                call,
                details={"names": [*self.created_before, *names]},
                clock=self.clock,
            )
        except InvalidRequest as rejected:
            return {}, rejected.message, True
        except OutcomeUnknown as lost:
            found = yield from self._find(names, self.clock())
            if len(names) == 1 and not found:
                raise lost from lost.__cause__
            self._keep(found)
            return found, lost.message, True
        if len(names) == 1 and len(result.results) == 1:
            self._keep(names)
            return {names[0]: result.results[0].id}, "", False
        rows = {str(row.properties.get("hs_name")): row.id for row in result.results}
        created = {name: rows[name] for name in names if name in rows}
        reasons = "; ".join(dict.fromkeys(error.message for error in result.errors))
        if len(created) == len(result.results):
            self._keep(created)
            return created, reasons, True
        # Some were created with another name than requested, or returned without one.
        left = [name for name in names if name not in created]
        created |= yield from self._find(left, self.clock())
        self._keep(created)
        if len(created) == len(result.results):
            return created, reasons, True
        return created, reasons or "maybe created under another name; check before it is sent again", False

    def _find(self, names: Sequence[str], requested: float | None) -> Procedure[dict[str, str]]:
        """The ids of the campaigns of these names that exist."""
        return (yield from find_each_until_consistent(find, names, requested, self.clock))


_ABSENT = "there is no campaign with this name"


class HubSpotCampaigns:
    """The verbs of :class:`~airflow_provider_mkt.actions.ports.CampaignVerbs`."""

    def update(self, task_state: TaskState, campaigns: Sequence[CampaignRef]) -> Procedure[CampaignOutcome]:
        return update(task_state, campaigns)

    def archive(self, campaigns: Sequence[CampaignRef]) -> Procedure[CampaignOutcome]:
        return archive(campaigns)


def update(task_state: TaskState, wanted: Sequence[CampaignRef]) -> Procedure[CampaignOutcome]:
    """Change properties of campaigns, 50 per call.

    :param task_state: marks of the task's earlier tries.
    :param wanted: campaigns with their changes: properties by their API names, ``new_name`` for
        ``hs_name``.
    :raises InvalidInput: when one has nothing to change, or a value is not a string.
    """
    changes = {one.label: _properties(one) for one in wanted}
    outcome = CampaignOutcome()
    guids = yield from _guids(wanted, outcome, renamed(task_state))
    rename(
        task_state,
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
) -> Procedure[CampaignOutcome]:
    """Archive campaigns, 50 per call, and read whether they are gone, which the platform does not report.

    :param wanted: campaigns; those that do not exist are absent.
    """
    outcome = CampaignOutcome()
    guids = yield from _guids(wanted, outcome, {})
    labels = {guid.lower(): label for label, guid in guids.items()}
    outcome.absent = [one.label for one in wanted if one.label not in {*guids, *outcome.rejected}]
    every = list(guids.values())
    for start in range(0, len(every), campaigns.BATCH_MAX):
        chunk = every[start : start + campaigns.BATCH_MAX]
        existing = yield from _existing(chunk)
        outcome.absent += [labels[guid.lower()] for guid in chunk if guid.lower() not in existing]
        if not existing:
            continue
        yield campaigns.archive_batch(sorted(existing))
        left = yield from _left(existing, clock)
        outcome.done |= {labels[guid]: guid for guid in existing - left}
        outcome.rejected |= {labels[guid]: "it is still there after it was archived" for guid in left}
    return outcome


def _left(guids: set[str], clock: Callable[[], float]) -> Procedure[set[str]]:
    """Which archived campaigns the platform still shows when the consistency window is over."""
    left = guids

    def find_all_gone() -> Procedure[bool | None]:
        nonlocal left
        left = yield from _existing(sorted(left))
        return None if left else True

    yield from find_until_consistent(find_all_gone, clock(), clock)
    return left


def _properties(one: CampaignRef) -> dict[str, str]:
    given: JsonDict = dict(one.changes)
    if "new_name" in given:
        if "hs_name" in given:
            raise InvalidInput("campaigns", "give a campaign new_name or hs_name, not both")
        given["hs_name"] = given.pop("new_name")
    try:
        # Builds the call for its checks alone, so that nothing is sent when a later campaign is wrong.
        campaigns.update(one.id or "looked-up", given)
    except InvalidInput as error:
        raise InvalidInput(f"campaigns ({one.label}): {error.field}", error.problem) from None
    return given


def _guids(
    wanted: Sequence[CampaignRef], outcome: CampaignOutcome, known: Mapping[str, str]
) -> Procedure[dict[str, str]]:
    """Find the ids of campaigns, by label, without names that no campaign has, or several have.

    :param known: ids by names that need not be looked up.
    """
    guids: dict[str, str] = {}
    taken: set[str] = set()
    for one in wanted:
        guid = one.id or known.get(one.label)
        found = [guid] if guid else (yield from ids_by_name(one.label))
        if len(found) > 1:
            outcome.rejected[one.label] = f"{len(found)} campaigns have this name; give its id"
        elif found and found[0].lower() in taken:
            outcome.rejected[one.label] = "it is in the list twice, by id and by name"
        elif found:
            guids[one.label] = found[0]
            taken.add(found[0].lower())
    return guids


def ids_by_name(name: str) -> Procedure[list[str]]:
    """Find the ids of all campaigns with a name."""
    rows: list[campaigns.Campaign] = yield Pages(campaigns.list(name=name, properties=("hs_name",)))
    return [row["id"] for row in rows if row["properties"].get("hs_name") == name]


def _existing(guids: Sequence[str]) -> Procedure[set[str]]:
    try:
        result: BatchResult = yield campaigns.batch_read(guids)
    except NotFound:
        return set()
    return {row.id.lower() for row in result.results}


def _update(
    batch: Mapping[str, Mapping[str, str]], guids: Mapping[str, str], outcome: CampaignOutcome
) -> Procedure[None]:
    """Change one batch; what fails without a reason is sent one by one, to get the reason."""
    labels = {guid.lower(): label for label, guid in guids.items() if guid in batch}
    call = campaigns.update_batch([{"id": guid, **changes} for guid, changes in batch.items()])
    try:
        result: BatchResult = yield call
    except InvalidRequest as rejected:
        if len(batch) == 1:
            outcome.rejected |= dict.fromkeys(labels.values(), rejected.message)
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
            outcome.rejected[label] = reasons or "rejected without a reason"
        else:
            yield from _update({guids[label]: batch[guids[label]]}, guids, outcome)


Asset = tuple[str, str]
"""The code of its type, and its id."""


@dataclass
class Membership:
    """The outcome of associating assets.

    :param added: assets that are in the campaign now.
    :param removed: assets that are not in it now.
    :param rejected: assets that were rejected, with the platform's reason.
    """

    added: list[Asset] = field(default_factory=list)
    removed: list[Asset] = field(default_factory=list)
    rejected: dict[Asset, str] = field(default_factory=dict)


def id_by_name(name: str) -> Procedure[str]:
    """Find the id of the campaign with a name.

    :raises NotFound: when no campaign has it.
    :raises InvalidRequest: when several have it.
    """
    guids = yield from ids_by_name(name)
    if not guids:
        raise NotFound(f"there is no campaign {name!r}", platform="hubspot")
    if len(guids) > 1:
        raise InvalidRequest(
            f"{len(guids)} campaigns have the name {name!r}; give its id", platform="hubspot"
        )
    return guids[0]


def change(campaign_guid: str, add: Sequence[Asset], remove: Sequence[Asset]) -> Procedure[Membership]:
    """Add assets to a campaign and remove others. Repeating it changes nothing more.

    :param campaign_guid: the campaign.
    :param add: assets to add.
    :param remove: assets to remove from the campaign; they are not deleted.
    :raises NotFound: when there is no such campaign.
    :raises InvalidInput: on a type that is not a code.
    """
    membership = Membership()
    steps: list[tuple[list[Asset], Asset, Call[None]]] = [
        *((membership.added, asset, campaign_assets.add(campaign_guid, *asset)) for asset in add),
        *((membership.removed, asset, campaign_assets.remove(campaign_guid, *asset)) for asset in remove),
    ]
    # The rejection of an asset below does not say whether the campaign is missing.
    yield campaigns.get(campaign_guid)
    for done, asset, call in steps:
        try:
            yield call
        except InvalidRequest as rejected:
            membership.rejected[asset] = rejected.message
        else:
            done.append(asset)
    return membership
