"""Runs one DAG with tasks of both platforms: a process of its own, because OpenLineage keeps its settings."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from airflow_runs import Airflow

TASKS = """
from airflow.sdk import Asset, task as task_decorator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow_provider_mkt.lineage.assets import hubspot_asset, marketo_asset
from airflow_provider_mkt.operators.imports import ImportLeadsOperator
from airflow_provider_mkt.operators.lists import AddToListOperator
SyncLeadsOperator(
    task_id="sync", conn_id="hubspot_default", source=PEOPLE, max_rejected=1,
    columns={"mail": "email", "town": "city", "note": None}, constants={"country": "CH"},
)
SyncLeadsOperator(
    task_id="fails", conn_id="marketo_default", source=PEOPLE, max_rejected=0,
    columns={"mail": "email", "town": "city", "note": None},
)
for platform in ("hubspot", "marketo"):
    ImportLeadsOperator(
        task_id=f"import_{platform}", conn_id=f"{platform}_default", source=PEOPLE, max_rejected=None,
        columns={"mail": "email", "town": "city", "note": None}, deferrable=True, poll_interval=0.2,
        **({"list_id": LIST} if platform == "marketo" else {}),
    )
AddToListOperator(task_id="add", conn_id="marketo_default", list_id=LIST, leads=LEADS, max_rejected=None)

@task_decorator
def function():
    from airflow_provider_mkt.client.hubspot.contacts import contacts
    from airflow_provider_mkt.client.marketo.leads import leads
    from airflow_provider_mkt.hooks.hubspot import HubSpotHook
    from airflow_provider_mkt.hooks.marketo import MarketoHook

    with HubSpotHook() as hubspot, MarketoHook() as marketo:
        for _ in range(2):
            marketo.run(leads.get(LEADS[0]))
        hubspot.run(contacts.create({"email": "made@example.com"}))

declared = EmptyOperator(
    task_id="declared", inlets=[marketo_asset("123-ABC-456")], outlets=[hubspot_asset(77, "companies")]
)
# Tasks of one process share what hooks report, and that replaces inlets and outlets.
declared >> [one for one in dag.tasks if one is not declared]
declared >> function()
"""


def main(people: str, list_id: str, leads: str) -> None:
    given = f"PEOPLE, LIST, LEADS = {people!r}, {list_id!r}, {json.loads(leads)!r}"
    run = Airflow(Path(os.environ["AIRFLOW_HOME"])).run(f"{given}\n{TASKS.strip()}")
    print(json.dumps(run.tasks))


if __name__ == "__main__":
    main(*sys.argv[1:])
