"""The names of data sets and assets, and what hooks report."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import pytest
from airflow.sdk import Asset, BaseOperator

from airflow_provider_mkt.actions.targets import (
    MANY,
    NAMES,
    RESULTS,
    AccountPages,
    hubspot_page,
    marketo_pages,
)
from airflow_provider_mkt.client.hubspot.contacts import contacts
from airflow_provider_mkt.client.hubspot.lists import list_memberships
from airflow_provider_mkt.client.hubspot.objects import objects
from airflow_provider_mkt.client.marketo.leads import leads
from airflow_provider_mkt.client.marketo.programs import programs
from airflow_provider_mkt.get_provider_info import get_provider_info
from airflow_provider_mkt.hooks._lineage import access_of
from airflow_provider_mkt.lineage.assets import (
    convert_asset_to_openlineage,
    hubspot_asset,
    marketo_asset,
    sanitize_uri,
)
from airflow_provider_mkt.lineage.names import file_dataset, platform_datasets
from airflow_provider_mkt.links import targets as links

WITHOUT = {
    "LeadActivitySensor": "waits for activities of any kind, which have no page of their own",
    "LeadsMatchingSensor": "waits for any leads that match",
    "QuotaSensor": "is about the account",
}
"""Operators and sensors without links and lineage, and why."""
WITHOUT_LINEAGE = {
    "ApproveEmailOperator": "asks a person",
    "BatchStatusSensor": "only waits",
    "EmailActivitySensor": "only waits",
    "EventAttendanceSensor": "only waits",
    "LeadsVisibleSensor": "only waits",
    "ListMembershipSensor": "only waits",
    "ListProcessedSensor": "only waits",
    "MarketingEventSensor": "only waits",
    "ProgramMemberSensor": "only waits",
    "SequenceEnrollmentSensor": "only waits",
    "SmartCampaignSensor": "only waits",
}
WITHOUT_LINKS = {
    "ArchiveCampaignBatchOperator": "what it archives has no page any more",
    "SubmitFormOperator": "the page of a form is not in what Marketo answers",
    "UpsertMarketingEventsOperator": "writes many events, and learns no ids of records",
}


def public_classes() -> dict[str, type[BaseOperator]]:
    info = get_provider_info()
    modules = {
        name for kind in ("operators", "sensors") for one in info[kind] for name in one["python-modules"]
    }
    return {
        name: member
        for module in modules
        for name, member in inspect.getmembers(import_module(module), inspect.isclass)
        if member.__module__ == module and not name.startswith("_") and issubclass(member, BaseOperator)
    }


CLASSES = public_classes()


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_operator_and_sensor_has_links_and_lineage_or_a_reason(name: str) -> None:
    cls = CLASSES[name]
    moves = any(target.use != "none" for target in getattr(cls, "targets", ()))
    assert bool(cls.operator_extra_links) != (name in WITHOUT_LINKS or name in WITHOUT)
    assert moves != (name in WITHOUT_LINEAGE or name in WITHOUT)


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_target_is_a_parameter_or_in_the_outcome(name: str) -> None:
    cls: Any = CLASSES[name]
    kinds = {kind for names in NAMES.values() for kind in names} | {"job", "source", "results", "rejects"}
    for target in getattr(cls, "targets", ()):
        assert target.kind in kinds
        if target.id_from and not target.outcome_only:
            parameters = inspect.signature(cls.__init__).parameters
            assert (
                target.id_from in parameters
                or f"``{target.id_from}``" in (cls.__doc__ or "")
                or (target.id_from in _outcome_keys())
            ), target


def _outcome_keys() -> set[str]:
    from airflow_provider_mkt.operators import outcomes
    from airflow_provider_mkt.sync import bulk_report, results

    return {
        key
        for module in (outcomes, results, bulk_report)
        for one in vars(module).values()
        for key in getattr(one, "__annotations__", {})
    }


def test_the_provider_info_lists_every_link() -> None:
    defined = {
        f"{links.__name__}.{name}"
        for name, member in inspect.getmembers(links, inspect.isclass)
        if member.__module__ == links.__name__ and getattr(member, "name", "")
    }
    assert set(get_provider_info()["extra-links"]) == defined


def test_buttons_have_names_of_their_own() -> None:
    listed = [path.rpartition(".")[2] for path in get_provider_info()["extra-links"]]
    names = [getattr(links, name)().name for name in listed]
    assert len(names) == len(set(names))
    assert all(isinstance(getattr(links, name)().xcom_key, str) for name in listed)


# -- addresses ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "page"),
    [
        ("email", "https://app-eu1.hubspot.com/email/62515/details/7"),
        ("email_draft", "https://app-eu1.hubspot.com/email/62515/edit/7/content"),
        ("import", "https://app-eu1.hubspot.com/import/62515"),
        ("lead", "https://app-eu1.hubspot.com/contacts/62515/record/0-1/7"),
        ("list", "https://app-eu1.hubspot.com/contacts/62515/objectLists/7/filters"),
        ("campaign", "https://app-eu1.hubspot.com/campaigns/62515/7"),
        ("marketing_event", "https://app-eu1.hubspot.com/contacts/62515/record/0-54/7"),
        ("workflow", "https://app-eu1.hubspot.com/workflows/62515/platform/flow/7/edit"),
        ("sequence", "https://app-eu1.hubspot.com/sequences/62515/sequence/7/edit"),
        ("subscriptions", ""),
    ],
)
def test_pages_of_hubspot(kind: str, page: str) -> None:
    assert hubspot_page(kind, AccountPages("app-eu1.hubspot.com", "62515"), "7") == page


@pytest.mark.parametrize(
    ("host", "account", "id"),
    [
        ("", "62515", "7"),
        ("app.hubspot.com", "", "7"),
        ("evil.com/x", "62515", "7"),
        ("app.hubspot.com", "62515", ""),
    ],
)
def test_there_is_no_page_of_hubspot_where_a_part_is_unknown(host: str, account: str, id: str) -> None:
    assert hubspot_page("email", AccountPages(host, account), id) == ""


def test_an_id_cannot_leave_its_part_of_the_address() -> None:
    page = hubspot_page("email", AccountPages("app.hubspot.com", "1"), "7/../../x?y=1")
    assert page == "https://app.hubspot.com/email/1/details/7%2F..%2F..%2Fx%3Fy%3D1"


def test_pages_of_marketo_are_those_in_answers() -> None:
    host = "https://app-ab12.marketo.com"
    rows = [
        {"id": 1, "url": f"{host}/#PG1A1"},
        {"id": 2, "url": f"{host}/#ME2A1LA1"},
        {"id": 3, "computedUrl": f"{host}/#SC3A1"},
        {"id": 4, "url": f"{host}/#ST4A1"},
        {"id": 5, "url": f"{host}/#EM5A1"},
        {"id": 6, "url": f"{host}/#FO6A1"},
        {"id": 7, "url": "javascript:alert(1)//#PG7A1"},
        {"id": 8, "url": None},
        "not a row",
    ]
    assert dict(marketo_pages(rows)) == {
        "program 1": f"{host}/#PG1A1",
        "program 2": f"{host}/#ME2A1LA1",
        "smart campaign 3": f"{host}/#SC3A1",
        "list 4": f"{host}/#ST4A1",
        "email 5": f"{host}/#EM5A1",
    }
    assert dict(marketo_pages(None)) == {}


# -- data sets ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("platform", "account", "kind", "ids", "names"),
    [
        ("hubspot", "12345", "leads", [], ["contacts"]),
        ("hubspot", "12345", "list", ["7"], ["lists/7", "contacts"]),
        ("hubspot", "12345", "email", ["7"], ["emails/7"]),
        ("hubspot", "12345", "campaign", ["a-b"], ["campaigns/a-b"]),
        ("hubspot", "12345", "marketing_event", ["7"], ["marketing_events"]),
        ("hubspot", "12345", "workflow", ["7"], ["workflows/7", "contacts"]),
        ("hubspot", "12345", "object", ["companies"], ["companies"]),
        ("hubspot", "12345", "import", ["7"], []),
        ("marketo", "123-ABC-456", "leads", [], ["leads"]),
        ("marketo", "123-ABC-456", "list", ["7"], ["lists/7", "leads"]),
        ("marketo", "123-ABC-456", "program", ["7"], ["programs/7"]),
        ("marketo", "123-ABC-456", "program_members", ["7"], ["programs/7/members", "leads"]),
        ("marketo", "123-ABC-456", "email", ["7"], ["emails/7"]),
        ("marketo", "123-ABC-456", "activities", [], ["activities"]),
        ("marketo", "123-ABC-456", "smart_campaign", ["7"], ["smart_campaigns/7", "leads"]),
        ("hubspot", "12345", "campaign", [str(one) for one in range(MANY + 1)], ["campaigns"]),
    ],
)
def test_names_of_things_on_the_platforms(
    platform: str, account: str, kind: str, ids: list[str], names: list[str]
) -> None:
    found = platform_datasets(platform, account, kind, ids)
    assert [one.name for one in found] == names
    assert {one.namespace for one in found} <= {f"{platform}://{account.lower()}"}


@pytest.mark.parametrize(
    ("path", "dataset"),
    [
        ("s3://bucket/path/new.csv", ("s3://bucket", "path/new.csv")),
        ("s3://aws_default@bucket/path/new.csv", ("s3://bucket", "path/new.csv")),
        ("gcs://bucket/a.csv", ("gs://bucket", "a.csv")),
        ("/data/a.csv", ("file", "/data/a.csv")),
        ("file:///data/a.csv", ("file", "/data/a.csv")),
        ("https://user:password@host/a.csv", ("https://host", "a.csv")),
        ("s3://bucket/windows/{window}.csv", ("s3://bucket", "windows")),
        ("", None),
        (None, None),
        ("None", None),
    ],
)
def test_names_of_files(path: object, dataset: tuple[str, str] | None) -> None:
    assert file_dataset(path) == dataset


# -- assets -------------------------------------------------------------------------------------------


def test_the_uri_of_an_asset_is_the_name_of_its_data_set() -> None:
    asset = Asset("marketo://123-ABC-456/programs/7/members")
    assert asset.uri == "marketo://123-abc-456/programs/7/members"
    dataset = convert_asset_to_openlineage(asset, None)
    assert (dataset.namespace, dataset.name) == ("marketo://123-abc-456", "programs/7/members")
    assert hubspot_asset(12345).uri == "hubspot://12345/contacts"
    assert hubspot_asset("12345", "lists/7") == Asset("hubspot://12345/lists/7")
    assert marketo_asset("123-ABC-456").uri == "marketo://123-abc-456/leads"


@pytest.mark.parametrize(
    "uri",
    [
        "hubspot:///contacts",
        "hubspot://portal/contacts",
        "hubspot://123",
        "marketo://a@b/leads",
        "marketo://x/y?z=1",
    ],
)
def test_a_uri_without_an_account_or_a_data_set_is_refused_when_the_dag_is_parsed(uri: str) -> None:
    with pytest.raises(ValueError, match="must"):
        Asset(uri)
    with pytest.raises(ValueError, match="must"):
        sanitize_uri(urlsplit(uri))


def test_assets_import_nothing_of_openlineage() -> None:
    code = (
        "import sys; from airflow_provider_mkt.lineage.assets import hubspot_asset; hubspot_asset(1)\n"
        "import airflow_provider_mkt.operators.leads, airflow_provider_mkt.sensors.batch_status\n"
        "heavy = ('openlineage', 'airflow.providers.openlineage.extractors')\n"
        "print([one for one in sys.modules if one.startswith(heavy)])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


# -- hooks --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("platform", "call", "access"),
    [
        ("hubspot", contacts.create({"email": "a@example.com"}), ("output", "contacts")),
        ("hubspot", contacts.batch_read(["1"]), ("input", "contacts")),
        ("hubspot", list_memberships.add("7", ["1"]), ("output", "lists/7")),
        ("hubspot", objects.list("companies"), ("input", "companies")),
        ("marketo", leads.get(1), ("input", "leads")),
        ("marketo", leads.describe(), None),
        ("marketo", programs.get(7), ("input", "programs/7")),
    ],
)
def test_what_a_call_reads_or_writes(platform: str, call: Any, access: tuple[str, str] | None) -> None:
    assert access_of(platform, call) == access


def test_results_files_are_named_by_a_parameter_at_the_start() -> None:
    from airflow_provider_mkt.operators.exports import ExportLeadsOperator

    assert any(one.kind == RESULTS and one.id_from == "output_path" for one in ExportLeadsOperator.targets)
