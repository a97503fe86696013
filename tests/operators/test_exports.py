"""Export files are complete: every row once, one header, as the platform wrote them."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow_runs import Airflow
from export_runs import (
    FIELDS,
    QUARTER,
    RANGE,
    START,
    export,
    failed,
    ids,
    jobs,
    name,
    rows,
    shorten,
    spread,
    statuses,
    succeeded,
)
from workers import context

from airflow_provider_mkt.operators.exports import ExportLeadsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed
from airflow_provider_mkt.version_compat import AirflowFailException

EVERYBODY = list(range(seed.ANNA, seed.ELIF + 1))
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
COLUMNS = {"fields": ["id", "email", "lastName"]}
MONTH = {**COLUMNS, "start": "2025-01-01T00:00:00Z", "end": "2025-01-31T00:00:00Z"}


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch, short_waits: None) -> None:
    shorten(monkeypatch)


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_short_range_is_the_platforms_file_byte_for_byte(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path, deferrable: bool
) -> None:
    name(sandbox, seed.ANNA, "Müller-Ångström")
    name(sandbox, seed.BEN, 'first\nsecond "quoted"; third')
    name(sandbox, seed.CARLA, "null")
    out = tmp_path / "leads.csv"
    run = export(airflow, f'output_path="{out}", {FIELDS}, {RANGE}, deferrable={deferrable}', whole=True)
    outcome = succeeded(run)
    assert "@example.com" not in run.log
    (job,) = jobs(sandbox)
    assert out.read_bytes() == job.extract.content
    assert [row["lastName"] for row in rows(out)][:4] == [
        "Müller-Ångström",
        'first\nsecond "quoted"; third',
        "null",
        "Osei",
    ]
    assert outcome.pop("seconds") >= 0
    assert outcome == {
        "outcome": "export",
        "platform": "marketo",
        "kind": "leads",
        "output_path": str(out),
        "rows": 5,
        "bytes": len(job.extract.content),
        "sha256": hashlib.sha256(job.extract.content).hexdigest(),
        "windows": 1,
        "export_ids": [job.id],
    }
    assert [path.name for path in tmp_path.iterdir()] == ["leads.csv"]


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_range_of_95_days_is_four_windows_without_missing_or_duplicate_rows(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path, deferrable: bool
) -> None:
    border = START + 31 * DAY
    spread(sandbox, START, border - SECOND, border, START + 95 * DAY - SECOND, START + 95 * DAY)
    out = tmp_path / "leads.csv"
    outcome = succeeded(export(airflow, f'output_path="{out}", {FIELDS}, {QUARTER}, deferrable={deferrable}'))
    assert ids(out) == EVERYBODY[:4]
    assert (outcome["rows"], outcome["windows"], len(set(outcome["export_ids"]))) == (4, 4, 4)
    assert statuses(sandbox) == {"Completed": 4}
    assert out.read_text().count("lastName") == 1
    assert outcome["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    # The next range starts with the first second that this range leaves out.
    following = 'start="2025-04-06T00:00:00Z", end="2025-04-07T00:00:00Z"'
    succeeded(export(airflow, f'output_path="{out}", {FIELDS}, {following}'))
    assert ids(out) == EVERYBODY[4:]


def test_a_path_with_window_gives_one_file_per_window(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path
) -> None:
    spread(sandbox, START, START + 31 * DAY, START + 40 * DAY)
    path = f"file://{tmp_path}/{{window}}/leads.csv"
    outcome = succeeded(export(airflow, f'output_path="{path}", {FIELDS}, {QUARTER}'))
    starts = ["20250101T000000Z", "20250201T000000Z", "20250304T000000Z", "20250404T000000Z"]
    files = [tmp_path / start / "leads.csv" for start in starts]
    assert [ids(file) for file in files] == [
        [seed.ANNA, seed.DAVID, seed.ELIF],
        [seed.BEN, seed.CARLA],
        [],
        [],
    ]
    assert (outcome["output_path"], outcome["sha256"], outcome["rows"]) == (path, None, 5)
    assert outcome["files"] == [
        {
            "path": f"file://{file}",
            "rows": len(ids(file)),
            "bytes": file.stat().st_size,
            "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        }
        for file in files
    ]


def test_an_export_without_rows_has_the_header_only_in_the_given_format(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path
) -> None:
    out = tmp_path / "leads.ssv"
    arguments = (
        f'output_path="{out}", {FIELDS}, start="2020-01-01T00:00:00Z", end="2020-02-20T00:00:00Z", '
        'file_format="ssv", column_headers={"lastName": "Name; last"}'
    )
    outcome = succeeded(export(airflow, arguments))
    assert out.read_bytes() == b'id;email;"Name; last"\n'
    assert (outcome["rows"], outcome["windows"], outcome["bytes"]) == (0, 2, out.stat().st_size)
    assert sandbox.marketo.calls.of("GET", "/bulk/v1/leads/export/{exportId}/file.json").total == 0


def test_parameters_may_come_from_templates(airflow: Airflow, sandbox: Sandbox, tmp_path: Path) -> None:
    run = export(
        airflow,
        'output_path="{{ params.out }}", fields="{{ params.fields | tojson }}", start="{{ params.start }}", '
        'end="{{ params.end }}", date_filter="{{ params.by }}", file_format="{{ params.format }}", '
        'column_headers="{{ params.headers | tojson }}", static_list_id="{{ none }}", '
        'params={"out": "", "fields": [], "start": "", "end": "", "by": "", "format": "", "headers": {}}',
        out=str(tmp_path / "leads.tsv"),
        fields=["id"],
        start="2025-01-06T10:00:00.7+01:00",
        end="2025-01-06T09:00:01Z",
        by="updatedAt",
        format="TSV",
        headers={"id": "Person\tid"},
    )
    succeeded(run)
    assert (tmp_path / "leads.tsv").read_text().splitlines() == ['"Person\tid"', *map(str, EVERYBODY)]


def test_members_of_a_list_are_exported_without_a_range(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path
) -> None:
    out = tmp_path / "list.csv"
    succeeded(export(airflow, f'output_path="{out}", {FIELDS}, static_list_id={seed.STATIC_LIST}'))
    assert ids(out) == EVERYBODY[:3]


def test_activities_are_exported_with_their_attributes(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path
) -> None:
    out = tmp_path / "activities.csv"
    arguments = f'output_path="{out}", {RANGE}, activity_type_ids="[12]"'
    outcome = succeeded(export(airflow, arguments, operator="ExportActivitiesOperator", whole=True))
    found = rows(out)
    assert (outcome["kind"], outcome["rows"], len(found)) == ("activities", 5, 5)
    assert json.loads(found[0]["attributes"])["Source Type"] == "New person"
    nothing = f'output_path="{out}", start="2020-01-01T00:00:00Z", end="2020-01-02T00:00:00Z"'
    succeeded(export(airflow, nothing, operator="ExportActivitiesOperator"))
    assert out.read_text() == ",".join(found[0]) + "\n"


def test_program_members_are_exported_by_the_names_of_their_fields(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path
) -> None:
    run = airflow.run(
        f"""
