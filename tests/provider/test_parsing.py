"""The cost of importing the provider in a DAG file, and what Airflow requires of operators at parse time."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from importlib import import_module

import pytest
from airflow import __version__ as AIRFLOW
from packaging.version import Version

from airflow_provider_mkt.get_provider_info import get_provider_info

OPERATORS: dict[str, dict[str, dict[str, object]]] = {
    "airflow_provider_mkt.operators.campaign_requests": {
        "RequestCampaignOperator": {"conn_id": "c", "leads": "{{ params.leads }}", "campaign_id": 1},
    },
    "airflow_provider_mkt.operators.campaign_reports": {
        "ExportCampaignReportsOperator": {
            "conn_id": "c",
            "output_path": "s3://b/{{ ds }}.parquet",
            "start": "{{ data_interval_start }}",
            "end": "{{ data_interval_end }}",
        },
    },
    "airflow_provider_mkt.operators.campaigns": {
        "CreateCampaignBatchOperator": {"conn_id": "c", "campaigns": "{{ params.campaigns }}"},
        "UpdateCampaignBatchOperator": {"conn_id": "c", "campaigns": ["{{ params.c }}"], "changes": {}},
        "ArchiveCampaignBatchOperator": {"conn_id": "c", "campaigns": "{{ params.campaigns }}"},
        "AssociateAssetsOperator": {"conn_id": "c", "campaign_id": "{{ params.c }}", "assets": {"FORM": [1]}},
    },
    "airflow_provider_mkt.operators.deleting": {
        "DeleteLeadsOperator": {"conn_id": "c", "leads_path": "{{ ds }}.csv"},
        "GdprDeleteLeadsOperator": {
            "conn_id": "c",
            "leads_path": "{{ ds }}.csv",
            "max_deleted": "{{ params.n }}",
        },
    },
    "airflow_provider_mkt.operators.email_approval": {
        "ApproveEmailOperator": {"check": "{{ ti.xcom_pull('check') }}", "approve_above": "{{ params.n }}"},
    },
    "airflow_provider_mkt.operators.email_checks": {
        "CheckEmailOperator": {
            "conn_id": "c",
            "email_id": "{{ params.email }}",
            "max_recipients": "{{ params.n }}",
        },
    },
    "airflow_provider_mkt.operators.email_events": {
        "ExportEmailEventsOperator": {
            "conn_id": "c",
            "email_ids": "{{ params.emails }}",
            "output_path": "s3://b/{{ ds }}.parquet",
        },
    },
    "airflow_provider_mkt.operators.email_reports": {
        "EmailReportOperator": {"conn_id": "c", "job": "{{ ti.xcom_pull('publish') }}", "min_sent": "10"},
    },
    "airflow_provider_mkt.operators.email_tests": {
        "CreateABTestVariationOperator": {"conn_id": "c", "email_id": 1, "variation_name": "{{ ds }}"},
        "SendSampleEmailOperator": {"conn_id": "c", "email_id": 1, "to": "{{ params.to }}"},
    },
    "airflow_provider_mkt.operators.emails": {
        "PublishEmailOperator": {"conn_id": "c", "email_id": "{{ params.email }}", "publish_at": "{{ ts }}"},
        "CreateEmailOperator": {"conn_id": "c", "name": "{{ run_id }}", "fields": {"subject": "{{ ds }}"}},
        "CloneEmailOperator": {"conn_id": "c", "email_id": 1, "name": "{{ run_id }}"},
        "UpdateEmailOperator": {"conn_id": "c", "email_id": 1, "changes": {"subject": "{{ ds }}"}},
        "UnpublishEmailOperator": {"conn_id": "c", "email_id": "{{ params.email }}"},
    },
    "airflow_provider_mkt.operators.custom_object_exports": {
        "ExportCustomObjectsOperator": {
            "conn_id": "c",
            "api_name": "{{ params.type }}",
            "fields": ["leadId"],
            "output_path": "s3://b/objects.csv",
            "start": "{{ ds }}",
        },
    },
    "airflow_provider_mkt.operators.deleted_lead_exports": {
        "ExportDeletedLeadsOperator": {
            "conn_id": "c",
            "output_path": "s3://b/{{ ds }}.csv",
            "start": "{{ data_interval_start }}",
            "end": "{{ data_interval_end }}",
            "include_merged": "{{ params.merged }}",
        },
    },
    "airflow_provider_mkt.operators.list_exports": {
        "ExportListMembersOperator": {
            "conn_id": "c",
            "output_path": "s3://b/{{ ds }}.csv",
            "list_id": "{{ params.list }}",
        },
    },
    "airflow_provider_mkt.operators.object_exports": {
        "ExportObjectsOperator": {
            "conn_id": "c",
            "output_path": "s3://b/{{ ds }}.csv",
            "object_type": "{{ params.type }}",
            "since": "last",
        },
    },
    "airflow_provider_mkt.operators.exports": {
        "ExportLeadsOperator": {
            "conn_id": "c",
            "fields": ["id"],
            "output_path": "s3://b/{{ ds }}.csv",
            "start": "{{ data_interval_start }}",
            "end": "{{ data_interval_end }}",
        },
        "ExportActivitiesOperator": {
            "start": "{{ ds }}",
            "conn_id": "c",
            "output_path": "{{ params.to }}",
            "deferrable": True,
        },
        "ExportProgramMembersOperator": {
            "conn_id": "c",
            "fields": "{{ params.fields }}",
            "output_path": "s3://b/members.csv",
            "program_id": "{{ params.program }}",
        },
    },
    "airflow_provider_mkt.operators.event_participations": {
        "ExportEventParticipationsOperator": {
            "conn_id": "c",
            "event_ids": ["{{ params.event }}"],
            "output_path": "s3://b/{{ ds }}.parquet",
        },
    },
    "airflow_provider_mkt.operators.events": {
        "UpsertMarketingEventsOperator": {"conn_id": "c", "events": "{{ params.events }}"},
        "RecordAttendanceOperator": {
            "conn_id": "c",
            "state": "attend",
            "object_id": "{{ params.event }}",
            "source": "s3://b/{{ ds }}.csv",
        },
        "CancelMarketingEventOperator": {
            "conn_id": "c",
            "external_event_id": "{{ params.event }}",
            "external_account_id": "a",
        },
        "CompleteMarketingEventOperator": {
            "conn_id": "c",
            "external_event_id": "{{ params.event }}",
            "external_account_id": "a",
            "started_at": "{{ params.start }}",
            "ended_at": "{{ params.end }}",
        },
    },
    "airflow_provider_mkt.operators.forms": {
        "ExportFormSubmissionsOperator": {
            "conn_id": "c",
            "form_ids": ["{{ params.form }}"],
            "output_path": "s3://b/{{ ds }}.jsonl.gz",
        },
    },
    "airflow_provider_mkt.operators.hubspot": {
        "HubSpotOperator": {
            "conn_id": "c",
            "call": "campaigns.get",
            "arguments": {"campaign_guid": "{{ ds }}"},
        }
    },
    "airflow_provider_mkt.operators.imports": {
        "ImportLeadsOperator": {
            "conn_id": "c",
            "source": "s3://b/{{ ds }}.csv",
            "list_id": "{{ params.list }}",
        }
    },
    "airflow_provider_mkt.operators.lead_intake": {
        "PushLeadsOperator": {"conn_id": "c", "program_name": "p", "source": "s3://b/{{ ds }}.csv"},
        "SubmitFormOperator": {"conn_id": "c", "form_id": 1, "fields": {"email": "{{ params.who }}"}},
    },
    "airflow_provider_mkt.operators.objects": {
        "SyncObjectsOperator": {
            "conn_id": "{{ params.conn }}",
            "object_type": "companies",
            "lookup_field": "warehouse_id",
            "source": "s3://b/{{ ds }}.csv",
            "changes": "{{ params.changes }}",
            "leave": "archive",
            "max_removed": "{{ params.limit }}",
            "plan": "{{ ti.xcom_pull('plan') }}",
        }
    },
    "airflow_provider_mkt.operators.leads": {
        "SyncLeadsOperator": {"conn_id": "{{ params.conn }}", "source": "s3://b/{{ ds }}.csv"}
    },
    "airflow_provider_mkt.operators.lists": {
        "AddToListOperator": {"conn_id": "c", "leads": "{{ params.leads }}", "list_id": 1},
        "RemoveFromListOperator": {
            "conn_id": "c",
            "leads": "{{ params.leads }}",
            "list_id": "{{ params.l }}",
        },
        "SyncListOperator": {
            "conn_id": "c",
            "list_id": "{{ params.l }}",
            "sql": "SELECT email FROM people",
            "sql_conn_id": "warehouse",
            "consent": {"subscription_id": 7},
        },
    },
    "airflow_provider_mkt.operators.marketo": {
        "MarketoOperator": {
            "conn_id": "c",
            "call": "leads.get",
            "arguments": {"lead_id": "{{ params.lead }}"},
        }
    },
    "airflow_provider_mkt.operators.merging": {
        "MergeLeadsOperator": {"conn_id": "c", "winner_id": 1, "loser_ids": "{{ params.losers }}"}
    },
    "airflow_provider_mkt.operators.nurture": {
        "EnrollNurtureOperator": {
            "conn_id": "c",
            "leads": "{{ params.leads }}",
            "campaign_id": "{{ params.c }}",
        }
    },
    "airflow_provider_mkt.operators.program_members": {
        "SetProgramStatusOperator": {
            "conn_id": "c",
            "leads": [1],
            "program_id": 1,
            "status_name": "{{ ds }}",
        },
    },
    "airflow_provider_mkt.operators.programs": {
        "CloneProgramOperator": {"conn_id": "c", "program_id": 1, "name": "{{ ds }}", "folder_id": 2},
        "SetProgramTokensOperator": {"conn_id": "c", "program_id": 1, "tokens": {"Headline": "{{ ds }}"}},
        "ScheduleEmailProgramOperator": {"conn_id": "c", "program_id": 1, "publish_at": "{{ ts }}"},
        "UnapproveProgramOperator": {"conn_id": "c", "program_id": "{{ params.p }}"},
    },
    "airflow_provider_mkt.operators.sends": {
        "SendTransactionalEmailOperator": {"conn_id": "c", "email_id": 1, "to": "{{ params.to }}"},
        "SendEmailToPeopleOperator": {"conn_id": "c", "email_id": 1, "leads": "{{ params.to }}"},
        "SendSingleEmailOperator": {"conn_id": "c", "email_id": 1, "to": "{{ params.to }}"},
    },
    "airflow_provider_mkt.operators.sequences": {
        "EnrollSequenceOperator": {
            "conn_id": "c",
            "leads": "{{ params.leads }}",
            "sequence_id": 1,
            "user_id": 2,
            "sender_email": "{{ params.sender }}",
        },
    },
    "airflow_provider_mkt.operators.smart_campaigns": {
        "ScheduleCampaignOperator": {"conn_id": "c", "campaign_id": 1, "run_at": "{{ ts }}"},
        "ActivateCampaignOperator": {"conn_id": "c", "campaign_id": "{{ params.c }}"},
        "DeactivateCampaignOperator": {"conn_id": "c", "campaign_id": "{{ params.c }}"},
    },
    "airflow_provider_mkt.operators.statistics": {
        "EmailStatisticsOperator": {"conn_id": "c", "output_path": "s3://b/{{ ds }}.csv"}
    },
    "airflow_provider_mkt.operators.subscription_statuses": {
        "ExportSubscriptionsOperator": {
            "conn_id": "c",
            "list_id": "{{ params.list }}",
            "output_path": "s3://b/{{ ds }}.csv",
        },
    },
    "airflow_provider_mkt.operators.subscriptions": {
        "SubscribeOperator": {"conn_id": "c", "leads": "{{ params.leads }}", "subscription_id": 1},
        "UnsubscribeOperator": {
            "conn_id": "c",
            "leads": "{{ params.leads }}",
            "from_all": "{{ params.all }}",
        },
    },
    "airflow_provider_mkt.operators.workflows": {
        "EnrollWorkflowOperator": {
            "conn_id": "c",
            "leads": "{{ params.leads }}",
            "flow_id": "{{ params.f }}",
        },
    },
    "airflow_provider_mkt.sensors.batch_status": {
        "BatchStatusSensor": {"conn_id": "c", "job": "{{ ti.xcom_pull('t') }}", "deferrable": True}
    },
    "airflow_provider_mkt.sensors.emails": {
        "EmailActivitySensor": {"conn_id": "c", "email_id": "{{ params.email }}", "count": "{{ params.n }}"}
    },
    "airflow_provider_mkt.sensors.hubspot": {
        "ListProcessedSensor": {"conn_id": "c", "list_id": "{{ params.list }}"},
        "EventAttendanceSensor": {"conn_id": "c", "object_id": "{{ params.event }}"},
        "MarketingEventSensor": {"conn_id": "c", "external_event_id": "{{ params.event }}"},
        "SequenceEnrollmentSensor": {"conn_id": "c", "contact_id": "{{ params.contact }}"},
    },
    "airflow_provider_mkt.sensors.lead_changes": {
        "LeadChangesSensor": {"conn_id": "c", "fields": ["email"], "leads_path": "s3://b/{{ run_id }}.jsonl"}
    },
    "airflow_provider_mkt.sensors.leads": {
        "LeadsVisibleSensor": {"conn_id": "c", "lead_ids": "{{ params.leads }}"},
        "LeadsMatchingSensor": {"conn_id": "c", "field": "importNumber", "value": "{{ run_id }}"},
        "ListMembershipSensor": {"conn_id": "c", "list_id": 1, "lead_ids": "{{ params.leads }}"},
    },
    "airflow_provider_mkt.sensors.marketo": {
        "ProgramMemberSensor": {"conn_id": "c", "program_id": 1, "lead_ids": [1], "status_name": "Member"},
        "LeadActivitySensor": {"conn_id": "c", "activity_type_ids": [47], "since": "{{ ts }}"},
        "SmartCampaignSensor": {"conn_id": "c", "campaign_id": "{{ params.campaign }}"},
    },
    "airflow_provider_mkt.sensors.quota": {"QuotaSensor": {"conn_id": "c", "need": "{{ params.calls }}"}},
}
NEEDS = {
    "ApproveEmailOperator": pytest.mark.skipif(
        Version(AIRFLOW) < Version("3.1"), reason="A task can wait for a person from Airflow 3.1 on."
    )
}
CLASSES = [
    pytest.param(module, name, arguments, id=name, marks=NEEDS.get(name, ()))
    for module, classes in OPERATORS.items()
    for name, arguments in classes.items()
]
HEAVY = (
    "airflow_provider_mkt.client.transport.drivers",
    "airflow_provider_mkt.client.transport.exchange",
    "airflow_provider_mkt.client.hubspot",
    "airflow_provider_mkt.client.marketo",
    "airflow_provider_mkt.client.ratelimit",
    "airflow_provider_mkt.sandbox",
    "airflow_provider_mkt.state.locks",
    "airflow_provider_mkt.sync.pipeline",
    "psycopg",
    "redis",
    "sqlite3",
    "starlette",
)


def test_importing_every_operator_and_sensor_loads_nothing_that_only_running_needs() -> None:
    imports = "\n".join(f"import {module}" for module in OPERATORS)
    code = (
        # Airflow 3.2 and later import the provider's description themselves.
        "import sys, json, airflow.sdk, airflow.triggers.base, airflow_provider_mkt.get_provider_info\n"
        "before = set(sys.modules)\n"
        f"{imports}\nprint(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = json.loads(done.stdout.splitlines()[-1])
    assert [module for module in loaded if module.startswith(HEAVY)] == []
    # Each has its own module, and they share some. How many others come depends on Airflow and Python.
    own = [module for module in loaded if module.startswith("airflow_provider_mkt")]
    assert len(own) < len(OPERATORS) + 72, own


@pytest.mark.parametrize(("module", "name", "arguments"), CLASSES)
def test_an_operator_with_templates_survives_serialization(
    module: str, name: str, arguments: dict[str, object]
) -> None:
    from airflow.sdk import DAG
    from airflow.serialization import serialized_objects

    # The second is its name before Airflow 3.2.
    names = ("DagSerialization", "SerializedDAG")
    serialization = next(getattr(serialized_objects, n) for n in names if hasattr(serialized_objects, n))

    with DAG("serialized", schedule=None) as dag:
        getattr(import_module(module), name)(task_id="task", **arguments)
    plain = json.loads(json.dumps(serialization.to_dict(dag)))
    restored = serialization.from_dict(plain)
    assert restored.task_ids == ["task"]


@pytest.mark.parametrize(("module", "name", "arguments"), CLASSES)
def test_template_fields_are_attributes_with_conn_id_and_without_names_of_base_operator(
    module: str, name: str, arguments: dict[str, object]
) -> None:
    from airflow.sdk import BaseOperator

    operator_class = getattr(import_module(module), name)
    operator = operator_class(task_id="task", **arguments)
    fields = operator_class.template_fields
    # An operator without it makes no calls.
    assert ("conn_id" in fields) is ("conn_id" in inspect.signature(operator_class.__init__).parameters)
    assert [field for field in fields if not hasattr(operator, field)] == []
    assert set(fields).isdisjoint(inspect.signature(BaseOperator.__init__).parameters)


@pytest.mark.parametrize(("module", "name", "arguments"), CLASSES)
def test_the_docstring_of_an_operator_describes_every_parameter(
    module: str, name: str, arguments: dict[str, object]
) -> None:
    ours = [
        one
        for one in getattr(import_module(module), name).__mro__
        if one.__module__.startswith("airflow_provider_mkt")
    ]
    named = [
        parameter.name
        for one in ours
        if "__init__" in vars(one)
        for parameter in inspect.signature(one.__init__).parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY
    ]
    documented = "".join(one.__doc__ or "" for one in ours)
    assert named
    assert [one for one in named if f":param {one}:" not in documented] == []


def test_every_operator_and_sensor_of_the_provider_is_tested_here() -> None:
    from airflow.sdk import BaseOperator

    info = get_provider_info()
    modules = {
        module
        for kind in ("operators", "sensors")
        for entry in info[kind]
        for module in entry["python-modules"]
    }
    classes = {
        module: {
            name
            for name, member in inspect.getmembers(import_module(module), inspect.isclass)
            if member.__module__ == module and issubclass(member, BaseOperator) and not name.startswith("_")
        }
        for module in modules
    }
    assert {module: set(tested) for module, tested in OPERATORS.items()} == classes
