"""The example DAGs, in real Airflow. Started together: most of their time is Airflow's own start."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

from commands import EXAMPLES, Ended, ended, start

SEEDED = {"ada@example.com", "anna.berg@example.com"}


def expected(name: str) -> Counter[str]:
    """What becomes of a file's rows: no address is refused, of two with one address the later counts."""
    with (EXAMPLES / "data" / name).open(encoding="utf-8") as file:
        addresses = [row["email"] for row in csv.DictReader(file)]
    given = {address for address in addresses if address}
    return Counter(
        created=len(given - SEEDED),
        updated=len(given & SEEDED),
        skipped=len([address for address in addresses if address]) - len(given),
        rejected=addresses.count(""),
    )


def assert_only_ours(run: Ended, log: Path) -> None:
    """Airflow's lines are in its log and nowhere else."""
    assert run.code == 0, run.stdout + run.stderr + log.read_text()[-3000:]
    assert run.stderr == ""
    assert "DAG TEST" in log.read_text()
    assert not re.search(r"^\W?\d{4}-\d\d-\d\d|DAG TEST|Warning", run.stdout, re.M), run.stdout


def test_the_examples_run_green(tmp_path: Path) -> None:
    logs = {name: tmp_path / f"{name}.log" for name in ("newsletter", "lead_import", "nurture")}
    work = f"--param=work_dir={(tmp_path / 'work').as_uri()}"
    started = {
        name: start("run", EXAMPLES / f"{name}.py", "--log", log, *([work] if name == "nurture" else []))
        for name, log in logs.items()
    }
    runs = {name: ended(process) for name, process in started.items()}
    for name, run in runs.items():
        assert_only_ours(run, logs[name])
        assert str(logs[name]) in run.stdout.splitlines()[0]
    _newsletter(runs["newsletter"])
    _lead_import(runs["lead_import"])
    _nurture(runs["nurture"])


def _newsletter(run: Ended) -> None:
    table, hubspot, marketo = run.table(), expected("hubspot_signups.csv"), expected("marketo_signups.csv")
    assert hubspot == Counter(created=4, updated=1, skipped=1, rejected=1)
    for fate in ("created", "updated", "skipped", "rejected"):
        assert table[f"leads {fate}"] == [str(hubspot[fate]), str(marketo[fate])]
    assert table["campaigns created"] == ["2", "2"]
    assert table["campaigns existing"] == ["0", "0"]
    # One of HubSpot's two leads is in the series from the start.
    assert table["enrolled"] == ["1", "2"]
    assert table["enrolled before"] == ["1", "0"]
    # Five people were in HubSpot, four came; Marketo's program goes to a list of three.
    assert table["email"] == ["180000000001 PUBLISHED, sent to 9", "program 2002 sent to 3"]
    assert re.fullmatch(r"[1-9]\d* \(0 refused\)", table["HubSpot calls"][0])
    assert table["HubSpot calls"][1] == table["Marketo calls"][0] == "0"
    assert re.fullmatch(r"[1-9]\d* \(0 refused\)", table["Marketo calls"][1])
    assert table["tasks"] == ["6 success", "7 success"]
    assert table["result"] == ["success", "success"]
    rejects = re.findall(r"^Rejects of (\S+): (.+)$", run.stdout, re.M)
    assert [task for task, _ in rejects] == [
        "newsletter_hubspot.import_sign_ups",
        "newsletter_marketo.import_sign_ups",
    ]
    assert all("KEY_MISSING" in Path(path).read_text() for _, path in rejects)


def _lead_import(run: Ended) -> None:
    assert run.table()["leads created"] == ["4"]
    assert run.table()["result"] == ["success"]
    assert re.search(r"^  import_leads +success +\d+\.\d s$", run.stdout, re.M)


def _nurture(run: Ended) -> None:
    table = run.table()
    assert table["leads created"] == ["2"]
    assert table["enrolled"] == ["4"]
    assert table["result"] == ["success"]
