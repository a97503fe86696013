"""Marketo's changes of 2026 as the client sees them."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mkt.client.call import Call, JsonBody, Replay
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.marketo.activities import activities, custom_activity_types
from airflow_provider_mkt.client.marketo.companies import companies
from airflow_provider_mkt.client.marketo.custom_objects import custom_object_types, custom_objects
from airflow_provider_mkt.client.marketo.emails import emails
from airflow_provider_mkt.client.marketo.exports import bulk_extracts
from airflow_provider_mkt.client.marketo.folders import folders
from airflow_provider_mkt.client.marketo.imports import bulk_objects
from airflow_provider_mkt.client.marketo.leads import lead_intake, leads
from airflow_provider_mkt.client.marketo.lists import smart_lists, static_lists
from airflow_provider_mkt.client.marketo.named_accounts import named_account_lists
from airflow_provider_mkt.client.marketo.opportunities import opportunity_roles
from airflow_provider_mkt.client.marketo.platform import Marketo, MarketoAccount
from airflow_provider_mkt.client.marketo.programs import programs, tokens
from airflow_provider_mkt.client.marketo.sales_persons import sales_persons
from airflow_provider_mkt.client.marketo.smart_campaigns import campaigns
from airflow_provider_mkt.client.marketo.values import run_id

COMMA = "Fair, Autumn"


def body(call: Call[Any]) -> Any:
    assert isinstance(call.body, JsonBody)
    return call.body.value


def test_the_defaults_are_what_adobe_advises_for_one_integration() -> None:
    account = MarketoAccount(base_url="https://x.mktorest.com", client_id="i", client_secret="s")
    marketo = Marketo(account)
    assert (account.calls_per_20_seconds, marketo.max_concurrency) == (50, 5)
    everything = account.model_copy(update={"calls_per_20_seconds": 100, "max_concurrency": 10})
    assert Marketo(everything).max_in_flight == 10


@pytest.mark.parametrize(("value", "number"), [(12, 12), ("12", 12), ('"12"', 12), ("", ""), (None, None)])
def test_a_campaign_run_id_is_a_number_in_either_form(value: Any, number: Any) -> None:
    assert run_id(value) == number
    attributes = [{"name": "Campaign Run ID", "value": value}, {"name": "Step ID", "value": "7"}]
    (row,) = activities.read("token", activity_type_ids=[6]).read({"result": [{"attributes": attributes}]})
    assert [one["value"] for one in row["attributes"]] == [number, "7"]


@pytest.mark.parametrize(
    "call",
    [
        lambda: programs.create(COMMA, folder_id=1, channel="c"),
        lambda: programs.update(1, new_name=COMMA),
        lambda: programs.clone(1, COMMA, folder_id=1),
        lambda: programs.by_name(COMMA),
        lambda: emails.create(
            COMMA,
            folder_id=1,
            template_id=1,
            subject="s",
            from_name="n",
            from_email="a@b.ch",
            reply_email="a@b.ch",
        ),
        lambda: emails.clone(1, COMMA, folder_id=1),
        lambda: emails.update(1, new_name=COMMA),
        lambda: campaigns.create(COMMA, folder_id=1),
        lambda: campaigns.clone(1, COMMA, folder_id=1),
        lambda: campaigns.schedule(1, clone_to_program_name=COMMA),
        lambda: folders.create(COMMA, parent_id=1),
        lambda: static_lists.create(COMMA, folder_id=1),
        lambda: smart_lists.clone(1, COMMA, folder_id=1),
    ],
)
def test_a_name_with_a_comma_is_refused_with_the_reason(call: Any) -> None:
    with pytest.raises(InvalidInput, match="contains a comma: Marketo finds no asset by such a name"):
        call()


@pytest.mark.parametrize(
    ("kind", "value", "problem"),
    [
        ("date", "24.12.2026", "must be a date as yyyy-mm-dd"),
        ("date", "2026-02-30", "must be a date as yyyy-mm-dd"),
        ("number", "12,5", "must be a number such as 12.5"),
        ("score", "5", "must be a whole number after"),
    ],
)
def test_a_token_value_that_does_not_fit_its_type_is_refused(kind: Any, value: str, problem: str) -> None:
    with pytest.raises(InvalidInput, match=f"value: {problem}"):
        tokens.set_value(1, "T", value, token_type=kind)
    assert tokens.set_value(1, "T", value, token_type="text").body
    assert tokens.set_value(1, "T", "", token_type=kind).body


@pytest.mark.parametrize("name", ["_seat", "seat-no", "größe", " seat"])
def test_an_attribute_name_of_another_form_is_refused(name: str) -> None:
    attribute = {"apiName": name, "name": "Seat", "dataType": "string"}
    with pytest.raises(InvalidInput, match=r"attributes\[0\].apiName: must be letters, digits and _"):
        custom_activity_types.add_attributes("visit", [attribute])
    with pytest.raises(InvalidInput, match=r"primary_attribute\.apiName"):
        custom_activity_types.create(
            "visit", "Visit", trigger_name="t", filter_name="f", primary_attribute=attribute
        )
    assert custom_activity_types.update_attributes("visit", [{"apiName": name, "name": "Place"}]).body


def test_without_a_lookup_field_none_is_sent() -> None:
    people = [{"firstName": "Ada"}]
    for call in (leads.sync(people, lookup_field=None), lead_intake.push("P", people, lookup_field=None)):
        assert "lookupField" not in body(call)
    assert body(leads.sync([{"email": "a@b.ch"}]))["lookupField"] == "email"


@pytest.mark.parametrize("word", ["pause", "norm", "paused", "normal", "paus"])
def test_the_documented_cadences_are_sent_as_given(word: Any) -> None:
    call = bulk_extracts.create_program_members(["leadId"], program_id=1, nurture_cadence=word)
    assert body(call)["filter"]["nurtureCadence"] == word


def test_a_company_that_is_twice_in_a_request_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"companies\[1\].externalCompanyId: is that of companies\[0\]"):
        companies.sync([{"externalCompanyId": "c-1"}, {"externalCompanyId": "C-1"}])


ROLE = {"externalOpportunityId": "o", "leadId": 1, "role": "Buyer"}
LINK = {"name": "a", "displayName": "A", "dataType": "link"}


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: companies.sync([{"id": 1}], dedupe_by="idField"), "dedupe_by: idField can be used with"),
        (lambda: opportunity_roles.sync([{"externalOpportunityId": "o", "leadId": 1}]), r"roles\[0\].role"),
        (
            lambda: opportunity_roles.sync([ROLE, {**ROLE, "role": "BUYER"}]),
            r"roles\[1\].externalOpportunityId, leadId, role: is that of roles\[0\]",
        ),
        (lambda: sales_persons.delete([{"email": "a@b.ch"}]), r"sales_persons\[0\].externalSalesPersonId"),
        (lambda: custom_objects.sync("..", [{"vin": "1"}]), "api_name"),
        (lambda: custom_objects.sync("car_c", [{"vin": "1"}] * 301), "records"),
        (lambda: custom_objects.list_by_keys("car_c", []), "keys"),
        (lambda: custom_object_types.sync("car-c", "Car"), "api_name: must be letters, digits and _"),
        (
            lambda: custom_object_types.add_fields("c", [LINK]),
            r"fields\[0\].relatedTo",
        ),
        (lambda: custom_object_types.update_field("c", "a", {"colour": "red"}), "changes"),
        (lambda: named_account_lists.sync([{"name": "x"}], action="updateOnly"), r"lists\[0\].marketoGUID"),
        (lambda: bulk_objects.create_import("car_c", b""), "content: is empty"),
    ],
)
def test_bad_records_of_objects_are_refused_before_a_call_is_made(make: Any, problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        make()


def test_writes_of_objects_are_repeated_only_where_that_is_safe() -> None:
    row = [{"externalCompanyId": "c"}]
    assert companies.sync(row, action="createOnly").replay is Replay.WAIT
    assert companies.sync(row, action="updateOnly").replay is Replay.SAFE
    assert custom_objects.sync("car_c", [{"vin": "1"}]).replay is Replay.WAIT
    assert custom_objects.sync("car_c", [{"vin": "1"}]).timeout == 120
    assert custom_object_types.approve("car_c").replay is Replay.VERIFY
    assert bulk_objects.create_import("car_c", b"vin\n1\n").replay is Replay.NEVER
    assert custom_objects.delete("car_c", [{"vin": "1"}]).replay is Replay.SAFE
