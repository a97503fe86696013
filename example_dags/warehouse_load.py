"""What changed in HubSpot's contacts, every night, into a table of the warehouse.

The first run exports all contacts, each later one those that were created, changed, deleted or merged since
the run before. The export writes a file on object storage, and the standard hook of the database loads it, so
nothing here is special to this provider.

Set ``WAREHOUSE_CONN_ID`` in the environment to a connection of a PostgreSQL database. Without it, the DAG
only writes the file.

Without an account: ``mkt-sandbox run example_dags/warehouse_load.py``
"""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import Any

import pendulum
from airflow.sdk import DAG, ObjectStoragePath, Param, task

from airflow_provider_mkt.operators.object_exports import ExportObjectsOperator

WAREHOUSE = os.environ.get("WAREHOUSE_CONN_ID")

# [START warehouse_load]
TABLE = """(id TEXT PRIMARY KEY, created_at TIMESTAMPTZ, updated_at TIMESTAMPTZ, archived BOOLEAN,
    archived_at TIMESTAMPTZ, merged_into TEXT, email TEXT, lastname TEXT, lifecyclestage TEXT)"""
LOAD = """
INSERT INTO hubspot_contacts SELECT * FROM hubspot_contacts_new ON CONFLICT (id) DO UPDATE SET
    updated_at = excluded.updated_at, archived = excluded.archived, archived_at = excluded.archived_at,
    merged_into = excluded.merged_into, email = excluded.email, lastname = excluded.lastname,
    lifecyclestage = excluded.lifecyclestage
"""


@task
def load(export: dict[str, Any]) -> int:
    """Load the file into the table. A retry loads it again, which changes nothing."""
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    warehouse = PostgresHook(postgres_conn_id=WAREHOUSE)
    with tempfile.NamedTemporaryFile(suffix=".csv") as local:
        with ObjectStoragePath(export["output_path"]).open("rb") as file:
            shutil.copyfileobj(file, local)
        local.flush()
        warehouse.run(
            [
                f"CREATE TABLE IF NOT EXISTS hubspot_contacts {TABLE}",
                f"CREATE TABLE IF NOT EXISTS hubspot_contacts_new {TABLE}",
                "TRUNCATE hubspot_contacts_new",
            ]
        )
        warehouse.copy_expert("COPY hubspot_contacts_new FROM STDIN WITH (FORMAT csv, HEADER)", local.name)
    warehouse.run(LOAD)
    return int(export["rows"])


with DAG(
    "warehouse_load",
    doc_md=__doc__,
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    # Each run begins where the one before ended.
    max_active_runs=1,
    default_args={"retries": 3},
    params={
        "folder": Param(
            "file:///tmp/mkt-export", title="Folder", type="string", description="on any object storage"
        ),
    },
    tags=["hubspot", "exports"],
) as dag:
    export = ExportObjectsOperator(
        task_id="export",
        conn_id="hubspot_default",
        output_path="{{ params.folder }}/contacts-{{ run_id | replace(':', '') }}.csv",
        object_type="contacts",
        properties=["email", "lastname", "lifecyclestage"],
        include_deleted=True,
        since="last",
    )
    if WAREHOUSE:
        load(export.output)
# [END warehouse_load]
