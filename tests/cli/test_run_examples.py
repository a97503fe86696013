"""The example DAGs, run by ``mkt-sandbox run`` in real Airflow."""

from __future__ import annotations

import csv
import json
import os
import re
from collections import Counter
from pathlib import Path

import pytest
from commands import EXAMPLES, Result, command, in_process

EXPECTED = {
    "bulk_import_hubspot": {"rows imported": "5", "rows skipped": "1", "rows rejected": "1"},
    "bulk_import_marketo": {"rows imported": "5", "rows rejected": "1", "enrolled": "7"},
    # All contacts: five seeded ones and four imported ones.
    "campaign_season": {
        "campaigns created": "2",
        "campaigns updated": "2",
        "assets added": "2",
        "email": "180000000101 PUBLISHED_AB, sent to 3",
    },
    # The members of the list that the import filled.
    "email_program": {"email": "program 5001 sent to 7"},
    "event_follow_up": {"attendance recorded": "7", "list members added": "2", "people mailed": "3"},
    "lead_import": {"leads created": "0", "leads updated": "5", "leads rejected": "1"},
    "nightly_export": {"rows exported": "17"},
    "nurture": {"leads created": "2", "enrolled": "3", "enrolled before": "1"},
    "marketo_objects": {"leads updated": "1", "records written": "6"},
    "reverse_etl": {"leads created": "3", "leads updated": "1", "leads rejected": "0"},
    "warehouse_load": {"rows exported": "14"},
}
DAGS = sorted(EXPECTED)
SEEDED = {"ada@example.com", "anna.berg@example.com"}


def expected(name: str) -> Counter[str]:
    """Count the results of a file's rows. No address is rejected, and the last row of an address counts."""
    with (EXAMPLES / "data" / name).open(encoding="utf-8") as file:
        addresses = [row["email"] for row in csv.DictReader(file)]
    given = {address for address in addresses if address}
    return Counter(
        created=len(given - SEEDED),
        updated=len(given & SEEDED),
        skipped=len([address for address in addresses if address]) - len(given),
        rejected=addresses.count(""),
    )


def assert_clean_output(run: Result, log: Path) -> None:
    """Assert that the run succeeded, and that Airflow's lines are only in its log."""
    assert run.code == 0, run.stdout + run.stderr + log.read_text()[-3000:]
    assert run.stderr == ""
    assert "DAG TEST" in log.read_text()
    assert not re.search(r"^\W?\d{4}-\d\d-\d\d|DAG TEST|Warning", run.stdout, re.M), run.stdout


def test_the_newsletter_example_succeeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "newsletter.log"
    work = tmp_path / "work"
    options = ["--log", log, "--approve", f"--param=work_dir={work}"]
    monkeypatch.setenv("COLUMNS", "400")
    run = in_process("run", EXAMPLES / "newsletter.py", *options)
    assert_clean_output(run, log)
    assert str(log) in run.stdout.splitlines()[0]
    assert_newsletter(run, work)


def test_all_other_examples_succeed_in_one_sandbox(tmp_path: Path) -> None:
    """In one file, because Airflow's start takes most of the time. DAGs see the data of earlier ones."""
    files = sorted(str(file) for file in EXAMPLES.glob("*.py") if file.stem != "newsletter")
    together, log, work = tmp_path / "together.py", tmp_path / "log", tmp_path / "work"
    together.write_text(f"# Airflow DAGs\nimport runpy\nfor file in {files}:\n    runpy.run_path(file)\n")
    folders = [f"--param={name}={work.as_uri()}" for name in ("work_dir", "folder")]
    options = ["--log", log, "--approve", "--param=end=2025-01-07T00:00:00Z", "--param=send_in=20"]
    run = command("run", together, *options, *folders, env={**os.environ, "COLUMNS": "400"})
    assert_clean_output(run, log)
    table = run.table()
    shown = {
        dag_id: {label: cells[place] for label, cells in table.items() if place < len(cells)}
        for place, dag_id in enumerate(DAGS)
    }
    assert {dag_id: counts["result"] for dag_id, counts in shown.items()} == dict.fromkeys(DAGS, "success")
    for dag_id, counts in EXPECTED.items():
        assert {label: shown[dag_id][label] for label in counts} == counts, dag_id
    assert_files(work)


def assert_newsletter(run: Result, work: Path) -> None:
    table, hubspot, marketo = run.table(), expected("hubspot_signups.csv"), expected("marketo_signups.csv")
    assert hubspot == Counter(created=4, updated=1, skipped=1, rejected=1)
    for result in ("created", "updated", "skipped", "rejected"):
        assert table[f"leads {result}"] == [str(hubspot[result]), str(marketo[result])]
    # One of the five that were imported is on the list of HubSpot, which has three members.
    assert table["list members added"] == ["4", "5"]
    assert table["email"] == ["180000000101 PUBLISHED, sent to 7", "program 5001 sent to 7"]
    assert run.stdout.count("answer: Approve (Send 'Newsletter December 2026' to 7 people?)") == 2
    for platform in ("hubspot", "marketo"):
        (row,) = map(json.loads, (work / f"newsletter_{platform}-history.jsonl").read_text().splitlines())
        assert (row["audience"], row["sent"], row["delivered"]) == (7, 7, 7)
    assert re.fullmatch(r"[1-9]\d* \(0 refused\)", table["HubSpot calls"][0])
    assert table["HubSpot calls"][1] == table["Marketo calls"][0] == "0"
    assert re.fullmatch(r"[1-9]\d* \(0 refused\)", table["Marketo calls"][1])
    assert table["tasks"] == ["8 success", "9 success"]
    assert table["result"] == ["success", "success"]
    rejects = re.findall(r"^Rejects of (\S+): (.+)$", run.stdout, re.M)
    assert [task for task, _ in rejects] == [
        "newsletter_hubspot.import_sign_ups",
        "newsletter_marketo.import_sign_ups",
    ]
    assert all("KEY_MISSING" in Path(path).read_text() for _, path in rejects)


def assert_files(work: Path) -> None:
    assert rows(work / "leads-20250106T000000Z.csv")["id"] == ["1001", "1002", "1003", "1004", "1005"]
    assert set(rows(work / "activities-20250106T000000Z.csv")["activityTypeId"]) == {"12"}
    assert set(rows(work / "welcome-nurture.csv")["statusName"]) == {"Member"}
    statistics = rows(work / "figures.csv")
    assert statistics["sent"] == statistics["delivered"] == ["3", "2"]


def rows(path: Path) -> dict[str, list[str]]:
    """Return the columns of a CSV file."""
    with path.open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    return {name: [line[name] for line in lines] for name in lines[0]}
