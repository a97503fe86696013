"""The complete tasks of the documentation do what it says."""

from __future__ import annotations

import json
import os
import runpy
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.testing import SandboxAccounts
from airflow_provider_mkt.testing._runs import DagResult

RECIPES = Path(__file__).parents[2] / "example_dags" / "recipes"
POSTGRES = os.environ.get("MKT_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")

RunDag = Callable[..., DagResult]


def succeeded(result: DagResult) -> dict[str, Any]:
    """Return what the tasks of a successful run returned."""
    assert result.state == "success", result.log[-5000:]
    return result.returned


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    """A bucket on a server of S3, which the connection ``aws_default`` leads to."""
    from airflow.sdk.io import attach, store
    from moto.server import ThreadedMotoServer
    from s3fs import S3FileSystem

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    files = S3FileSystem(
        key="test", secret="test", endpoint_url=f"http://{host}:{port}", skip_instance_cache=True
    )
    files.mkdir("crm-exports")
    with pytest.MonkeyPatch.context() as patch:
        # Airflow keeps the first file system of a connection, also one that another test had.
        patch.setattr(store, "_STORE_CACHE", {})
        # What Airflow's provider for AWS would do with the connection.
        attach("s3", conn_id="aws_default", fs=files)
        yield files
    server.stop()