from airflow_provider_mkt.operators.exports import ExportProgramMembersOperator
enroll = EnrollNurtureOperator(task_id="enroll", conn_id="marketo_default", status_name="Member",
    program_id={seed.NURTURE_PROGRAM}, leads=[{seed.ANNA}, {seed.BEN}])
for name, more in {{
    "one": {{"program_id": {seed.NURTURE_PROGRAM}, "is_exhausted": "false"}},
    "many": {{"program_ids": [{seed.NURTURE_PROGRAM}, {seed.DEFAULT_PROGRAM}], "status_names": ["Member"]}},
    "none": {{"program_ids": "[{seed.DEFAULT_PROGRAM}]", "is_exhausted": "{{{{ none }}}}"}},
}}.items():
    enroll >> ExportProgramMembersOperator(task_id=name, conn_id="marketo_default", poll_interval=0.05,
        fields=["leadId", "email", "statusName"], output_path=f"{tmp_path}/{{name}}.csv", **more)
"""
    )
    assert run.state == "success", run.log[-4000:]
    (anna, _) = rows(tmp_path / "one.csv")
    assert anna == {"leadId": str(seed.ANNA), "email": "anna.berg@example.com", "statusName": "Member"}
    assert rows(tmp_path / "many.csv")[1]["programId"] == str(seed.NURTURE_PROGRAM)
    assert (tmp_path / "none.csv").read_text() == "programId,leadId,email,statusName\n"


@pytest.mark.usefixtures("from_templates")
@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"fields": ["id", "no such field"], "start": START, "end": START + 95 * DAY}, "no such field"),
        ({**MONTH, "fields": []}, "fields: is empty"),
        ({**MONTH, "fields": "id,email"}, "fields: must be a list, not text of 8 characters"),
        ({**COLUMNS, "start": "2025-01-01T00:00:00Z"}, "end: is missing"),
        ({**COLUMNS, "start": START, "end": START}, "end: must be at"),
        (
            {**COLUMNS, "start": "0025-01-01T00:00:00Z", "end": "2025-01-01T00:00:00Z"},
            "start: is 730,",
        ),
        (
            {**COLUMNS, "start": "2025-01-01", "end": "2025-01-02T00:00:00Z"},
            "start: has no offset",
        ),
        (COLUMNS, "exactly one filter, not none"),
        ({**MONTH, "static_list_id": 1}, "exactly one filter, not createdAt, staticListId"),
        ({**MONTH, "date_filter": "created"}, "date_filter: must be one of createdAt, updatedAt"),
        ({**MONTH, "file_format": "xlsx"}, "file_format: must be one of csv, tsv, ssv"),
        (
            {**MONTH, "column_headers": {"phone": "Phone"}},
            "column_headers.phone: is not among the fields",
        ),
        (
            {**COLUMNS, "static_list_name": "Newsletter Readers", "output_path": "/x/{window}"},
            "output_path: has {window}",
        ),
        ({**MONTH, "output_path": "None"}, "output_path: is missing or empty"),
        ({**MONTH, "conn_id": "hubspot_default"}, "is of type hubspot, not marketo"),
    ],
)
def test_an_export_that_is_not_possible_fails_without_retry_and_leaves_nothing(
    sandbox: Sandbox, short_waits: None, tmp_path: Path, arguments: dict[str, Any], named: str
) -> None:
    given = {"output_path": f"{tmp_path}/out.csv", "conn_id": "marketo_default", **arguments}
    with pytest.raises(AirflowFailException) as raised:
        ExportLeadsOperator(task_id="export", **given).execute(context())
    assert named in str(raised.value)
    assert jobs(sandbox) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("operator", "arguments", "named"),
    [
        ("ExportLeadsOperator", 'fields=["id"], static_list_id=999999', "static_list_id: does not exist: "),
        (
            "ExportLeadsOperator",
            'fields=["id"], smart_list_name="Nobody"',
            "smart_list_name: does not exist: ",
        ),
        ("ExportProgramMembersOperator", 'fields=["leadId"], program_ids=[999999]', "program_ids: does not"),
    ],
)
def test_what_does_not_exist_is_named_with_its_parameter(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path, operator: str, arguments: str, named: str
) -> None:
    log = failed(export(airflow, f'output_path="{tmp_path}/x.csv", {arguments}', operator=operator))
    assert named in log
    assert list(tmp_path.iterdir()) == []
