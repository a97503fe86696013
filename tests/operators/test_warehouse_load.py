"""The example DAG that loads what changed into a warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow_fixtures import POSTGRES
from airflow_runs import Airflow

from airflow_provider_mkt.sandbox import Sandbox

EXAMPLE = Path(__file__).parents[2] / "example_dags" / "warehouse_load.py"


@pytest.fixture
def warehouse(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    import psycopg

    monkeypatch.setenv("WAREHOUSE_CONN_ID", "crm")
    tables = "hubspot_contacts, hubspot_contacts_new"
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        connection.execute(f"DROP TABLE IF EXISTS {tables}")
        yield connection
        connection.execute(f"DROP TABLE IF EXISTS {tables}")


def test_each_run_loads_what_changed(
    airflow: Airflow, sandbox: Sandbox, warehouse: Any, tmp_path: Path
) -> None:
    def run() -> int:
        done = airflow.run_file(EXAMPLE.read_text(), "warehouse_load", folder=f"file://{tmp_path}")
        assert done.tasks == {"export": "success", "load": "success"}, done.log[-4000:]
        return int(done.returned["load"])

    sandbox.hubspot.state.settings.search_lag = 0
    contacts = sandbox.hubspot.state.contacts
    known = [one.id for one in contacts.live()]
    assert run() == len(known)
    changed, deleted, stays, merged = (contacts.get(one) for one in known[:4])
    contacts.update(changed, {"lastname": 'Grün "and" co, Ltd'})
    contacts.archive(deleted)
    contacts.merge(stays, merged)
    new = contacts.create({"email": "new@example.com"}).id
    # The one that the other was merged into has changed, too.
    assert run() == 5
    rows = {
        row[0]: row[1:]
        for row in warehouse.execute("SELECT id, archived, merged_into, lastname FROM hubspot_contacts")
    }
    assert rows.keys() == {*known, new}
    assert rows[changed.id] == (False, None, 'Grün "and" co, Ltd')
    assert rows[deleted.id][:2] == (True, None)
    assert rows[merged.id][:2] == (True, stays.id)
    assert run() == 0
