"""Which account a connection leads to: what state and locks are kept under."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow_runs import connected

from airflow_provider_mkt.client.errors import AuthenticationError, InvalidInput, ServerUnavailable
from airflow_provider_mkt.hooks import state
from airflow_provider_mkt.hooks.hubspot import HubSpotHook
from airflow_provider_mkt.hooks.marketo import MarketoHook
from airflow_provider_mkt.hooks.run_context import RunContext
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.hubspot.account.credential_store import ALL_SCOPES, Token

pytestmark = pytest.mark.usefixtures("short_waits")

DETAILS = "*/details"


@pytest.fixture
def use_token(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., HubSpotHook]:
    """A connection with a token that no task has used yet."""
    monkeypatch.setenv("AIRFLOW__MKT__STATE_DIR", str(tmp_path / "state"))

    def use(value: str, scopes: frozenset[str] = ALL_SCOPES) -> HubSpotHook:
        box = sandbox.hubspot
        box.state.credentials.tokens[value] = Token(value, value, scopes)
        connection = {"conn_type": "hubspot", "host": box.url, "password": value}
        monkeypatch.setenv("AIRFLOW_CONN_HUBSPOT_DEFAULT", json.dumps(connection))
        return HubSpotHook()

    return use


def reads(box: Sandbox) -> int:
    return box.hubspot.calls.of("GET", "/account-info/2026-09/details").total


def test_a_rotated_token_leads_to_the_same_account_for_one_call(sandbox: Sandbox, use_token: Any) -> None:
    first = use_token("pat-na1-first")
    with first.bind(RunContext()) as bound:
        account = bound.account_id()
    assert str(hubspot.PORTAL_ID) in account
    assert "pat-na1" not in account
    assert HubSpotHook().account_id() == account
    assert reads(sandbox) == 1
    assert use_token("pat-na1-second").account_id() == account
    assert asyncio.run(HubSpotHook().aaccount_id()) == account
    assert reads(sandbox) == 2


def test_on_a_loop_the_account_is_read_as_on_a_thread(sandbox: Sandbox, use_token: Any) -> None:
    async def read() -> str:
        async with HubSpotHook() as hook:
            return await hook.aaccount_id()

    use_token("pat-na1-loop")
    assert asyncio.run(read()) == HubSpotHook().account_id()
    assert reads(sandbox) == 1


def test_a_token_that_may_not_read_the_account_is_an_account_of_its_own(
    sandbox: Sandbox, use_token: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    known = use_token("pat-na1-first").account_id()
    without = use_token("pat-na1-other", ALL_SCOPES - {"oauth"}).account_id()
    assert without != known
    assert "pat-na1-other" not in without
    assert "count as another account" in capsys.readouterr().out
    assert HubSpotHook().account_id() == without
    assert reads(sandbox) == 2


def test_another_error_is_raised_and_nothing_is_remembered(sandbox: Sandbox, use_token: Any) -> None:
    hook = use_token("pat-na1-first").bind(RunContext.no_retry())
    sandbox.hubspot.faults.add(DETAILS, when="before", answer={"status": 503}, times=1)
    with pytest.raises(ServerUnavailable):
        hook.account_id()
    assert str(hubspot.PORTAL_ID) in hook.account_id()
    del sandbox.hubspot.state.credentials.tokens["pat-na1-first"]
    assert HubSpotHook().account_id()
    use_token("pat-na1-gone")
    del sandbox.hubspot.state.credentials.tokens["pat-na1-gone"]
    with pytest.raises(AuthenticationError):
        HubSpotHook().account_id()


def test_a_marketo_account_is_its_instance_however_its_host_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def account(host: str, client: str) -> str:
        connection = {"conn_type": "marketo", "host": host, "login": client, "password": "secret"}
        monkeypatch.setenv("AIRFLOW_CONN_MARKETO_DEFAULT", json.dumps(connection))
        return MarketoHook().account_id()

    hosts = ("123-ABC-456", "123-abc-456.mktorest.com", "https://123-ABC-456.mktorest.com/rest")
    assert len({account(host, f"client {number}") for number, host in enumerate(hosts)}) == 1
    assert account("123-ABC-457", "client 0") != account("123-ABC-456", "client 0")


def test_two_accounts_share_neither_state_nor_locks(sandbox: Sandbox) -> None:
    with connected():
        other = HubSpotHook()
        other.account_id()
    state.state_of_account(other).set("import", "its job")
    assert state.state_of_account(HubSpotHook()).get("import") is None
    assert state.state_of_account(other).get("import") == "its job"
    with HubSpotHook().exclusive("create campaigns"), other.exclusive("create campaigns"):
        pass


@pytest.mark.parametrize(
    ("executor", "several"),
    [
        ("LocalExecutor", False),
        ("airflow.executors.local_executor.LocalExecutor", False),
        ("LocalExecutor,CeleryExecutor", True),
        ("fast:airflow.providers.cncf.kubernetes.executors.kubernetes_executor.KubernetesExecutor", True),
        ("LocalExecutor;team_a=LocalExecutor", False),
        ("LocalExecutor;team_a=CeleryExecutor", True),
    ],
)
def test_the_executors_say_whether_tasks_run_on_several_machines(
    monkeypatch: pytest.MonkeyPatch, executor: str, several: bool
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", executor)
    assert state.tasks_run_on_several_machines() is several


def test_the_default_directory_made_beforehand_by_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW__MKT__STATE_DIR")
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    directory = state.state_directory()
    assert directory.parent == tmp_path
    directory.rmdir()
    (tmp_path / "theirs").mkdir()
    directory.symlink_to(tmp_path / "theirs")
    with pytest.raises(InvalidInput, match=r"state_dir: .* is a symbolic link"):
        state.local_state()
