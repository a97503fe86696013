"""One budget for several processes: in a file, in Redis and in PostgreSQL, each run for real."""

from __future__ import annotations

import bisect
import functools
import hashlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from workers import Forked, until

from airflow_provider_mkt.client.call import Quota
from airflow_provider_mkt.client.errors import InvalidInput, TaskCancelled
from airflow_provider_mkt.client.ratelimit import budget as budgets
from airflow_provider_mkt.client.ratelimit.budget import SharedBudget, budget_of
from airflow_provider_mkt.client.ratelimit.store import SharedStateUnavailable
from airflow_provider_mkt.client.transport.platform import Permit, Rate
from airflow_provider_mkt.state.locks import server_lock

pytestmark = pytest.mark.usefixtures("closed_redis_clients")

CALLS = Quota.CALLS
SERVERS = {
    "redis": os.environ.get("MKT_TEST_REDIS", "redis://127.0.0.1:6379/0"),
    "postgres": os.environ.get("MKT_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test"),
}


def reachable(url: str) -> bool:
    address = url.split("@")[-1].split("//")[-1].split("/")[0]
    host, _, port = address.partition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=2):
            return True
    except OSError:
        return False


def server(kind: str) -> str:
    url = SERVERS[kind]
    if not reachable(url):
        pytest.skip(f"no {kind} server at {url.split('@')[-1]}; set MKT_TEST_{kind.upper()} to its URL")
    return url


