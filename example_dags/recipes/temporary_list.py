"""A list that exists only while a survey is mailed: it is removed also when a task in between fails."""

# [START temporary_list]
from airflow.sdk import DAG, Param

from airflow_provider_mkt.operators.hubspot import HubSpotOperator
from airflow_provider_mkt.operators.lists import AddToListOperator

with DAG(
    "temporary_list",
    schedule=None,
    default_args={"conn_id": "hubspot_default", "retries": 3},
    params={"leads": Param(["ada@example.com"], type="array", title="People", description="email addresses")},
    render_template_as_native_obj=True,
    doc_md=__doc__,
):
    make = HubSpotOperator(
        task_id="make_list",
        call="lists.create",
        # The name of a list is unique. A run has one list, whatever is retried.
        arguments={"list_name": "Survey {{ run_id }}"},
    ).as_setup()
    list_id = "{{ ti.xcom_pull('make_list')['listId'] }}"
    fill = AddToListOperator(task_id="fill", list_id=list_id, leads="{{ params.leads }}")
    # What uses the list goes here: its tasks run only when the list was made.
    remove = HubSpotOperator(
        task_id="remove_list", call="lists.delete", arguments={"list_id": list_id}
    ).as_teardown(setups=make)
    make >> fill >> remove
# [END temporary_list]
