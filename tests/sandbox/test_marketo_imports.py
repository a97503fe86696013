"""Bulk imports over time: queue, statuses and result files."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from marketo_tools import Api, code

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(only="marketo") as running:
        yield running


@pytest.fixture
def api(sandbox: Sandbox) -> Api:
    sandbox.marketo.reset()
    return Api(sandbox)


GOOD = "email,firstName\nimp1@example.com,Ida\nimp2@example.com,Ian\n"


def start(api: Api, content: str = GOOD, **query: object) -> int:
    answer = api.upload("/leads.json", content, **({"format": "csv"} | query)).json()
    (row,) = answer["result"]
    assert (row["status"], row["importId"]) == ("Queued", str(row["batchId"]))
    return int(row["batchId"])


def status(api: Api, batch: int) -> dict[str, object]:
    return dict(api.bulk(f"/leads/batch/{batch}.json").json()["result"][0])


def test_an_import_is_queued_then_imports_then_is_complete(api: Api) -> None:
    batch = start(api, listId=seed.STATIC_LIST)
    seen = [status(api, batch)["status"]]
    for seconds in (1, 1, 1):
        api.advance(seconds)
        seen.append(status(api, batch)["status"])
    assert seen == ["Queued", "Importing", "Importing", "Complete"]
    returned = status(api, batch)
    assert returned["message"] == "Import succeeded, 2 records imported (2 members)"
    assert (
        returned["numOfLeadsProcessed"],
        returned["numOfRowsFailed"],
        returned["numOfRowsWithWarning"],
    ) == (2, 0, 0)
    found = api.get("/v1/leads.json", filterType="email", filterValues="imp1@example.com")["result"]
    assert found[0]["firstName"] == "Ida"
    requested = api.get(f"/v1/lists/{seed.STATIC_LIST}/leads/ismember.json", id=found[0]["id"])["result"]
    assert requested[0]["status"] == "memberof"


def test_rows_with_failures_or_warnings_are_returned_with_their_reason(api: Api) -> None:
    content = "email,leadScore\nok@example.com,1\nbad@example.com,many\nnot-an-address,2\n,3\n"
    batch = start(api, content)
    assert api.bulk(f"/leads/batch/{batch}/failures.json").status_code == 404
    api.advance(5)
    returned = status(api, batch)
    assert returned["status"] == "Complete"
    assert returned["message"] == (
        "Import completed with errors, 2 records imported (2 members), 2 failed, 1 warning."
    )
    failures = api.bulk(f"/leads/batch/{batch}/failures.json").text.splitlines()
    assert failures[:2] == [
        "email,leadScore,Import Failure Reason",
        "bad@example.com,many,Invalid data type in field Lead Score",
    ]
    warnings = api.bulk(f"/leads/batch/{batch}/warnings.json").text.splitlines()
    assert warnings[1] == "not-an-address,2,Invalid email address"
    assert api.get("/v1/leads.json", filterType="email", filterValues="not-an-address")["result"]


@pytest.mark.parametrize(("dialect", "mark"), [("tsv", "\t"), ("ssv", ";")])
def test_result_files_keep_the_delimiter_of_the_upload(api: Api, dialect: str, mark: str) -> None:
    content = f"email{mark}leadScore\nx@example.com{mark}many\n"
    batch = start(api, content, format=dialect)
    api.advance(5)
    first = api.bulk(f"/leads/batch/{batch}/failures.json").text.splitlines()[0]
    assert first == mark.join(("email", "leadScore", "Import Failure Reason"))
    assert api.bulk(f"/leads/batch/{batch}/warnings.json").status_code == 404


def test_importing_by_id_only_updates(api: Api) -> None:
    batch = start(api, f"id,phone\n{seed.ANNA},1\n999,2\n", lookupField="id")
    api.advance(5)
    returned = status(api, batch)
    assert (returned["numOfLeadsProcessed"], returned["numOfRowsFailed"]) == (1, 1)
    assert api.get(f"/v1/lead/{seed.ANNA}.json", fields="phone")["result"][0]["phone"] == "1"


def test_an_unknown_column_fails_the_job(api: Api) -> None:
    batch = start(api, "email,zip\nx@example.com,1\n")
    api.advance(5)
    returned = status(api, batch)
    assert (returned["status"], returned["numOfLeadsProcessed"]) == ("Failed", 0)
    assert "zip" in str(returned["message"])


def test_two_jobs_run_at_the_same_time_and_the_eleventh_is_rejected(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Much longer than a busy machine takes for the calls: the clock also moves by itself.
    monkeypatch.setattr(api.sandbox.marketo.settings, "import_pickup", 50.0)
    monkeypatch.setattr(api.sandbox.marketo.settings, "import_startup", 200.0)
    batches = [start(api) for _ in range(10)]
    refused = api.upload("/leads.json", GOOD, format="csv").json()
    assert refused["errors"] == [{"code": "1016", "message": "Too many imports"}]
    api.advance(100)
    words = [status(api, batch)["status"] for batch in batches]
    assert words == ["Importing"] * 2 + ["Queued"] * 8
    api.advance(200)
    words = [status(api, batch)["status"] for batch in batches]
    assert words == ["Complete"] * 2 + ["Importing"] * 2 + ["Queued"] * 6
    api.advance(2000)
    assert {status(api, batch)["status"] for batch in batches} == {"Complete"}


def test_a_list_has_one_import_at_a_time(api: Api) -> None:
    start(api, listId=seed.STATIC_LIST)
    busy = api.upload("/leads.json", GOOD, format="csv", listId=seed.STATIC_LIST).json()
    assert code(busy) == "1019"
    api.advance(5)
    start(api, listId=seed.STATIC_LIST)


def test_invalid_uploads_are_rejected_at_once(api: Api) -> None:
    assert code(api.upload("/leads.json", "email\n", format="csv").json()) == "1003"
    assert code(api.upload("/leads.json", GOOD, format="xls").json()) == "1003"
    assert code(api.upload("/leads.json", f"email\n{'x' * 200_000}\n", format="csv").json()) == "1003"
    assert code(api.upload("/leads.json", GOOD, format="csv", lookupField="city").json()) == "1011"
    assert code(api.upload("/leads.json", GOOD, format="csv", listId=9).json()) == "1013"
    plain = api.client.post("/bulk/v1/leads.json", json={"file": GOOD}).json()
    assert code(plain) == "612"


def test_more_than_ten_megabytes_are_rejected(api: Api) -> None:
    content = "email\n" + "x" * 10_000_000
    assert api.upload("/leads.json", content, format="csv").status_code == 413


def test_batches_are_kept_for_seven_days(api: Api) -> None:
    batch = start(api)
    api.advance(7 * 86_400 + 5)
    api = Api(api.sandbox)
    assert code(api.bulk(f"/leads/batch/{batch}.json").json()) == "1013"
    assert code(api.bulk("/leads/batch/9.json").json()) == "1013"


def test_members_are_imported_into_a_program_at_one_status(api: Api) -> None:
    path = f"/program/{seed.NURTURE_PROGRAM}/members/import.json"
    content = f"email,{seed.MEMBER_FIELD}\nanna.berg@example.com,Aisle\nfresh@example.com,Window\n"
    (row,) = api.upload(path, content, format="CSV", programMemberStatus="Member").json()["result"]
    api.advance(5)
    returned = api.bulk(f"/program/members/import/{row['batchId']}/status.json").json()["result"][0]
    assert (returned["status"], returned["numOfLeadsProcessed"]) == ("Complete", 2)
    members = api.get(
        f"/v1/programs/{seed.NURTURE_PROGRAM}/members.json",
        filterType="statusName",
        filterValues="Member",
        fields=f"{seed.MEMBER_FIELD},trackName",
    )["result"]
    assert [(one[seed.MEMBER_FIELD], one["trackName"]) for one in members] == [
        ("Aisle", "First Steps"),
        ("Window", "First Steps"),
    ]
    wrong = api.upload(path, content, format="CSV", programMemberStatus="Gone").json()
    assert code(wrong) == "1003"
    assert code(api.bulk(f"/leads/batch/{row['batchId']}.json").json()) == "1013"
