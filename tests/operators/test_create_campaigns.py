"""Each campaign is created once, and rejected campaigns are named."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from airflow_runs import Airflow, lift_rate_limits
from workers import RESET, Worker, context, until

from airflow_provider_mkt.operators.campaigns import CreateCampaignBatchOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.version_compat import AirflowFailException

CREATE = "*/batch/create"
ROUTE = "/marketing/campaigns/2026-09/batch/create"
PROGRAMS = "/rest/asset/v1/programs.json"
DEFAULTS = {"folder_id": marketo.PROGRAM_FOLDER, "channel": "Default"}
LOST: dict[str, dict[str, Any]] = {"reset": RESET, "502": {"status": 502}, "524": {"status": 524}}


def names(box: Sandbox) -> Counter[str]:
    """How often each name exists, without the seeded campaigns."""
    known = {hubspot.SPRING_CAMPAIGN, hubspot.WEBINAR_CAMPAIGN}
    return Counter(one.name for one in box.hubspot.state.campaigns.all() if one.id not in known)


def sent(box: Sandbox) -> int:
    return box.hubspot.calls.of("POST", ROUTE).total


def once(*wanted: str) -> Counter[str]:
    return Counter(dict.fromkeys(wanted, 1))


def create(airflow: Airflow, campaigns: Any, more: str = "", conn: str = "hubspot_default") -> Any:
    return airflow.run_tasks(
        f'CreateCampaignBatchOperator(task_id="create", conn_id="{conn}", campaigns={campaigns!r}, '
        f"retries=1, {more})"
    )


def creating(*wanted: str, conn: str = "hubspot_default", **more: Any) -> CreateCampaignBatchOperator:
    return CreateCampaignBatchOperator(
        task_id="create", conn_id=conn, campaigns=[{"name": name} for name in wanted], **more
    )


def failure(operator: CreateCampaignBatchOperator) -> str:
    """The error of a task that fails without retry."""
    with pytest.raises(AirflowFailException) as raised:
        operator.execute(context())
    return str(raised.value)


# -- HubSpot ------------------------------------------------------------------------------------------


def test_120_campaigns_are_created_in_batches_of_50_and_a_second_run_creates_none(
    airflow: Airflow, sandbox: Sandbox
) -> None:
    lift_rate_limits(sandbox)
    wanted = [{"name": f"Campaign {number}"} for number in range(120)]
    first = create(airflow, wanted)
    assert first.state == "success", first.log[-2000:]
    outcome = first.returned["create"]
    world = sandbox.hubspot.state.campaigns
    assert {name: world.get(guid).name for name, guid in outcome["campaigns"].items()} == {
        one["name"]: one["name"] for one in wanted
    }
    assert (outcome["created"], outcome["existing"], outcome["rejected"]) == (120, 0, {})
    assert [len(job["members"]) for job in outcome["jobs"]] == [50, 50, 20]
    assert len(json.dumps(outcome)) < 20_000
    assert sent(sandbox) == 3
    again = create(airflow, wanted)
    assert (again.returned["create"]["created"], again.returned["create"]["existing"]) == (0, 120)
    assert again.returned["create"]["campaigns"] == outcome["campaigns"]
    assert sent(sandbox) == 3


def test_defaults_and_own_fields_reach_the_platform(airflow: Airflow, sandbox: Sandbox) -> None:
    run = create(
        airflow,
        [{"hs_name": "One"}, {"name": "Two", "hs_notes": "own"}],
        'campaign_defaults={"hs_notes": "shared", "hs_start_date": "2036-01-01"}',
    )
    assert run.state == "success", run.log[-2000:]
    found = {one.name: one.properties for one in sandbox.hubspot.state.campaigns.all()}
    assert found["One"]["hs_notes"] == "shared"
    assert found["Two"] == {"hs_name": "Two", "hs_notes": "own", "hs_start_date": "2036-01-01"}


@pytest.mark.parametrize("native", [True, False])
def test_the_list_may_be_the_result_of_another_task(airflow: Airflow, sandbox: Sandbox, native: bool) -> None:
    campaigns = "wanted()" if native else """'{{ ti.xcom_pull(task_ids="wanted") | tojson }}'"""
    run = airflow.run(f"""
@task
def wanted():
    return [{{"name": "From a task"}}]
