"""Scenes of leads, lead intake, their fields, partitions and companies."""

from __future__ import annotations

from typing import Any

import pytest
from calls.marketo_runners import CallRunner, statuses_and_codes
from calls.scenes import Scenes

from airflow_provider_mkt.client.errors import NotFound
from airflow_provider_mkt.client.marketo.account import partitions
from airflow_provider_mkt.client.marketo.companies import companies, company_fields
from airflow_provider_mkt.client.marketo.leads import lead_fields, lead_intake, leads
from airflow_provider_mkt.client.marketo.lists import lead_memberships, lists
from airflow_provider_mkt.client.marketo.programs import member_fields, programs
from airflow_provider_mkt.sandbox.marketo import seed

SCENES = Scenes()
ANNA, BEN, CARLA, DAVID = seed.ANNA, seed.BEN, seed.CARLA, seed.DAVID
COOKIE = "id:123-ABC-456&token:_mch-example.com-1700000000000-12345"
PLUS = "a+b@example.com"


def ids(rows: list[Any]) -> list[int]:
    return [row["id"] for row in rows]


@SCENES.show(leads="sync get list delete")
def leads_are_written_found_and_deleted(run: CallRunner) -> None:
    rows = [{"email": PLUS, "city": "Oslo"}, {"email": "anna.berg@example.com", "nonsense": "x"}]
    written = run(leads.sync(rows))
    assert statuses_and_codes(written) == [("created", ""), ("skipped", "1006")]
    new = written[0].id
    assert run(leads.get(new, fields=["email", "city"])) == {"id": new, "email": PLUS, "city": "Oslo"}
    found = run.every(leads.list("email", [PLUS, "ben.ito@example.com"], fields=["email"], batch_size=1))
    assert {row["id"]: row["email"] for row in found} == {new: PLUS, BEN: "ben.ito@example.com"}
    assert statuses_and_codes(run(leads.delete([new, 999]))) == [("deleted", ""), ("skipped", "1004")]
    assert run(leads.list("id", [new])) == []
    with pytest.raises(NotFound):
        run(leads.get(new))


@SCENES.show(leads="describe describe2", lead_fields="list")
def fields_are_described(run: CallRunner) -> None:
    old = {row["rest"]["name"] for row in run(leads.describe()) if "rest" in row}
    new = run(leads.describe2())
    browsed = {row["name"] for row in run.every(lead_fields.list(batch_size=50))}
    assert {"email", "customerNumber"} <= old & browsed & {one["name"] for one in new["fields"]}
    assert ["email"] in new["searchableFields"]


@SCENES.show(leads="merge associate")
def leads_become_one(run: CallRunner) -> None:
    run(leads.merge(ANNA, [BEN, CARLA]))
    assert ids(run(leads.list("id", [ANNA, BEN, CARLA]))) == [ANNA]
    run(leads.associate(ANNA, COOKIE))
    assert ids(run(leads.list("cookies", [COOKIE]))) == [ANNA]


@SCENES.show(lead_intake="push submit_form")
def leads_come_in(run: CallRunner) -> None:
    pushed = run(
        lead_intake.push(
            "Website Contacts",
            [{"email": PLUS}, {"email": "bad@example.com", "nonsense": "x"}],
            program_status="Member",
            source="fair",
            reason="badge",
        )
    )
    assert (pushed[0].status, pushed[1].why().code) == ("created", "1006")
    submitted = run(
        lead_intake.submit_form(
            seed.FORM,
            {"email": "new@example.com", "seatChoice": "aisle"},
            program_id=seed.DEFAULT_PROGRAM,
            visitor_data={"pageURL": "https://www.example.com/a", "leadClientIpAddress": "192.0.2.1"},
            cookie=COOKIE,
        )
    )
    assert ids(run(leads.list("email", [PLUS, "new@example.com"]))) == [pushed[0].id, submitted.id]
    members = ids(run(programs.people(seed.DEFAULT_PROGRAM)))
    assert {pushed[0].id, submitted.id} <= set(members)


@SCENES.show(lead_fields="create get update", member_fields="create get update list")
def fields_are_made(run: CallRunner) -> None:
    for fields in (lead_fields, member_fields):
        made = {"name": "favouriteColour", "displayName": "Favourite Colour", "dataType": "string"}
        assert statuses_and_codes(run(fields.create([made]))) == [("created", "")]
        assert run(fields.update("favouriteColour", {"displayName": "Best Colour"})).status == "updated"
        assert run(fields.get("favouriteColour"))["displayName"] == "Best Colour"
        assert "favouriteColour" in [row["name"] for row in run.every(fields.list(batch_size=5))]
    run(leads.sync([{"email": "anna.berg@example.com", "favouriteColour": "red"}]))
    assert run(leads.get(ANNA, fields=["favouriteColour"]))["favouriteColour"] == "red"


@SCENES.show(lead_memberships="lists programs leads_of_list leads_of_program")
def where_leads_are(run: CallRunner) -> None:
    run(programs.set_status(seed.NURTURE_PROGRAM, [ANNA, BEN], status_name="Member"))
    run(lists.add(seed.STATIC_LIST, [DAVID]))
    assert [row["listId"] for row in run.every(lead_memberships.lists(DAVID))] == [seed.STATIC_LIST]
    listed = run.every(lead_memberships.leads_of_list(seed.STATIC_LIST, fields=["email"], batch_size=2))
    assert ids(listed) == [ANNA, BEN, CARLA, DAVID]
    (program,) = run.every(lead_memberships.programs(ANNA, program_ids=[seed.NURTURE_PROGRAM]))
    assert (program["id"], program["progressionStatus"]) == (seed.NURTURE_PROGRAM, "Member")
    people = run.every(lead_memberships.leads_of_program(seed.NURTURE_PROGRAM, batch_size=1))
    assert {row["id"]: row["membership"]["stream"] for row in people} == dict.fromkeys(
        (ANNA, BEN), seed.FIRST_STREAM
    )


@SCENES.show(partitions="list move")
def leads_change_their_partition(run: CallRunner) -> None:
    partition = {one["name"]: one["id"] for one in run(partitions.list())}["EMEA"]
    moved = run(partitions.move([ANNA, 999], partition_name="EMEA"))
    assert statuses_and_codes(moved) == [("updated", ""), ("skipped", "1004")]
    assert run(leads.get(ANNA, fields=["leadPartitionId"]))["leadPartitionId"] == partition


@SCENES.show(companies="describe sync list delete", company_fields="list get")
def companies_of_leads(run: CallRunner) -> None:
    assert run(companies.describe())["dedupeFields"] == ["externalCompanyId"]
    (made,) = run(companies.sync([{"externalCompanyId": "c1", "company": "Example Ltd"}]))
    (found,) = run.every(companies.list("externalCompanyId", ["c1"], fields=["company"]))
    assert (found["id"], found["company"]) == (made.id, "Example Ltd")
    run(leads.sync([{"email": "anna.berg@example.com", "externalCompanyId": "c1"}]))
    assert run(leads.get(ANNA, fields=["company"]))["company"] == "Example Ltd"
    names = [row["name"] for row in run.every(company_fields.list(batch_size=4))]
    assert run(company_fields.get("company"))["name"] in names
    gone = [{"externalCompanyId": "c1"}, {"externalCompanyId": "c2"}]
    assert statuses_and_codes(run(companies.delete(gone))) == [("deleted", ""), ("skipped", "1013")]
    assert run(companies.list("id", [made.id])) == []
