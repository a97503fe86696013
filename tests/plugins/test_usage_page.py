"""The page *Marketing platforms*, in the real application of Airflow's API server."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from html import unescape
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from airflow_runs import Airflow, Run
from shared_servers import line_to, server
from workers import Forked, until

from airflow_provider_mkt.client.call import Quota
from airflow_provider_mkt.client.marketo.programs import programs
from airflow_provider_mkt.client.ratelimit import activity as activity_reports
from airflow_provider_mkt.get_provider_info import get_provider_info
from airflow_provider_mkt.hooks.activity import activity_notes
from airflow_provider_mkt.hooks.hubspot import HubSpotHook
from airflow_provider_mkt.hooks.marketo import MarketoHook
from airflow_provider_mkt.plugins.marketing_platforms import PREFIX, MarketingPlatformsPlugin
from airflow_provider_mkt.plugins.usage_page import accounts
from airflow_provider_mkt.plugins.usage_page.history import KINDS
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo

pytestmark = pytest.mark.usefixtures("closed_redis_clients")

SYNC = """
@task
def people():
    return [{"email": "new@example.com"}, {"email": "no address"}, {"email": "also@example.com"}]
SyncLeadsOperator(task_id="sync", conn_id="hubspot_default", leads=people(), mode="calls", max_rejected=5)
"""


class Page:
    """The page as one user sees it.

    :param role: of Airflow's simple auth manager; a user without one may do nothing.
    """

    def __init__(self, client: Any, role: str | None = "viewer") -> None:
        from airflow.api_fastapi.app import get_auth_manager
        from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

        self._client = client
        token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username="ada", role=role))
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self) -> Any:
        return self._client.get(f"{PREFIX}/", headers=self._headers)

    def html(self) -> str:
        response = self.get()
        assert response.status_code == 200, response.text
        return str(response.text)

    def text(self) -> str:
        """Return what a person reads, without the tags."""
        main = self.html().partition("<main>")[2].partition("</main>")[0]
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())


@pytest.fixture(scope="module")
def client(airflow_home: Path) -> Iterator[Any]:
    """A client of the API server's application, as Airflow makes it."""
    from airflow.api_fastapi.app import create_app
    from fastapi.testclient import TestClient

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AIRFLOW__API_AUTH__JWT_SECRET", uuid.uuid4().hex * 2)
        with TestClient(create_app(apps="core")) as client:
            yield client


