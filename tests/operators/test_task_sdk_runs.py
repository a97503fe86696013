"""Tasks that run in Airflow's Task SDK alone end as they do in the whole of Airflow."""

from __future__ import annotations

import pytest
from airflow_runs import Airflow
from import_runs import max_in_flight
from task_sdk_runs import NotInTaskSDK

from airflow_provider_mkt.sandbox import Sandbox

EVERY_ENDING = """
from airflow.sdk.exceptions import AirflowSkipException
dag.params["town"] = "Thun"
@task
def leads():
    return [{"email": "a@example.com", "city": "{{ params.town }}"}]
@task(retries=2)
def third(ti=None):
    if ti.try_number < 3:
        raise ValueError("not yet")
    return {"tries": ti.try_number, "of": ti.max_tries + 1}
@task
def skipped():
    raise AirflowSkipException("nothing to do")
@task(retries=1)
def failing():
    raise ValueError("never")
@task
def after(before):
    return before
@task
def town(before, params=None):
    return [before["total"], params["town"]]
sync = SyncLeadsOperator(
    task_id="sync", conn_id="hubspot_default", leads=leads(), mode="bulk", deferrable=True,
    poll_interval=0.05, constants={"jobtitle": "{{ params.town }} {{ ti.xcom_pull('leads')[0]['email'] }}"})
after(third())
after.override(task_id="after_skipped")(skipped())
after.override(task_id="after_failing")(failing())
town(sync.output)
"""


def test_tasks_end_as_in_the_whole_of_airflow(airflow: Airflow, sandbox: Sandbox) -> None:
    max_in_flight(sandbox)
    alone, whole = (run(EVERY_ENDING, town="Bern") for run in (airflow.run_tasks, airflow.run))
    assert (alone.state, alone.tasks) == (whole.state, whole.tasks)
    assert set(alone.tasks.values()) == {"success", "skipped", "failed", "upstream_failed"}
    assert alone.returned.keys() == whole.returned.keys()
    for name in alone.returned.keys() - {"sync"}:
        assert alone.returned[name] == whole.returned[name]
    assert alone.returned["sync"].keys() == whole.returned["sync"].keys()
    assert alone.returned["town"] == [1, "Bern"]
    assert alone.returned["third"] == {"tries": 3, "of": 3}
    for state, times in {"deferred": 1, "up_for_retry": 3}.items():
        assert alone.log.count(f": {state}\n") == times
    (contact,) = [
        one for one in sandbox.hubspot.state.contacts.live() if one.properties["email"] == "a@example.com"
    ]
    assert contact.properties["jobtitle"] == "Bern a@example.com"


@pytest.mark.parametrize("body", ["x.expand(n=[1, 2])", 'x.override(trigger_rule="all_done")(n=1)'])
def test_what_needs_the_scheduler_is_refused(airflow: Airflow, body: str) -> None:
    with pytest.raises(NotInTaskSDK, match=r"run this DAG with Airflow\.run"):
        airflow.run_tasks(f"@task\ndef x(n):\n    return n\n{body}")
