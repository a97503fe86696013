"""Imports over time: queue, states, contacts, and errors by line, in both drivers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hubspot_runs import both, connected

from airflow_provider_mkt.client.errors import InvalidRequest, NotFound, QuotaExhausted
from airflow_provider_mkt.client.hubspot.imports import imports
from airflow_provider_mkt.client.hubspot.versions import PROFILES
from airflow_provider_mkt.hooks.hubspot import HubSpotHook
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.account.credential_store import ALL_SCOPES, Token

COLUMNS: list[imports.Column] = [
    {"name": "Mail", "property_name": "email", "column_type": "HUBSPOT_ALTERNATE_ID"},
    {"name": "First name", "property_name": "firstname"},
    {"name": "Stage", "property_name": "lifecyclestage"},
    {"name": "Renewal", "property_name": "renewal_date"},
    {"name": "Note"},
]
HEADER = "Mail,First name,Stage,Renewal,Note\n"
GOOD = f"{HEADER}ida@example.com,Ida,lead,12/31/2026,skipped\nada@example.com,Augusta,,,\n".encode()
BAD = (
    HEADER + "ida@example.com,Ida,lead,,\n"
    "no-address,Max,lead,,\n"
    "IDA@example.com,Twice,lead,,\n"
    "jo@example.com,Jo,emperor,,\n"
    "kim@example.com,Kim,lead,31/12/2026,\n"
    ",Nobody,lead,,\n"
    "lee@example.com,Lee\n"
).encode()


@pytest.fixture(params=PROFILES)
def hook(
    request: pytest.FixtureRequest, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> Iterator[HubSpotHook]:
    with connected(box, monkeypatch, str(request.param)) as one:
        yield one


def start(hook: HubSpotHook, content: bytes = GOOD, name: str = "June", **more: Any) -> str:
    return hook.run(imports.start(name, content, COLUMNS, **more)).id


def state(hook: HubSpotHook, import_id: str) -> str:
    return hook.run(imports.get(import_id)).state


def failures(hook: HubSpotHook, import_id: str) -> list[tuple[int, str, int | None]]:
    return [
        (one["sourceData"]["lineNumber"], one["errorType"], one.get("knownColumnNumber"))
        for one in hook.iterate(imports.errors(import_id))
    ]


def contact(box: Sandbox, email: str) -> dict[str, str] | None:
    found = box.hubspot.state.contacts.find("email", email)
    return None if found is None else found.properties


def test_an_import_goes_through_its_states_and_its_rows_become_contacts(
    box: Sandbox, hook: HubSpotHook
) -> None:
    import_id = start(hook)
    assert state(hook, import_id) == "STARTED"
    assert contact(box, "ida@example.com") is None
    box.hubspot.settings.import_per_row = 1.0
    box.hubspot.clock.advance(3.1)
    assert state(hook, import_id) == "PROCESSING"
    box.hubspot.clock.advance(2)
    returned = both(hook, imports.get(import_id))
    assert (returned.state, returned.importName, returned.mappedObjectTypeIds) == ("DONE", "June", ["0-1"])
    assert returned.metadata.counters == {
        "TOTAL_ROWS": 2,
        "CREATED_OBJECTS": 1,
        "UPDATED_OBJECTS": 1,
        "UNIQUE_OBJECTS_WRITTEN": 2,
        "PROPERTY_VALUES_EMITTED": 6,
    }
    made = contact(box, "ida@example.com")
    assert made is not None
    assert (made["renewal_date"], made["lifecyclestage"]) == ("2026-12-31", "lead")
    updated = contact(box, "ada@example.com")
    assert updated is not None
    assert (updated["firstname"], updated["lifecyclestage"]) == ("Augusta", "customer")
    assert both(hook, imports.errors(import_id)) == []


def test_imported_contacts_are_visible_without_reading_the_import(
    box: Sandbox, hook: HubSpotHook, api: httpx.Client
) -> None:
    start(hook)
    box.hubspot.clock.advance(5)
    path = "/crm/v3/objects/contacts/ida%40example.com"
    assert api.get(path, params={"idProperty": "email"}).status_code == 200
    kept = box.hubspot.snapshot()["imports"][0]
    assert (kept["state"], kept["counters"]["CREATED_OBJECTS"]) == ("DONE", 1)
    assert "June" in api.get("/").text


def test_failed_rows_are_reported_by_line_after_the_state(box: Sandbox, hook: HubSpotHook) -> None:
    import_id = start(hook, BAD)
    box.hubspot.clock.advance(2.1)
    returned = hook.run(imports.get(import_id))
    assert (returned.state, returned.metadata.counters["ERRORS"]) == ("DONE", 6)
    assert failures(hook, import_id) == []
    box.hubspot.clock.advance(1)
    assert failures(hook, import_id) == [
        (3, "INVALID_EMAIL", 0),
        (4, "DUPLICATE_ALTERNATE_ID", 0),
        (5, "INVALID_ENUMERATION_OPTION", 2),
        (6, "COULD_NOT_PARSE_DATE", 3),
        (7, "INVALID_ALTERNATE_ID", 0),
        (8, "INCORRECT_NUMBER_OF_COLUMNS", None),
    ]
    bare = both(hook, imports.errors(import_id, include_error_message=False, limit=1))[0]
    assert "errorMessage" not in bare
    assert bare["sourceData"]["rowData"] == []
    full = both(hook, imports.errors(import_id, include_row_data=True, limit=1))[0]
    assert full["sourceData"]["rowData"][0] == full["invalidValue"] == "no-address"
    assert full["errorMessage"]


def test_imported_contacts_can_be_added_to_a_new_list(box: Sandbox, hook: HubSpotHook) -> None:
    ids = [start(hook, create_list=True) for _ in range(2)]
    box.hubspot.clock.advance(5)
    lists = [hook.run(imports.get(one)).metadata.objectLists[0]["listId"] for one in ids]
    store = box.hubspot.state.lists
    assert [store.get(one).name for one in lists] == ["June", f"June ({ids[1]})"]
    wanted = {box.hubspot.state.contacts.find("email", f"{name}@example.com").id for name in ("ida", "ada")}
    assert [store.ids_in(one) for one in lists] == [wanted, wanted]


@pytest.mark.parametrize(
    ("operation", "written", "error"),
    [
        ("CREATE", "ida@example.com", "CREATE_ONLY_IMPORT"),
        ("UPDATE", "ada@example.com", "UPDATE_ONLY_IMPORT"),
    ],
)
def test_an_import_can_be_restricted_to_create_or_update(
    box: Sandbox, hook: HubSpotHook, operation: str, written: str, error: str
) -> None:
    import_id = start(hook, operation=operation)
    box.hubspot.clock.advance(5)
    assert [kind for _, kind, _ in failures(hook, import_id)] == [error]
    assert hook.run(imports.get(import_id)).metadata.counters["UNIQUE_OBJECTS_WRITTEN"] == 1
    assert contact(box, written) is not None


def test_three_run_at_once_and_the_fourth_waits(box: Sandbox, hook: HubSpotHook) -> None:
    ids = [start(hook, name=f"Part {number}") for number in range(4)]
    assert [state(hook, one) for one in ids] == ["STARTED"] * 3 + ["DEFERRED"]
    box.hubspot.clock.advance(2.2)
    assert [state(hook, one) for one in ids] == ["DONE"] * 3 + ["STARTED"]
    box.hubspot.clock.advance(3)
    assert state(hook, ids[3]) == "DONE"


def test_a_canceled_import_frees_its_slot_and_keeps_what_it_wrote(box: Sandbox, hook: HubSpotHook) -> None:
    box.hubspot.settings.import_per_row = 10
    ids = [start(hook, name=f"Part {number}") for number in range(4)]
    box.hubspot.clock.advance(13)
    for _ in range(2):
        assert hook.run(imports.cancel(ids[0]))["status"] == "COMPLETE"
    assert [state(hook, ids[0]), state(hook, ids[3])] == ["CANCELED", "STARTED"]
    box.hubspot.clock.advance(60)
    assert state(hook, ids[0]) == "CANCELED"
    assert hook.run(imports.get(ids[0])).metadata.counters["TOTAL_ROWS"] == 1
    assert contact(box, "ida@example.com") is not None
    with pytest.raises(InvalidRequest, match="DONE"):
        hook.run(imports.cancel(ids[1]))


def test_every_start_is_a_new_import_and_an_app_sees_its_own(
    box: Sandbox, hook: HubSpotHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [start(hook), start(hook)]
    assert [one.id for one in hook.iterate(imports.list(limit=1))] == ids[::-1]
    assert [one.importName for one in both(hook, imports.list())] == ["June", "June"]
    state = box.hubspot.state
    state.credentials.tokens["pat-na1-other"] = Token("pat-na1-other", "private-9", ALL_SCOPES)
    profile = hook.platform.account.api_version  # type: ignore[attr-defined]
    with connected(box, monkeypatch, profile, "pat-na1-other") as other:
        assert other.run(imports.list()) == []
        with pytest.raises(NotFound):
            other.run(imports.get(ids[0]))


def test_exceeding_the_daily_rows_is_a_quota_error_not_throttling(box: Sandbox, hook: HubSpotHook) -> None:
    box.hubspot.settings.import_rows_per_day = 3
    start(hook)
    with pytest.raises(QuotaExhausted, match="daily"):
        start(hook)
    box.hubspot.clock.advance(86_400)
    start(hook)


def test_a_file_that_cannot_be_read_fails_as_a_whole(box: Sandbox, hook: HubSpotHook) -> None:
    import_id = start(hook, b"PK\x03\x04", file_format="SPREADSHEET", file_name="june.xlsx")
    box.hubspot.clock.advance(5)
    assert state(hook, import_id) == "FAILED"
    assert failures(hook, import_id) == [(0, "INVALID_FILE_TYPE", None)]


KEYED = {
    "companies": ("0-2", "name", ["Acme", "Beta"]),
    "deals": ("0-3", "dealname", ["Yearly", "Monthly"]),
    "tickets": ("0-5", "subject", ["Help", "More help"]),
    "p_machine": ("2-7000001", "hubspot_owner_id", ["9000501", ""]),
}
REQUIRED = {"deals": {"dealstage": "qualifiedtobuy"}, "tickets": {"hs_pipeline_stage": "1"}}


def import_records(box: Sandbox, hook: HubSpotHook, kind: str, rows: list[list[str]], **more: Any) -> str:
    """Import rows of a key, a value, and what the object type requires besides."""
    number, name, _ = KEYED[kind]
    columns: list[imports.Column] = [
        {"name": "Key", "property_name": "key", "column_type": "HUBSPOT_ALTERNATE_ID"},
        *({"name": one, "property_name": one} for one in (name, *REQUIRED.get(kind, {}))),
    ]
    columns = [{**one, "object_type_id": number} for one in columns]
    lines = [[str(one["name"]) for one in columns], *rows]
    content = "".join(f"{','.join(line)}\n" for line in lines).encode()
    import_id = hook.run(imports.start(f"{kind} {len(rows)}", content, columns, **more)).id
    box.hubspot.clock.advance(60)
    assert state(hook, import_id) == "DONE"
    return import_id


@pytest.fixture
def keys(box: Sandbox) -> None:
    """Each object type has a property ``key`` with unique values."""
    objects = box.hubspot.state.objects
    schema = {"name": "machine", "labels": {"singular": "Machine"}, "requiredProperties": ["key"]}
    objects.add_custom({**schema, "createdAt": "2025-01-06T09:00:00.000Z"}, [])
    for one in objects:
        own = {"name": "key", "label": "Key", "type": "string", "fieldType": "text", "hasUniqueValue": True}
        one.properties.put({**own, "groupName": one.properties.default_group})


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("kind", KEYED)
def test_records_of_other_object_types_are_created_and_updated_by_a_unique_property(
    box: Sandbox, hook: HubSpotHook, kind: str
) -> None:
    number, name, (first, second) = KEYED[kind]
    required = REQUIRED.get(kind, {})
    made = import_records(box, hook, kind, [["k1", first, *required.values()]])
    returned = hook.run(imports.get(made))
    assert returned.mappedObjectTypeIds == [number]
    assert returned.metadata.counters["CREATED_OBJECTS"] == 1
    store = box.hubspot.state.objects[kind].store
    record = store.find("key", "k1")
    assert record is not None
    assert record.properties.items() >= {"key": "k1", name: first, **required}.items()
    # A deal or a ticket gets the only pipeline, as one that is created by a call.
    assert ("pipeline" in record.properties or "hs_pipeline" in record.properties) == bool(required)
    rows = [["k1", second, *("" for _ in required)], ["k2", first, *required.values()], ["k1", "9000501"]]
    changed = import_records(box, hook, kind, rows)
    assert hook.run(imports.get(changed)).metadata.counters["UPDATED_OBJECTS"] == 1
    assert record.properties[name] == (second or first)
    wrong = "INCORRECT_NUMBER_OF_COLUMNS" if required else "DUPLICATE_ALTERNATE_ID"
    (error,) = hook.iterate(imports.errors(changed))
    assert (error["errorType"], error["objectTypeId"]) == (wrong, number)  # type: ignore[typeddict-item]
    assert len(list(store.live())) == len({one.id for one in store.live()}) == records_before(kind) + 2


def records_before(kind: str) -> int:
    """Return how many records a new account has."""
    fresh = Sandbox().hubspot.state.objects
    return 0 if fresh.find(kind) is None else len(list(fresh[kind].store.live()))


@pytest.mark.usefixtures("keys")
def test_rows_of_other_object_types_that_their_type_refuses_are_reported_by_line(
    box: Sandbox, hook: HubSpotHook
) -> None:
    rows = [
        ["k1", "Fine", "qualifiedtobuy"],
        ["k2", "No stage", ""],
        ["k3", "Odd", "nowhere"],
        ["", "No key", "x"],
    ]
    made = import_records(box, hook, "deals", rows)
    assert failures(hook, made) == [
        (3, "MISSING_REQUIRED_PROPERTY", None),
        (4, "INVALID_ENUMERATION_OPTION", None),
        (5, "INVALID_ALTERNATE_ID", 0),
    ]
    for operation, error in (("CREATE", "CREATE_ONLY_IMPORT"), ("UPDATE", "UPDATE_ONLY_IMPORT")):
        key = {"CREATE": "k1", "UPDATE": "k9"}[operation]
        again = import_records(box, hook, "deals", [[key, "Twice", "qualifiedtobuy"]], operation=operation)
        assert [kind for _, kind, _ in failures(hook, again)] == [error]


@pytest.mark.usefixtures("keys")
def test_rows_of_a_custom_object_that_is_deleted_meanwhile_are_refused(
    box: Sandbox, hook: HubSpotHook
) -> None:
    objects = box.hubspot.state.objects
    column: imports.Column = {
        "name": "Key",
        "property_name": "key",
        "column_type": "HUBSPOT_ALTERNATE_ID",
        "object_type_id": objects["p_machine"].id,
    }
    made = hook.run(imports.start("Machines", b"Key\nk1\n", [column])).id
    objects.remove(objects["p_machine"])
    box.hubspot.clock.advance(60)
    assert [kind for _, kind, _ in failures(hook, made)] == ["MISSING_OBJECT_DEFINITION"]


# -- requests that only other clients send --------------------------------------------------------------


def order(**changes: Any) -> dict[str, Any]:
    columns = [
        {
            "columnObjectTypeId": "0-1",
            "columnName": one["name"],
            "propertyName": one.get("property_name"),
            "columnType": one.get("column_type", "STANDARD"),
        }
        for one in COLUMNS
    ]
    page = {"hasHeader": True, "columnMappings": changes.pop("columns", columns)}
    files = [{"fileName": "june.csv", "fileFormat": "CSV", "fileImportPage": page}]
    return {"name": "June", "files": files} | changes


def post(api: httpx.Client, path: str, request: str, name: str = "june.csv") -> httpx.Response:
    return api.post(path, data={"importRequest": request}, files={"files": (name, GOOD, "text/csv")})


PATHS = ("/crm/v3/imports", "/crm/imports/2026-03")
COMPANY = {"columnObjectTypeId": "0-2", "columnName": "Mail"}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"columns": []}, "must be mapped"),
        ({"columns": [{"columnObjectTypeId": "0-1", "columnName": "Mail"}]}, "must be mapped"),
        ({"columns": [{"columnObjectTypeId": "0-99", "columnName": "Mail"}]}, "0-99"),
        ({"columns": [{"columnObjectTypeId": "companies", "columnName": "Mail"}]}, "must be the number"),
        (
            {"columns": [{"columnObjectTypeId": f"0-{one}", "columnName": "Mail"} for one in (1, 2)]},
            "one object type at a time, not 0-1, 0-2",
        ),
        ({"columns": [{**COMPANY, "propertyName": "firstname"}]}, '"firstname" does not exist'),
        (
            {"columns": [{**COMPANY, "propertyName": "name", "columnType": "HUBSPOT_ALTERNATE_ID"}]},
            '"name" are not unique',
        ),
        ({"columns": [COMPANY], "marketableContactImport": False}, "imports of contacts alone"),
        ({"columns": [COMPANY], "createContactListFromImport": True}, "imports of contacts alone"),
        ({"columns": [COMPANY], "importOperations": {"0-1": "UPDATE"}}, "that no column has: 0-1"),
        (
            {"columns": [{"columnObjectTypeId": "0-1", "columnName": "Mail", "propertyName": "shoe"}]},
            '"shoe" does not exist',
        ),
        ({"importOperations": {"0-1": "MERGE"}}, "importOperations"),
        ({"dateFormat": "DMY"}, "dateFormat"),
        ({"timeZone": "Rome"}, "timeZone"),
        ({"files": []}, "one file"),
        ({"name": None}, "name"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_an_invalid_import_request_is_rejected(
    api: httpx.Client, path: str, changes: dict[str, Any], named: str
) -> None:
    reply = post(api, path, json.dumps(order(**changes)))
    assert reply.status_code == 400
    assert reply.json()["category"] == "VALIDATION_ERROR"
    assert named in reply.json()["message"]


def test_the_form_must_have_its_parts(box: Sandbox, api: httpx.Client) -> None:
    path = PATHS[0]
    assert post(api, path, json.dumps(order())).status_code == 200
    assert "line 1, column 2" in post(api, path, "{").json()["message"]
    assert "importRequest" in post(api, path, "").json()["message"]
    assert "june.csv" in post(api, path, json.dumps(order()), name="july.csv").json()["message"]
    assert api.post(path, json=order()).status_code == 415
    reader = {"Authorization": f"Bearer {seed.READ_ONLY_TOKEN}"}
    refused = api.get(path, headers=reader)
    assert (refused.status_code, refused.json()["category"]) == (403, "MISSING_SCOPES")
    assert api.get(f"{path}/abc").status_code == 400
    assert api.get(f"{path}/1").status_code == 404
    assert len(box.hubspot.state.imports.all()) == 1


def test_imports_that_run_at_once_write_in_turn_and_race_for_the_same_contacts(
    box: Sandbox, hook: HubSpotHook
) -> None:
    box.hubspot.settings.import_per_row = 10.0
    people = [f"p{number}@example.com" for number in range(4)]

    def file(name: str, emails: list[str]) -> bytes:
        return (HEADER + "".join(f"{email},{name},,,\n" for email in emails)).encode()

    first = start(hook, file("First", people))
    box.hubspot.clock.advance(5)
    second = start(hook, file("Second", people[::-1]), "July")
    box.hubspot.clock.advance(300)
    counters = {one: hook.run(imports.get(one)).metadata.counters for one in (first, second)}
    # Each creates the two contacts that it comes to first, and overwrites the other two.
    for one in counters.values():
        assert (one["CREATED_OBJECTS"], one["UPDATED_OBJECTS"]) == (2, 2)
    names = [(contact(box, email) or {})["firstname"] for email in people]
    assert names == ["Second", "Second", "First", "First"]
    made = [box.hubspot.state.contacts.find("email", email) for email in people]
    # The rows are written when they are due, not when somebody looks.
    changed = [one.updated for one in made if one]
    assert changed[0] - changed[1] == pytest.approx(10)
    assert changed[3] - changed[2] == pytest.approx(10)


def test_a_row_of_an_import_loses_against_a_later_call(
    box: Sandbox, hook: HubSpotHook, api: httpx.Client
) -> None:
    box.hubspot.settings.import_per_row = 10.0
    start(hook)
    box.hubspot.clock.advance(12.1)
    body = {"properties": {"email": "ida@example.com", "firstname": "Called"}}
    assert api.post("/crm/v3/objects/contacts", json=body).status_code == 409
    ada = f"/crm/v3/objects/contacts/{seed.CONTACT_IDS[0]}"
    assert api.patch(ada, json={"properties": {"firstname": "Called"}}).status_code == 200
    assert api.get(ada).json()["properties"]["firstname"] == "Called"
    box.hubspot.clock.advance(10)
    assert api.get(ada).json()["properties"]["firstname"] == "Augusta"
