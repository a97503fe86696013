"""What a task makes of a platform that refuses every request, whatever leads are in it."""

from __future__ import annotations

import pytest
from airflow_runs import Airflow
from sync_runs import of, sync, write_calls

from airflow_provider_mkt.sandbox import Sandbox

LEADS = 'leads=[{"email": f"w{i}@example.com"} for i in range(700)], max_rejected="50%", retries=2'


@pytest.mark.parametrize(
    ("platform", "status", "text"),
    [
        ("hubspot", 488, "Host of the connection"),
        ("hubspot", 530, "Password of the connection"),
        ("hubspot", 451, "legal reasons"),
        ("marketo", 307, "redirected"),
        ("marketo", 405, "does not have this method"),
    ],
)
def test_a_refusal_of_the_request_ends_a_sync_and_rejects_no_lead(
    airflow: Airflow, sandbox: Sandbox, platform: str, status: int, text: str
) -> None:
    faults = of(sandbox, platform).faults
    for path in ("*/batch/upsert", "*/leads.json"):
        faults.add(path, method="POST", answer={"status": status}, times=None)
    run = sync(airflow, platform, LEADS)
    assert run.tasks == {"sync": "failed"}
    assert text in run.log
    assert "were rejected" not in run.log
    # One round of batches that were in flight together; none was split, and no retry followed.
    assert 1 <= write_calls(sandbox, platform) <= 7
