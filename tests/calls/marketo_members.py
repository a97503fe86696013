"""Scenes of lists and of members of programs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from calls.marketo_runners import CallRunner, statuses_and_codes
from calls.scenes import Scenes

from airflow_provider_mkt.client.errors import NotFound
from airflow_provider_mkt.client.marketo.lists import lists, static_lists
from airflow_provider_mkt.client.marketo.programs import member_fields, program_members, programs
from airflow_provider_mkt.sandbox.marketo import seed

SCENES = Scenes()
ANNA, BEN, CARLA, DAVID = seed.ANNA, seed.BEN, seed.CARLA, seed.DAVID
NURTURE, LIST = seed.NURTURE_PROGRAM, seed.STATIC_LIST


@SCENES.show(lists="add remove are_members leads")
def leads_come_on_and_off_a_list(run: CallRunner) -> None:
    assert statuses_and_codes(run(lists.add(LIST, [DAVID, 999]))) == [("added", ""), ("skipped", "1004")]
    assert statuses_and_codes(run(lists.remove(LIST, [ANNA, seed.ELIF]))) == [
        ("removed", ""),
        ("skipped", "1015"),
    ]
    requested = run(lists.are_members(LIST, [ANNA, DAVID, 999]))
    assert [row.status for row in requested] == ["notmemberof", "memberof", "skipped"]
    rows = run.every(lists.leads(LIST, fields=["lastName"], batch_size=2))
    assert [row["lastName"] for row in rows] == ["Ito", "Neri", "Osei"]


@SCENES.show(lists="list get", static_lists="list by_name create get update delete")
def a_lists_life(run: CallRunner) -> None:
    made = run(static_lists.create("Prospects", folder_id=seed.CAMPAIGN_FOLDER, description="new"))["id"]
    run(static_lists.update(made, new_name="Suspects & co", description=""))
    shown = run(static_lists.get(made))
    assert (shown["name"], shown["description"]) == ("Suspects & co", "")
    assert [row["id"] for row in run(static_lists.by_name("Suspects & co"))] == [made]
    browsed = run.every(static_lists.list(folder_id=seed.CAMPAIGN_FOLDER, page_size=1))
    assert {row["id"] for row in browsed} == {made, LIST}
    # The lead database knows the list too.
    assert run(lists.get(made))["name"] == "Suspects & co"
    assert {row["id"] for row in run.every(lists.list(batch_size=1))} == {made, LIST}
    assert [row["id"] for row in run(lists.list(list_ids=[LIST, 1], names=["Newsletter Readers"]))] == [LIST]
    run(static_lists.delete(made))
    assert run(static_lists.get(made)) is None
    with pytest.raises(NotFound):
        run(lists.get(made))


@SCENES.show(
    programs="set_status members people", program_members="list by_update change_status remove update"
)
def members_of_a_program(run: CallRunner) -> None:
    assert (
        statuses_and_codes(run(programs.set_status(NURTURE, [ANNA, BEN], status_name="Member")))
        == [("created", "")] * 2
    )
    again = run(programs.set_status(NURTURE, [ANNA], status_name="Member"))
    assert statuses_and_codes(again) == [("skipped", "1037")]
    changed = run(program_members.change_status(NURTURE, [ANNA, DAVID], status_name="Engaged"))
    assert statuses_and_codes(changed) == [("updated", ""), ("skipped", "1013")]
    data = [{"leadId": BEN, "seatChoice": "aisle"}, {"leadId": DAVID, "seatChoice": "x"}]
    assert statuses_and_codes(run(program_members.update(NURTURE, data))) == [
        ("updated", ""),
        ("skipped", "1013"),
    ]
    shown = run.every(
        program_members.list(
            NURTURE, "leadId", [ANNA, BEN], fields=["statusName", "seatChoice"], batch_size=1
        )
    )
    assert {row["leadId"]: (row["statusName"], row.get("seatChoice")) for row in shown} == {
        ANNA: ("Engaged", None),
        BEN: ("Member", "aisle"),
    }
    assert [row["leadId"] for row in run(programs.members(NURTURE, lead_ids=[ANNA, DAVID]))] == [ANNA]
    assert [row["id"] for row in run.every(programs.people(NURTURE, batch_size=1))] == [ANNA, BEN]
    removed = run(program_members.remove(NURTURE, [ANNA, DAVID]))
    assert statuses_and_codes(removed) == [("deleted", ""), ("skipped", "1037")]
    now = run.box.clock.now()
    span = (now - timedelta(days=6), now + timedelta(days=1))
    assert [row["leadId"] for row in run(program_members.by_update(NURTURE, *span))] == [BEN]


@SCENES.show(program_members="describe describe_fields")
def data_of_members_is_described(run: CallRunner) -> None:
    field = {"name": "tableNumber", "displayName": "Table Number", "dataType": "integer"}
    run(member_fields.create([field]))
    for described in (run(program_members.describe()), run(program_members.describe_fields())):
        assert {"statusName", "tableNumber"} <= {one["name"] for one in described["fields"]}
