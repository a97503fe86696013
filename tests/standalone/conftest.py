"""One running Airflow for all tests of this folder, because it takes long to start."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from standalone.browsers import browser, chromium, until
from standalone.service import Standalone

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo

__all__ = ["browser", "chromium"]

EXAMPLES = Path(__file__).parents[2] / "example_dags"
DAGS = Path(__file__).parent / "dags"
LINEAGE = "lineage.jsonl"
"""The file in Airflow's home with OpenLineage's events."""


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """The accounts of ``hubspot_default`` and ``marketo_default``."""
    with Sandbox() as box:
        yield box


@pytest.fixture(scope="session")
def approvals() -> Iterator[Sandbox]:
    """The account of ``hubspot_approvals``."""
    with Sandbox() as box:
        yield box


@pytest.fixture(scope="session")
def polled() -> Iterator[Sandbox]:
    """The account of ``hubspot_together``."""
    with Sandbox(only="hubspot") as box:
        yield box


@pytest.fixture(scope="session")
def airflow(
    sandbox: Sandbox,
    approvals: Sandbox,
    polled: Sandbox,
    migrated: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Standalone]:
    connections = {
        "AIRFLOW_CONN_HUBSPOT_DEFAULT": {
            "conn_type": "hubspot",
            "host": sandbox.hubspot.url,
            "password": hubspot.TOKEN,
            "extra": {"legacy_calls": True},
        },
        "AIRFLOW_CONN_MARKETO_DEFAULT": {
            "conn_type": "marketo",
            "host": sandbox.marketo.url,
            "login": marketo.CLIENT_ID,
            "password": marketo.CLIENT_SECRET,
        },
        "AIRFLOW_CONN_HUBSPOT_APPROVALS": {
            "conn_type": "hubspot",
            "host": approvals.hubspot.url,
            "password": hubspot.TOKEN,
        },
        "AIRFLOW_CONN_HUBSPOT_TOGETHER": {
            "conn_type": "hubspot",
            "host": polled.hubspot.url,
            "password": hubspot.TOKEN,
        },
    }
    environment = {name: json.dumps(value) for name, value in connections.items()}
    environment["AIRFLOW__CORE__TEST_CONNECTION"] = "Enabled"
    environment["AIRFLOW__SCHEDULER__TRIGGER_TIMEOUT_CHECK_INTERVAL"] = "1"
    environment["AIRFLOW__MKT__FILE_PAGES"] = json.dumps({"file": "https://files.example.com/{key}"})
    home = tmp_path_factory.mktemp("standalone")
    transport = {"type": "file", "log_file_path": str(home / LINEAGE), "append": True}
    environment["AIRFLOW__OPENLINEAGE__TRANSPORT"] = json.dumps(transport)
    policy = [
        {"scope": {}, "controls": {"emit": False}},
        {"scope": {"dag_id": "links"}, "controls": {"emit": True}},
    ]
    environment["AIRFLOW__OPENLINEAGE__EMISSION_POLICY"] = json.dumps(policy)
    environment["AIRFLOW__OPENLINEAGE__EXECUTION_TIMEOUT"] = "600"
    service = Standalone(home, environment, users=("bob", "ada"), metadata=migrated)
    examples = ("newsletter.py", "lead_import.py", "nurture.py", "data")
    service.add(*(EXAMPLES / name for name in examples), *DAGS.glob("*.py"))
    try:
        service.start()
        yield service
    finally:
        service.stop()


@pytest.fixture(scope="session")
def linked(airflow: Standalone, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Run the tasks that have links. Returns the id of the run once all but the deferred one have ended."""
    leads = tmp_path_factory.mktemp("links") / "leads.csv"
    leads.write_text("email\nnew@example.com\n")
    run_id = airflow.trigger("links", {"leads": str(leads)})
    wanted = {"plain": "success", "import": "success", "failed": "failed", "deferred": "deferred"}
    until(
        lambda: (
            {
                name: str(one["state"])
                for name, one in airflow.tasks("links", run_id).items()
                if name in wanted
            }
            == wanted
        ),
    )
    return run_id
