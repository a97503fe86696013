"""Nurture on Marketo: write leads, then add the written leads to a chosen stream.

The trigger campaign has the flow step "Add to Engagement Program". Leads that are already in the program
are not added again and are reported as such. The ids are those of the sandbox.
"""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG, Param

from airflow_provider_mkt.lineage.assets import marketo_asset
from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.operators.nurture import EnrollNurtureOperator

# Write the munchkin id of your instance here. Other DAGs can be scheduled on these assets.
INSTANCE = "123-ABC-456"
LEADS = [
    {"email": "tomas.berg@example.com", "firstName": "Tomas", "lastName": "Berg"},
    {"email": "uma.patel@example.com", "firstName": "Uma", "lastName": "Patel"},
]

# [START nurture]
with DAG(
    "nurture",
    doc_md=__doc__,
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"conn_id": "marketo_default", "retries": 2},
    params={"work_dir": Param("file:///tmp/mkt-nurture", title="Folder for files", type="string")},
    tags=["marketo", "nurture"],
):
    written = SyncLeadsOperator(
        task_id="write_leads",
        leads=LEADS,
        outcomes_path="{{ params.work_dir }}/outcomes.jsonl",
        outlets=[marketo_asset(INSTANCE)],
    )
    enroll = EnrollNurtureOperator(
        task_id="enroll_in_stream",
        leads_path="{{ params.work_dir }}/outcomes.jsonl",
        campaign_id=4001,
        program_id=2001,
        inlets=[marketo_asset(INSTANCE)],
        outlets=[marketo_asset(INSTANCE, "programs/2001/members")],
    )
    first_stream = EnrollNurtureOperator(
        task_id="enroll_in_first_stream",
        leads=[1003, 1004],
        program_id=2001,
        status_name="Member",
    )

    written >> enroll
# [END nurture]
