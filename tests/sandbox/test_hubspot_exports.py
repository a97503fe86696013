"""Exports over time: the queue of one, states, the limit, files and their addresses, and what is refused."""

from __future__ import annotations

import csv
import io
import zipfile
from itertools import repeat
from typing import Any

import httpx
import pytest
from workers import until

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed

ADA, BRUNO, CHIDI, *_ = seed.CONTACT_IDS
PREFIXES = (
    "/crm/v3/exports/export",
    "/crm/exports/2026-03/export",
    "/crm/exports/2026-09/export",
)
PREFIX = PREFIXES[-1]
BODY: dict[str, Any] = {
    "exportType": "VIEW",
    "exportName": "June",
    "format": "CSV",
    "language": "EN",
    "objectType": "CONTACT",
    "objectProperties": ["hs_object_id", "email"],
    "associatedObjectType": [],
    "exportInternalValuesOptions": ["NAMES", "VALUES"],
    "includeLabeledAssociations": False,
    "includePrimaryDisplayPropertyForAssociatedObjects": False,
    "overrideAssociatedObjectsPerDefinitionPerRowLimit": False,
}


def start(api: httpx.Client, prefix: str = PREFIX, **more: Any) -> str:
    answer = api.post(f"{prefix}/async", json={**BODY, **more})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def state(api: httpx.Client, export_id: str) -> str:
    return str(api.get(f"{PREFIX}/{export_id}").json()["exportState"])


def task(api: httpx.Client, export_id: str) -> dict[str, Any]:
    answer = api.get(f"{PREFIX}/async/tasks/{export_id}/status")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def file_of(api: httpx.Client, export_id: str) -> bytes:
    # Without any credentials.
    answer = httpx.get(task(api, export_id)["result"], verify=False)
    assert answer.status_code == 200
    return answer.content


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def exported(box: Sandbox, api: httpx.Client, **more: Any) -> list[dict[str, str]]:
    export_id = start(api, **more)
    box.clock.advance(60)
    return rows_of(file_of(api, export_id))


@pytest.mark.parametrize("prefix", PREFIXES)
def test_one_export_runs_at_a_time_and_the_others_wait(box: Sandbox, api: httpx.Client, prefix: str) -> None:
    box.hubspot.settings.export_startup = 100.0
    first, second = start(api, prefix), start(api, prefix)
    assert (state(api, first), state(api, second)) == ("PROCESSING", "ENQUEUED")
    assert task(api, second)["status"] == "PENDING"
    box.clock.advance(100)
    assert (state(api, first), state(api, second)) == ("DONE", "PROCESSING")
    box.clock.advance(100)
    assert state(api, second) == "DONE"
    answer = api.get(f"{prefix}/{second}").json()
    assert answer["recordCount"] == len(list(box.hubspot.state.contacts.live()))
    assert api.get(f"{prefix}/async/tasks/{second}/status").json()["status"] == "COMPLETE"


def test_the_31st_export_of_24_hours_is_refused(box: Sandbox, api: httpx.Client) -> None:
    box.clock.advance(1)
    for _ in range(30):
        start(api)
        box.clock.advance(60)
    refused = api.post(f"{PREFIX}/async", json=BODY)
    assert (refused.status_code, refused.json()["category"]) == (429, "RATE_LIMITS")
    # The window is a rolling one: an hour after the first has left it, there is room again.
    box.clock.advance(86_400 - 30 * 60)
    start(api)
    assert api.post(f"{PREFIX}/async", json=BODY).status_code == 429


def test_an_address_dies_after_five_minutes_and_another_one_is_read(box: Sandbox, api: httpx.Client) -> None:
    export_id = start(api)
    assert "result" not in task(api, export_id)
    box.clock.advance(10)
    first = task(api, export_id)["result"]
    assert first.startswith(box.hubspot.url)
    box.clock.advance(299)
    assert httpx.get(first, verify=False).status_code == 200
    box.clock.advance(2)
    assert httpx.get(first, verify=False).status_code == 403
    second = task(api, export_id)["result"]
    assert second != first
    assert httpx.get(second, verify=False).status_code == 200
    assert httpx.get(second.replace("Signature=", "Signature=x"), verify=False).status_code == 403


