"""A webinar on HubSpot, from its registrations to the thank-you email.

The webinar software has exported who registered and who attended. The DAG writes the event, the
registrations and the attendance to HubSpot. It adds the attendees to a list, which a workflow can start
from, and sends one email to each. The ids are those of the sandbox.
"""

from __future__ import annotations

from pathlib import Path

import pendulum
from airflow.sdk import DAG, Param

from airflow_provider_mkt.operators.events import (
    CompleteMarketingEventOperator,
    RecordAttendanceOperator,
    UpsertMarketingEventsOperator,
)
from airflow_provider_mkt.operators.lists import AddToListOperator
from airflow_provider_mkt.operators.sends import SendEmailToPeopleOperator
from airflow_provider_mkt.sensors.hubspot import EventAttendanceSensor

DATA = Path(__file__).parent / "data"
EVENT = {"external_event_id": "webinar-2026-05", "external_account_id": "webinars-1"}
START, END = "2026-05-20T16:00:00Z", "2026-05-20T17:00:00Z"

# [START event_follow_up]
with DAG(
    "event_follow_up",
    doc_md=__doc__,
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"conn_id": "hubspot_default", "retries": 2},
    params={
        "registrations": Param(str(DATA / "webinar_registrations.csv"), title="Registrations", type="string"),
        "attendees": Param(str(DATA / "webinar_attendees.csv"), title="Attendees", type="string"),
        "work_dir": Param("file:///tmp/mkt-event", title="Folder for files", type="string"),
    },
    tags=["hubspot", "events"],
):
    event = UpsertMarketingEventsOperator(
        task_id="event",
        events=[
            {
                **EVENT,
                "name": "Attribution in an hour",
                "organizer": "Example Ltd",
                "start": START,
                "end": END,
            }
        ],
    )
    registered = RecordAttendanceOperator(
        task_id="registered",
        **EVENT,
        state="register",
        source="{{ params.registrations }}",
        columns={"registered_at": "interaction_at"},
    )
    attended = RecordAttendanceOperator(
        task_id="attended",
        **EVENT,
        state="attend",
        source="{{ params.attendees }}",
        constants={"interaction_at": START},
        outcomes_path="{{ params.work_dir }}/attendees.jsonl",
    )
    over = CompleteMarketingEventOperator(task_id="over", **EVENT, started_at=START, ended_at=END)
    counted = EventAttendanceSensor(
        task_id="counted",
        **EVENT,
        attendance="attended",
        count="{{ ti.xcom_pull('attended')['recorded'] }}",
        deferrable=True,
    )
    on_list = AddToListOperator(
        task_id="on_list", list_id=101, leads_path="{{ params.work_dir }}/attendees.jsonl"
    )
    thanks = SendEmailToPeopleOperator(
        task_id="thanks", email_id="180000000006", leads_path="{{ params.attendees }}", leads_column="email"
    )

    event >> registered >> attended >> over >> counted >> [on_list, thanks]
# [END event_follow_up]
