"""HubSpot's records exported by a job: chosen, waited for, downloaded, checked, killed and retried."""

from __future__ import annotations

import csv
import json
import logging
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from airflow_runs import Airflow
from workers import RESET, Worker, as_soon_as, context, until

from airflow_provider_mkt.actions.hubspot import exports
from airflow_provider_mkt.client.errors import InvalidInput, OutcomeUnknown
from airflow_provider_mkt.client.hubspot.exports import exports as calls
from airflow_provider_mkt.operators._waiting import JobsOverdue
from airflow_provider_mkt.operators.object_exports import ExportObjectsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.version_compat import AirflowFailException

pytestmark = pytest.mark.usefixtures("airflow_home", "short_waits")

FILES = "/crm-exports-file/*"
STATUS = "*/async/tasks/*/status"


@pytest.fixture(autouse=True)
def quick(sandbox: Sandbox) -> None:
    sandbox.hubspot.settings.export_startup = 0.0


def exporting(path: Path | str, **more: Any) -> ExportObjectsOperator:
    arguments: dict[str, Any] = {
        "properties": ["email", "lastname", "lifecyclestage"],
        "method": "job",
        "poll_interval": 0.05,
        **more,
    }
    return ExportObjectsOperator(
        task_id="export", conn_id="hubspot_default", output_path=f"file://{path}", **arguments
    )


def add(sandbox: Sandbox, count: int) -> list[str]:
    """Add contacts, and return the ids of all."""
    contacts = sandbox.hubspot.state.contacts
    for number in range(count):
        contacts.create({"email": f"c{number}@example.com", "lastname": f'"Nr"\n{number}'})
    return [one.id for one in contacts.live()]


