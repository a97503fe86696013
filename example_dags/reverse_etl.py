"""Customers from the warehouse to HubSpot, every night: only what changed, and only what a person approved.

The plan reads the source and compares it with what earlier runs have written. It says how many contacts would
be created, changed and marked, and what that costs. A person approves it, and exactly that is done: when the
source or the state changed meanwhile, nothing is sent. Airflow 3.0 cannot ask a person; there the limits
alone decide.

Set ``WAREHOUSE_CONN_ID`` in the environment to a connection of your database. Without it, a file stands for
the table.

Without an account: ``mkt-sandbox run example_dags/reverse_etl.py --approve``
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pendulum
from airflow import __version__ as airflow_version
from airflow.sdk import DAG, Param

from airflow_provider_mkt.lineage.assets import hubspot_asset
from airflow_provider_mkt.operators.leads import SyncLeadsOperator

# The portal id of the sandbox. Other DAGs can be scheduled on the asset.
CONTACTS = hubspot_asset(4242424)
AIRFLOW = tuple(map(int, airflow_version.split(".")[:2]))
CAN_WAIT_FOR_A_PERSON = AIRFLOW >= (3, 1)
TIMEOUT = "response_timeout" if AIRFLOW >= (3, 2) else "execution_timeout"
WAREHOUSE = os.environ.get("WAREHOUSE_CONN_ID")
SOURCE: dict[str, Any] = (
    {
        "sql": "SELECT customer_id, mail, first_name, town, plan FROM customers WHERE NOT test_account",
        "sql_conn_id": WAREHOUSE,
    }
    if WAREHOUSE
    else {"source": str(Path(__file__).parent / "data" / "customers.csv")}
)
# [START reverse_etl]
SYNC: dict[str, Any] = {
    **SOURCE,
    "changes": "changed",
    # A customer keeps this number when the address changes, so that the same contact is updated.
    "row_key": "customer_id",
    "columns": {"mail": "email", "first_name": "firstname", "town": "city"},
    "on_new_column": "ignore",
    # A town that is gone is cleared; a name that is gone is left alone.
    "blank": {"city": "clear"},
    # A customer who is gone stays a contact, and is marked.
    "leave": {"set": {"lifecyclestage": "other"}},
    "state_path": "{{ params.state_path }}",
    "min_rows": "50%",
    "max_removed": "10%",
}

with DAG(
    "reverse_etl",
    doc_md=__doc__,
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"conn_id": "hubspot_default", "retries": 2},
    params={
        "state_path": Param(
            "",
            type="string",
            title="Folder for the state",
            description="on storage that all workers reach; when empty, it is below [mkt] results_path",
        ),
    },
    tags=["hubspot", "leads"],
):
    plan = SyncLeadsOperator(task_id="plan", dry_run=True, **SYNC)
    apply = SyncLeadsOperator(task_id="apply", plan=plan.output, outlets=[CONTACTS], **SYNC)
    if CAN_WAIT_FOR_A_PERSON:
        from airflow.providers.standard.operators.hitl import ApprovalOperator

        PLAN = "ti.xcom_pull(task_ids='plan')"
        (
            plan
            >> ApprovalOperator(
                task_id="approve",
                subject=f"Write {{{{ {PLAN}.to_write }}}} customers to HubSpot?",
                body=(
                    f"{{{{ {PLAN}.counts }}}}, to mark as gone: {{{{ {PLAN}.to_remove }}}}, calls: "
                    f"{{{{ {PLAN}.calls }}}}. "
                    f"{{{{ {PLAN}.problems | join('; ') or 'All limits are kept.' }}}}"
                ),
                **{TIMEOUT: timedelta(hours=8)},
            )
            >> apply
        )
# [END reverse_etl]