@pytest.fixture
def synced(airflow: Airflow, sandbox: Sandbox, fresh: None) -> Run:
    run = airflow.run(SYNC)
    assert run.tasks["sync"] == "success", run.log
    until(lambda: any(key.startswith("account ") for key in activity_notes().items()), 60)
    return run


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A state directory of the test's own, and a page that reads it at once."""
    from airflow_provider_mkt.hooks import activity

    monkeypatch.setenv("AIRFLOW__MKT__STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr(accounts, "_FRESH", -1.0)
    activity._reporter.cache_clear()


def test_the_page_shows_the_calls_of_a_task_and_what_it_did(client: Any, synced: Run) -> None:
    page = Page(client)
    text, html = page.text(), page.html()
    assert f"HubSpot {hubspot.PORTAL_ID}" in text
    assert "Connection: hubspot_default" in text
    assert re.search(r"Calls in each 10 s of the last 10 minutes; the limit is \d+\. Most: [1-9]", text)
    # The task is named with its calls, and linked to.
    assert re.search(r"dag_\d+_\d+\.sync ([1-9]\d*) - 0", text)
    assert re.search(r'href="[^"]*/dags/dag_\d+_\d+/runs/[^"/]+/tasks/sync" target="_top"', html)
    # HubSpot states the day's calls with each answer.
    until(lambda: "Calls of the day that are left" in page.text(), 60)
    assert re.search(r"left, over the last 24 hours: [\d,]+ of [\d,]+, as the platform said", page.text())
    done = "total 3, written 2, created 2, updated 0, skipped 0"
    assert re.search(rf"SyncLeadsOperator success \S+ \S+ \d+ {done} 1 ", text)


def test_the_page_has_no_secret_no_person_and_loads_nothing(client: Any, synced: Run) -> None:
    html = Page(client).html()
    assert hubspot.TOKEN not in html
    assert "@example.com" not in html
    assert not re.search(r"""(?:src|href|url)\s*[=(]\s*["']?(?:https?:)?//(?!testserver|localhost)""", html)
    response = Page(client).get()
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert response.headers["cache-control"] == "no-store"


def test_each_chart_says_in_words_what_it_shows(client: Any, synced: Run) -> None:
    html = Page(client).html()
    drawings = re.findall(r'<svg [^>]*role="img" aria-label="([^"]+)"', html)
    assert drawings
    assert all(f"<figcaption>{label}</figcaption>" in html for label in drawings)


def test_what_is_shown_is_escaped(client: Any, fresh: None) -> None:
    name = "<script>alert(1)</script>"
    note = {
        "at": time.time(),
        "platform": "marketo",
        "name": name,
        "account_key": "k",
        "conn_id": name,
        "limits": {"calls": [50, 20.0]},
    }
    activity_notes().set(f"account d {name.split(' ')[0]}", note)
    html = Page(client).html()
    assert name not in html
    assert "&lt;script&gt;alert(1)" in html


def test_a_user_who_is_not_logged_in_sees_nothing(client: Any, synced: Run) -> None:
    response = client.get(f"{PREFIX}/")
    assert response.status_code == 401
    assert "HubSpot" not in response.text


def test_a_user_without_permissions_is_refused(client: Any, synced: Run) -> None:
    response = Page(client, role=None).get()
    assert response.status_code == 403
    assert "HubSpot" not in response.text


def test_tasks_of_a_dag_that_the_user_may_not_read_are_not_named(
    client: Any, airflow: Airflow, synced: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.api_fastapi.app import get_auth_manager

    page = Page(client)
    (hidden,) = set(re.findall(r"(dag_\d+_\d+)\.sync [1-9]", page.text()))
    manager = type(get_auth_manager())
    original = manager.is_authorized_dag

    def is_authorized_dag(self: Any, *, details: Any = None, **options: Any) -> bool:
        if details is not None and details.id == hidden:
            return False
        return bool(original(self, details=details, **options))

    monkeypatch.setattr(manager, "is_authorized_dag", is_authorized_dag)
    html, text = page.html(), page.text()
    assert hidden not in html
    assert re.search(r"tasks of other DAGs [1-9]\d* - 0", text)


def test_a_user_who_may_not_read_xcoms_sees_no_counts(
    client: Any, synced: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity

    manager = type(get_auth_manager())
    original = manager.is_authorized_dag
    refused = DagAccessEntity.XCOM

    def is_authorized_dag(self: Any, *, access_entity: Any = None, **options: Any) -> bool:
        return access_entity is not refused and bool(original(self, access_entity=access_entity, **options))

    monkeypatch.setattr(manager, "is_authorized_dag", is_authorized_dag)
    text = Page(client).text()
    assert "SyncLeadsOperator success" in text
    assert "created 2" not in text
    refused = DagAccessEntity.TASK_INSTANCE
    text = Page(client).text()
    assert "SyncLeadsOperator" not in text
    assert "You may not see the tasks of any DAG." in text


def test_with_files_the_page_says_that_it_is_of_one_machine(client: Any, fresh: None) -> None:
    assert "This is what the machine of the API server knows" in Page(client).text()
    assert "No task has used an account in the last 7 days." in Page(client).text()


def _use_marketo() -> None:
    """Make a call, and wait until it is reported."""
    with MarketoHook() as hook:
        hook.run(programs.list(page_size=1))
    until(lambda: any(key.startswith("user ") for key in activity_notes().items()))


@pytest.mark.parametrize("kind", ["redis", "postgres"])
def test_with_a_shared_server_the_page_shows_what_other_machines_do(
    client: Any, sandbox: Sandbox, fresh: None, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__MKT__SHARED_STATE_URL", server(kind))
    for key in activity_notes().items():
        activity_notes().set(key, None)
    other = Forked(_use_marketo)
    assert other.end() == {"result": None}
    text = Page(client).text()
    assert "This is what the machine" not in text
    assert f"process, {socket.gethostname()}, pid {other.pid} " in text
    assert re.search(r"Calls in each 20 s of the last 10 minutes; the limit is 100\. Most: 1", text)
    assert "In flight 0 of 10" in text
    assert marketo.CLIENT_SECRET not in Page(client).html()


@pytest.mark.parametrize("kind", ["redis", "postgres"])
def test_a_shared_server_that_is_away_is_named_without_its_address(
    client: Any, fresh: None, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with line_to(server(kind)) as line:
        monkeypatch.setenv("AIRFLOW__MKT__SHARED_STATE_URL", line.url)
        line.cut()
        text = Page(client).text()
        assert line.url not in Page(client).html()
    assert "[mkt] shared_state_url cannot be reached" in text
    # The run history is still there.
    assert "Syncs" in text


def test_a_server_that_does_not_answer_holds_the_page_up_for_a_moment_only(
    client: Any, fresh: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://user:{uuid.uuid4().hex}@127.0.0.1:{silent.getsockname()[1]}/0"
        monkeypatch.setenv("AIRFLOW__MKT__SHARED_STATE_URL", url)
        reader = accounts.StateReader(timeout=0.2)
        for _ in range(2):
            assert "did not answer within 0.2 s" in reader.read().problem
        assert reader._thread._work_queue.qsize() == 0


def test_calls_that_wait_are_counted(
    client: Any, sandbox: Sandbox, fresh: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity_reports, "_WAIT_SHOWN_AFTER", 0.0)
    user = HubSpotHook()._session()[0].user
    assert user is not None
    with user.waiting(Quota.CALLS), user.waiting(Quota.CALLS):
        # The reporter's thread writes it.
        until(lambda: "Calls waiting 2" in Page(client).text(), every=0.2)
        text = Page(client).text()
    assert re.search(rf"process, {socket.gethostname()}, pid \d+ 0 - 2", text)


def test_every_operator_that_syncs_imports_or_exports_is_of_a_kind() -> None:
    modules = {name for group in get_provider_info()["operators"] for name in group["python-modules"]}
    names = {
        name
        for module in modules
        for name, value in vars(import_module(module)).items()
        if isinstance(value, type) and value.__module__ == module and name.endswith("Operator")
    }
    kinds = {name for operators in KINDS.values() for name in operators}
    assert kinds <= names
    assert {one for one in names if one.startswith(("Sync", "Import", "Export"))} <= kinds


def test_the_page_is_in_the_menu_of_airflow(client: Any) -> None:
    page = Page(client)
    plugins = client.get("/api/v2/plugins", headers=page._headers).json()["plugins"]
    (own,) = [one for one in plugins if one["name"] == MarketingPlatformsPlugin.name]
    (view,) = own["external_views"]
    assert view["href"] == f"{PREFIX}/"
    assert view["destination"] == "nav"
    assert client.get(view["href"], headers=page._headers).status_code == 200
    assert client.get(f"{PREFIX}/openapi.json", headers=page._headers).status_code == 404


_LOADED = """
import os, sys
import airflow.plugins_manager, airflow.configuration
try:
    import airflow.sdk.plugins_manager
except ImportError:
    pass
before = set(sys.modules)
for settings in ({}, {"AIRFLOW__MKT__USAGE_PAGE": "False"}):
    os.environ.update(settings)
    for name in set(sys.modules) - before:
        del sys.modules[name]
    from airflow_provider_mkt.plugins.marketing_platforms import MarketingPlatformsPlugin as plugin
    print(len(plugin.fastapi_apps), len(plugin.external_views), *sorted(set(sys.modules) - before))
"""


def test_the_plugin_imports_nothing_but_itself_and_its_page_can_be_turned_off() -> None:
    """A process of its own: everything else is imported in this one."""
    found = subprocess.run(
        [sys.executable, "-c", _LOADED], check=True, capture_output=True, text=True, timeout=300
    )
    on, off = (line.split() for line in found.stdout.splitlines()[-2:])
    assert on[:2] == ["1", "1"]
    assert on[2:] == ["airflow_provider_mkt.plugins", "airflow_provider_mkt.plugins.marketing_platforms"]
    assert off[:2] == ["0", "0"]


def test_a_page_that_is_turned_off_costs_nothing(sandbox: Sandbox, fresh: None, monkeypatch: Any) -> None:
    monkeypatch.setenv("AIRFLOW__MKT__USAGE_PAGE", "False")
    assert HubSpotHook()._session()[0].user is None
    assert activity_notes().items() == {}
