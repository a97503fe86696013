"""Literal arguments are checked when the DAG file is parsed, with the words of the check at run time."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator
from workers import context

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.get_provider_info import get_provider_info
from airflow_provider_mkt.operators._parse_checks import CHECKS, Arguments, CheckedAtParse
from airflow_provider_mkt.operators.email_approval import ApproveEmailOperator
from airflow_provider_mkt.operators.emails import PublishEmailOperator
from airflow_provider_mkt.operators.hubspot import HubSpotOperator
from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.version_compat import AirflowFailException

FREE: dict[str, str] = {
    "approval": "any output of a task that asks a person",
    "sql_parameters": "the database's driver decides",
    "poke_interval": "Airflow's own sensor checks it",
    "free_mail_domains": "any texts",
    "forbidden_words": "any texts",
    **dict.fromkeys(
        (
            *("canary_wait", "check_valid_for", "max_lateness", "max_recipients", "min_recipients"),
            *("quiet_hours", "timezone"),
        ),
        "check_guards, which also runs when the file is parsed",
    ),
    **dict.fromkeys(
        ("breakdown", "count", "ignore", "min_sent", "on_error", "on_no_effect", "on_problem"),
        "the operator's __init__ or check_arguments",
    ),
    **dict.fromkeys(("file_format", "output_path"), "check_arguments, because one depends on the other"),
    "min_hours_between_sends": "not a template; CheckEmailOperator checks it with its limits",
}
"""Parameters without a check by name, and why."""


def public_classes() -> Iterator[type[BaseOperator]]:
    info = get_provider_info()
    for kind in ("operators", "sensors"):
        for module in sorted({name for one in info[kind] for name in one["python-modules"]}):
            for name, member in inspect.getmembers(import_module(module), inspect.isclass):
                public = member.__module__ == module and not name.startswith("_")
                if public and issubclass(member, BaseOperator) and member is not ApproveEmailOperator:
                    yield member


CLASSES = list(public_classes())
each_class = pytest.mark.parametrize("cls", CLASSES, ids=[cls.__name__ for cls in CLASSES])


def parameters(cls: type[BaseOperator]) -> dict[str, inspect.Parameter]:
    found = inspect.signature(cls.__init__).parameters
    return {name: one for name, one in found.items() if one.kind is inspect.Parameter.KEYWORD_ONLY}


def of_templates(cls: type[BaseOperator]) -> dict[str, Any]:
    """Arguments of templates, for every parameter that can have one."""
    fields = {"dry_run" if name in ("is_dry_run", "plan_only") else name for name in cls.template_fields}
    return {name: f"{{{{ params.{name} }}}}" for name in parameters(cls) if name in fields}


@each_class
def test_every_parameter_is_checked_or_has_a_reason(cls: type[BaseOperator]) -> None:
    assert isinstance(cls, CheckedAtParse)
    own: dict[str, object] = {}
    for base in cls.__mro__:
        own |= vars(base).get("parse_checks", {})
    assert [name for name in parameters(cls) if name not in {*CHECKS, *own, *FREE}] == []


def test_no_reason_is_left_over() -> None:
    assert set(FREE) <= {name for cls in CLASSES for name in parameters(cls)}
    assert set(CHECKS) <= {name for cls in CLASSES for name in parameters(cls)}


@each_class
def test_templates_are_left_for_run_time(cls: type[BaseOperator]) -> None:
    given = of_templates(cls)
    arguments = Arguments(cls(task_id="t", **given))
    assert {name: arguments[name] for name in given} == given
    assert not any(arguments.known(name) for name in given)


@each_class
def test_a_wrong_value_names_its_parameter(cls: type[BaseOperator]) -> None:
    given = of_templates(cls)
    for name in parameters(cls):
        if name in FREE:
            continue
        with pytest.raises(InvalidInput, match=f"^{name}[^ ]*: "):
            cls(task_id="t", **{**given, name: b"\xff"})


HUBSPOT, MARKETO = "hubspot_default", "marketo_default"
EMAIL = "airflow_provider_mkt.operators.emails:PublishEmailOperator"
LEADS = "airflow_provider_mkt.operators.leads:SyncLeadsOperator"
OBJECTS = "airflow_provider_mkt.operators.objects:SyncObjectsOperator"
PEOPLE: dict[str, Any] = {"conn_id": HUBSPOT, "leads": [{"email": "a@example.com"}]}
DEALS: dict[str, Any] = {
    "conn_id": HUBSPOT,
    "object_type": "deals",
    "lookup_field": "number",
    "records": [{"number": "1"}],
}

ACTIVITIES, MEMBERS = "exports:ExportActivitiesOperator", "exports:ExportProgramMembersOperator"
DAY = {"conn_id": MARKETO, "start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"}

WRONG: list[tuple[str, dict[str, Any], str]] = [
    (LEADS, {**PEOPLE, "mode": "bluk"}, "mode: must be one of calls, bulk, auto"),
    (LEADS, {**PEOPLE, "source": "a.csv"}, "leads: give exactly one of leads, source and sql"),
    (LEADS, {"conn_id": HUBSPOT}, "leads: give exactly one of leads, source and sql"),
    (LEADS, {"conn_id": HUBSPOT, "sql": "SELECT 1"}, "sql_conn_id: is missing"),
    (LEADS, {"conn_id": HUBSPOT, "source": "/tmp/leads.xlsx"}, "source_format: is missing"),
    (LEADS, {**PEOPLE, "types": {"age": "int"}}, "types.age: must be one of"),
    (LEADS, {**PEOPLE, "blank": "empty"}, "blank: must be omit or clear"),
    (LEADS, {**PEOPLE, "columns": ["email"]}, "columns: must be a mapping, not a list of 1"),
    (LEADS, {**PEOPLE, "max_rejected": "5 percent"}, "max_rejected: must be a number or a percentage"),
    (LEADS, {**PEOPLE, "changes": "new"}, "changes: must be"),
    (LEADS, {**PEOPLE, "leave": "drop"}, "leave: must be one of"),
    (LEADS, {**PEOPLE, "changes": "changed", "canary": "some"}, "canary: must be true, false or a number"),
    (LEADS, {**PEOPLE, "rejects_path": "/tmp/rejects.csv"}, "rejects_path: has the ending .csv"),
    (OBJECTS, {**DEALS, "changes": "new"}, "changes: must be"),
    (OBJECTS, {**DEALS, "leave": "gdpr_delete"}, "leave: 'gdpr_delete' is for people"),
    (
        OBJECTS,
        {**DEALS, "plan": {"outcome": "object_sync_plan", "plan": "x", "state": "s"}, "dry_run": True},
        "plan: cannot be combined with dry_run",
    ),
    (
        OBJECTS,
        {**DEALS, "canary": False, "read_back": True},
        "read_back: is of the first batch alone, and needs canary",
    ),
    (
        OBJECTS,
        {**DEALS, "create_missing_properties": True, "property_group": "g", "dry_run": True},
        "create_missing_properties: cannot be combined with dry_run",
    ),
    (EMAIL, {"conn_id": HUBSPOT, "email_id": "1", "publish_at": "2026-01-01"}, "publish_at: has no offset"),
    (
        EMAIL,
        {"conn_id": HUBSPOT, "email_id": "1", "allow_operational": "maybe"},
        "allow_operational: must be",
    ),
    (
        "airflow_provider_mkt.operators.hubspot:HubSpotOperator",
        {"conn_id": HUBSPOT, "call": "lists.creat"},
        "call: hubspot has no call of that name; did you mean lists.create",
    ),
    (
        "airflow_provider_mkt.operators.marketo:MarketoOperator",
        {"conn_id": MARKETO, "call": "lists.get", "arguments": {"list": 1}},
        "arguments.list: is not an argument of lists.get",
    ),
    (
        "airflow_provider_mkt.operators.lists:AddToListOperator",
        {"conn_id": HUBSPOT, "list_id": "1", "leads": ["1"], "leads_path": "/tmp/a.csv"},
        "leads: give either leads or leads_path",
    ),
    (
        "airflow_provider_mkt.operators.exports:ExportLeadsOperator",
        {"conn_id": MARKETO, "output_path": "/tmp/a.csv", "fields": ["id"]},
        "filter: must be exactly one filter, not none",
    ),
    (
        "airflow_provider_mkt.operators.custom_object_exports:ExportCustomObjectsOperator",
        {
            "conn_id": MARKETO,
            "output_path": "/tmp/a.csv",
            "api_name": "",
            "fields": ["a"],
            "static_list_id": 1,
        },
        "api_name: is missing or empty",
    ),
    *(
        (f"airflow_provider_mkt.operators.{module}", {"output_path": "/tmp/a.csv", **given}, problem)
        for module, given, problem in (
            (ACTIVITIES, {**DAY, "activity_type_ids": ["x"]}, "activity_type_ids[0]: must be a positive"),
            (ACTIVITIES, {**DAY, "activity_type_ids": [37]}, "activity_type_ids: cannot contain 37"),
            (ACTIVITIES, {**DAY, "overlap": 60}, "ids_path: is missing: overlap needs a file"),
            (ACTIVITIES, {**DAY, "file_format": "xml"}, "file_format: must be one of csv, tsv, ssv"),
            (MEMBERS, {**DAY, "fields": ["leadId"]}, "program_id: is required, or program_ids"),
            (MEMBERS, {**DAY, "fields": ["leadId"], "program_ids": [1] * 11}, "program_ids: has 11 entries"),
            ("exports:ExportLeadsOperator", {**DAY, "fields": [1]}, "fields[0]: must be text"),
            ("exports:ExportLeadsOperator", {**DAY, "fields": []}, "fields: is empty"),
            (
                "exports:ExportLeadsOperator",
                {**DAY, "fields": ["id"], "since": "last"},
                "fields: lacks createdAt",
            ),
            (
                MEMBERS,
                {**DAY, "fields": ["leadId"], "program_id": 1, "since": "last"},
                "fields: lacks updatedAt",
            ),
            (
                "exports:ExportLeadsOperator",
                {"conn_id": MARKETO, "fields": ["id"], "static_list_id": "x"},
                "static_list_id: must be a positive whole number",
            ),
            (
                "list_exports:ExportListMembersOperator",
                {"conn_id": MARKETO, "list_id": "x"},
                "list_id: must be",
            ),
            (
                "object_exports:ExportObjectsOperator",
                {"conn_id": HUBSPOT, "properties": [1]},
                "properties[0]: ",
            ),
            (
                "object_exports:ExportObjectsOperator",
                {"conn_id": HUBSPOT, "output_path": "s3:/bucket/a.csv"},
                "output_path: has one slash after the scheme",
            ),
            (
                "object_exports:ExportObjectsOperator",
                {"conn_id": HUBSPOT, "output_path": "s3://bucket/a/"},
                "output_path: is a folder: give a file in it",
            ),
            (
                "email_events:ExportEmailEventsOperator",
                {"conn_id": HUBSPOT, "email_campaign_ids": ["x"]},
                "email_campaign_ids[0]: must be a positive whole number",
            ),
            (
                "forms:ExportFormSubmissionsOperator",
                {"conn_id": HUBSPOT, "form_ids": [{}]},
                "form_ids[0]: must",
            ),
            (
                "forms:ExportFormSubmissionsOperator",
                {"conn_id": HUBSPOT, "fields": ["formId"]},
                "fields: has formId, which is the name of another column",
            ),
            (
                "event_participations:ExportEventParticipationsOperator",
                {"conn_id": HUBSPOT, "event_ids": ["x"]},
                "event_ids[0]: must be a positive whole number",
            ),
            (
                "statistics:EmailStatisticsOperator",
                {"conn_id": HUBSPOT, "email_ids": [1] * 401, "breakdown": "total"},
                "email_ids: has 401 entries; at most 400",
            ),
            (
                "statistics:EmailStatisticsOperator",
                {"conn_id": HUBSPOT, "start": "2026-01-02T00:00:00Z", "end": "2026-01-01T00:00:00Z"},
                "end: is before start",
            ),
        )
    ),
    (
        "airflow_provider_mkt.operators.programs:SetProgramTokensOperator",
        {"conn_id": MARKETO, "tokens": {"a": "b"}},
        "program_id: give either program_id or folder_id",
    ),
    (
        "airflow_provider_mkt.sensors.leads:LeadsMatchingSensor",
        {"conn_id": HUBSPOT, "field": "town", "value": "Bern", "count": 0},
        "count: must be a whole number of 1 or more",
    ),
    ("airflow_provider_mkt.sensors.batch_status:BatchStatusSensor", {"conn_id": HUBSPOT, "job": {}}, "job"),
]


@pytest.mark.parametrize(("name", "given", "problem"), WRONG, ids=[one[2] for one in WRONG])
def test_an_argument_is_refused_at_parse_and_at_run_time_in_the_same_words(
    sandbox: Sandbox, short_waits: None, name: str, given: dict[str, Any], problem: str
) -> None:
    module, _, class_name = name.partition(":")
    cls = getattr(import_module(module), class_name)
    with pytest.raises(InvalidInput) as parsed:
        cls(task_id="t", **given)
    assert problem in str(parsed.value)
    # As Airflow builds the operator of a mapped task: with what it was given at run time.
    with pytest.raises(AirflowFailException) as ran:
        cls(task_id="t", **given, _airflow_from_mapped=True).execute(context())
    assert str(parsed.value) in str(ran.value)
    assert not any(method == "POST" for method, path in sandbox.hubspot.calls.routes if "oauth" not in path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("deferrable", "false"),
        ("fail_fast", 1),
        ("max_concurrency", 0),
        ("poll_interval", "60"),
        ("wait_timeout", timedelta(days=-1)),
        ("refresh_every", 1.5),
    ],
)
def test_what_is_no_template_is_checked_once(name: str, value: object) -> None:
    with pytest.raises(InvalidInput, match=f"^{name}: must be"):
        SyncLeadsOperator(task_id="t", **{**PEOPLE, name: value})


def test_an_email_to_publish_is_named_once() -> None:
    for given in ({}, {"email_id": " "}, {"email_id": "1", "program_id": "2"}):
        with pytest.raises(InvalidInput, match="email_id: give either email_id or program_id"):
            PublishEmailOperator(task_id="t", conn_id=HUBSPOT, **given)


def test_the_output_of_another_task_is_left_for_run_time() -> None:
    with DAG("d"):
        first = HubSpotOperator(task_id="first", conn_id=HUBSPOT, call="lists.get", arguments={"list_id": 1})
        output = first.output
        SyncLeadsOperator(task_id="second", conn_id=HUBSPOT, leads=output, columns=output["columns"])
        right, wrong = {"list_id": output["id"]}, {"list": output["id"]}
        HubSpotOperator(task_id="third", conn_id=HUBSPOT, call="lists.get", arguments=right)
        with pytest.raises(InvalidInput, match=r"arguments\.list: is not an argument"):
            HubSpotOperator(task_id="fourth", conn_id=HUBSPOT, call="lists.get", arguments=wrong)


def test_a_statement_in_a_file_is_left_for_run_time() -> None:
    SyncLeadsOperator(task_id="t", conn_id=HUBSPOT, sql="leads.sql", sql_conn_id="crm")


def test_what_a_mapped_task_expands_is_left_for_run_time() -> None:
    with DAG("d"):
        SyncLeadsOperator.partial(task_id="t", conn_id=HUBSPOT).expand(source=["a.csv", "b.csv"])


@pytest.mark.parametrize(
    ("name", "value"), [("conn_id", ""), ("max_rejected", "many"), ("deferrable", "yes")]
)
def test_what_all_tasks_of_a_mapped_one_share_is_checked(name: str, value: object) -> None:
    with DAG("d"), pytest.raises(InvalidInput, match=f"^{name}: "):
        SyncLeadsOperator.partial(task_id="t", **{"conn_id": HUBSPOT, name: value})


def test_a_template_in_partial_is_left_for_run_time() -> None:
    with DAG("d"):
        mapped = SyncLeadsOperator.partial(task_id="t", conn_id=HUBSPOT, max_rejected="{{ params.limit }}")
        mapped.expand(source=["a.csv"])


def test_a_mapped_sensor_is_checked_too() -> None:
    from airflow_provider_mkt.sensors.quota import QuotaSensor

    with DAG("d"), pytest.raises(InvalidInput, match=r"^deferrable: "):
        QuotaSensor.partial(task_id="t", deferrable="yes")
