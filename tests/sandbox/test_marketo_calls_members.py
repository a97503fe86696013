"""Lists and program members, by the client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from marketo_calls import Caller

from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import InvalidRequest, NotFound
from airflow_provider_mkt.client.marketo.lists import lead_memberships, lists, static_lists
from airflow_provider_mkt.client.marketo.programs import member_fields, program_members, programs
from airflow_provider_mkt.client.transport.exchange import RetryPolicy
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed

ANNA, BEN, CARLA, DAVID = seed.ANNA, seed.BEN, seed.CARLA, seed.DAVID
NURTURE, LIST, NEW_LIST = seed.NURTURE_PROGRAM, seed.STATIC_LIST, 5001
MEMBERS = programs.set_status(NURTURE, [ANNA, BEN], status_name="Member")
MAKE = static_lists.create("Prospects", folder_id=seed.CAMPAIGN_FOLDER, description="new")
FIELD = {"name": "tableNumber", "displayName": "Table Number", "dataType": "integer"}
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(only="marketo") as running:
        running.marketo.limits.rate.limit = None
        yield running


@pytest.fixture
def caller(sandbox: Sandbox) -> Caller:
    sandbox.marketo.reset(limits=False)
    return Caller(sandbox)


def test_member_fields_are_read_completely(caller: Caller) -> None:
    names = [row["name"] for row in caller.both(member_fields.list(batch_size=5))]
    assert {"seatChoice", "statusName", "trackName"} <= set(names)
    assert len(names) == len(set(names))


class TestWhatWasWritten:
    def test_list_changes_are_visible_on_both_paths_and_in_the_lead(self, caller: Caller) -> None:
        caller.run(lists.add(LIST, [DAVID]))
        caller.run(lists.remove(LIST, [ANNA]))
        for call in (lists.leads(LIST), lead_memberships.leads_of_list(LIST)):
            assert [row["id"] for row in caller.run(call)] == [BEN, CARLA, DAVID]
        assert [row["listId"] for row in caller.run(lead_memberships.lists(DAVID))] == [LIST]
        assert caller.run(lead_memberships.lists(ANNA)) == []

    def test_a_new_list_exists_in_the_lead_database_api(self, caller: Caller) -> None:
        caller.run(MAKE)
        caller.run(lists.add(NEW_LIST, [ANNA]))
        caller.run(static_lists.update(NEW_LIST, new_name="Suspects"))
        assert caller.run(lists.get(NEW_LIST))["name"] == "Suspects"
        caller.run(static_lists.delete(NEW_LIST))
        with pytest.raises(NotFound):
            caller.run(lists.get(NEW_LIST))

    def test_member_data_is_read_and_searched(self, caller: Caller) -> None:
        caller.run(MEMBERS)
        caller.run(member_fields.create([FIELD]))
        caller.run(program_members.update(NURTURE, [{"leadId": BEN, "tableNumber": 7}]))
        found = caller.run(program_members.list(NURTURE, "tableNumber", [7], fields=["tableNumber"]))
        assert [(row["leadId"], row["tableNumber"]) for row in found] == [(BEN, 7)]

    def test_a_removed_member_is_not_in_the_program(self, caller: Caller) -> None:
        caller.run(MEMBERS)
        caller.run(program_members.remove(NURTURE, [ANNA]))
        assert caller.run(lead_memberships.programs(ANNA)) == []

    def test_members_updated_over_a_week_ago_are_not_returned(self, caller: Caller) -> None:
        caller.run(MEMBERS)
        before = NOW - timedelta(days=7)
        assert caller.run(program_members.by_update(NURTURE, before, before + timedelta(days=3))) == []


# The longest possible ids.
MANY = [2**63 - 1 - n for n in range(299)]


@pytest.mark.parametrize(
    ("call", "rows"),
    [
        (lists.add(LIST, [DAVID, *MANY]), "added"),
        (lists.remove(LIST, [ANNA, *MANY]), "removed"),
        (lists.are_members(LIST, [ANNA, *MANY]), "memberof"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_the_maximum_of_ids_fits_into_one_request(caller: Caller, call: Call[Any], rows: str) -> None:
    result = caller.both(call)
    assert [row.status for row in result] == [rows] + ["skipped"] * 299


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lists.add(1, [ANNA]), "1013"),
        (lists.get(1), "1013"),
        (lists.leads(LIST, fields=["nonsense"]), "1006"),
        (static_lists.create("Newsletter Readers", folder_id=seed.CAMPAIGN_FOLDER), "709"),
        (static_lists.create("Lost", folder_id=999), "710"),
        (static_lists.delete(LIST), "709"),
        (static_lists.update(1, new_name="x"), "702"),
        (program_members.list(1, "leadId", [ANNA]), "1013"),
        (program_members.list(NURTURE, "trackName", ["x"]), "1011"),
        (program_members.change_status(NURTURE, [ANNA], status_name="Nowhere"), "1025"),
        (programs.set_status(NURTURE, [ANNA], status_name="Nowhere"), "1025"),
        (member_fields.get("nonsense"), "1006"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_rejected_requests_have_their_code(caller: Caller, call: Call[Any], code: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        caller.run(call)
    assert (refusal.value.code, refusal.value.call) == (code, call.name)


def test_status_and_stream_are_not_member_data(caller: Caller) -> None:
    caller.run(MEMBERS)
    (row,) = caller.run(program_members.update(NURTURE, [{"leadId": ANNA, "statusName": "Engaged"}]))
    assert (row.status, row.why().code) == ("skipped", "1003")


class TestLostAnswers:
    def test_a_repeated_removal_reports_a_missing_member(self, caller: Caller) -> None:
        caller.sandbox.marketo.faults.add(method="DELETE", when="after", answer={"reset": True})
        (row,) = with_retries(caller).run(lists.remove(LIST, [ANNA]))
        assert (row.status, row.why().code) == ("skipped", "1015")

    def test_an_unknown_list_is_not_a_successful_removal(self, caller: Caller) -> None:
        caller.sandbox.marketo.faults.add(method="DELETE", when="after", answer={"reset": True})
        with pytest.raises(NotFound):
            with_retries(caller).run(lists.remove(1, [ANNA]))


def with_retries(caller: Caller) -> Caller:
    """Return the caller with retries."""
    caller.session = replace(caller.session, policy=RetryPolicy(base=0.01, cap=0.01))
    return caller
