"""Scenes of lists, their members, folders and conversions."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from calls.hubspot_runners import CallRunner
from calls.scenes import Scenes

from airflow_provider_mkt.client.errors import NotFound
from airflow_provider_mkt.client.hubspot.lists import (
    list_conversions,
    list_folders,
    list_legacy_ids,
    list_memberships,
    lists,
)
from airflow_provider_mkt.sandbox.hubspot import seed

SCENES = Scenes()
ADA, BRUNO, CHIDI, DANA, EMI = seed.CONTACT_IDS
EARLY = seed.LIST_ID


def stage(word: str) -> dict[str, Any]:
    operation = {"operationType": "ENUMERATION", "operator": "IS_ANY_OF", "values": [word]}
    one = {"filterType": "PROPERTY", "property": "lifecyclestage", "operation": operation}
    return {
        "filterBranchType": "OR",
        "filterBranches": [{"filterBranchType": "AND", "filters": [one]}],
    }


def members(run: CallRunner, list_id: str) -> list[str]:
    return [row["recordId"] for row in run.every(list_memberships.members(list_id, limit=2))]


def active(run: CallRunner) -> str:
    return run(lists.create("Leads", processing_type="DYNAMIC", filter_branch=stage("lead")))["listId"]


@SCENES.show(lists="create get by_name batch_read rename delete restore")
def a_lists_life(run: CallRunner) -> None:
    made = run(lists.create("Visitors", custom_properties={"hs_note": "x"}))["listId"]
    name = "Guests / 2026 + friends?"
    run(lists.rename(made, name))
    assert run(lists.by_name(name))["listId"] == made
    assert [one["name"] for one in run(lists.batch_read([EARLY, "999", made]))] == ["Early adopters", name]
    run(lists.delete(made))
    with pytest.raises(NotFound):
        run(lists.get(made))
    run(lists.restore(made))
    assert run(lists.get(made))["name"] == name


@SCENES.show(lists="list")
def all_lists(run: CallRunner) -> None:
    names = [f"List {number}" for number in range(4)]
    for name in names:
        run(lists.create(name))
    active(run)
    found = run.every(lists.list(additional_properties=["hs_list_size"], count=2))
    assert sorted(row["name"] for row in found) == sorted(["Early adopters", "Leads", *names])
    assert all("hs_list_size" in row["additionalProperties"] for row in found)
    assert [row["name"] for row in run(lists.list(processing_types=["DYNAMIC"]))] == ["Leads"]
    assert run(lists.list(object_type_id="0-2")) == []


@SCENES.show(lists="search update_filters size_history")
def a_list_that_fills_itself(run: CallRunner) -> None:
    one = active(run)
    run.wait(3)
    assert members(run, one) == [BRUNO, DANA]
    run(lists.update_filters(one, stage("customer"), enroll_in_workflows=True))
    assert run(lists.get(one, include_filters=True))["filterBranch"] == stage("customer")
    run.wait(3)
    assert members(run, one) == [ADA]
    found = run.every(lists.search(additional_properties=["hs_list_size"], sort="name", count=1))
    assert [row["name"] for row in found] == ["Early adopters", "Leads"]
    assert [row["name"] for row in run(lists.search(processing_types=["DYNAMIC"]))] == ["Leads"]
    now = run.box.clock.now()
    sizes = run(lists.size_history(one, start=now - dt.timedelta(hours=1), end=now))["sizeHistory"]
    assert sizes[-1]["size"] == run(lists.get(one))["size"] == 1


@SCENES.show(
    list_memberships="add remove add_and_remove add_from remove_all members by_join_time of_record batch_read"
)
def members_come_and_go(run: CallRunner) -> None:
    run.wait(1)
    assert run(list_memberships.add(EARLY, [DANA, ADA, "5"])) == {
        "added": [DANA],
        "removed": [],
        "missing": ["5"],
    }
    assert run(list_memberships.remove(EARLY, [ADA]))["removed"] == [ADA]
    run.wait(1)
    run(list_memberships.add_and_remove(EARLY, record_ids_to_add=[ADA], record_ids_to_remove=[BRUNO]))
    assert members(run, EARLY) == [ADA, CHIDI, DANA]
    joined = run.every(list_memberships.by_join_time(EARLY, limit=2))
    assert [row["recordId"] for row in joined] == [CHIDI, DANA, ADA]
    copy = run(lists.create("Copy"))["listId"]
    run(list_memberships.add_from(copy, EARLY))
    assert [row["listId"] for row in run(list_memberships.of_record(ADA))] == [EARLY, copy]
    rows = run(list_memberships.batch_read([ADA, EMI]))["results"]
    shown = {row["recordId"]: [one["listId"] for one in row["recordListMemberships"]] for row in rows}
    assert shown == {ADA: [EARLY, copy], EMI: []}
    run(list_memberships.remove_all(copy))
    assert members(run, copy) == []
    assert run(lists.get(copy))["size"] == 0


@SCENES.show(list_folders="create get move move_list rename delete")
def folders_of_lists(run: CallRunner) -> None:
    outer = run(list_folders.create("Outer"))["id"]
    inner = run(list_folders.create("Inner", parent_folder_id=outer))["id"]
    run(list_folders.move_list(EARLY, inner))
    run(list_folders.rename(inner, "In & out / 2"))
    (below,) = run(list_folders.get(outer))["childNodes"]
    assert (below["name"], below["childLists"]) == ("In & out / 2", [int(EARLY)])
    run(list_folders.move(inner, "0"))
    assert run(list_folders.get(outer))["childNodes"] == []
    run(list_folders.delete(outer))
    with pytest.raises(NotFound):
        run(list_folders.get(outer))


@SCENES.show(list_conversions="get on_date when_inactive cancel")
def an_active_list_becomes_static(run: CallRunner) -> None:
    one = active(run)
    run.wait(3)
    day = (run.box.clock.now() + dt.timedelta(days=2)).date()
    run(list_conversions.on_date(one, day))
    assert run(list_conversions.get(one))["requestedConversionTime"]["day"] == day.day
    run(list_conversions.cancel(one))
    with pytest.raises(NotFound):
        run(list_conversions.get(one))
    run(list_conversions.when_inactive(one, 1, "WEEK"))
    run.wait(8 * 86_400)
    assert "convertedAt" in run(list_conversions.get(one))
    assert run(list_memberships.add(one, [ADA]))["added"] == [ADA]


@SCENES.show(list_legacy_ids="get batch_read")
def ids_of_old(run: CallRunner) -> None:
    assert run(list_legacy_ids.get(1)) == EARLY
    mapped = run(list_legacy_ids.batch_read([1, 2]))
    assert mapped["legacyListIdsToIdsMapping"] == [{"legacyListId": "1", "listId": EARLY}]
    assert mapped["missingLegacyListIds"] == ["2"]
