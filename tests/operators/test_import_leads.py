"""A file is imported in bulk, and the result of every row is reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow_runs import Airflow
from import_runs import failed, jobs, lines, max_in_flight, run_import, small_parts, succeeded, write
from sync_runs import BOTH, FIRST, KNOWN, SEEDED, emails, world

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed as marketo

SCORE = {"hubspot": "lead_score", "marketo": "leadScore"}
CODE = {"hubspot": "COULD_NOT_PARSE_NUMBER", "marketo": "ROW_FAILED"}


@pytest.fixture
def quick(sandbox: Sandbox) -> Sandbox:
    max_in_flight(sandbox)
    return sandbox


def header(platform: str) -> str:
    return f"email,{FIRST[platform]},{SCORE[platform]}\n"


@pytest.mark.parametrize("platform", BOTH)
def test_every_row_has_its_outcome_and_rejects_mended_are_a_source_again(
    airflow: Airflow, quick: Sandbox, tmp_path: Path, platform: str
) -> None:
    text = header(platform) + (
        "new@x.org,New,1\n"
        '"odd@x.org","two\nlines, and ""quotes""",many\n'
        f"{KNOWN[platform]},Renamed,2\n"
        "short@x.org\n"
        "twice@x.org,First,3\n"
        ",Nobody,4\n"
        "TWICE@x.org,Last,null\n"
        "alike@x.org,New,many\n"
    )
    source = write(tmp_path / "leads.csv", text)
    run = run_import(airflow, platform, source, "max_rejected=4")
    outcome = succeeded(run)
    assert (outcome["total"], outcome["imported"], outcome["skipped"], outcome["rejected"]) == (8, 3, 1, 4)
    assert outcome["reasons"] == {CODE[platform]: 2, "UNREADABLE": 1, "KEY_MISSING": 1, "DUPLICATE_KEY": 1}
    rejected = {line["row"]: line for line in lines(outcome["rejects"])}
    first, score = FIRST[platform], SCORE[platform]
    assert {number: line["record"] for number, line in rejected.items()} == {
        3: {"email": "odd@x.org", first: 'two\nlines, and "quotes"', score: "many"},
        6: ["short@x.org"],
        8: {"email": None, first: "Nobody", score: "4"},
        10: {"email": "alike@x.org", first: "New", score: "many"},
    }
    assert [(line["row"], line["code"]) for line in lines(outcome["warnings"])] == [(7, "DUPLICATE_KEY")]
    leads = {str(lead["email"]).lower(): lead for lead in world(quick, platform)}
    assert leads["twice@x.org"][first] == "Last"
    assert leads["twice@x.org"].get(score) is None
    assert leads[KNOWN[platform]][first] == "Renamed"
    assert set(emails(quick, platform).values()) == {1}
    # Nobody's data in the log or among the results.
    assert "@x.org" not in run.log + str(run.returned)

    rejects = Path(outcome["rejects"].removeprefix("file://"))
    mended = write(tmp_path / "again.jsonl", rejects.read_text().replace('"many"', '"5"'))
    again = succeeded(run_import(airflow, platform, mended, "max_rejected=2"))
    assert (again["imported"], again["rejected"]) == (2, 2)
    leads = {str(lead["email"]).lower(): lead for lead in world(quick, platform)}
    assert (leads["odd@x.org"][first], str(leads["odd@x.org"][score])) == (
        'two\nlines, and "quotes"',
        "5",
    )


