"""A DAG that runs within minutes of new contacts: a watcher in the triggerer finds them."""

# [START welcome_leads]
from datetime import datetime

from airflow.sdk import DAG, AssetWatcher, task

from airflow_provider_mkt.client.hubspot.contacts import contact_search
from airflow_provider_mkt.hooks.hubspot import HubSpotHook
from airflow_provider_mkt.lineage.assets import hubspot_asset
from airflow_provider_mkt.operators.lists import AddToListOperator
from airflow_provider_mkt.triggers.leads import NewLeadsTrigger

contacts = hubspot_asset(
    "4242424",
    "contacts",
    watchers=[AssetWatcher("new_contacts", trigger=NewLeadsTrigger("hubspot_default", poll_interval=300))],
)

with DAG(
    "welcome_leads",
    doc_md=__doc__,
    schedule=[contacts],
    max_active_runs=1,
    default_args={"conn_id": "hubspot_default", "retries": 3},
):

    @task
    def new_contacts(triggering_asset_events=None) -> list[str]:
        """Return the contacts of all events of the run, each once."""
        ids: dict[str, None] = {}
        for events in (triggering_asset_events or {}).values():
            for event in events:
                found = event.extra.get("payload")
                if found is None:
                    # Not from the watcher: a task has written contacts.
                    continue
                if not found["more"]:
                    ids |= dict.fromkeys(found["ids"])
                    continue
                # The event names 100 of them.
                first, last = (datetime.fromisoformat(found[name]) for name in ("from", "to"))
                created = {
                    "property_name": "createdate",
                    "operator": "BETWEEN",
                    "value": str(int(first.timestamp() * 1000)),
                    "high_value": str(int(last.timestamp() * 1000)),
                }
                with HubSpotHook("hubspot_default") as hook:
                    ids |= dict.fromkeys(
                        row["id"] for row in hook.iterate(contact_search.search_all([[created]]))
                    )
        return list(ids)

    # A workflow that starts when a contact joins the list sends the welcome mail, and only once.
    AddToListOperator(task_id="add_to_welcome_list", list_id=101, leads=new_contacts())
# [END welcome_leads]
