"""The sales side of Marketo from a warehouse: companies, sales persons, opportunities, roles and machines.

What others link to is written first: a company before its leads, a lead before its role. Here the rows stand
in the DAG; in production ``sql`` and ``sql_conn_id`` read them. The machines, a custom object, are imported
in bulk; ``mode="auto"`` does so where there are many.
"""

from __future__ import annotations

from typing import Any

import pendulum
from airflow.sdk import DAG, Param

from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.operators.objects import SyncObjectsOperator

PERSON = 1001
"""A lead of the sandbox. In production the query has the ids, or the emails where the link is one."""

with DAG(
    "marketo_objects",
    doc_md=__doc__,
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": pendulum.duration(minutes=5)},
    params={
        "conn_id": Param(
            "marketo_default", title="Connection", type="string", description="Marketo connection"
        )
    },
    tags=["marketo", "leads", "objects"],
):

    def sync(object_type: str, *records: dict[str, Any], **more: Any) -> SyncObjectsOperator:
        return SyncObjectsOperator(
            task_id=object_type,
            conn_id="{{ params.conn_id }}",
            object_type=object_type,
            records=list(records),
            **more,
        )

    persons = sync("sales_persons", {"externalSalesPersonId": "s-1", "email": "rita@example.com"})
    companies = sync(
        "companies", {"externalCompanyId": "c-1", "company": "Acme", "externalSalesPersonId": "s-1"}
    )
    leads = SyncLeadsOperator(
        task_id="leads",
        conn_id="{{ params.conn_id }}",
        leads=[
            {
                "email": "anna.berg@example.com",
                "externalCompanyId": "c-1",
                "externalSalesPersonId": "s-1",
            }
        ],
    )
    opportunities = sync(
        "opportunities",
        {"externalOpportunityId": "o-1", "name": "New plant", "amount": 120000, "stage": "Offer"},
    )
    roles = sync("opportunity_roles", {"externalOpportunityId": "o-1", "leadId": PERSON, "role": "Buyer"})
    machines = sync(
        "machine_c",
        {"serialNumber": "m-1", "leadId": PERSON, "model": "X1", "hours": 40},
        {"serialNumber": "m-2", "leadId": PERSON, "model": "X2", "hours": 12},
        mode="bulk",
        poll_interval=1.0,
    )

    persons >> companies >> leads >> opportunities >> roles
    leads >> machines