create = CreateCampaignBatchOperator(task_id="create", conn_id="hubspot_default", campaigns={campaigns})
{"" if native else "wanted() >> create"}
""")
    assert run.state == "success", run.log[-2000:]
    assert names(sandbox) == once("From a task")


def test_the_sensor_takes_the_jobs(airflow: Airflow, sandbox: Sandbox) -> None:
    run = airflow.run("""
create = CreateCampaignBatchOperator(
    task_id="create", conn_id="hubspot_default", campaigns=[{"name": f"C{n}"} for n in range(60)])
BatchStatusSensor(task_id="wait", conn_id="hubspot_default", job=create.output, poke_interval=0.1)
""")
    assert run.state == "success", run.log[-2000:]
    assert [job_state["details"] for job_state in run.returned["wait"]] == [
        {"campaigns": 50, "visible": 50},
        {"campaigns": 10, "visible": 10},
    ]


@pytest.mark.usefixtures("from_templates")
@pytest.mark.parametrize(
    ("campaigns", "named"),
    [
        ([], "campaigns: is empty"),
        ([{"hs_notes": "x"}], "campaigns[0].hs_name: is missing"),
        ([{"name": " "}], "campaigns[0].hs_name: is missing"),
        ([{"name": "A"}, {"name": "B"}, {"name": "A"}], "campaigns[2].hs_name: occurs twice"),
        ([{"name": "A"}, {"name": " A "}], "campaigns[1].hs_name: occurs twice"),
        ([{"name": "A"}, {"name": "B", "hs_start_date": 7}], "campaigns[1].hs_start_date: must be text"),
        (["A"], "campaigns[0]: must be a mapping"),
        ([{"name": "A", "hs_name": "A"}], "give a campaign name or hs_name"),
        ("not json", "campaigns: must be a list"),
        ({"name": "A"}, "campaigns: must be a list"),
    ],
)
def test_a_wrong_campaign_is_named_by_its_index_and_nothing_is_sent(
    sandbox: Sandbox, short_waits: None, campaigns: Any, named: str
) -> None:
    operator = CreateCampaignBatchOperator(task_id="create", conn_id="hubspot_default", campaigns=campaigns)
    assert named in failure(operator)
    assert sandbox.hubspot.calls.total == 0


def test_rejected_campaigns_fail_the_task_after_the_others_are_created(
    airflow: Airflow, sandbox: Sandbox
) -> None:
    wanted = [{"name": f"Good {number}"} for number in range(5)]
    run = create(
        airflow, [*wanted, {"name": "Bad", "hs_nonsense": "x"}, {"name": "Late", "hs_start_date": "x"}]
    )
    assert run.state == "failed"
    assert "up_for_retry" not in run.log
    outcome = run.returned["create"]
    assert outcome["created"] == 5
    assert sorted(outcome["rejected"]) == ["Bad", "Late"]
    assert "hs_nonsense" in outcome["rejected"]["Bad"]
    assert "is not a date" in outcome["rejected"]["Late"]
    assert "2 of 7 campaigns were rejected" in run.log
    assert names(sandbox) == once(*(one["name"] for one in wanted))


@pytest.mark.parametrize("kind", LOST)
@pytest.mark.parametrize("when", ["before", "after"])
def test_each_campaign_is_created_once_despite_a_lost_answer(
    sandbox: Sandbox, short_waits: None, kind: str, when: Any
) -> None:
    sandbox.hubspot.faults.add(CREATE, when=when, answer=LOST[kind])
    assert creating("A", "B", "C").execute(context())["created"] == 3
    assert names(sandbox) == once("A", "B", "C")


def test_each_campaign_is_created_once_when_every_answer_is_lost(
    airflow: Airflow, sandbox: Sandbox, short_waits: None
) -> None:
    sandbox.hubspot.faults.add(CREATE, when="after", answer=RESET, times=None)
    run = create(airflow, [{"name": f"C{number}"} for number in range(60)])
    assert run.state == "success", run.log[-2000:]
    assert names(sandbox) == once(*(f"C{number}" for number in range(60)))
    assert sent(sandbox) == 2


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_killed_during_the_call_and_its_next_try_create_each_once(
    sandbox: Sandbox, short_waits: None, when: Any
) -> None:
    sandbox.hubspot.faults.add(CREATE, when=when, delay=0.5)
    worker = Worker(creating("A", "B"))
    until(lambda: sandbox.hubspot.calls.of("POST", ROUTE).in_flight == 1)
    worker.kill()
    report = Worker(creating("A", "B")).end()
    assert len(report["result"]["campaigns"]) == 2
    assert names(sandbox) == once("A", "B")


def test_two_runs_at_once_create_each_once(sandbox: Sandbox, short_waits: None) -> None:
    sandbox.hubspot.latency = 0.02
    workers = [Worker(creating("A", "B", "C"), run=name) for name in ("one", "two")]
    outcomes = [worker.end()["result"] for worker in workers]
    assert sorted(one["created"] for one in outcomes) == [0, 3]
    assert outcomes[0]["campaigns"] == outcomes[1]["campaigns"]
    assert names(sandbox) == once("A", "B", "C")


def test_results_without_names_are_found_and_not_sent_again(
    airflow: Airflow, sandbox: Sandbox, short_waits: None
) -> None:
    sandbox.hubspot.faults.add(
        CREATE,
        when="after",
        answer={
            "status": 201,
            "body": {"status": "COMPLETE", "results": [{"id": "1"}, {"id": "2"}], "startedAt": "x"},
        },
    )
    run = create(airflow, [{"name": "A"}, {"name": "B"}])
    assert run.state == "success", run.log[-2000:]
    ids = {one.name: one.id for one in sandbox.hubspot.state.campaigns.all()}
    assert run.returned["create"]["campaigns"] == {"A": ids["A"], "B": ids["B"]}
    assert sent(sandbox) == 1


def test_results_with_other_names_are_not_sent_again(
    airflow: Airflow, sandbox: Sandbox, short_waits: None
) -> None:
    rows = [{"id": str(number), "properties": {"hs_name": f"changed {number}"}} for number in range(2)]
    sandbox.hubspot.faults.add(
        CREATE, answer={"status": 201, "body": {"status": "COMPLETE", "results": rows}}, times=None
    )
    run = create(airflow, [{"name": "A"}, {"name": "B"}])
    assert run.state == "failed"
    assert "maybe created under another name" in run.log
    assert sent(sandbox) == 1


def test_a_name_that_is_part_of_another_is_created(airflow: Airflow, sandbox: Sandbox) -> None:
    run = create(airflow, [{"name": "Spring"}, {"name": "spring launch"}])
    assert run.returned["create"]["created"] == 2
    assert names(sandbox) == once("Spring", "spring launch")


def test_a_missing_scope_is_named(
    airflow: Airflow, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "AIRFLOW_CONN_READER",
        json.dumps(
            {"conn_type": "hubspot", "host": sandbox.hubspot.url, "password": hubspot.READ_ONLY_TOKEN}
        ),
    )
    run = create(airflow, [{"name": "A"}], conn="reader")
    assert run.state == "failed"
    assert "marketing.campaigns.write" in run.log
    assert "up_for_retry" not in run.log


def test_a_connection_of_another_type_is_rejected(
    airflow: Airflow, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", '{"conn_type": "http", "host": "example.com"}')
    run = create(airflow, [{"name": "A"}], conn="other")
    assert "needed is hubspot or marketo" in run.log
    assert "up_for_retry" not in run.log


# -- Marketo ------------------------------------------------------------------------------------------


def programs(box: Sandbox) -> Counter[str]:
    known = {marketo.NURTURE_PROGRAM, marketo.EMAIL_PROGRAM, marketo.DEFAULT_PROGRAM}
    return Counter(one.name for one in box.marketo.state.programs.values() if one.id not in known)


def create_programs(airflow: Airflow, campaigns: Any, defaults: Any = DEFAULTS) -> Any:
    return create(airflow, campaigns, f"campaign_defaults={defaults!r}", "marketo_default")


@pytest.mark.parametrize("fault", [None, "before", "after", "702"])
def test_marketo_programs_are_created_and_a_second_run_creates_none(
    airflow: Airflow, sandbox: Sandbox, short_waits: None, fault: Any
) -> None:
    if fault == "702":
        sandbox.marketo.faults.add("*/program/byName.json", answer={"code": "702"})
    elif fault:
        sandbox.marketo.faults.add("*/programs.json", method="POST", when=fault, answer=RESET)
    wanted = [{"name": "A"}, {"name": "B", "program_type": "event", "channel": "Roadshow"}]
    first, again = create_programs(airflow, wanted), create_programs(airflow, wanted)
    assert (first.state, again.state) == ("success", "success"), first.log[-2000:]
    assert first.returned["create"]["created"] == 2
    assert (again.returned["create"]["created"], again.returned["create"]["existing"]) == (0, 2)
    assert programs(sandbox) == once("A", "B")


@pytest.mark.parametrize("when", ["before", "after"])
def test_marketo_a_worker_killed_during_the_call_and_its_next_try_create_once(
    sandbox: Sandbox, short_waits: None, when: Any
) -> None:
    sandbox.marketo.faults.add("*/programs.json", method="POST", when=when, delay=0.4)
    operator = creating("A", conn="marketo_default", campaign_defaults=DEFAULTS)
    worker = Worker(operator)
    until(lambda: sandbox.marketo.calls.of("POST", PROGRAMS).in_flight == 1)
    worker.kill()
    report = Worker(operator).end()
    until(lambda: sandbox.marketo.calls.all.in_flight == 0)
    assert list(report["result"]["campaigns"]) == ["A"]
    assert programs(sandbox) == once("A")


def test_marketo_two_runs_at_once_create_once(sandbox: Sandbox, short_waits: None) -> None:
    workers = [
        Worker(creating("A", "B", conn="marketo_default", campaign_defaults=DEFAULTS), run=name)
        for name in ("one", "two")
    ]
    outcomes = [worker.end()["result"] for worker in workers]
    assert sorted(one["created"] for one in outcomes) == [0, 2]
    assert programs(sandbox) == once("A", "B")


def test_marketo_programs_have_their_tags_and_costs_from_the_start(
    airflow: Airflow, sandbox: Sandbox
) -> None:
    north = [{"tagType": "Region", "tagValue": "North"}]
    spent = [{"startDate": "2026-01-01", "cost": 5}]
    wanted = [{"name": "A", "tags": north}, {"name": "B", "costs": spent}]
    run = create(airflow, wanted, f"campaign_defaults={DEFAULTS!r}", "marketo_default")
    assert run.state == "success", run.log[-2000:]
    made = {one.name: (one.tags, one.costs) for one in sandbox.marketo.state.programs.values()}
    assert (made["A"], made["B"]) == ((north, []), ([], spent))


def test_marketo_rejected_programs_fail_the_task_after_the_others_are_created(
    airflow: Airflow, sandbox: Sandbox
) -> None:
    run = create_programs(airflow, [{"name": "A"}, {"name": "B", "channel": "Nope"}, {"name": "C"}])
    assert run.state == "failed"
    assert run.returned["create"]["rejected"] == {"B": "Channel 'Nope' not found"}
    assert programs(sandbox) == once("A", "C")


@pytest.mark.parametrize(
    ("campaigns", "defaults", "named"),
    [
        ([], {}, "campaigns: is empty"),
        ([{"folder_id": 1}], {}, "campaigns[0].name: is missing"),
        ([{"name": "A"}], {"channel": "Default"}, "campaigns[0].folder_id: is missing"),
        ([{"name": "A"}], {"folder_id": 11}, "campaigns[0].channel: is missing"),
        ([{"name": "A", "color": "red"}], DEFAULTS, "campaigns[0].color: is unknown"),
        ([{"name": "A"}, {"name": "A"}], DEFAULTS, "campaigns[1].name: occurs twice"),
        ([{"name": "A" * 256}], DEFAULTS, "at most 255"),
        ([{"name": "A", "folder_id": "eleven"}], DEFAULTS, "folder_id: must be a positive whole number"),
    ],
)
def test_marketo_a_wrong_program_is_named_by_its_index_and_nothing_is_sent(
    sandbox: Sandbox, short_waits: None, campaigns: Any, defaults: Any, named: str
) -> None:
    operator = CreateCampaignBatchOperator(
        task_id="create", conn_id="marketo_default", campaigns=campaigns, campaign_defaults=defaults
    )
    assert named in failure(operator)
    assert sandbox.marketo.calls.total == 0
