"""Activities that are logged after their date, in exports of ranges that follow each other."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from workers import context

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators.exports import ExportActivitiesOperator, ExportProgramMembersOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed
from airflow_provider_mkt.version_compat import AirflowFailException, TaskDeferred

pytestmark = pytest.mark.usefixtures("airflow_home", "short_waits")

NOW = datetime.now(UTC).replace(microsecond=0)
START, CUT, END = NOW - timedelta(hours=3), NOW - timedelta(hours=2), NOW - timedelta(hours=1)
BREAK = 'a "quoted"\nvalue, with\r\nbreaks'


@pytest.fixture(autouse=True)
def quick(sandbox: Sandbox) -> None:
    sandbox.marketo.settings.export_minutes = 0


def log(sandbox: Sandbox, lead: int, ago: timedelta, late: timedelta = timedelta(), kind: int = 6) -> None:
    """Log an activity that happened before the cut, and shows *late* after it happened."""
    at = CUT - ago
    sandbox.marketo.state.log.add(kind, lead, at, {"Text": BREAK}, committed_at=at + late)


def operator(path: Path, start: datetime, end: datetime, **more: Any) -> ExportActivitiesOperator:
    arguments: dict[str, Any] = {"activity_type_ids": [6], **more}
    return ExportActivitiesOperator(
        task_id="export",
        conn_id="marketo_default",
        output_path=f"file://{path}",
        start=start,
        end=end,
        poll_interval=0.05,
        **arguments,
    )


def export(path: Path, start: datetime, end: datetime, run: str = "", **more: Any) -> list[int]:
    """Export a range, and return the leads in its file."""
    outcome = operator(path, start, end, **more).execute(context(run=run or f"{start}"))
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter={"tsv": "\t"}.get(more.get("file_format", ""), ",")))
    assert outcome["rows"] == len(rows)
    assert {len(row) for row in rows} <= {8}
    return [int(row["leadId"]) for row in rows]


@pytest.mark.parametrize("file_format", ["csv", "tsv"])
def test_an_overlap_finds_late_activities_and_repeats_none(
    sandbox: Sandbox, tmp_path: Path, file_format: str
) -> None:
    minutes = timedelta(minutes=1)
    log(sandbox, seed.ANNA, 50 * minutes)
    log(sandbox, seed.BEN, 10 * minutes)
    log(sandbox, seed.CARLA, 20 * minutes, late=300 * minutes)
    log(sandbox, seed.DAVID, -10 * minutes)
    more = {
        "overlap": 3600,
        "ids_path": f"file://{tmp_path}/ids.json",
        "file_format": file_format,
    }
    assert export(tmp_path / "1", START, CUT, **more) == [seed.ANNA, seed.BEN]
    sandbox.clock.advance(4 * 3600)
    second = export(tmp_path / "2", CUT, END, **more)
    assert second == [seed.CARLA, seed.DAVID]
    # A range that is exported again has the same rows, and the range after it repeats none.
    assert export(tmp_path / "2", CUT, END, run="again", **more) == second
    assert export(tmp_path / "3", END, NOW, **more) == []


def test_an_unknown_activity_type_is_named_before_a_job_is_created(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(AirflowFailException, match="activity_type_ids: has 999999, which is no"):
        export(tmp_path / "1", START, CUT, activity_type_ids=[6, 999999])
    assert not sandbox.marketo.state.exports.all()


@pytest.mark.parametrize("late", [55, 80, 600])
def test_a_late_activity_is_in_one_file_where_marketo_cuts_ranges_by_log_time(
    sandbox: Sandbox, tmp_path: Path, late: int
) -> None:
    sandbox.marketo.settings.extracts_by_log_time = True
    log(sandbox, seed.ANNA, timedelta(minutes=late + 20), late=timedelta(minutes=late))
    log(sandbox, seed.BEN, timedelta(minutes=50))
    more = {"overlap": 3600, "ids_path": f"file://{tmp_path}/ids.json"}
    assert sorted(export(tmp_path / "1", START, CUT, **more)) == [seed.ANNA, seed.BEN]
    assert export(tmp_path / "2", CUT, END, **more) == []


def test_a_long_overlap_reaches_back_over_several_ranges(sandbox: Sandbox, tmp_path: Path) -> None:
    log(sandbox, seed.ANNA, timedelta(minutes=50))
    log(sandbox, seed.BEN, timedelta(minutes=50), late=timedelta(hours=4))
    more = {"overlap": 6 * 3600, "ids_path": f"file://{tmp_path}/ids.json"}
    found = [export(tmp_path / "1", START, CUT, **more), export(tmp_path / "2", CUT, END, **more)]
    sandbox.clock.advance(4 * 3600)
    found.append(export(tmp_path / "3", END, NOW, **more))
    assert found == [[seed.ANNA], [], [seed.BEN]]


def test_without_either_a_late_activity_is_missed_and_that_is_warned_about(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log(sandbox, seed.ANNA, timedelta(minutes=10), late=timedelta(hours=4))
    assert export(tmp_path / "1", START, CUT) == []
    assert "Activities of the last 24 hours before the end may be logged later" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "end", "warns"),
    [
        ({"activity_type_ids": [13]}, NOW - timedelta(hours=1), True),
        ({"activity_type_ids": [13]}, NOW - timedelta(hours=3), False),
        ({"activity_type_ids": [13, 7]}, NOW - timedelta(hours=3), True),
        ({"activity_type_ids": None}, NOW - timedelta(hours=25), False),
        ({"activity_type_ids": [13], "overlap": 7200, "ids_path": "ids"}, NOW - timedelta(hours=1), False),
        ({"activity_type_ids": [13], "lag": 60}, NOW - timedelta(hours=1), True),
    ],
)
def test_only_a_range_that_may_lack_activities_is_warned_about(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: dict[str, Any], end: datetime, warns: bool
) -> None:
    if "ids_path" in more:
        more = {**more, "ids_path": f"file://{tmp_path}/ids.json"}
    export(tmp_path / "1", end - timedelta(hours=1), end, **more)
    assert ("may be logged later" in capsys.readouterr().out) is warns


def test_a_lag_defers_the_export_and_finds_what_was_logged_since(sandbox: Sandbox, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    waiting = operator(tmp_path / "1", now - timedelta(hours=1), now, lag=600, deferrable=True)
    with pytest.raises(TaskDeferred) as deferred:
        waiting.execute(context())
    assert deferred.value.trigger.moment == now + timedelta(seconds=600)
    assert not sandbox.marketo.state.exports.all()
    waiting.lag, waiting.deferrable = 0, False
    assert waiting.resume(context())["rows"] == 0


def test_a_lag_is_waited_for_in_the_worker(sandbox: Sandbox, tmp_path: Path) -> None:
    end = datetime.now(UTC) + timedelta(seconds=1)
    export(tmp_path / "1", end - timedelta(hours=1), end, lag=0.2)
    assert datetime.now(UTC) >= end + timedelta(seconds=0.2)


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"overlap": 60}, "ids_path: is missing"),
        ({"overlap": -1}, "overlap: must be seconds"),
        ({"lag": "soon"}, "lag: must be seconds"),
        ({"overlap": 60, "fields": ["leadId"], "ids_path": "file:///tmp/x"}, "fields: lacks marketoGUID"),
        ({"overlap": 60, "ids_path": "file:///etc/hostname"}, "ids_path: is not a file of exported ids"),
        (
            {"overlap": 60, "ids_path": "file:///tmp/x", "output_path": "file:///tmp/{window}"},
            "output_path: has {window}",
        ),
    ],
)
def test_wrong_parameters_are_named_before_anything_is_sent(
    sandbox: Sandbox, tmp_path: Path, more: dict[str, Any], named: str
) -> None:
    export_task = operator(tmp_path / "1", START, CUT)
    for name, value in more.items():
        setattr(export_task, name, value)
    with pytest.raises(AirflowFailException, match=named):
        export_task.execute(context())
    assert not sandbox.marketo.state.exports.all()


# -- members ------------------------------------------------------------------------------------------


def members(folder: Path, cadence: str) -> Any:
    return ExportProgramMembersOperator(
        task_id="export",
        conn_id="marketo_default",
        output_path=f"file://{folder}/members.csv",
        fields=["leadId"],
        program_id=seed.NURTURE_PROGRAM,
        nurture_cadence=cadence,
        poll_interval=0.05,
    ).execute(context(run=cadence))


@pytest.mark.parametrize(
    ("cadence", "rows"), [("norm", 1), ("normal", 1), ("pause", 1), ("paused", 1), ("paus", 1)]
)
def test_the_documented_words_for_a_cadence_are_accepted(
    sandbox: Sandbox, tmp_path: Path, cadence: str, rows: int
) -> None:
    from airflow_provider_mkt.sandbox.marketo.programs.enrolment import advance

    program, now = sandbox.marketo.state.programs[seed.NURTURE_PROGRAM], sandbox.clock.now()
    for lead in (seed.ANNA, seed.BEN):
        advance(sandbox.marketo.state, program, lead, program.channel.first(), now)
    program.members[seed.BEN].cadence = "paus"
    assert members(tmp_path, cadence)["rows"] == rows


def test_another_word_for_a_cadence_is_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="nurture_cadence: must be one of pause, norm, paused"):
        members(tmp_path, "stop")
    assert not sandbox.marketo.state.exports.all()


def test_a_cadence_that_nobody_has_is_warned_about(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert members(tmp_path, "pause")["rows"] == 0
    assert "try others too" in capsys.readouterr().out