@pytest.fixture
def customers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A database with a table of customers, and the connection ``crm`` to it."""
    import psycopg

    try:
        connection = psycopg.connect(POSTGRES, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        pytest.skip("no PostgreSQL server; set MKT_TEST_POSTGRES to its URL")
    database = f"recipes_{uuid.uuid4().hex}"
    with connection:
        connection.execute(f'CREATE DATABASE "{database}"')
        url = urlsplit(POSTGRES)._replace(path=f"/{database}")
        with psycopg.connect(url.geturl(), autocommit=True) as own:
            own.execute(
                "CREATE TABLE customers AS SELECT * FROM (VALUES ('ada@example.com', NULL, 40), "
                "('new@example.com', 'Bern', 10), ('poor@example.com', 'Basel', 9)) "
                "AS rows (mail, town, score)"
            )
        monkeypatch.setenv("AIRFLOW_CONN_CRM", url._replace(scheme="postgres").geturl())
        yield
        connection.execute(f'DROP DATABASE "{database}" WITH (FORCE)')


def test_the_first_dag_has_the_result_that_the_page_shows(
    run_dag: RunDag, mkt_accounts: SandboxAccounts
) -> None:
    outcome = succeeded(run_dag(RECIPES / "first.py"))["write"]
    assert (outcome["created"], outcome["updated"], outcome["rejected"]) == (2, 0, 1)
    assert mkt_accounts.person("hubspot", "noah@example.com") is not None


def test_a_file_on_s3_goes_to_marketo_by_its_mapping(
    run_dag: RunDag, mkt_accounts: SandboxAccounts, s3: Any
) -> None:
    rows = ["e_mail,given_name,family_name,phone,doNotCall,internal"]
    rows += [f"p{number}@example.com,P,Number {number},,yes,secret" for number in range(39)]
    rows += [",No,Address,,,"]
    s3.pipe("crm-exports/leads.csv", "\n".join(rows).encode())
    outcome = succeeded(run_dag(RECIPES / "s3_to_marketo.py"))["write_leads"]
    assert (outcome["created"], outcome["rejected"]) == (39, 1)
    lead = mkt_accounts.person("marketo", "p3@example.com")
    assert lead is not None
    assert (lead["lastName"], lead["leadSource"], lead["doNotCall"]) == ("Number 3", "CRM export", True)
    assert "secret" not in lead.values()
    assert outcome["rejects"].startswith("s3://aws_default@crm-exports/rejects/manual__")
    (reject,) = map(json.loads, s3.cat(outcome["rejects"].replace("s3://aws_default@", "")).splitlines())
    assert "KEY_MISSING" in str(reject)
    assert "Address" in str(reject)


def test_the_rows_of_a_query_go_to_hubspot(
    run_dag: RunDag, mkt_accounts: SandboxAccounts, customers: None
) -> None:
    outcome = succeeded(run_dag(RECIPES / "sql_to_hubspot.py"))["write_contacts"]
    assert (outcome["created"], outcome["updated"], outcome["rejected"]) == (1, 1, 0)
    new = mkt_accounts.person("hubspot", "new@example.com")
    assert new is not None
    assert (new["city"], new["numemployees"]) == ("Bern", "10")
    assert mkt_accounts.person("hubspot", "poor@example.com") is None


def test_a_nights_activities_are_written_to_parquet(
    run_dag: RunDag, mkt_accounts: SandboxAccounts, tmp_path: Path
) -> None:
    import pyarrow.parquet

    night = datetime(2025, 1, 7, 3, tzinfo=UTC)
    result = run_dag(
        RECIPES / "activities_to_parquet.py", params={"folder": tmp_path.as_uri()}, logical_date=night
    )
    outcome = succeeded(result)["export"]
    table = pyarrow.parquet.read_table(tmp_path / "2025-01-06.parquet")
    assert table.num_rows == outcome["rows"] == 5
    assert set(table["activityTypeId"].to_pylist()) == {12}
    days = {moment.date().isoformat() for moment in table["activityDate"].to_pylist()}
    assert days == {"2025-01-06"}


def test_only_leads_that_are_new_are_put_on_the_list(
    run_dag: RunDag, mkt_sandbox: Sandbox, mkt_accounts: SandboxAccounts, tmp_path: Path
) -> None:
    params = {"folder": tmp_path.as_uri()}
    members = len(mkt_sandbox.hubspot.snapshot()["lists"][0]["members"])
    succeeded(run_dag(RECIPES / "first.py"))
    outcome = succeeded(run_dag(RECIPES / "new_leads.py", params=params))
    assert outcome["wait_for_leads"]["new"] == outcome["add_to_welcome_list"]["added"] == 2
    assert len(mkt_sandbox.hubspot.snapshot()["lists"][0]["members"]) == members + 2


def test_each_of_several_files_is_a_task_of_its_own(
    run_dag: RunDag, mkt_accounts: SandboxAccounts, tmp_path: Path
) -> None:
    for number in range(6):
        (tmp_path / f"{number}.csv").write_text(f"email\nf{number}@example.com\ng{number}@example.com\n")
    (tmp_path / "notes.txt").write_text("no leads")
    before = mkt_accounts.people("hubspot")
    result = run_dag(RECIPES / "many_files.py", params={"folder": tmp_path.as_uri()})
    assert succeeded(result)["total"] == {"created": 12, "updated": 0, "rejected": 0}
    assert [result.tasks[f"sync[{number}]"] for number in range(6)] == ["success"] * 6
    assert mkt_accounts.people("hubspot") == before + 12
    assert mkt_accounts.refused("hubspot") == 0


def test_contacts_that_an_event_does_not_name_are_read(
    mkt_sandbox: Sandbox, mkt_accounts: SandboxAccounts
) -> None:
    mkt_sandbox.hubspot.settings.search_lag = 0
    contacts = mkt_sandbox.hubspot.state.contacts
    made = [contacts.create({"email": f"welcome{number}@example.com"}) for number in range(3)]
    first, last = (datetime.fromtimestamp(one.created, UTC).isoformat() for one in (made[0], made[-1]))
    named = {"ids": [made[0].id], "more": False}
    window = {"ids": [made[0].id], "more": True, "from": first, "to": last}
    events = [SimpleNamespace(extra=extra) for extra in ({"payload": named}, {}, {"payload": window})]
    new_contacts = runpy.run_path(str(RECIPES / "welcome_leads.py"))["new_contacts"]
    assert new_contacts.function({"asset": events}) == [one.id for one in made]


def test_the_newsletter_with_a_deadline_is_sent(run_dag: RunDag, mkt_accounts: SandboxAccounts) -> None:
    night = datetime(2026, 1, 5, 6, tzinfo=UTC)
    outcome = succeeded(run_dag(RECIPES / "newsletter_deadline.py", logical_date=night))["publish"]
    assert (outcome["outcome"], outcome["published"]) == ("email_publication", True)


def test_the_temporary_list_is_filled_and_removed(
    run_dag: RunDag, mkt_sandbox: Sandbox, mkt_accounts: SandboxAccounts
) -> None:
    before = mkt_sandbox.hubspot.snapshot()["lists"]
    result = run_dag(RECIPES / "temporary_list.py")
    assert succeeded(result)["fill"]["added"] == 1
    assert mkt_sandbox.hubspot.snapshot()["lists"] == before


def test_the_temporary_list_is_removed_when_a_task_fails(
    run_dag: RunDag, mkt_sandbox: Sandbox, mkt_accounts: SandboxAccounts
) -> None:
    before = mkt_sandbox.hubspot.snapshot()["lists"]
    result = run_dag(RECIPES / "temporary_list.py", params={"leads": ["nobody@example.com"]})
    assert result.tasks == {"make_list": "success", "fill": "failed", "remove_list": "success"}
    assert result.state == "failed"
    assert mkt_sandbox.hubspot.snapshot()["lists"] == before
