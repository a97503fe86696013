from __future__ import annotations

from airflow_runs import Airflow

from airflow_provider_mkt.sandbox.server import Sandbox


def test_every_record_has_one_outcome_on_hubspot(airflow: Airflow, sandbox: Sandbox) -> None:
    run = airflow.run("""
leads = [{"email": f"p{i}@example.com", "firstname": f"P{i}"} for i in range(250)]
leads += [{"firstname": "nobody"}, {"email": "P1@example.com", "firstname": "later"}]
SyncLeadsOperator(task_id="sync", conn_id="hubspot_default", leads=leads, max_rejected=1)
""")
    assert run.state == "success", run.log[-3000:]
    outcome = run.returned["sync"]
    assert outcome["total"] == 252
    assert (outcome["created"], outcome["updated"], outcome["rejected"]) == (250, 1, 1)