def test_rows_are_those_of_the_moment_at_which_the_export_begins(box: Sandbox, api: httpx.Client) -> None:
    box.hubspot.settings.export_startup = 100.0
    export_id = start(api, objectProperties=["hs_object_id", "city"])
    api.patch(f"/crm/objects/2026-09/contacts/{ADA}", json={"properties": {"city": "Later"}})
    box.clock.advance(101)
    cities = {row["hs_object_id"]: row["city"] for row in rows_of(file_of(api, export_id))}
    assert cities[ADA] != "Later"


def test_a_large_file_is_zipped_and_one_of_many_rows_is_split(box: Sandbox, api: httpx.Client) -> None:
    settings, store = box.hubspot.settings, box.hubspot.state.contacts
    every = len(list(store.live()))
    settings.export_zip_bytes = 10
    export_id = start(api)
    box.clock.advance(10)
    with zipfile.ZipFile(io.BytesIO(file_of(api, export_id))) as archive:
        (name,) = archive.namelist()
        assert len(rows_of(archive.read(name))) == every
    settings.export_zip_bytes, settings.export_rows_per_file = 2_000_000, 2
    export_id = start(api)
    box.clock.advance(10)
    with zipfile.ZipFile(io.BytesIO(file_of(api, export_id))) as archive:
        parts = [rows_of(archive.read(name)) for name in archive.namelist()]
    assert [len(part) for part in parts] == [2] * (every // 2) + [every % 2] * (every % 2)
    assert sum(map(len, parts)) == every


def test_names_and_values_are_internal_ones_or_labels(box: Sandbox, api: httpx.Client) -> None:
    stage = {"properties": {"lifecyclestage": "evangelist"}}
    api.patch(f"/crm/objects/2026-09/contacts/{ADA}", json=stage)
    wanted = ["hs_object_id", "lifecyclestage"]
    found = []
    for options in (["NAMES", "VALUES"], ["NAMES"], ["VALUES"], []):
        rows = exported(box, api, objectProperties=wanted, exportInternalValuesOptions=options)
        found += [tuple(row.items()) for row in rows if ADA in row.values()]
    assert found == [
        (("hs_object_id", ADA), ("lifecyclestage", "evangelist")),
        (("hs_object_id", ADA), ("lifecyclestage", "Evangelist")),
        (("Object id", ADA), ("Lifecyclestage", "evangelist")),
        (("Object id", ADA), ("Lifecyclestage", "Evangelist")),
    ]
    box.hubspot.settings.export_record_id = True
    assert list(exported(box, api, objectProperties=["email"])[0]) == ["Record ID", "email"]


def test_associated_records_are_at_most_1000_in_a_row(box: Sandbox, api: httpx.Client) -> None:
    state_ = box.hubspot.state
    contacts, companies = state_.objects["contacts"], state_.objects["companies"]
    made = [companies.store.create({"name": f"C{number}"}) for number in range(1_001)]
    (default, *_) = state_.associations.types(contacts, companies)
    for one in made:
        state_.associations.link(contacts, ADA, companies, one.id, [default])
    more = {"associatedObjectType": ["COMPANY"], "objectProperties": ["hs_object_id"]}
    rows = {row["hs_object_id"]: row for row in exported(box, api, **more)}
    assert len(rows[ADA]["Associated Company IDs"].split(";")) == 1_000
    assert rows[BRUNO]["Associated Company IDs"] == ""
    lifted = {
        **more,
        "overrideAssociatedObjectsPerDefinitionPerRowLimit": True,
        "includePrimaryDisplayPropertyForAssociatedObjects": True,
    }
    rows = {row["hs_object_id"]: row for row in exported(box, api, **lifted)}
    assert rows[ADA]["Associated Company IDs"].split(";") == [one.id for one in made]
    assert rows[ADA]["Associated Company"].startswith("C0;C1;")
    # One text, as in an example of HubSpot's guide.
    assert "Associated Company IDs" in exported(box, api, associatedObjectType="COMPANY")[0]


def test_the_members_of_a_list_and_what_filters_match_are_exported(box: Sandbox, api: httpx.Client) -> None:
    members = box.hubspot.state.lists.ids_in(seed.LIST_ID)
    listed = exported(box, api, exportType="LIST", listId=seed.LIST_ID)
    assert {row["hs_object_id"] for row in listed} == members
    filters = {
        "filterGroups": [
            {"filters": [{"propertyName": "email", "operator": "EQ", "value": "ada@example.com"}]},
            {"filters": [{"propertyName": "hs_object_id", "operator": "IN", "values": [BRUNO]}]},
        ]
    }
    found = exported(box, api, publicCrmSearchRequest=filters)
    assert {row["hs_object_id"] for row in found} == {ADA, BRUNO}
    found = exported(box, api, publicCrmSearchRequest={"query": "ada"})
    assert ADA in {row["hs_object_id"] for row in found}
    api.delete(f"/crm/objects/2026-09/contacts/{CHIDI}")
    assert CHIDI not in {row["hs_object_id"] for row in exported(box, api)}


def test_exports_are_deferred_and_approved(box: Sandbox, api: httpx.Client) -> None:
    box.hubspot.settings.export_deferral = 60.0
    deferred = start(api)
    assert state(api, deferred) == "DEFERRED"
    box.clock.advance(61)
    assert state(api, deferred) == "PROCESSING"
    box.hubspot.settings.export_deferral = 0.0
    box.hubspot.settings.export_approval = True
    held = start(api)
    box.clock.advance(10_000)
    assert (state(api, held), task(api, held)["status"]) == ("PENDING_APPROVAL", "PENDING")
    box.hubspot.settings.export_approval = False
    assert state(api, held) == "PROCESSING"
    box.clock.advance(10)
    assert state(api, held) == "DONE"


@pytest.mark.parametrize(
    ("ending", "status", "errors"),
    [("FAILED", "COMPLETE", 1), ("CONFLICT", "COMPLETE", 1), ("CANCELED", "CANCELED", 0)],
)
def test_an_export_that_failed_has_no_file(
    box: Sandbox, api: httpx.Client, ending: str, status: str, errors: int
) -> None:
    box.hubspot.settings.export_ending = ending  # type: ignore[assignment]
    export_id = start(api)
    box.clock.advance(10)
    shown = task(api, export_id)
    assert (state(api, export_id), shown["status"], shown["numErrors"]) == (ending, status, errors)
    assert "result" not in shown
    assert "recordCount" not in api.get(f"{PREFIX}/{export_id}").json()


def test_the_sandbox_writes_no_spreadsheets(box: Sandbox, api: httpx.Client) -> None:
    export_id = start(api, format="XLSX")
    box.clock.advance(10)
    assert state(api, export_id) == "FAILED"


GROUP = {"filters": [{"propertyName": "email", "operator": "HAS_PROPERTY"}]}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"exportType": "ALL"}, "exportType"),
        ({"exportName": None}, "exportName"),
        ({"exportName": " "}, "exportName"),
        ({"exportName": 7}, "exportName"),
        ({"format": "PDF"}, "format"),
        ({"language": "klingon"}, "language"),
        ({"language": "XX"}, "language"),
        ({"language": None}, "language"),
        ({"objectType": "SHOE"}, "SHOE"),
        ({"objectType": 7}, "object type"),
        ({"objectProperties": []}, "objectProperties"),
        ({"objectProperties": ["shoe_size"]}, "shoe_size"),
        ({"objectProperties": "email"}, "objectProperties"),
        ({"associatedObjectType": ["SHOE"]}, "SHOE"),
        ({"exportInternalValuesOptions": ["LABELS"]}, "exportInternalValuesOptions"),
        ({"includeLabeledAssociations": "true"}, "includeLabeledAssociations"),
        ({"listId": "1"}, "listId"),
        ({"exportType": "LIST"}, "listId"),
        ({"exportType": "LIST", "listId": "999999"}, "999999"),
        ({"exportType": "LIST", "listId": "x"}, "listId"),
        ({"colour": "red"}, "colour"),
        ({"publicCrmSearchRequest": {"filterGroups": [GROUP] * 4}}, "3 filter groups"),
        ({"publicCrmSearchRequest": {"filterGroups": [{"filters": GROUP["filters"] * 4}]}}, "3 filters"),
        ({"publicCrmSearchRequest": {"properties": ["email"]}}, "properties"),
        ({"publicCrmSearchRequest": {"query": 7}}, "query"),
        (
            {
                "publicCrmSearchRequest": {
                    "filters": [{"propertyName": "shoe_size", "operator": "EQ", "value": "1"}]
                }
            },
            "shoe_size",
        ),
    ],
)
def test_a_wrong_request_is_refused_and_costs_no_export(
    box: Sandbox, api: httpx.Client, change: dict[str, Any], named: str
) -> None:
    answer = api.post(f"{PREFIX}/async", json={**BODY, **change})
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")
    assert named in answer.text
    assert box.hubspot.state.exports.all() == []


