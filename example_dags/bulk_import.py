"""Import the leads of a trade fair from one large file, by the platforms' bulk imports.

Half a million rows need one import instead of thousands of calls. Rows that the platform rejects are in the
rejects file, with line number and reason. The ids are those of the sandbox.
"""

from __future__ import annotations

from pathlib import Path

import pendulum
from airflow.sdk import DAG, Param

from airflow_provider_mkt.operators.exports import ExportLeadsOperator
from airflow_provider_mkt.operators.imports import ImportLeadsOperator
from airflow_provider_mkt.operators.nurture import EnrollNurtureOperator
from airflow_provider_mkt.sensors.leads import LeadsMatchingSensor

DATA = Path(__file__).parent / "data"
FAIR = "Trade fair {{ params.fair }}"
FAIR_PARAM = Param("Hannover 2026", title="Trade fair", type="string", description="name of the trade fair")
SOURCE_HELP = "CSV, JSON Lines or Parquet, on any object storage"

with DAG(
    "bulk_import_hubspot",
    doc_md=__doc__,
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"conn_id": "hubspot_default", "retries": 3, "deferrable": True},
    params={
        "fair": FAIR_PARAM,
        "source": Param(
            str(DATA / "hubspot_signups.csv"), title="Source", type="string", description=SOURCE_HELP
        ),
    },
    tags=["hubspot", "leads"],
):
    import_file = ImportLeadsOperator(
        task_id="import_file",
        source="{{ params.source }}",
        constants={"message": FAIR},
        create_list=True,
        max_rejected="20%",
    )
    # HubSpot's search finds imported contacts with a delay. Tasks after this one find all of them.
    LeadsMatchingSensor(
        task_id="searchable",
        field="message",
        value=FAIR,
        count="{{ ti.xcom_pull('import_file')['imported'] }}",
    ).set_upstream(import_file)

# [START bulk_import_marketo]
with DAG(
    "bulk_import_marketo",
    doc_md=__doc__,
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"conn_id": "marketo_default", "retries": 3, "deferrable": True},
    params={
        "fair": FAIR_PARAM,
        "source": Param(
            str(DATA / "marketo_signups.csv"), title="Source", type="string", description=SOURCE_HELP
        ),
        "work_dir": Param("file:///tmp/mkt-bulk-import", title="Folder for files", type="string"),
    },
    tags=["marketo", "leads", "nurture"],
):
    import_file = ImportLeadsOperator(
        task_id="import_file",
        source="{{ params.source }}",
        constants={"leadSource": FAIR},
        list_id=6001,
        max_rejected="20%",
    )
    # An import does not return the ids of its leads, so they are exported from their list.
    members = ExportLeadsOperator(
        task_id="export_list",
        output_path="{{ params.work_dir }}/list.csv",
        fields=["id"],
        static_list_id=6001,
    )
    enroll = EnrollNurtureOperator(
        task_id="enroll_in_welcome_series",
        leads_path="{{ params.work_dir }}/list.csv",
        campaign_id=4001,
        program_id=2001,
    )

    import_file >> members >> enroll
# [END bulk_import_marketo]