def ids(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return [row["id"] for row in csv.DictReader(file)]


def started(sandbox: Sandbox) -> int:
    return len(sandbox.hubspot.state.exports.all())


def called(sandbox: Sandbox, ending: str) -> int:
    return sum(one.path.endswith(ending) for one in sandbox.hubspot.calls.recent)


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_job_writes_the_file_that_a_list_writes(sandbox: Sandbox, tmp_path: Path, ending: str) -> None:
    add(sandbox, 20)
    outcome = exporting(tmp_path / f"job.{ending}").execute(context())
    listed = exporting(tmp_path / f"list.{ending}", method="list").execute(context("list"))
    if ending == "parquet":
        table = pq.read_table(tmp_path / "job.parquet")
        assert table.equals(pq.read_table(tmp_path / "list.parquet"))
    else:
        assert (tmp_path / f"job.{ending}").read_text() == (tmp_path / f"list.{ending}").read_text()
    (job,) = sandbox.hubspot.state.exports.all()
    assert outcome["export_ids"] == [job.id]
    assert listed["export_ids"] == []
    assert (outcome["rows"], outcome["bytes"]) == (listed["rows"], listed["bytes"])
    assert job.order.name == "killed.task"


@pytest.mark.parametrize(
    "settings",
    [{"export_zip_bytes": 0}, {"export_rows_per_file": 7}, {"export_record_id": True}],
)
def test_files_are_read_zipped_split_and_with_other_columns(
    sandbox: Sandbox, tmp_path: Path, settings: dict[str, Any]
) -> None:
    known = add(sandbox, 20)
    for name, value in settings.items():
        setattr(sandbox.hubspot.settings, name, value)
    assert exporting(tmp_path / "c.csv").execute(context())["rows"] == len(known)
    assert ids(tmp_path / "c.csv") == known
    assert list(tmp_path.iterdir()) == [tmp_path / "c.csv"]


def test_a_range_of_time_is_a_filter_of_the_job(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.clock.advance(86_400)
    start = sandbox.clock.now().isoformat()
    contacts = sandbox.hubspot.state.contacts
    changed = contacts.create({"email": "new@example.com"})
    sandbox.clock.advance(60)
    end = sandbox.clock.now().isoformat()
    contacts.create({"email": "later@example.com"})
    exporting(tmp_path / "c.csv", start=start, end=end).execute(context())
    assert ids(tmp_path / "c.csv") == [changed.id]


def test_a_custom_object_is_exported_by_its_name(sandbox: Sandbox, tmp_path: Path) -> None:
    schema = {
        "name": "machine",
        "labels": {"singular": "Machine", "plural": "Machines"},
        "requiredProperties": [],
        "createdAt": "2025-01-06T09:00:00.000Z",
        "updatedAt": "2025-01-06T09:00:00.000Z",
    }
    kind = sandbox.hubspot.state.objects.add_custom(
        schema, [{"name": "serial", "label": "Serial", "type": "string", "fieldType": "text"}]
    )
    one = kind.store.create({"serial": "S1"})
    exporting(tmp_path / "c.csv", object_type="p_machine", properties=["serial"]).execute(context())
    assert ids(tmp_path / "c.csv") == [one.id]
    (job,) = sandbox.hubspot.state.exports.all()
    assert job.order.kind is kind


def test_auto_takes_a_job_from_so_many_records_on(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The search index is behind.
    known = add(sandbox, 5)
    sandbox.clock.advance(10)
    monkeypatch.setattr(exports, "JOB_FROM", len(known) + 1)
    assert exporting(tmp_path / "a.csv", method="auto").execute(context("a"))["export_ids"] == []
    monkeypatch.setattr(exports, "JOB_FROM", len(known))
    assert len(exporting(tmp_path / "b.csv", method="auto").execute(context("b"))["export_ids"]) == 1
    assert (tmp_path / "a.csv").read_text() == (tmp_path / "b.csv").read_text()
    for number, more in enumerate(({"properties_with_history": ["email"]}, {"include_deleted": True})):
        outcome = exporting(tmp_path / "c.csv", method="auto", **more).execute(context(f"c{number}"))
        assert outcome["export_ids"] == []


def test_auto_lists_where_no_job_can_be_started(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "JOB_FROM", 1)
    known = add(sandbox, 5)
    sandbox.clock.advance(10)
    sandbox.hubspot.settings.withheld_scopes = ("crm.export",)
    outcome = exporting(tmp_path / "a.csv", method="auto").execute(context("a"))
    assert (outcome["rows"], outcome["export_ids"]) == (len(known), [])
    with pytest.raises(AirflowFailException, match=r"crm\.export"):
        exporting(tmp_path / "b.csv").execute(context("b"))
    assert not (tmp_path / "b.csv").exists()


def test_auto_lists_when_the_exports_of_the_day_are_used_up(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "JOB_FROM", 1)
    monkeypatch.setattr(calls, "_MAX_ELAPSED", 0.2)
    known = add(sandbox, 5)
    sandbox.clock.advance(10)
    sandbox.hubspot.settings.exports_per_day = 0
    outcome = exporting(tmp_path / "a.csv", method="auto").execute(context())
    assert (outcome["rows"], outcome["export_ids"]) == (len(known), [])


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"method": "bulk"}, "method: must be one of auto, list, job"),
        ({"properties_with_history": ["email"]}, "properties_with_history: cannot be had from an export job"),
        ({"include_deleted": True}, "include_deleted: cannot be had from an export job"),
        ({"since": "last"}, "since: cannot be had from an export job"),
    ],
)
def test_wrong_parameters_are_named_when_the_dag_is_parsed(more: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        exporting("/tmp/c.csv", **more)


def test_the_address_of_the_file_is_in_no_log_and_no_outcome(
    sandbox: Sandbox,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with caplog.at_level(logging.DEBUG):
        outcome = exporting(tmp_path / "c.csv").execute(context())
    (job,) = sandbox.hubspot.state.exports.all()
    (key,) = job.keys
    written = capsys.readouterr()
    text = caplog.text + json.dumps(outcome) + written.out + written.err
    assert f"{job.id} was started" in text
    assert key not in text
    assert "crm-exports-file" not in text


def test_a_dead_address_is_replaced_by_a_new_one(sandbox: Sandbox, tmp_path: Path) -> None:
    known = add(sandbox, 5)
    sandbox.hubspot.faults.add(path=FILES, answer={"status": 403})
    sandbox.hubspot.faults.add(path=FILES, answer={"cut": 30}, when="after")
    assert exporting(tmp_path / "c.csv").execute(context())["rows"] == len(known)
    (job,) = sandbox.hubspot.state.exports.all()
    assert len(job.keys) == 3


def test_a_file_that_lacks_rows_is_read_again_and_never_written(sandbox: Sandbox, tmp_path: Path) -> None:
    add(sandbox, 5)
    short = {
        "status": 200,
        "body": "hs_object_id,createdate,lastmodifieddate,email,lastname,lifecyclestage\n",
    }
    sandbox.hubspot.faults.add(path=FILES, answer=short)
    exporting(tmp_path / "a.csv").execute(context("a"))
    assert ids(tmp_path / "a.csv")
    sandbox.hubspot.faults.add(path=FILES, answer=short, times=None)
    with pytest.raises(exports.DamagedFile, match="0 rows instead of"):
        exporting(tmp_path / "b.csv").execute(context("b"))
    assert not (tmp_path / "b.csv").exists()
    sandbox.hubspot.faults.clear()
    # The next try reads the same job.
    exporting(tmp_path / "b.csv").execute(context("b", try_number=2))
    assert started(sandbox) == 2


@pytest.mark.parametrize("ending", ["FAILED", "CANCELED", "CONFLICT"])
def test_a_job_that_failed_fails_the_task_and_a_cleared_one_starts_another(
    sandbox: Sandbox, tmp_path: Path, ending: Any
) -> None:
    sandbox.hubspot.settings.export_ending = ending
    with pytest.raises(AirflowFailException, match=ending):
        exporting(tmp_path / "c.csv").execute(context())
    sandbox.hubspot.settings.export_ending = "DONE"
    exporting(tmp_path / "c.csv").execute(context(cleared=1))
    assert started(sandbox) == 2


def test_a_lost_answer_costs_one_export_and_the_next_try_starts_another(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.hubspot.faults.add(path="*/export/async", when="after", answer=RESET)
    with pytest.raises(OutcomeUnknown):
        exporting(tmp_path / "c.csv").execute(context())
    outcome = exporting(tmp_path / "c.csv").execute(context(try_number=2))
    assert started(sandbox) == 2
    assert outcome["export_ids"] == [sandbox.hubspot.state.exports.all()[1].id]


def test_a_cleared_task_that_had_succeeded_exports_anew(sandbox: Sandbox, tmp_path: Path) -> None:
    exporting(tmp_path / "c.csv").execute(context())
    exporting(tmp_path / "c.csv").execute(context(try_number=2))
    assert started(sandbox) == 1
    known = add(sandbox, 1)
    exporting(tmp_path / "c.csv").execute(context(cleared=1))
    assert started(sandbox) == 2
    assert ids(tmp_path / "c.csv") == known


def test_a_job_that_is_late_is_waited_for_by_the_next_try(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.hubspot.settings.export_approval = True
    with pytest.raises(JobsOverdue, match="object_export"):
        exporting(tmp_path / "c.csv", wait_timeout=0.3).execute(context())
    sandbox.hubspot.settings.export_approval = False
    exporting(tmp_path / "c.csv", wait_timeout=60).execute(context(try_number=2))
    assert started(sandbox) == 1


def killed_when(sandbox: Sandbox, path: Path, condition: Any) -> None:
    worker = Worker(exporting(path))
    until(lambda: condition() or worker.ended)
    assert not worker.ended
    worker.kill()
    assert not path.exists()
    sandbox.hubspot.faults.clear()
    sandbox.clock.advance(7200)
    assert Worker(exporting(path)).end()["result"]["rows"] == len(ids(path))


def test_a_task_that_is_killed_while_it_waits_continues_its_job(sandbox: Sandbox, tmp_path: Path) -> None:
    known = add(sandbox, 5)
    sandbox.hubspot.settings.export_startup = 3600.0
    calls = sandbox.hubspot.calls
    route = "/crm/exports/2026-09/export/{exportId}"
    killed_when(sandbox, tmp_path / "c.csv", lambda: calls.of("GET", route).total > 1)
    assert started(sandbox) == 1
    assert ids(tmp_path / "c.csv") == known


def test_a_task_that_is_killed_while_it_downloads_continues_its_job(sandbox: Sandbox, tmp_path: Path) -> None:
    known = add(sandbox, 5)
    sandbox.hubspot.faults.add(path=FILES, delay=60)
    killed_when(sandbox, tmp_path / "c.csv", lambda: sandbox.hubspot.faults.fired)
    assert started(sandbox) == 1
    assert ids(tmp_path / "c.csv") == known


def test_a_task_killed_before_it_knows_its_job_starts_another(sandbox: Sandbox, tmp_path: Path) -> None:
    known = add(sandbox, 5)
    sandbox.hubspot.faults.add(path="*/export/async", when="after", delay=60)
    killed_when(sandbox, tmp_path / "c.csv", lambda: sandbox.hubspot.faults.fired)
    assert started(sandbox) == 2
    assert ids(tmp_path / "c.csv") == known


def test_a_task_that_is_cancelled_while_it_waits_continues_its_job(sandbox: Sandbox, tmp_path: Path) -> None:
    add(sandbox, 5)
    sandbox.hubspot.settings.export_startup = 3600.0
    worker = Worker(exporting(tmp_path / "c.csv"))
    until(lambda: started(sandbox))
    worker.terminate()
    sandbox.clock.advance(7200)
    exporting(tmp_path / "c.csv").execute(context())
    assert started(sandbox) == 1


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_dag_exports_by_a_job(airflow: Airflow, sandbox: Sandbox, tmp_path: Path, deferrable: bool) -> None:
    sandbox.hubspot.settings.export_startup = 3600.0
    route = "/crm/exports/2026-09/export/{exportId}"
    with as_soon_as(
        lambda: sandbox.hubspot.calls.of("GET", route).total > 1, lambda: sandbox.clock.advance(7200)
    ):
        run = airflow.run(
            "from airflow_provider_mkt.operators.object_exports import ExportObjectsOperator\n"
            'ExportObjectsOperator(task_id="export", conn_id="hubspot_default", method="job", '
            f'properties=["email"], output_path="file://{tmp_path}/c.csv", poll_interval=0.05, '
            f"deferrable={deferrable})"
        )
    assert run.state == "success", run.log[-3000:]
    assert seed.CONTACT_IDS[0] in ids(tmp_path / "c.csv")
    assert run.returned["export"]["rows"] == len(ids(tmp_path / "c.csv"))
    (job,) = sandbox.hubspot.state.exports.all()
    assert run.returned["export"]["export_ids"] == [job.id]
    assert not any(key in run.log for key in job.keys)


@pytest.mark.parametrize("mode", ['mode="poke"', "deferrable=True"])
def test_a_sensor_waits_for_an_export(airflow: Airflow, sandbox: Sandbox, mode: str) -> None:
    from airflow_provider_mkt.hooks.hubspot import HubSpotHook

    with HubSpotHook() as hook:
        one = hook.run(calls.start("x", "contacts", ["email"]))
    job = {"platform": "hubspot", "kind": exports.KIND, "id": one.id}
    run = airflow.run(
        'BatchStatusSensor(task_id="wait", conn_id="hubspot_default", poke_interval=0.1, '
        f"job={job!r}, {mode})"
    )
    assert run.state == "success", run.log[-2000:]
    (state,) = run.returned["wait"]
    assert (state["status"], state["raw_status"]) == ("COMPLETE", "DONE")
    assert state["details"] == {"name": "x", "recordCount": len(list(sandbox.hubspot.state.contacts.live()))}


@pytest.mark.parametrize("method", ["list", "job"])
def test_associated_records_have_a_column_with_their_labels(
    sandbox: Sandbox, tmp_path: Path, method: str
) -> None:
    state = sandbox.hubspot.state
    contacts, companies = state.objects["contacts"], state.objects["companies"]
    # Its score is not a number, so that the rows are gone through twice.
    known = add(sandbox, 3)[-3:]
    odd = contacts.store.get(known[1])
    assert odd is not None
    odd.properties["lead_score"] = "ten"
    label, _ = state.associations.add_label(contacts, companies, "buyer", "Buyer", "Buys for")
    made = [companies.store.create({"name": f"C{number}"}).id for number in range(501)]
    state.associations.link(contacts, known[0], companies, made[0], [label])
    # More than HubSpot returns at once.
    for one in made:
        state.associations.link(contacts, known[2], companies, one, ())

    def export(name: str) -> Path:
        path, names = tmp_path / name, ["email", "lead_score"]
        more = {"method": method, "properties": names, "associations": ["companies", "deals"]}
        exporting(path, **more).execute(context(name))
        return path

    table = pq.read_table(export("c.parquet")).to_pylist()
    rows = {row["id"]: row for row in table}
    (linked,) = json.loads(rows[known[0]]["associated_companies"])
    assert linked["id"] == made[0]
    assert {one["label"] for one in linked["types"]} == {None, "Buyer"}
    assert rows[known[1]]["associated_companies"] is None
    assert [one["id"] for one in json.loads(rows[known[2]]["associated_companies"])] == made
    assert rows[known[0]]["associated_deals"] is None
    assert rows[known[1]]["lead_score"] == "ten"
    path = "/crm/associations/2026-09/{fromObjectType}/{toObjectType}/batch/read"
    assert sandbox.hubspot.calls.of("POST", path).total == 2
    lines = list(map(json.loads, export("c.jsonl").read_text().splitlines()))
    assert next(one for one in lines if one["id"] == known[0])["associated_companies"] == [linked]


def test_a_type_that_cannot_be_associated_is_named(tmp_path: Path) -> None:
    with pytest.raises(AirflowFailException, match="associations: has 'company_names'"):
        exporting(tmp_path / "c.csv", associations=["company_names"]).execute(context())
