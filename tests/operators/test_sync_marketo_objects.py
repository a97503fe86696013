"""Companies, opportunities, roles, sales persons and custom objects are written to Marketo."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from airflow_runs import Airflow
from sync_runs import lines
from workers import context

from airflow_provider_mkt.actions.marketo.imports import ObjectImporter
from airflow_provider_mkt.actions.marketo.objects import ObjectWriter
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators._waiting import JobsOverdue
from airflow_provider_mkt.operators.objects import SyncObjectsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed
from airflow_provider_mkt.sandbox.marketo.object_store import ObjectStore
from airflow_provider_mkt.sensors.batch_status import BatchStatusSensor
from airflow_provider_mkt.version_compat import AirflowFailException

pytestmark = pytest.mark.usefixtures("short_waits")

MACHINE, ENROLLMENT = seed.MACHINE_TYPE, seed.ENROLLMENT_TYPE
ANNA, BEN = seed.ANNA, seed.BEN


def run(object_type: str, at: dict[str, Any] | None = None, **arguments: Any) -> dict[str, Any]:
    given = {"conn_id": "marketo_default", **arguments}
    operator = SyncObjectsOperator(task_id="task", object_type=object_type, **given)
    outcome: dict[str, Any] = operator.execute(at or context())
    assert outcome["total"] == outcome["written"] + outcome["skipped"] + outcome["rejected"]
    assert (outcome["object_type"], outcome["platform"]) == (object_type, "marketo")
    return outcome


def failing(object_type: str, **arguments: Any) -> str:
    with pytest.raises(AirflowFailException) as raised:
        run(object_type, **arguments)
    return str(raised.value)


def store(sandbox: Sandbox, object_type: str) -> ObjectStore:
    state = sandbox.marketo.state
    found = getattr(state, object_type, None)
    return found if isinstance(found, ObjectStore) else state.custom_objects.live(object_type)


def syncs(sandbox: Sandbox) -> int:
    """The calls that wrote records."""
    routes = sandbox.marketo.calls.routes
    return sum(one.total for (method, path), one in routes.items() if method == "POST" and "/v1/" in path)


def machine(number: object, **values: object) -> dict[str, object]:
    return {"serialNumber": f"m{number}", "leadId": ANNA, **values}


ROWS: dict[str, Any] = {
    "companies": lambda number: {"externalCompanyId": f"c{number}", "company": "Acme"},
    "opportunities": lambda number: {"externalOpportunityId": f"o{number}", "name": "Yearly", "amount": 1.5},
    "opportunity_roles": lambda number: {
        "externalOpportunityId": "o",
        "leadId": ANNA,
        "role": f"r{number}",
        "isPrimary": True,
    },
    "sales_persons": lambda number: {
        "externalSalesPersonId": f"s{number}",
        "email": f"r{number}@example.com",
    },
    "named_accounts": lambda number: {"name": f"Acme {number}", "industry": "Tools"},
    MACHINE: lambda number: machine(number, hours=number, active=True),
    ENROLLMENT: lambda number: {"courseId": f"c{number}", "leadId": BEN, "grade": "A"},
}


@pytest.mark.parametrize("object_type", ROWS)
def test_records_of_every_type_are_created_then_updated_by_their_key(
    sandbox: Sandbox, object_type: str, tmp_path: Path
) -> None:
    if object_type == "opportunity_roles":
        run("opportunities", records=[{"externalOpportunityId": "o", "name": "A"}], at=context("first"))
    rows = [ROWS[object_type](number) for number in range(350)]
    outcomes = str(tmp_path / "outcomes.jsonl")
    outcome = run(object_type, records=rows, outcomes_path=outcomes)
    assert (outcome["created"], outcome["updated"], outcome["calls"]) == (350, 0, 2)
    held = store(sandbox, object_type)
    assert len(held) == 350
    assert {line["id"] for line in lines(outcomes)} == {str(one.id) for one in held}
    assert run(object_type, records=rows, at=context(run="later"))["updated"] == 350
    assert len(held) == 350


def test_a_file_with_mapped_columns_types_and_blanks_is_written(sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "machines.csv"
    file.write_text("serial,owner,Model,hours,price\nm1,1001,X1,7,\nm2,1001,,,12.5\n")
    arguments: dict[str, Any] = {
        "source": str(file),
        "columns": {"serial": "serialNumber", "owner": "leadId", "Model": "model"},
        "constants": {"active": True},
        "types": {"hours": "integer", "price": "number"},
        "blank": {"hours": "clear", "price": "omit"},
    }
    assert run(MACHINE, **arguments)["created"] == 2
    one = store(sandbox, MACHINE).by_key("m1")
    assert one is not None
    assert one.values == {"serialNumber": "m1", "leadId": ANNA, "model": "X1", "hours": 7, "active": True}
    file.write_text("serial,owner,Model,hours,price\nm1,1001,X1,,\n")
    assert run(MACHINE, **arguments, at=context(run="later"))["updated"] == 1
    assert "hours" not in one.values


def test_what_is_refused_is_reported_for_each_record(sandbox: Sandbox) -> None:
    rows = [
        machine(1),
        machine(2, hours="many"),
        machine(3, colour="red"),
        machine(4) | {"leadId": 999},
        machine(5) | {"serialNumber": " "},
        {"serialNumber": "m6"},
        machine(7, hours=[1]),
        machine(8, createdAt="2026-01-01T00:00:00Z"),
        machine("1 ", hours=9),
    ]
    outcome = run(MACHINE, records=rows, max_rejected=None)
    assert outcome["reasons"] == {
        "1001": 1,
        "UNKNOWN_FIELD": 1,
        "1004": 1,
        "KEY_MISSING": 1,
        "LINK_MISSING": 1,
        "WRONG_TYPE": 1,
        "READ_ONLY_FIELD": 1,
        "DUPLICATE_KEY": 1,
    }
    reasons = {line["code"]: line["reason"] for line in lines(outcome["rejects"])}
    assert reasons["LINK_MISSING"] == (
        "leadId, the link to Lead by its id, is missing or empty, so that it would belong to nobody"
    )
    # Of two records with one key the later one stays.
    assert outcome["written"] == 1
    (one,) = store(sandbox, MACHINE)
    assert one.values["hours"] == 9


@pytest.mark.parametrize(
    ("object_type", "arguments", "said"),
    [
        ("companys", {}, "object_type: Marketo has no 'companys' (did you mean 'companies'?)"),
        ("machines_c", {}, "did you mean 'machine_c'"),
        ("deals", {}, "there are companies, opportunities, opportunity_roles, sales_persons"),
        (MACHINE, {"lookup_field": "serial_number"}, "did you mean 'serialNumber'"),
        (MACHINE, {"lookup_field": "model"}, "identified by serialNumber, or by marketoGUID with action"),
        (ENROLLMENT, {"lookup_field": "courseId"}, "courseId, leadId together; leave lookup_field out"),
        ("companies", {"lookup_field": "id"}, "id is given by Marketo; use action updateOnly"),
        ("companies", {"types": {"company": "multiple_add"}}, "only HubSpot can add"),
        ("companies", {"associate": [{"to": "contacts", "column": "who"}]}, "a field of the record links it"),
        (
            "companies",
            {"create_missing_properties": True, "property_group": "g", "types": {"x": "text"}},
            "property_group: is an option of HubSpot",
        ),
        ("companies", {"search_wait": 1.0}, "search_wait: is an option of HubSpot"),
        ("companies", {"free_mail_domains": ["x.com"]}, "free_mail_domains: is an option of HubSpot"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_sent(
    sandbox: Sandbox, object_type: str, arguments: dict[str, Any], said: str
) -> None:
    assert said in failing(object_type, records=[{"externalCompanyId": "c"}], **arguments)
    assert syncs(sandbox) == 0


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (
            "serialNumber,leadId,modelx",
            "column 'modelx' is not a field of the object (did you mean 'model'?)",
        ),
        ("leadId,model", "has no column 'serialNumber', the key"),
        ("serialNumber,model", "has no column 'leadId', the link to Lead by its id"),
        ("serialNumber,leadId,marketoGUID", "column 'marketoGUID' is a read-only field"),
    ],
)
def test_columns_that_do_not_fit_the_schema_are_refused_before_anything_is_sent(
    sandbox: Sandbox, tmp_path: Path, header: str, said: str
) -> None:
    file = tmp_path / "machines.csv"
    file.write_text(f"{header}\n{'1,' * header.count(',')}1\n")
    assert said in failing(MACHINE, source=str(file))
    assert syncs(sandbox) == 0


def test_records_are_updated_by_the_id_that_marketo_gives(sandbox: Sandbox) -> None:
    run(MACHINE, records=[machine(1)])
    (one,) = store(sandbox, MACHINE)
    rows = [{"marketoGUID": one.id, "hours": 3}, {"marketoGUID": "none", "hours": 4}]
    outcome = run(
        MACHINE,
        records=rows,
        action="updateOnly",
        lookup_field="marketoGUID",
        max_rejected=None,
        at=context(run="later"),
    )
    assert (outcome["updated"], outcome["reasons"]) == (1, {"1013": 1})
    assert one.values["hours"] == 3


def test_records_that_exist_or_do_not_are_skipped_as_the_action_says(sandbox: Sandbox) -> None:
    row = {"externalCompanyId": "c1", "company": "Acme"}
    assert run("companies", records=[row], action="createOnly")["created"] == 1
    again = run("companies", records=[row], action="createOnly", at=context(run="2"))
    assert (again["skipped"], again["reasons"]) == (1, {"1017": 1})
    rows = [row, row | {"externalCompanyId": "c2"}]
    outcome = run("companies", records=rows, action="updateOnly", at=context(run="3"))
    assert (outcome["updated"], outcome["skipped"]) == (1, 1)
    assert len(sandbox.marketo.state.companies) == 1


def test_a_link_that_leads_nowhere_rejects_its_record(sandbox: Sandbox) -> None:
    run("opportunities", records=[{"externalOpportunityId": "o1", "name": "A"}])
    roles = [
        {"externalOpportunityId": "o1", "leadId": 999, "role": "Buyer"},
        {"externalOpportunityId": "none", "leadId": ANNA, "role": "Buyer"},
    ]
    outcome = run("opportunity_roles", records=roles, max_rejected=None, at=context(run="2"))
    assert outcome["reasons"] == {"1004": 1, "1013": 1}
    deals = [{"externalOpportunityId": "o2", "name": "B", "externalSalesPersonId": "none"}]
    assert run("opportunities", records=deals, max_rejected=None, at=context(run="3"))["reasons"] == {
        "718": 1
    }


def test_an_instance_with_a_crm_refuses_the_whole_task(sandbox: Sandbox) -> None:
    sandbox.marketo.settings.crm_sync = True
    rows = [ROWS["companies"](number) for number in range(700)]
    assert "CRM is enabled" in failing("companies", records=rows)
    assert syncs(sandbox) <= 3
    assert run(MACHINE, records=[machine(1)], at=context(run="later"))["created"] == 1


@pytest.mark.parametrize("object_type", ["companies", MACHINE])
def test_a_lost_answer_is_waited_out_and_makes_no_second_record(
    sandbox: Sandbox, object_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Marketo's own time limit, after which a call can be repeated, takes a minute.
    whole = ObjectWriter.call
    monkeypatch.setattr(ObjectWriter, "call", lambda *given: replace(whole(*given), timeout=2.0))
    sandbox.marketo.faults.add("/rest/v1/c*", method="POST", when="after", answer={"reset": True})
    outcome = run(object_type, records=[ROWS[object_type](number) for number in range(10)])
    assert outcome["written"] == len(store(sandbox, object_type)) == 10


def test_a_try_that_fails_is_continued_and_sends_only_what_is_left(sandbox: Sandbox) -> None:
    rows = [machine(number) for number in range(900)]
    at = context()
    sandbox.marketo.faults.add(
        "/rest/v1/customobjects/*", method="POST", skip=1, answer={"error": "603"}, times=None
    )
    with pytest.raises(AirflowFailException, match="Access denied"):
        run(MACHINE, records=rows, max_concurrency=1, at=at)
    done = len(store(sandbox, MACHINE))
    assert 300 <= done < 900
    sandbox.marketo.faults.clear()
    outcome = run(MACHINE, records=rows, max_concurrency=1, at=at)
    assert (outcome["total"], outcome["resumed"]) == (900, done)
    assert len(store(sandbox, MACHINE)) == 900


def test_a_finished_try_is_not_repeated(sandbox: Sandbox) -> None:
    at = context()
    run(MACHINE, records=[machine(1)], at=at)
    before = syncs(sandbox)
    assert run(MACHINE, records=[machine(1)], at=at)["resumed"] == 1
    assert syncs(sandbox) == before


def test_two_runs_at_once_write_each_new_key_one_after_the_other(sandbox: Sandbox) -> None:
    rows = [machine(number) for number in range(40)]
    # The first call is answered after the second run has seen the claims of its keys.
    sandbox.marketo.faults.add("/rest/v1/customobjects/*", method="POST", delay=1.0)
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(run, MACHINE, records=rows, at=context(run=f"run {n}")) for n in range(2)]
        outcomes = [one.result() for one in both]
    assert sorted((one["created"], one["updated"]) for one in outcomes) == [(0, 40), (40, 0)]
    assert len(store(sandbox, MACHINE)) == 40


def test_a_rate_limit_and_a_busy_server_are_waited_for(sandbox: Sandbox) -> None:
    for code in ("606", "615"):
        sandbox.marketo.faults.add("/rest/v1/opportunities.json", method="POST", answer={"error": code})
    rows = [ROWS["opportunities"](number) for number in range(5)]
    assert run("opportunities", records=rows)["created"] == 5


def imports_of(sandbox: Sandbox) -> int:
    sandbox.marketo.state.run_due_work()
    return len(sandbox.marketo.state.imports.all())


@pytest.fixture
def quick_imports(sandbox: Sandbox) -> None:
    settings = sandbox.marketo.settings
    settings.import_pickup = settings.import_startup = settings.import_per_row = 0.0


BULK: dict[str, Any] = {"mode": "bulk", "poll_interval": 0.05, "deferrable": False}


@pytest.mark.usefixtures("quick_imports")
def test_custom_objects_are_imported_and_what_the_import_refuses_goes_by_calls(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    file = tmp_path / "machines.csv"
    good = "".join(f"m{number},{ANNA},{number}\n" for number in range(1, 500))
    file.write_text(f"serialNumber,leadId,hours\n{good}m500,999,1\nm501,{ANNA},many\nm502,,1\nm503,{ANNA},\n")
    outcome = run(MACHINE, source=str(file), max_rejected=None, **BULK)
    assert (outcome["mode"], outcome["total"], outcome["written"]) == ("bulk", 503, 500)
    # The row without hours leaves the field alone, which a cell cannot say.
    assert outcome["reasons"] == {"1004": 1, "1001": 1, "LINK_MISSING": 1}
    assert [job["kind"] for job in outcome["jobs"]] == ["object_import"]
    assert outcome["jobs"][0]["id"].startswith(f"{MACHINE}/")
    assert len(store(sandbox, MACHINE)) == 500
    assert {line["code"] for line in lines(outcome["rejects"])} == {"1004", "1001", "LINK_MISSING"}


@pytest.mark.usefixtures("quick_imports")
@pytest.mark.parametrize("mode", ["bulk", "calls"])
def test_custom_objects_with_a_key_of_two_fields_are_imported_as_calls_would_write_them(
    sandbox: Sandbox, tmp_path: Path, mode: str
) -> None:
    file = tmp_path / "enrollments.csv"
    file.write_text(
        f"courseId,leadId,grade\na,{ANNA},1\n a ,{BEN},2\nb,{ANNA},3\nb,999,4\n,{ANNA},5\nc,,6\nA,{ANNA},7\n"
    )
    outcome = run(ENROLLMENT, source=str(file), max_rejected=None, **{**BULK, "mode": mode})
    assert outcome["mode"] == mode
    records = [one.values for one in store(sandbox, ENROLLMENT)]
    held = {(one["courseId"], one["leadId"]): one["grade"] for one in records}
    # The last row has the key of the first one.
    assert held == {("a", BEN): "2", ("b", ANNA): "3", ("A", ANNA): "7"}
    codes = [(line["row"], line["code"]) for line in lines(outcome["rejects"])]
    assert sorted(codes) == [(5, "1004"), (6, "KEY_MISSING"), (7, "KEY_MISSING")]
    assert (outcome["total"], outcome["rejected"]) == (7, 3)


@pytest.mark.usefixtures("quick_imports")
def test_a_finished_import_is_not_started_again(sandbox: Sandbox) -> None:
    at = context()
    rows = [machine(number) for number in range(20)]
    run(MACHINE, records=rows, at=at, **BULK)
    assert run(MACHINE, records=rows, at=at, **BULK)["resumed"] == 20
    assert imports_of(sandbox) == 1


def test_a_try_that_ends_while_its_import_runs_follows_it_on(sandbox: Sandbox) -> None:
    sandbox.marketo.settings.import_startup = 3600.0
    at, rows = context(), [machine(number) for number in range(20)]
    with pytest.raises(JobsOverdue, match="no progress"):
        run(MACHINE, records=rows, at=at, wait_timeout=0.2, **BULK)
    assert imports_of(sandbox) == 1
    sandbox.marketo.clock.advance(7200)
    assert run(MACHINE, records=rows, at=at, **BULK)["written"] == 20
    assert imports_of(sandbox) == 1
    assert len(store(sandbox, MACHINE)) == 20


def test_a_deferred_import_is_followed_in_the_triggerer(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path
) -> None:
    settings = sandbox.marketo.settings
    settings.import_pickup = settings.import_per_row = 0.0
    settings.import_startup = 1.0
    file = tmp_path / "machines.csv"
    file.write_text(f"serialNumber,leadId,hours\nm1,{ANNA},1\nm2,{ANNA},many\n")
    run = airflow.run(
        "from airflow_provider_mkt.operators.objects import SyncObjectsOperator\n"
        f'SyncObjectsOperator(task_id="task", conn_id="marketo_default", object_type="{MACHINE}", '
        f'source="{file}", max_rejected=None, mode="bulk", deferrable=True, poll_interval=0.1)'
    )
    assert run.tasks == {"task": "success"}, run.log[-6000:]
    outcome = run.returned["task"]
    assert (outcome["written"], outcome["reasons"]) == (1, {"1001": 1})
    assert "[DAG TEST] running trigger" in run.log or "deferr" in run.log.lower()
    assert (imports_of(sandbox), len(store(sandbox, MACHINE))) == (1, 1)


@pytest.mark.usefixtures("quick_imports")
def test_a_sensor_waits_for_an_import_and_compares_its_failed_rows(sandbox: Sandbox) -> None:
    rows = [machine(1, hours=1), machine(2, hours="many")]
    jobs = run(MACHINE, records=rows, max_rejected=None, **BULK)["jobs"]

    def wait(max_rejected: int) -> Any:
        sensor = BatchStatusSensor(
            task_id="wait",
            conn_id="marketo_default",
            job=jobs,
            max_rejected=max_rejected,
            poke_interval=0.05,
            deferrable=False,
        )
        return sensor.execute(context(task="wait"))

    (state,) = wait(1)
    assert (state["status"], state["job"]) == ("COMPLETE", jobs[0])
    assert state["details"]["numOfRowsFailed"] == 1
    with pytest.raises(AirflowFailException, match="rejected 1 of 2 rows; allowed are 0"):
        wait(0)


@pytest.mark.parametrize(
    ("object_type", "arguments", "said"),
    [
        ("companies", {}, "mode: Marketo imports custom objects in bulk, not companies; use calls"),
        (MACHINE, {"action": "updateOnly"}, "action: an import supports createOrUpdate only"),
        (MACHINE, {"outcomes_path": "/tmp/x.jsonl"}, "outcomes_path: an import does not report"),
    ],
)
def test_what_cannot_be_imported_is_refused_or_goes_by_calls(
    sandbox: Sandbox, object_type: str, arguments: dict[str, Any], said: str
) -> None:
    rows = [ROWS[object_type](1)]
    assert said in failing(object_type, records=rows, **{**BULK, **arguments})
    assert (syncs(sandbox), imports_of(sandbox)) == (0, 0)
    by_calls = run(object_type, records=rows, max_rejected=None, **{**BULK, **arguments, "mode": "auto"})
    assert (by_calls["mode"], by_calls["total"], imports_of(sandbox)) == ("calls", 1, 0)


@pytest.mark.parametrize("argument", ["action", "mode"])
def test_words_that_are_none_of_a_parameters_are_refused_when_the_dag_is_parsed(argument: str) -> None:
    with pytest.raises(InvalidInput, match=f"{argument}: must be one of"):
        SyncObjectsOperator(
            task_id="task", conn_id="c", object_type=MACHINE, records=[machine(1)], **{argument: "fast"}
        )


@pytest.mark.usefixtures("quick_imports")
def test_auto_imports_where_calls_would_take_too_long(sandbox: Sandbox) -> None:
    rows = [machine(number) for number in range(400)]
    outcome = run(MACHINE, records=rows, **{**BULK, "mode": "auto", "bulk_after": 0.0})
    assert (outcome["mode"], len(store(sandbox, MACHINE))) == ("bulk", 400)
    few = run(MACHINE, records=rows, at=context(run="2"), **{**BULK, "mode": "auto"})
    assert (few["mode"], few["updated"]) == ("calls", 400)


@pytest.mark.usefixtures("quick_imports")
def test_an_upload_whose_answer_is_lost_is_not_sent_again(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ObjectImporter.__init__

    def quick(self: ObjectImporter, *given: Any, **more: Any) -> None:
        whole(self, *given, **more)
        self.quiet_after = 1.0

    monkeypatch.setattr(ObjectImporter, "__init__", quick)
    path = "/bulk/v1/customobjects/*"
    sandbox.marketo.faults.add(path, method="POST", when="after", answer={"reset": True})
    rows = [machine(number) for number in range(20)]
    outcome = run(MACHINE, records=rows, **BULK)
    # Once the first file must have ended, it is imported again, which changes nothing more.
    assert (outcome["written"], len(store(sandbox, MACHINE))) == (20, 20)
    assert imports_of(sandbox) == 2
