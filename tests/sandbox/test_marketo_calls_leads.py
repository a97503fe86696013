"""Leads, by the client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from marketo_calls import Caller

from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import InvalidRequest, NotFound, OutcomeUnknown, PermissionDenied
from airflow_provider_mkt.client.marketo.account import partitions
from airflow_provider_mkt.client.marketo.companies import companies
from airflow_provider_mkt.client.marketo.leads import lead_fields, lead_intake, leads
from airflow_provider_mkt.client.marketo.lists import lead_memberships, lists
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed

ANNA, BEN, CARLA, DAVID, ELIF = seed.ANNA, seed.BEN, seed.CARLA, seed.DAVID, seed.ELIF
COOKIE = "id:123-ABC-456&token:_mch-example.com-1700000000000-12345"
FIELD = {"name": "favouriteColour", "displayName": "Favourite Colour", "dataType": "string"}
STANDARD = {"id", "email", "updatedAt", "createdAt", "firstName", "lastName"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(only="marketo") as running:
        running.marketo.limits.rate.limit = None
        yield running


@pytest.fixture
def caller(sandbox: Sandbox) -> Caller:
    sandbox.marketo.reset(limits=False)
    sandbox.marketo.settings.raw_control_characters = False
    return Caller(sandbox)


@pytest.mark.parametrize(
    ("call", "wanted"),
    [(leads.describe(), "email"), (lead_fields.list(batch_size=50), "customerNumber")],
    ids=lambda value: getattr(value, "name", value),
)
def test_schemas_are_read_completely(caller: Caller, call: Call[Any], wanted: str) -> None:
    rows = caller.both(call)
    names = [(row.get("rest") or row)["name"] for row in rows]
    assert wanted in names
    assert len(names) == len(set(names)) > 50


class TestWhatWasWritten:
    def test_synced_pushed_and_submitted_leads_can_be_found(self, caller: Caller) -> None:
        caller.run(leads.sync([{"email": "a@example.com"}]))
        caller.run(lead_intake.push("Website Contacts", [{"email": "b@example.com"}]))
        caller.run(lead_intake.submit_form(seed.FORM, {"email": "c@example.com"}))
        wanted = [f"{one}@example.com" for one in "abc"]
        found = caller.run(leads.list("email", wanted))
        assert [row["email"] for row in found] == wanted
        assert set(found[0]) <= STANDARD

    def test_deleted_and_merged_leads_are_gone(self, caller: Caller) -> None:
        caller.run(leads.delete([DAVID]))
        caller.run(leads.merge(ANNA, [BEN]))
        assert caller.run(leads.list("id", [BEN, DAVID])) == []
        with pytest.raises(NotFound):
            caller.run(leads.get(BEN))

    def test_an_associated_cookie_finds_its_lead(self, caller: Caller) -> None:
        caller.run(leads.associate(ANNA, COOKIE))
        assert [row["id"] for row in caller.run(leads.list("cookies", [COOKIE]))] == [ANNA]

    def test_a_created_field_can_be_written(self, caller: Caller) -> None:
        caller.run(lead_fields.create([FIELD]))
        caller.run(leads.sync([{"email": "anna.berg@example.com", "favouriteColour": "red"}]))
        assert caller.run(leads.get(ANNA, fields=["favouriteColour"]))["favouriteColour"] == "red"

    def test_a_moved_lead_is_in_its_partition(self, caller: Caller) -> None:
        caller.run(partitions.move([ANNA], partition_name="EMEA"))
        assert caller.run(leads.get(ANNA, fields=["leadPartitionId"]))["leadPartitionId"] == 2

    def test_a_company_is_visible_in_its_leads(self, caller: Caller) -> None:
        caller.run(companies.sync([{"externalCompanyId": "c1", "company": "Example Ltd"}]))
        caller.run(leads.sync([{"email": "anna.berg@example.com", "externalCompanyId": "c1"}]))
        assert caller.run(leads.get(ANNA, fields=["company"]))["company"] == "Example Ltd"


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (leads.get(999), "1004"),
        (leads.get(ANNA, fields=["nonsense"]), "1006"),
        (leads.list("firstName", ["Anna"]), "1011"),
        (leads.merge(ANNA, [999]), "1004"),
        (leads.merge(ANNA, [BEN], merge_in_crm=True), "1018"),
        (leads.associate(ANNA, "nonsense"), "1012"),
        (lead_intake.push("Nowhere", [{"email": "a@example.com"}]), "1013"),
        (
            lead_intake.push("Website Contacts", [{"email": "a@example.com"}], program_status="Nowhere"),
            "1025",
        ),
        (lead_intake.submit_form(1, {"email": "a@example.com"}), "1013"),
        (lead_intake.submit_form(seed.FORM, {"email": "a@example.com", "phone": "1"}), "1003"),
        (lead_fields.get("nonsense"), "1006"),
        (lead_fields.create([FIELD | {"name": "email"}]), "1017"),
        (lead_fields.update("email", {"isHidden": True}), "1003"),
        (lead_memberships.leads_of_list(1), "1013"),
        (lead_memberships.leads_of_program(1), "1013"),
        (lead_memberships.lists(999), "1004"),
        (companies.list("nonsense", ["1"]), "1011"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_rejected_requests_have_their_code(caller: Caller, call: Call[Any], code: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        caller.run(call)
    assert (refusal.value.code, refusal.value.call) == (code, call.name)


@pytest.mark.parametrize(
    "call",
    [leads.delete([ANNA]), lead_fields.list(), companies.describe(), lists.add(seed.STATIC_LIST, [DAVID])],
    ids=lambda call: call.name,
)
def test_a_missing_permission_is_named(caller: Caller, call: Call[Any]) -> None:
    reader = Caller(caller.sandbox, seed.READER_ID, seed.READER_SECRET)
    with pytest.raises(PermissionDenied) as refusal:
        reader.run(call)
    assert call.scopes[0] in str(refusal.value)


def test_more_than_1000_matches_are_rejected(caller: Caller) -> None:
    state = caller.state
    for _ in range(1_001):
        state.leads.insert(
            {"email": "same@example.com"}, state.leads.partitions[0], caller.sandbox.clock.now()
        )
    with pytest.raises(InvalidRequest, match="Too many results"):
        caller.run(leads.list("email", ["same@example.com"]))


def test_a_long_filter_is_found_page_by_page(caller: Caller) -> None:
    addresses = [f"{'x' * 50}{n}@example.com" for n in range(300)]
    caller.run(leads.sync([{"email": one} for one in addresses]))
    found = caller.run(leads.list("email", addresses, fields=["email"], batch_size=90))
    assert [row["email"] for row in found] == addresses
    calls = caller.sandbox.marketo.calls
    assert calls.of("GET", "/rest/v1/leads.json").total == 4


@pytest.mark.parametrize(
    "call",
    [
        lead_intake.push("Website Contacts", [{"email": "new@example.com"}]),
        lead_intake.submit_form(seed.FORM, {"email": "new@example.com"}),
        leads.merge(ANNA, [BEN]),
    ],
    ids=lambda call: call.name,
)
def test_a_lost_response_is_not_retried(caller: Caller, call: Call[Any]) -> None:
    caller.sandbox.marketo.faults.add("/rest/v1/leads/*", when="after", answer={"reset": True})
    with pytest.raises(OutcomeUnknown):
        caller.run(call)
    assert caller.sandbox.marketo.calls.of("POST", f"/rest/v1{call.route.tail}").total == 1


def test_raw_control_characters_are_read(caller: Caller) -> None:
    text = "a\x0bb\tc\\u000b\nd"
    caller.run(leads.sync([{"email": "anna.berg@example.com", "city": text}]))
    caller.sandbox.marketo.settings.raw_control_characters = True
    assert caller.run(leads.get(ANNA, fields=["city"]))["city"] == text
    token = caller.session.cell.token
    headers = {"Authorization": f"Bearer {token.value}"} if token else {}
    url = f"{caller.sandbox.marketo.url}/rest/v1/lead/{ANNA}.json?fields=city"
    answer = httpx.get(url, headers=headers, verify=False)
    assert answer.headers["content-type"].startswith("application/json")
    with pytest.raises(ValueError, match="control character"):
        answer.json()
