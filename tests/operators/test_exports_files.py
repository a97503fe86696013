"""Export files are downloaded as the platform wrote them, despite lost connections."""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow_runs import Airflow
from export_runs import (
    FIELDS,
    FILE,
    QUARTER,
    RANGE,
    START,
    export,
    failed,
    jobs,
    shorten,
    statuses,
    succeeded,
)

from airflow_provider_mkt.actions.marketo import exports
from airflow_provider_mkt.actions.marketo.exports import windows
from airflow_provider_mkt.client.errors import InvalidInput, JobFailed
from airflow_provider_mkt.client.marketo.exports import bulk_extracts
from airflow_provider_mkt.operators._tables import Table
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed

SECOND = timedelta(seconds=1)
READ = "/bulk/v1/leads/export/{exportId}/file.json"


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch, short_waits: None) -> None:
    shorten(monkeypatch)


def read(sandbox: Sandbox) -> int:
    return sandbox.marketo.calls.of("GET", READ).total


# -- the connection ---------------------------------------------------------------------------------


def test_a_download_cut_off_in_every_tenth_of_the_file_is_resumed_there(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Long enough for parts that are read into a buffer.
    sandbox.marketo.state.leads.existing(seed.BEN).values["lastName"] = "ü\n" * 300_000
    succeeded(export(airflow, f'output_path="{tmp_path}/first.csv", {FIELDS}, {RANGE}'))
    content = (tmp_path / "first.csv").read_bytes()
    tenth = len(content) // 10 + 1
    monkeypatch.setattr(exports, "PART_BYTES", tenth)
    for number in range(10):
        # After no byte, after some bytes, and before the last byte of the last part.
        cut = number * (len(content) % tenth - 1) // 9
        sandbox.marketo.faults.add(FILE, when="after", skip=number, answer={"cut": cut})
    before = read(sandbox)
    succeeded(export(airflow, f'output_path="{tmp_path}/second.csv", {FIELDS}, {RANGE}'))
    assert (tmp_path / "second.csv").read_bytes() == content == jobs(sandbox)[1].extract.content
    # Ten parts, each requested twice: the bytes received before were not read again.
    assert read(sandbox) - before == 20
    assert not sandbox.marketo.faults.waiting


@pytest.mark.parametrize("answer", [{"reset": True}, {"status": 502}, {"status": 503, "body": "<html>"}])
def test_a_part_that_is_not_found_is_requested_again(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path, answer: dict[str, Any]
) -> None:
    sandbox.marketo.faults.add(FILE, answer=answer, times=3)
    succeeded(export(airflow, f'output_path="{tmp_path}/out.csv", {FIELDS}, {RANGE}'))
    assert (tmp_path / "out.csv").read_bytes() == jobs(sandbox)[0].extract.content


@pytest.mark.parametrize("wrong", ["other bytes", "fewer bytes"])
def test_a_damaged_file_is_downloaded_again(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path, wrong: str
) -> None:
    succeeded(export(airflow, f'output_path="{tmp_path}/out.csv", {FIELDS}, {RANGE}'))
    content = (tmp_path / "out.csv").read_text()
    spoilt = content.replace("Berg", "Berk") if wrong == "other bytes" else content[:-10]
    sandbox.marketo.faults.add(FILE, answer={"status": 200, "body": spoilt})
    run = export(airflow, f'output_path="{tmp_path}/out.csv", {FIELDS}, {RANGE}')
    succeeded(run)
    assert "downloading it again" in run.log
    assert (tmp_path / "out.csv").read_text() == content


def test_a_damaged_file_among_several_is_downloaded_again(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.marketo.state.leads.existing(seed.BEN).created_at += timedelta(days=30)
    succeeded(export(airflow, f'output_path="{tmp_path}/first.csv", {FIELDS}, {QUARTER}'))
    content = [one.extract.content.decode() for one in jobs(sandbox) if one.extract.records][1]
    spoilt = content.replace("Ito", "Ita")
    assert spoilt != content
    sandbox.marketo.faults.add(FILE, skip=1, answer={"status": 200, "body": spoilt})
    run = export(airflow, f'output_path="{tmp_path}/second.csv", {FIELDS}, {QUARTER}')
    succeeded(run)
    assert run.log.count("downloading it again") == 1
    assert (tmp_path / "second.csv").read_bytes() == (tmp_path / "first.csv").read_bytes()


def test_a_file_that_stays_damaged_fails_and_the_next_try_needs_no_new_job(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path
) -> None:
    out = tmp_path / "out.csv"
    out.write_text("from yesterday")
    sandbox.marketo.faults.add(FILE, answer={"status": 200, "body": "id,email,lastName\n"}, times=2)
    run = export(airflow, f'output_path="{out}", {FIELDS}, {RANGE}')
    assert f"the file of job {jobs(sandbox)[0].id} is damaged: it has 18 bytes" in failed(run)
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    assert out.read_text() == "from yesterday"
    sandbox.marketo.faults.add(FILE, answer={"status": 200, "body": "id,email,lastName\n"}, times=2)
    succeeded(export(airflow, f'output_path="{out}", {FIELDS}, {RANGE}, retries=1'))
    assert statuses(sandbox) == {"Completed": 2}


@pytest.mark.parametrize(("times", "made"), [(2, 4), (3, 5), (5, 5), (None, 6)])
def test_a_complete_job_without_file_is_created_again_a_limited_number_of_times(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path, times: int | None, made: int
) -> None:
    gone = {"status": 404, "body": "no file"}
    sandbox.marketo.faults.add(FILE, answer=gone, times=times)
    run = export(airflow, f'output_path="{tmp_path}/out.csv", {FIELDS}, {QUARTER}, retries=2')
    if times is None:
        assert ") failed: " in failed(run)
        assert "given up after 3 jobs" in run.log
        assert "up_for_retry" not in run.log
    else:
        assert succeeded(run)["rows"] == 5
    assert sum(statuses(sandbox).values()) == made
    assert set(statuses(sandbox)) == {"Completed"}


# -- windows ----------------------------------------------------------------------------------------


def test_windows_hold_every_second_of_a_range_once_and_none_is_too_long_for_a_job() -> None:
    draw = random.Random(7)
    for _ in range(300):
        start = START + timedelta(seconds=draw.uniform(0, 1e8))
        end = start + timedelta(seconds=1 + draw.choice([0, 1, 2.5, 31 * 86_400, draw.uniform(0, 3e7)]))
        cut = windows(start, end)
        assert cut[0].first == start.replace(microsecond=0)
        assert cut[-1].last + SECOND == end.replace(microsecond=0)
        assert all(before.last + SECOND == after.first for before, after in itertools.pairwise(cut))
        for window in cut:
            assert window.last >= window.first
            # Built, and so not rejected.
            bulk_extracts.create_leads(["id"], created_between=window.between)
        assert len({window.name for window in cut}) == len(cut)


def test_consecutive_ranges_share_no_second_even_with_a_border_within_a_second() -> None:
    border = datetime(2025, 1, 2, 3, 4, 5, 678_901, UTC)
    (before,), (after,) = windows(START, border), windows(border, border + timedelta(days=1))
    assert before.last + SECOND == after.first


def test_a_job_of_32_days_is_rejected_before_anything_is_sent() -> None:
    for create in (bulk_extracts.create_leads, bulk_extracts.create_program_members):
        with pytest.raises(InvalidInput, match="at most 31 days after it starts"):
            create(["id"], updated_between=(START, START + timedelta(days=32)), **_program(create))


def _program(create: object) -> dict[str, Any]:
    return {"program_id": 1} if create is bulk_extracts.create_program_members else {}


# -- one table out of many files --------------------------------------------------------------------

HEADER = b'"a\nb",c\n'


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
def test_files_are_joined_however_their_bytes_are_split(size: int, end: bytes) -> None:
    file = io.BytesIO()
    table = Table(file)
    for content in (HEADER + b'1,"x\ny"' + end, HEADER, HEADER.strip(), HEADER + b"2,z" + end):
        with table.append_file() as file_of_job:
            for place in range(0, len(content), size):
                file_of_job.write(content[place : place + size])
            if file_of_job.is_first:
                assert file_of_job.sha256() == hashlib.sha256(content).hexdigest()
    text = io.StringIO(file.getvalue().decode(), newline="")
    assert list(csv.reader(text)) == [["a\nb", "c"], ["1", "x\ny"], ["2", "z"]]
    assert table.size == len(file.getvalue())


def test_a_file_that_fails_half_way_does_not_change_the_table() -> None:
    file = io.BytesIO()
    table = Table(file)
    with table.append_file() as file_of_job:
        file_of_job.write(HEADER + b"1,x\n")
    before = file.getvalue(), table.sha256, table.size
    with pytest.raises(ConnectionError), table.append_file() as file_of_job:
        _half(file_of_job.write)
    assert (file.getvalue(), table.sha256, table.size) == before
    with pytest.raises(JobFailed, match="different columns"), table.append_file() as file_of_job:
        file_of_job.write(b"c,d\n3,4\n")
    assert (file.getvalue(), table.sha256, table.size) == before


def _half(take: Callable[[bytes], None]) -> None:
    take(HEADER + b"2,half")
    raise ConnectionError