def test_a_custom_object_is_exported_by_its_number(box: Sandbox, api: httpx.Client) -> None:
    made = api.post(
        "/crm-object-schemas/2026-09/schemas",
        json={
            "name": "machine",
            "labels": {"singular": "Machine", "plural": "Machines"},
            "primaryDisplayProperty": "serial",
            "requiredProperties": [],
            "associatedObjects": [],
            "properties": [{"name": "serial", "label": "Serial", "type": "string", "fieldType": "text"}],
        },
    ).json()
    number, name = made["objectTypeId"], made["fullyQualifiedName"]
    api.post(f"/crm/objects/2026-09/{number}", json={"properties": {"serial": "S1"}})
    assert [row["serial"] for row in exported(box, api, objectType=number, objectProperties=["serial"])] == [
        "S1"
    ]
    by_name = api.post(f"{PREFIX}/async", json={**BODY, "objectType": name, "objectProperties": ["serial"]})
    assert (by_name.status_code, "objectTypeId" in by_name.text) == (400, True)


def test_an_export_needs_its_scope(box: Sandbox, api: httpx.Client) -> None:
    export_id = start(api)
    box.hubspot.settings.withheld_scopes = ("crm.export",)
    for answer in (
        api.post(f"{PREFIX}/async", json=BODY),
        api.get(f"{PREFIX}/{export_id}"),
        api.get(f"{PREFIX}/async/tasks/{export_id}/status"),
    ):
        assert (answer.status_code, answer.json()["category"]) == (403, "MISSING_SCOPES")
    box.hubspot.settings.withheld_scopes = ()
    assert api.get(f"{PREFIX}/12").status_code == 404
    assert api.get(f"{PREFIX}/abc").status_code == 400
    assert api.get(f"{PREFIX}/async/tasks/12/status").status_code == 404


def test_exports_show_on_the_page_without_their_addresses(box: Sandbox, api: httpx.Client) -> None:
    export_id = start(api)
    box.clock.advance(10)
    task(api, export_id)
    (shown,) = box.hubspot.snapshot()["exports"]
    assert (shown["id"], shown["state"]) == (export_id, "DONE")
    assert "Signature" not in str(box.hubspot.snapshot())
    page = httpx.get(f"{box.hubspot.url}/", verify=False).text
    assert "Exports" in page
    assert export_id in page


def test_a_large_file_is_written_while_requests_are_answered(
    box: Sandbox, api: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    contacts = box.hubspot.state.contacts
    (row, *_) = contacts.live()
    monkeypatch.setattr(contacts, "live", lambda: repeat(row, 12_000))
    export_id = start(api)
    box.clock.advance(86_400)
    # The request waits for some thousand rows. The export runs until the others are written.
    assert state(api, export_id) == "PROCESSING"
    until(lambda: state(api, export_id) == "DONE")
    assert api.get(f"{PREFIX}/{export_id}").json()["recordCount"] == 12_000
