"""State and locks on a server that machines share, and what happens while the server is away."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from airflow_runs import connected
from shared_servers import Line, forget_budget, line_to, server
from workers import until

from airflow_provider_mkt.client.call import Quota
from airflow_provider_mkt.client.errors import TaskCancelled
from airflow_provider_mkt.client.hubspot.account import account_info
from airflow_provider_mkt.client.ratelimit import budget as budgets
from airflow_provider_mkt.client.ratelimit import servers
from airflow_provider_mkt.client.ratelimit.store import SharedStateUnavailable
from airflow_provider_mkt.client.transport.platform import Rate
from airflow_provider_mkt.hooks.hubspot import HubSpotHook
from airflow_provider_mkt.state import locks, shared_state
from airflow_provider_mkt.state.locks import LockLost, server_lock
from airflow_provider_mkt.state.shared_state import SharedTaskState
from airflow_provider_mkt.state.task_state import STATE_KEPT_FOR

pytestmark = pytest.mark.usefixtures("closed_redis_clients")


@pytest.fixture(params=["redis", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    return server(request.param)


@pytest.fixture
def line(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """A line to the server, with short pauses between tries."""
    monkeypatch.setattr(servers, "_FIRST_PAUSE", 0.05)
    monkeypatch.setattr(servers, "_LONGEST_PAUSE", 0.1)
    monkeypatch.setattr(servers, "_logged_at", float("-inf"))
    with line_to(url) as one:
        yield one


@pytest.fixture
def owner() -> str:
    return f"test {uuid.uuid4().hex}"


def test_all_machines_see_what_one_has_set(url: str, owner: str) -> None:
    value = {"text": "half a character: \ud800", "zero": "\x00", "list": [1, None, 2.5]}
    SharedTaskState(url, owner).set("key", value)
    shared_state._servers.clear()
    other = SharedTaskState(url, owner)
    assert other.get("key") == value
    other.set("key", None)
    other.set("never set", None)
    assert SharedTaskState(url, owner).get("key") is None
    assert SharedTaskState(url, f"{owner} other").get("key") is None


def test_state_goes_after_its_age(url: str, owner: str) -> None:
    one = SharedTaskState(url, owner)
    one.set("key", 1)
    if url.startswith("redis"):
        import redis

        left = redis.Redis.from_url(url).ttl(f"mkt:state:{owner}")
        assert STATE_KEPT_FOR - 60 < left <= STATE_KEPT_FOR
        return
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "UPDATE mkt_state SET changed_at = changed_at - make_interval(secs => %s) WHERE owner = %s",
            (STATE_KEPT_FOR + 60, owner),
        )
    shared_state._servers.clear()
    SharedTaskState(url, f"{owner} other").set("key", 1)
    assert one.get("key") is None


def test_a_server_that_is_away_is_waited_for_and_the_log_says_so_once(
    line: Line, owner: str, caplog: pytest.LogCaptureFixture
) -> None:
    state = SharedTaskState(line.url, owner)
    state.set("key", 1)
    line.cut()
    threading.Timer(1.0, line.mend).start()
    with caplog.at_level(logging.WARNING):
        state.set("key", 2)
    assert SharedTaskState(line.url, owner).get("key") == 2
    waiting = [one.getMessage() for one in caplog.records if "waiting for it" in one.getMessage()]
    assert len(waiting) == 1
    assert "127.0.0.1" not in waiting[0]


def test_a_frozen_server_is_waited_for_too(url: str, owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow_provider_mkt.client.ratelimit import postgres, redis

    monkeypatch.setattr(redis, "_TIMEOUT", 0.2)
    monkeypatch.setattr(postgres, "_TIMEOUT", 1)
    with line_to(url) as line:
        state = SharedTaskState(line.url, owner)
        state.set("key", 1)
        budget = budgets.budget_of(line.url, owner, {Quota.CALLS: Rate(9, 9.0)})
        assert budget.take(Quota.CALLS, "before") == 0
        # Later than the tables are created, which takes longer than that on a busy machine.
        monkeypatch.setattr(postgres, "_ANSWER_TIMEOUT", 0.5)
        line.freeze()
        with pytest.raises(SharedStateUnavailable):
            budget.take(Quota.CALLS, "frozen")
        threading.Timer(0.5, line.mend).start()
        state.set("key", 2)
        assert state.get("key") == 2
        assert budget.take(Quota.CALLS, "thawed") == 0
    forget_budget(url, owner)


def test_a_server_that_stays_away_fails_the_task_after_the_configured_time(line: Line, owner: str) -> None:
    state = SharedTaskState(line.url, owner, wait=0.5)
    line.cut()
    with pytest.raises(SharedStateUnavailable, match="shared_state_url cannot be reached") as caught:
        state.get("key")
    assert not caught.value.permanent


def test_a_wait_for_the_server_ends_when_the_task_is_cancelled(line: Line, owner: str) -> None:
    def sleep(seconds: float) -> None:
        raise TaskCancelled

    line.cut()
    with pytest.raises(TaskCancelled):
        SharedTaskState(line.url, owner, sleep=sleep).get("key")


@pytest.fixture
def hook(
    line: Line, url: str, airflow_home: object, monkeypatch: pytest.MonkeyPatch
) -> Iterator[HubSpotHook]:
    """A hook whose budget is behind the line."""
    monkeypatch.setenv("AIRFLOW__MKT__SHARED_STATE_URL", line.url)
    budgets.forget_budgets()
    with connected(), HubSpotHook() as one:
        one.run(account_info.details())
        yield one
    budgets.forget_budgets()
    forget_budget(url, one.platform.account_key)


def test_calls_wait_for_the_server_of_the_budget(hook: HubSpotHook, line: Line) -> None:
    line.cut()
    threading.Timer(0.7, line.mend).start()
    begun = time.monotonic()
    assert hook.run(account_info.details())["portalId"]
    assert time.monotonic() - begun > 0.6


def test_a_trigger_waits_for_the_server_without_blocking_its_loop(hook: HubSpotHook, line: Line) -> None:
    async def turns_of_the_loop() -> None:
        for _ in range(20):
            await asyncio.sleep(0.01)
        line.mend()

    async def wait() -> None:
        async with HubSpotHook() as trigger_hook:
            await trigger_hook.arun(account_info.details())
            line.cut()
            # On a loop that is blocked, it would stay away.
            turns = asyncio.create_task(turns_of_the_loop())
            assert (await trigger_hook.arun(account_info.details()))["portalId"]
            assert turns.done()

    asyncio.run(wait())


def test_calls_end_when_the_server_stays_away_and_a_connection_test_does_not_wait(
    hook: HubSpotHook, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.cut()
    begun = time.monotonic()
    worked, message = hook.test_connection()
    assert not worked
    assert "shared_state_url cannot be reached" in message
    assert time.monotonic() - begun < servers.SHARED_STATE_WAIT / 2
    monkeypatch.setenv("AIRFLOW__MKT__SHARED_STATE_WAIT", "0.3")
    with HubSpotHook() as other, pytest.raises(SharedStateUnavailable):
        other.run(account_info.details())


def held(url: str, name: str, **options: Any) -> ExitStack:
    stack = ExitStack()
    stack.enter_context(server_lock(url, name, **options))
    return stack


def forget_lock(url: str, name: str) -> None:
    """Let the lock expire, as it does when its holder cannot reach the server for a minute."""
    if url.startswith("redis"):
        import redis

        redis.Redis.from_url(url).delete(f"mkt:lock:{name}")
        return
    import psycopg

    with psycopg.connect(url) as connection:
        connection.execute("UPDATE mkt_locks SET held_until = now() WHERE name = %s", (name,))


@pytest.mark.parametrize("taken", [True, False])
def test_a_lock_that_expired_is_lost_only_when_another_task_has_had_it(
    url: str, line: Line, monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    monkeypatch.setattr(locks, "_RENEW_EVERY", 0.05)
    name, lost = uuid.uuid4().hex, []
    with held(line.url, name, on_lost=lost.append):
        line.cut()
        time.sleep(0.2)
        forget_lock(url, name)
        if taken:
            held(url, name).close()
        line.mend()
        deadline = time.monotonic() + (10 if taken else 1)
        while not lost and time.monotonic() < deadline:
            time.sleep(0.01)
        assert [type(one) for one in lost] == ([LockLost] if taken else [])
        if not taken:
            # It is this holder's again.
            with pytest.raises(TaskCancelled), server_lock(url, name, raise_if_cancelled=_cancel):
                pytest.fail("entered a lock that another one holds")


def _cancel() -> None:
    raise TaskCancelled


def test_a_lock_is_waited_for_while_its_server_is_away(line: Line) -> None:
    line.cut()
    threading.Timer(0.5, line.mend).start()
    with server_lock(line.url, uuid.uuid4().hex):
        pass
    line.cut()
    with pytest.raises(SharedStateUnavailable), server_lock(line.url, "any", server_wait=0.3):
        pytest.fail("entered a lock without its server")


def test_a_hook_that_lost_its_lock_sends_nothing_more(
    hook: HubSpotHook, line: Line, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "_RENEW_EVERY", 0.05)
    taken: list[str] = []
    real = locks._RedisLease if url.startswith("redis") else locks._PostgresLease
    monkeypatch.setattr(real, "renew", lambda lease: not taken)
    with hook.exclusive("create campaigns"):
        hook.run(account_info.details())
        taken.append("by another task")
        until(lambda: any(hook._lost_locks))
        with pytest.raises(LockLost, match="nothing more is sent"):
            hook.run(account_info.details())
    hook.run(account_info.details())