@pytest.fixture(params=["file", "redis", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    return tmp_path if request.param == "file" else server(request.param)


@pytest.fixture(params=["redis", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    return server(request.param)


@pytest.fixture
def account() -> Iterator[str]:
    name = f"test {uuid.uuid4().hex}"
    yield name
    _forget(name)


def _forget(account: str) -> None:
    digest = hashlib.sha256(account.encode()).hexdigest()[:24]
    if reachable(SERVERS["redis"]):
        import redis

        client = redis.Redis.from_url(SERVERS["redis"])
        for key in client.scan_iter(f"mkt:{digest}:*"):
            client.delete(key)
    if reachable(SERVERS["postgres"]):
        import psycopg

        with psycopg.connect(SERVERS["postgres"], autocommit=True) as connection:
            names = connection.execute(
                "SELECT tablename FROM pg_tables WHERE tablename LIKE %s", (f"%{digest}%",)
            ).fetchall()
            for (name,) in names:
                connection.execute(f'DROP TABLE "{name}"')


def take_calls(
    place: Path | str, account: str, meeting: Path, max_in_flight: int, me: str
) -> list[tuple[float, float, float]]:
    """Make calls on three threads, once the other processes are there too.

    :returns: when each was counted, began and ended.
    """
    budget = fresh(place, account, Rate(40, 0.5), max_in_flight=max_in_flight or None)
    granted: list[tuple[float, float, float]] = []
    lock = threading.Lock()
    (meeting / me).touch()
    until(lambda: len(list(meeting.iterdir())) == 4, every=0.01)

    def work(worker: int) -> None:
        number = 0
        while len(granted) < 30:
            number += 1
            permit_id = f"{me}-{worker}-{number}"
            wait = budget.take(CALLS, permit_id)
            if wait:
                time.sleep(wait)
                continue
            counted, begun = budget._granted_at[permit_id], time.time()
            time.sleep(0.01)
            with lock:
                granted.append((counted, begun, time.time()))
            budget.release(Permit(CALLS, permit_id, "read"), 0.01)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return granted


def calls_of_four(place: Path | str, account: str, meeting: Path, max_in_flight: int) -> list[list[float]]:
    """When the calls of four processes with three threads each were counted, began and ended."""
    meeting.mkdir()
    takers = [
        Forked(functools.partial(take_calls, place, account, meeting, max_in_flight, str(who)))
        for who in range(4)
    ]
    return [call for taker in takers for call in taker.end()["result"]]


def fresh(place: Path | str, account: str, rate: Rate, **more: Any) -> SharedBudget:
    """A budget as another process would have it."""
    budgets.forget_budgets()
    return budget_of(place, account, {CALLS: rate}, **more)


def permits_at_once(budget: SharedBudget) -> int:
    count = 0
    while budget.take(CALLS, f"one {uuid.uuid4().hex}") == 0:
        count += 1
    return count


def test_four_processes_all_get_their_permits_and_never_exceed_the_rate(
    place: Path | str, account: str, tmp_path: Path
) -> None:
    counted = sorted(at for at, _, _ in calls_of_four(place, account, tmp_path / "meeting", 0))
    fullest = max(bisect.bisect_left(counted, start + 0.5) - index for index, start in enumerate(counted))
    assert len(counted) >= 4 * 30
    assert fullest <= 40


def test_four_processes_have_no_more_calls_in_flight_than_the_account_allows(
    place: Path | str, account: str, tmp_path: Path
) -> None:
    calls = calls_of_four(place, account, tmp_path / "meeting", 3)
    changes = sorted([(begin, 1) for _, begin, _ in calls] + [(end, -1) for _, _, end in calls])
    in_flight = most = 0
    for _, change in changes:
        in_flight += change
        most = max(most, in_flight)
    assert len(calls) >= 4 * 30
    assert most <= 3


def test_a_full_budget_says_when_the_next_try_is_worthwhile(place: Path | str, account: str) -> None:
    budget, begun = fresh(place, account, Rate(3, 1.5)), time.monotonic()
    # A busy machine may take longer than the window, and have more.
    assert permits_at_once(budget) == 3 or time.monotonic() - begun > 1.5
    wait = budget.take(CALLS, "next")
    assert 0 < wait < 1.53
    time.sleep(wait)
    assert budget.take(CALLS, "next") == 0


def test_accounts_and_quotas_are_counted_separately(place: Path | str, account: str) -> None:
    budgets.forget_budgets()
    rates = {CALLS: Rate(2, 30), Quota.SEARCH: Rate(1, 30)}
    one = budget_of(place, account, rates)
    assert permits_at_once(one) == 2
    assert one.take(Quota.SEARCH, "search") == 0
    assert budget_of(place, account, rates) is one
    assert fresh(place, account, Rate(2, 30)).take(CALLS, "more") > 0
    other = f"{account} other"
    try:
        assert fresh(place, other, Rate(2, 30)).take(CALLS, "more") == 0
    finally:
        _forget(other)


def test_a_call_that_arrived_late_counts_from_when_it_arrived(place: Path | str, account: str) -> None:
    budget = fresh(place, account, Rate(1, 0.5))
    assert budget.take(CALLS, "slow") == 0
    time.sleep(0.3)
    answered = time.monotonic()
    budget.release(Permit(CALLS, "slow", "read"), 0.3)
    wait = budget.take(CALLS, "next")
    assert wait > 0.48 - (time.monotonic() - answered)


def test_a_new_process_knows_the_latency_that_others_have_measured(place: Path | str, account: str) -> None:
    many = Rate(1000, 0.5)
    for _ in range(2):
        budget = fresh(place, account, many)
        for _ in range(71):
            permit = Permit(CALLS, uuid.uuid4().hex, "read")
            assert budget.take(CALLS, permit.permit_id) == 0
            budget.release(permit, 0.3)
    budget = fresh(place, account, Rate(1, 0.5))
    until(lambda: budget.take(CALLS, "slow") == 0)
    time.sleep(0.3)
    budget.release(Permit(CALLS, "slow", "read"), 0.3)
    # It counts from 0.3 s before its answer at the latest.
    assert budget.take(CALLS, "next") <= 0.22


def test_a_permit_in_the_future_counts_from_now_because_the_clock_was_set_back(
    place: Path | str, account: str
) -> None:
    budget = fresh(place, account, Rate(1, 1.0))
    assert budget.take(CALLS, "before") == 0
    budget.store.release(CALLS, "before", time.time() + 3600, slot=False)
    wait = budget.take(CALLS, "next")
    assert 0 < wait < 1.03
    time.sleep(wait)
    assert budget.take(CALLS, "next") == 0


@pytest.mark.parametrize("what", ["pause", "slots"])
def test_a_pause_and_slots_from_before_the_clock_was_set_back_last_as_long_as_they_were_to(
    account: str, tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_mkt.client.ratelimit import sqlite

    budget = fresh(tmp_path, account, Rate(3, 0.3), max_in_flight=1)
    if what == "pause":
        budget.store.pause(CALLS, 3.0)
    else:
        assert budget.take(CALLS, "in flight", 30.0) == 0
        # Its permit is forgotten long before its slot.
        with closing(sqlite3.connect(next(tmp_path.glob("*.sqlite")), isolation_level=None)) as database:
            database.execute("DELETE FROM permits")
    now = time.time() - 86_400
    clock = SimpleNamespace(time=lambda: now)
    monkeypatch.setattr(sqlite, "time", clock)
    other = fresh(tmp_path, account, Rate(3, 0.3), max_in_flight=1)
    assert 0 < other.take(CALLS, "next") <= 3.0
    now += 30.1
    assert other.take(CALLS, "next") == 0


def test_in_postgres_a_pause_lasts_as_long_as_it_was_to_when_the_servers_clock_is_set_back(
    account: str,
) -> None:
    import psycopg

    url = server("postgres")
    budget = fresh(url, account, Rate(3, 0.3))
    budget.store.pause(CALLS, 60.0)
    with psycopg.connect(url, autocommit=True) as connection:
        table = f"mkt_{hashlib.sha256(account.encode()).hexdigest()[:24]}_quota_pauses"
        connection.execute(f'UPDATE "{table}" SET until = until + 86400000, set_at = set_at + 86400000')
    assert 0 < fresh(url, account, Rate(3, 0.3)).take(CALLS, "next") <= 60.0


def test_a_released_call_frees_its_slot_and_one_that_is_never_released_loses_it(
    place: Path | str, account: str
) -> None:
    budget = fresh(place, account, Rate(100, 10), max_in_flight=2)
    assert [budget.take(CALLS, permit_id, 60) for permit_id in ("a", "b")] == [0, 0]
    assert 0 < budget.take(CALLS, "c", 1.5) <= 0.1
    budget.release(Permit(CALLS, "a", "read"), 0.01)
    begun = time.monotonic()
    assert budget.take(CALLS, "c", 1.5) == 0
    assert budget.take(CALLS, "d", 1.5) > 0 or time.monotonic() - begun > 1.5
    time.sleep(1.55)
    assert budget.take(CALLS, "d", 1.5) == 0


def test_a_forked_child_uses_the_same_budget(place: Path | str, account: str) -> None:
    budget = fresh(place, account, Rate(5, 30))
    assert [budget.take(CALLS, permit_id) for permit_id in ("a", "b")] == [0, 0]
    child = os.fork()
    if child == 0:
        signal.alarm(120)
        os._exit(permits_at_once(budget))
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 3
    assert budget.take(CALLS, "c") > 1


def test_many_threads_share_one_budget(place: Path | str, account: str) -> None:
    budget = fresh(place, account, Rate(25, 30))
    counted: list[int] = []
    threads = [threading.Thread(target=lambda: counted.append(permits_at_once(budget))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counted) == 25


def test_the_wait_of_a_call_lasts_until_there_is_room_for_it_and_for_those_ahead(
    place: Path | str, account: str
) -> None:
    budget = fresh(place, account, Rate(3, 2.0))
    slow = 0.02

    def due(permit_id: str) -> float:
        """When it is due to try again."""
        nonlocal slow
        requested = time.monotonic()
        wait = budget.take(CALLS, permit_id)
        answered = time.monotonic()
        slow += answered - requested
        return answered + wait

    taken = []
    for permit_id in ("a", "b", "c"):
        requested = time.monotonic()
        assert budget.take(CALLS, permit_id) == 0
        taken.append(time.monotonic())
        # It was granted at any time since it was requested.
        slow += taken[-1] - requested
        time.sleep(0.25)
    back = [due(f"waiting {number}") for number in range(3)]
    for earlier, later in ((0, 1), (1, 2)):
        assert back[later] - back[earlier] == pytest.approx(taken[later] - taken[earlier], abs=slow)
    # When it tries again it keeps its turn.
    again = due("waiting 0")
    assert again == pytest.approx(back[0], abs=slow)


def test_many_waiting_calls_try_about_once_for_each_permit(
    place: Path | str, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = fresh(place, account, Rate(20, 0.5))
    requested, real = [], budget.store.take

    def take(*arguments: Any, **more: Any) -> tuple[float, float]:
        requested.append(1)
        return real(*arguments, **more)

    monkeypatch.setattr(budget.store, "take", take)

    def work(permit_id: str) -> None:
        while (wait := budget.take(CALLS, permit_id)) > 0:
            time.sleep(wait)

    threads = [threading.Thread(target=work, args=(f"permit_id {number}",)) for number in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # If all of them tried for each permit there would be more than a thousand.
    assert 60 <= len(requested) < 500


def test_a_pause_after_a_refusal_holds_for_every_process(place: Path | str, account: str) -> None:
    refused = fresh(place, account, Rate(50, 100))
    other = fresh(place, account, Rate(50, 100))
    assert other.take(CALLS, "before") == 0
    refused.refused(CALLS, 10)
    deadline = time.monotonic() + 120
    while (wait := other.take(CALLS, "during")) == 0:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert 1 < wait <= 10
    assert fresh(place, account, Rate(50, 100)).take(CALLS, "a new process") > 1


def test_the_longest_pause_holds_for_every_process_and_then_ends(place: Path | str, account: str) -> None:
    one, other = (fresh(place, account, Rate(50, 20)) for _ in range(2))
    begun = time.monotonic()
    one.store.pause(CALLS, 1.5)
    one.store.pause(CALLS, 0.05)
    wait = other.take(CALLS, "during")
    assert 0.2 < wait <= 1.51 or time.monotonic() - begun > 1.3
    assert other.take(Quota.FREE, "not limited") == 0
    time.sleep(1.52)
    assert other.take(CALLS, "after") == 0


def test_a_new_process_uses_the_limit_that_another_one_has_learnt(place: Path | str, account: str) -> None:
    stated, assumed = Rate(20, 30), Rate(5, 30, assumed=True)
    one = fresh(place, account, assumed)
    one.learn(CALLS, stated)
    until = time.monotonic() + 120
    while one.store.remembered(CALLS) != stated:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert [one.take(CALLS, f"one {number}") for number in range(12)] == [0.0] * 12
    # With the assumed limit there would be no permit left.
    assert permits_at_once(fresh(place, account, assumed)) == 8
    # A configured limit below the stated one stays.
    assert fresh(place, account, Rate(7, 30)).take(CALLS, "a share") > 0


def test_connections_with_other_limits_count_in_one_place_and_each_keeps_to_its_own(
    place: Path | str, account: str
) -> None:
    budgets.forget_budgets()
    most, share = (budget_of(place, account, {CALLS: Rate(calls, 30)}) for calls in (10, 4))
    assert [most.take(CALLS, f"most {number}") for number in range(3)] == [0.0] * 3
    assert permits_at_once(share) == 1
    assert permits_at_once(most) == 6
    assert budget_of(place, account, {CALLS: Rate(4, 30)}) is share


def test_without_a_stated_limit_the_assumed_one_counts(place: Path | str, account: str) -> None:
    assert permits_at_once(fresh(place, account, Rate(5, 30, assumed=True))) == 5


def drop_connections(url: str, budget: Any) -> None:
    """Have the server close every connection of a budget, and forget its scripts."""
    if url.startswith("redis"):
        import redis

        budget.store._client.connection_pool.disconnect()
        redis.Redis.from_url(url).script_flush()
        return
    import psycopg

    pid = budget.store.connection.opened.info.backend_pid
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s)", (pid,))


def test_a_restarted_server_is_used_again(url: str, account: str) -> None:
    budget = fresh(url, account, Rate(3, 30))
    assert budget.take(CALLS, "a") == 0
    drop_connections(url, budget)
    assert permits_at_once(budget) == 2


@pytest.mark.parametrize(
    "url", ["redis://:secret-word@127.0.0.1:1/0", "postgresql://me:secret-word@127.0.0.1:1/db"]
)
def test_the_error_of_an_unreachable_server_does_not_show_its_password(url: str, account: str) -> None:
    budget = fresh(url, account, Rate(3, 30))
    with pytest.raises(SharedStateUnavailable) as caught:
        budget.take(CALLS, "a")
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert not caught.value.permanent


def test_the_error_of_an_unknown_kind_of_server_does_not_show_its_password(account: str) -> None:
    with pytest.raises(InvalidInput, match="must begin with") as caught:
        fresh("mysql://me:secret-word@127.0.0.1/db", account, Rate(3, 30))
    assert "secret" not in str(caught.value)


HOLDER = """
import sys, time
from airflow_provider_mkt.state.locks import server_lock
with server_lock(sys.argv[1], sys.argv[2]):
    print("holding", flush=True)
    time.sleep(60)
"""


def held_by_another(url: str, name: str) -> subprocess.Popen[str]:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, url, name], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "holding\n"
    return holder


def waits(url: str, name: str) -> Callable[[float], bool]:
    """Wait for a lock on a thread. Returns what says whether it has had it within so many seconds."""
    entered = threading.Event()

    def enter() -> None:
        with server_lock(url, name):
            entered.set()

    thread = threading.Thread(target=enter, daemon=True)
    thread.start()

    def had_it(seconds: float) -> bool:
        if not entered.wait(seconds):
            return False
        # Until it has released it.
        thread.join()
        return True

    return had_it


def test_a_lock_is_held_by_one_process_and_free_after_it_ended(url: str) -> None:
    name = uuid.uuid4().hex
    with server_lock(url, name):
        there = waits(url, name)
        assert not there(0.5)
    assert there(120)
    assert waits(url, name)(120)


def test_the_lock_of_a_killed_process_becomes_free(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name = uuid.uuid4().hex
    holder = held_by_another(url, name)
    there = waits(url, name)
    assert not there(0.3)
    holder.kill()
    holder.wait()
    assert holder.stdout is not None
    holder.stdout.close()
    if url.startswith("redis"):
        import redis

        # What the passing of its life would do.
        left = redis.Redis.from_url(url).pttl(f"mkt:lock:{name}")
        assert 0 < left <= 60_000
        redis.Redis.from_url(url).delete(f"mkt:lock:{name}")
    else:
        import psycopg

        with psycopg.connect(url) as connection:
            connection.execute("UPDATE mkt_locks SET held_until = now() WHERE name = %s", (name,))
    assert there(120)
    assert waits(url, name)(120)


def test_a_wait_for_a_lock_ends_when_the_task_is_cancelled_and_does_not_keep_the_lock(url: str) -> None:
    name = uuid.uuid4().hex

    def cancel() -> None:
        raise TaskCancelled

    with (
        server_lock(url, name),
        pytest.raises(TaskCancelled),
        server_lock(url, name, raise_if_cancelled=cancel),
    ):
        pytest.fail("entered a lock that another one holds")
    assert waits(url, name)(120)


@pytest.mark.parametrize("mode", ["ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE"])
def test_a_permit_waits_for_no_writer_and_no_vacuum(account: str, mode: str) -> None:
    import psycopg

    url = server("postgres")
    budget = budget_of(url, account, {CALLS: Rate(10, 5.0)})
    assert budget.take(CALLS, "first") == 0
    answers: list[float] = []
    taker = threading.Thread(target=lambda: answers.append(budget.take(CALLS, "second")))
    with psycopg.connect(url) as other:
        (name,) = other.execute(
            "SELECT tablename FROM pg_tables WHERE tablename LIKE %s",
            (f"mkt_{hashlib.sha256(account.encode()).hexdigest()[:24]}_permits",),
        ).fetchone() or ("",)
        other.execute(f'LOCK TABLE "{name}" IN {mode} MODE')
        taker.start()
        taker.join(60)
        assert answers == [0]