@pytest.mark.parametrize("platform", BOTH)
def test_many_parts_are_followed_in_the_triggerer(
    airflow: Airflow, quick: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    small_parts(monkeypatch, rows=10)
    rows = [f"lead{number}@x.org,Lead,{'bad' if number % 9 == 0 else number}\n" for number in range(65)]
    source = write(tmp_path / "leads.csv", header(platform) + "".join(rows))
    outcome = succeeded(
        run_import(airflow, platform, source, "deferrable=True, max_rejected='20%'", whole=True)
    )
    assert (outcome["imported"], outcome["rejected"]) == (57, 8)
    assert [line["row"] for line in lines(outcome["rejects"])] == [n + 2 for n in range(0, 65, 9)]
    assert len(outcome["jobs"]) == len(jobs(quick, platform)) == 7
    assert len(world(quick, platform)) == SEEDED + 57


def test_rows_over_the_limit_fail_the_task_after_the_others_were_imported(
    airflow: Airflow, quick: Sandbox, tmp_path: Path
) -> None:
    source = write(tmp_path / "leads.csv", "email,leadScore\na@x.org,1\nb@x.org,many\n")
    run = run_import(airflow, "marketo", source, "retries=2")
    assert "1 of 2 rows were rejected (ROW_FAILED: 1), allowed: 0. The others were imported" in failed(run)
    assert run.returned["import"]["rejected"] == 1
    assert emails(quick, "marketo")["a@x.org"] == 1
    assert len(jobs(quick, "marketo")) == 1


def test_rows_with_a_warning_are_imported_and_reported(
    airflow: Airflow, quick: Sandbox, tmp_path: Path
) -> None:
    source = write(tmp_path / "leads.csv", "email,firstName\nnot an address,Ada\nb@x.org,Bob\n")
    outcome = succeeded(run_import(airflow, "marketo", source))
    assert (outcome["imported"], outcome["warned"], outcome["rejects"]) == (2, 1, None)
    assert lines(outcome["warnings"]) == [
        {
            "row": 2,
            "code": "ROW_WARNED",
            "reason": "Invalid email address",
            "record": {"email": "not an address", "firstName": "Ada"},
        }
    ]


def test_program_members_get_their_status(airflow: Airflow, quick: Sandbox, tmp_path: Path) -> None:
    source = write(tmp_path / "members.csv", "Mail,registrationCode,note\na@x.org,7,x\nb@x.org,8,y\n")
    arguments = (
        f'columns={{"Mail": "email", "note": None}}, program_id={marketo.NURTURE_PROGRAM}, '
        'program_status="Engaged"'
    )
    outcome = succeeded(run_import(airflow, "marketo", source, arguments))
    assert (outcome["imported"], outcome["jobs"][0]["kind"]) == (2, "member_import")
    ids = {lead["email"]: int(lead["id"]) for lead in world(quick, "marketo")}
    members = quick.marketo.state.programs[marketo.NURTURE_PROGRAM].members
    assert [members[ids[email]].status for email in ("a@x.org", "b@x.org")] == ["Engaged"] * 2


def test_leads_are_added_to_a_list_one_part_at_a_time(
    airflow: Airflow, quick: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_parts(monkeypatch, rows=2)
    quick.marketo.settings.import_startup = 0.1
    source = write(tmp_path / "leads.csv", "email\n" + "".join(f"lead{n}@x.org\n" for n in range(6)))
    before = len(quick.marketo.state.lists[marketo.STATIC_LIST].members)
    outcome = succeeded(run_import(airflow, "marketo", source, f"list_id={marketo.STATIC_LIST}"))
    assert (outcome["imported"], len(outcome["jobs"])) == (6, 3)
    assert len(quick.marketo.state.lists[marketo.STATIC_LIST].members) == before + 6


def test_contacts_get_dates_in_the_given_order_and_a_list(
    airflow: Airflow, quick: Sandbox, tmp_path: Path
) -> None:
    source = write(tmp_path / "leads.csv", "email,renewal_date\na@x.org,31/01/2027\n")
    arguments = 'date_format="DAY_MONTH_YEAR", create_list=True'
    outcome = succeeded(run_import(airflow, "hubspot", source, arguments))
    (lead,) = [lead for lead in world(quick, "hubspot") if lead["email"] == "a@x.org"]
    assert lead["renewal_date"] == "2027-01-31"
    (done,) = jobs(quick, "hubspot")
    assert done.list_id is not None
    assert outcome["lists"] == [done.list_id]


def test_a_part_that_fails_as_a_whole_has_its_rows_among_the_rejects(
    airflow: Airflow, quick: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_parts(monkeypatch, rows=2)
    quick.marketo.faults.add(
        "/bulk/v1/leads/batch/3401.json",
        answer={
            "status": 200,
            "body": {
                "success": True,
                "result": [{"batchId": 3401, "status": "Failed", "message": "no room"}],
            },
        },
    )
    source = write(tmp_path / "leads.csv", "email\n" + "".join(f"lead{n}@x.org\n" for n in range(3)))
    outcome = succeeded(run_import(airflow, "marketo", source, "max_rejected=2"))
    assert outcome["reasons"] == {"IMPORT_FAILED": 2}
    assert [line["row"] for line in lines(outcome["rejects"])] == [2, 3]
    assert "ended as Failed (no room)" in lines(outcome["rejects"])[0]["reason"]


@pytest.mark.parametrize("platform", BOTH)
@pytest.mark.parametrize("text", ["", "email\n"])
def test_a_file_without_rows_sends_nothing_and_says_so(
    airflow: Airflow, quick: Sandbox, tmp_path: Path, platform: str, text: str
) -> None:
    run = run_import(airflow, platform, write(tmp_path / "leads.csv", text))
    assert succeeded(run)["total"] == 0
    assert "The source is empty" in run.log
    assert jobs(quick, platform) == []


WRONG: dict[str, tuple[str, bytes, str, str]] = {
    "unknown column": ("marketo", b"email,shoeSize\na@x.org,1\n", "", "column 'shoeSize' is not a field"),
    "unknown property": (
        "hubspot",
        b"email,shoe_size\na@x.org,1\n",
        "",
        "column 'shoe_size' is not a field of a lead",
    ),
    "read-only property": (
        "hubspot",
        b"email,createdate\na@x.org,2026-01-01\n",
        "",
        "column 'createdate' is a read-only field",
    ),
    "read-only field": (
        "marketo",
        b"email,createdAt\na@x.org,2026-01-01\n",
        "",
        "column 'createdAt' is a read-only field",
    ),
    "no key": ("marketo", b"firstName\nAda\n", "", "has no column 'email', the key"),
    "utf-16": ("marketo", "email\na@x.org\n".encode("utf-16"), "", "is not UTF-8"),
    "mapping": ("hubspot", b"email\na@x.org\n", 'columns={"Mail": "email"}', "no such column"),
    "action": ("marketo", b"email\na@x.org\n", 'action="createOnly"', "action: Marketo's imports accept"),
    "list": ("hubspot", b"email\na@x.org\n", "list_id=1", "list_id: HubSpot's imports have no such option"),
    "status": ("marketo", b"email\na@x.org\n", "program_id=2001", "program_status: is missing"),
    "channel": (
        "marketo",
        b"email\na@x.org\n",
        'program_id=2001, program_status="Nonsense"',
        "Program status 'Nonsense' not found",
    ),
    "lookup": ("marketo", b"email,city\na,b\n", 'lookup_field="city"', "finds no leads by 'city'"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_imported_fails_at_once_and_nothing_is_sent(
    airflow: Airflow, quick: Sandbox, tmp_path: Path, what: str
) -> None:
    platform, content, arguments, named = WRONG[what]
    source = write(tmp_path / "leads.csv", content)
    run = run_import(airflow, platform, source, f"retries=2, {arguments}")
    assert named in failed(run)
    assert "up_for_retry" not in run.log
    assert jobs(quick, platform) == []


def test_a_missing_file_is_named(airflow: Airflow, quick: Sandbox) -> None:
    assert "source: there is no file" in failed(run_import(airflow, "hubspot", "file:///none.csv"))


def test_json_lines_with_other_fields_than_the_rest(airflow: Airflow, quick: Sandbox, tmp_path: Path) -> None:
    text = (
        '{"email": "a@x.org", "leadScore": 1, "firstName": "A"}\n'
        '{"email": "b@x.org", "firstName": "B"}\n'
        '{"email": "c@x.org", "leadScore": [1], "firstName": "C"}\n'
        '{"email": "d@x.org", "shoeSize": 1}\n'
    )
    source = write(tmp_path / "leads.jsonl", text)
    outcome = succeeded(run_import(airflow, "marketo", source, "max_rejected=None"))
    codes: list[Any] = [(line["row"], line["code"]) for line in lines(outcome["rejects"])]
    assert codes == [(2, "FIELD_MISSING"), (3, "WRONG_TYPE"), (4, "UNKNOWN_FIELD")]
    assert outcome["imported"] == 1
