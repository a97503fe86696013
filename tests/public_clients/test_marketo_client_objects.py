"""Public clients read back what operators wrote: objects of Marketo, associations of HubSpot."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from hubspot_sdk import HubSpot
from marketorestpython.client import MarketoClient
from workers import context

from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.operators.objects import SyncObjectsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot_seed
from airflow_provider_mkt.sandbox.marketo import seed

ANNA = seed.ANNA


@pytest.fixture(autouse=True)
def connected(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    box.hubspot.settings.search_lag = 0.0
    monkeypatch.setenv("WORKERS_RUN", uuid.uuid4().hex)
    marketo = {
        "conn_type": "marketo",
        "host": box.marketo.url,
        "login": seed.CLIENT_ID,
        "password": seed.CLIENT_SECRET,
    }
    hubspot = {"conn_type": "hubspot", "host": box.hubspot.url, "password": hubspot_seed.TOKEN}
    monkeypatch.setenv("AIRFLOW_CONN_MARKETO_READ_BACK", json.dumps(marketo))
    monkeypatch.setenv("AIRFLOW_CONN_HUBSPOT_READ_BACK", json.dumps(hubspot))


def write(object_type: str, *records: dict[str, Any], **more: Any) -> None:
    operator = SyncObjectsOperator(
        task_id="task", conn_id="marketo_read_back", object_type=object_type, records=list(records), **more
    )
    assert operator.execute(context(object_type))["written"] == len(records)


def test_marketorestpython_reads_back_the_objects_that_an_operator_wrote(marketo: MarketoClient) -> None:
    call = marketo.execute
    write("companies", {"externalCompanyId": "c1", "company": "Acme"})
    write("sales_persons", {"externalSalesPersonId": "s1", "email": "rep@example.com"})
    write(
        "opportunities",
        {"externalOpportunityId": "o1", "name": "Yearly", "amount": 9.5, "externalSalesPersonId": "s1"},
    )
    write("opportunity_roles", {"externalOpportunityId": "o1", "leadId": ANNA, "role": "Buyer"})
    write(seed.MACHINE_TYPE, *({"serialNumber": f"m{n}", "leadId": ANNA, "hours": n} for n in range(3)))
    write(seed.ENROLLMENT_TYPE, {"courseId": "k1", "leadId": ANNA, "grade": "A"})

    (company,) = call(
        method="get_companies", filterType="externalCompanyId", filterValues=["c1"], fields=["company"]
    )
    assert company["company"] == "Acme"
    (person,) = call(method="get_sales_persons", filterType="email", filterValues=["rep@example.com"])
    assert person["externalSalesPersonId"] == "s1"
    (deal,) = call(
        method="get_opportunities",
        filterType="externalOpportunityId",
        filterValues=["o1"],
        fields=["name", "amount", "externalSalesPersonId"],
    )
    assert (deal["name"], deal["amount"], deal["externalSalesPersonId"]) == ("Yearly", 9.5, "s1")
    (role,) = call(method="get_opportunity_roles", filterType="leadId", filterValues=[str(ANNA)])
    assert (role["externalOpportunityId"], role["role"]) == ("o1", "Buyer")
    assert call(method="describe_custom_object", name=seed.MACHINE_TYPE)[0]["dedupeFields"] == [
        "serialNumber"
    ]
    machines = call(
        method="get_custom_objects",
        name=seed.MACHINE_TYPE,
        filterType="dedupeFields",
        input=[{"serialNumber": "m1"}, {"serialNumber": "m2"}],
        fields=["hours"],
    )
    assert [row["hours"] for row in machines] == [1, 2]
    key = {"courseId": "k1", "leadId": ANNA}
    (enrollment,) = call(
        method="get_custom_objects",
        name=seed.ENROLLMENT_TYPE,
        filterType="dedupeFields",
        input=[key],
        fields=["grade"],
    )
    assert enrollment["grade"] == "A"


def test_marketorestpython_reads_back_custom_objects_that_were_imported(
    box: Sandbox, marketo: MarketoClient
) -> None:
    settings = box.marketo.settings
    settings.import_pickup = settings.import_startup = 0.0
    rows = [{"serialNumber": f"m{n}", "leadId": ANNA} for n in range(30)]
    write(seed.MACHINE_TYPE, *rows, mode="bulk", poll_interval=0.05, deferrable=False)
    input_ = [{"serialNumber": row["serialNumber"]} for row in rows]
    found = marketo.execute(
        method="get_custom_objects", name=seed.MACHINE_TYPE, filterType="dedupeFields", input=input_
    )
    assert {row["serialNumber"] for row in found} == {row["serialNumber"] for row in rows}


def test_hubspot_sdk_reads_back_the_associations_that_a_sync_of_leads_wrote(
    box: Sandbox, sdk: HubSpot
) -> None:
    companies = box.hubspot.state.objects["companies"].store
    acme = companies.create({"name": "Acme", "domain": "acme.example"}).id
    outcome = SyncLeadsOperator(
        task_id="task",
        conn_id="hubspot_read_back",
        leads=[{"email": "ann@acme.example"}],
        associate=[{"to": "companies", "by": "domain", "column": "email", "label": "Primary"}],
    ).execute(context("leads"))
    assert outcome["associations"][0]["linked"] == 1
    contact = sdk.crm.objects.contacts.get("ann@acme.example", id_property="email", properties=["email"])
    (only,) = sdk.crm.associations.list("companies", object_type="contacts", object_id=contact.id).results
    assert str(only.to_object_id) == str(acme)
    assert {one.label for one in only.association_types} == {None, "Primary"}
