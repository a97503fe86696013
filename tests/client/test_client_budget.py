"""The budget in a file, with real processes and threads; with a test clock where only time matters."""

from __future__ import annotations

import bisect
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from airflow_provider_mkt.client.call import Quota
from airflow_provider_mkt.client.ratelimit import budget as budgets
from airflow_provider_mkt.client.ratelimit import sqlite
from airflow_provider_mkt.client.ratelimit.budget import SharedBudget, budget_of
from airflow_provider_mkt.client.ratelimit.sqlite import SQLiteStore
from airflow_provider_mkt.client.ratelimit.window import HISTORY
from airflow_provider_mkt.client.transport.platform import Permit, Rate

CALLS = Quota.CALLS

TAKER = """
import os, sys, threading, time
from pathlib import Path
from airflow_provider_mkt.client.ratelimit.budget import SharedBudget
from airflow_provider_mkt.client.ratelimit.sqlite import SQLiteStore
from airflow_provider_mkt.client.call import Quota
from airflow_provider_mkt.client.transport.platform import Rate
from airflow_provider_mkt.client.transport.platform import Permit

path, meeting, calls, seconds, threads = Path(sys.argv[1]), Path(sys.argv[2]), *map(float, sys.argv[3:])
budget = SharedBudget(SQLiteStore(path), {Quota.CALLS: Rate(int(calls), seconds)})
granted = []
(meeting / str(os.getpid())).touch()
while len(list(meeting.iterdir())) < 4:
    time.sleep(0.01)

def work():
    while len(granted) < 30:
        wait = budget.take(Quota.CALLS)
        if wait == 0:
            granted.append(1)
        else:
            time.sleep(wait)

workers = [threading.Thread(target=work) for _ in range(int(threads))]
[one.start() for one in workers]
[one.join() for one in workers]
print(len(granted))
"""

HOLDER = """
import sys, time
from pathlib import Path
from airflow_provider_mkt.client.ratelimit.budget import SharedBudget
from airflow_provider_mkt.client.ratelimit.sqlite import SQLiteStore
from airflow_provider_mkt.client.call import Quota
from airflow_provider_mkt.client.transport.platform import Rate
from airflow_provider_mkt.client.transport.platform import Permit

path = Path(sys.argv[1])
budget = SharedBudget(SQLiteStore(path), {Quota.CALLS: Rate(50, 1.0)})
assert budget.take(Quota.CALLS) == 0
transaction = budget.store._transaction()
connection = transaction.__enter__()
connection.execute("INSERT INTO permits VALUES ('calls', 0, 'unfinished')")
print("holding", flush=True)
time.sleep(60)
"""


class Clock:
    """Time that passes only in sleep(), however busy the machine is."""

    def __init__(self) -> None:
        self._now = 1_800_000_000.0

    def time(self) -> float:
        return self._now

    monotonic = time

    def sleep(self, seconds: float) -> None:
        self._now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time of every budget in a file."""
    one = Clock()
    for module in (budgets, sqlite):
        monkeypatch.setattr(module, "time", one)
    # A thread would update the store at another time.
    monkeypatch.setattr(budgets.SharedBudget, "_in_background", staticmethod(lambda update: update()))
    return one


def run(script: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )


def log_every_grant(path: Path, rate: Rate) -> None:
    """Have the database itself record every permit, because the budget deletes old ones."""
    SharedBudget(SQLiteStore(path), {CALLS: rate}).take(CALLS)
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM permits")
        connection.execute("CREATE TABLE granted (at INTEGER)")
        connection.execute(
            "CREATE TRIGGER log AFTER INSERT ON permits "
            "BEGIN INSERT INTO granted VALUES (new.granted_at); END"
        )
    connection.close()


def grants(path: Path) -> list[int]:
    connection = sqlite3.connect(path)
    try:
        return [at for (at,) in connection.execute("SELECT at FROM granted ORDER BY at")]
    finally:
        connection.close()


def fullest_window(times: list[int], seconds: float) -> int:
    width = int(seconds * 1000)
    return max(bisect.bisect_left(times, start + width) - index for index, start in enumerate(times))


def test_four_processes_with_threads_all_get_their_permits_and_never_exceed_the_rate(tmp_path: Path) -> None:
    path, meeting, rate = tmp_path / "budget.sqlite", tmp_path / "meeting", Rate(40, 0.5)
    log_every_grant(path, rate)
    meeting.mkdir()
    takers = [run(TAKER, path, meeting, rate.calls, rate.seconds, 3) for _ in range(4)]
    counted = sum(int(taker.communicate(timeout=120)[0]) for taker in takers)
    times = grants(path)
    assert len(times) == counted >= 4 * 30
    assert fullest_window(times, rate.seconds) <= rate.calls


def test_threads_of_one_budget_share_it(tmp_path: Path) -> None:
    path, rate = tmp_path / "budget.sqlite", Rate(20, 0.4)
    log_every_grant(path, rate)
    budget = SharedBudget(SQLiteStore(path), {CALLS: rate})
    granted: list[int] = []

    def work() -> None:
        while len(granted) < 60:
            if (wait := budget.take(CALLS)) == 0:
                granted.append(1)
            time.sleep(min(wait, 0.1))

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    times = grants(path)
    assert len(times) == len(granted) >= 60
    assert fullest_window(times, rate.seconds) <= rate.calls


def test_a_process_killed_inside_a_transaction_blocks_nobody_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "budget.sqlite"
    holder = run(HOLDER, path)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "holding\n"
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    began = time.monotonic()
    budget = SharedBudget(SQLiteStore(path), {CALLS: Rate(50, 1.0)})
    assert budget.take(CALLS) == 0
    assert time.monotonic() - began < 10
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert connection.execute("SELECT count(*) FROM permits WHERE granted_at = 0").fetchone() == (0,)
    connection.close()


def permits_at_once(budget: SharedBudget, quota: Quota = CALLS) -> int:
    count = 0
    while budget.take(quota) == 0:
        count += 1
    return count


def test_a_full_budget_says_when_the_next_try_is_worthwhile(clock: Clock, tmp_path: Path) -> None:
    budget = SharedBudget(SQLiteStore(tmp_path / "b.sqlite"), {CALLS: Rate(3, 0.5)})
    assert permits_at_once(budget) == 3
    wait = budget.take(CALLS)
    assert 0 < wait < 0.52
    clock.sleep(wait)
    assert budget.take(CALLS) == 0


def test_quotas_are_counted_separately_and_only_with_a_rate(clock: Clock, tmp_path: Path) -> None:
    budget = SharedBudget(SQLiteStore(tmp_path / "b.sqlite"), {CALLS: Rate(2, 30), Quota.SEARCH: Rate(3, 30)})
    assert permits_at_once(budget) == 2
    assert permits_at_once(budget, Quota.SEARCH) == 3
    assert [budget.take(Quota.FREE) for _ in range(50)] == [0.0] * 50


def test_a_limit_that_the_platform_states_replaces_the_configured_one(clock: Clock, tmp_path: Path) -> None:
    budget = SharedBudget(SQLiteStore(tmp_path / "b.sqlite"), {CALLS: Rate(5, 30)})
    budget.learn(CALLS, Rate(3, 30))
    assert permits_at_once(budget) == 3
    budget.learn(CALLS, Rate(10, 30))
    assert permits_at_once(budget) == 7
    budget.learn(CALLS, Rate(4, 30))
    assert budget.take(CALLS) > 1


def test_a_rate_is_not_learned_for_a_quota_that_is_not_limited(tmp_path: Path) -> None:
    budget = SharedBudget(SQLiteStore(tmp_path / "b.sqlite"), {CALLS: Rate(5, 30)})
    budget.learn(Quota.SEARCH, Rate(1, 30))
    assert [budget.take(Quota.SEARCH) for _ in range(5)] == [0.0] * 5


def test_learning_does_not_wait_for_a_thread_that_waits_for_the_file(tmp_path: Path) -> None:
    path = tmp_path / "b.sqlite"
    budget = SharedBudget(SQLiteStore(path), {CALLS: Rate(5, 30)})
    budget.take(CALLS)
    with SQLiteStore(path)._transaction():
        taker = threading.Thread(target=budget.take, args=(CALLS,))
        taker.start()
        time.sleep(0.1)
        assert taker.is_alive()
        learner = threading.Thread(target=budget.learn, args=(CALLS, Rate(9, 30)))
        learner.start()
        learner.join(5)
        blocked = learner.is_alive()
    learner.join()
    taker.join()
    assert not blocked


def test_the_longest_pause_holds_until_it_ends(clock: Clock, tmp_path: Path) -> None:
    budget = SharedBudget(SQLiteStore(tmp_path / "b.sqlite"), {CALLS: Rate(5, 30), Quota.SEARCH: Rate(5, 30)})
    budget.pause(CALLS, 0.3)
    budget.pause(CALLS, 0.01)
    assert 0.2 < budget.take(CALLS) <= 0.3
    assert budget.take(Quota.SEARCH) == 0
    clock.sleep(0.31)
    assert budget.take(CALLS) == 0


def test_a_forked_child_uses_the_same_budget(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "b.sqlite")
    budget = SharedBudget(store, {CALLS: Rate(5, 30)})
    assert [budget.take(CALLS) for _ in range(2)] == [0, 0]
    child = os.fork()
    if child == 0:
        signal.alarm(120)
        os._exit(permits_at_once(budget))
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 3
    assert budget.take(CALLS) > 1


def test_permits_of_short_tasks_are_deleted_too(clock: Clock, tmp_path: Path) -> None:
    path, rates = tmp_path / "b.sqlite", {CALLS: Rate(5, 0.05)}
    for _ in range(4):
        assert SharedBudget(SQLiteStore(path), rates).take(CALLS) == 0
        clock.sleep(HISTORY + 1)
    assert SharedBudget(SQLiteStore(path), rates).take(CALLS) == 0
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT count(*) FROM permits").fetchone()[0] <= 2
    connection.close()


def test_an_account_has_one_budget_per_process_and_a_file_that_does_not_name_it(tmp_path: Path) -> None:
    rates = {CALLS: Rate(5, 30)}
    one = budget_of(tmp_path / "state", "hubspot secret-name", rates)
    assert budget_of(tmp_path / "state", "hubspot secret-name", rates) is one
    assert budget_of(tmp_path / "state", "hubspot other", rates) is not one
    one.take(CALLS)
    assert isinstance(one.store, SQLiteStore)
    assert "secret" not in one.store.path.name
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("seconds", [1.0, 10.0, 20.0])
def test_the_window_is_a_little_wider_than_the_platforms(
    clock: Clock, tmp_path: Path, seconds: float
) -> None:
    budget = SharedBudget(SQLiteStore(tmp_path / "b.sqlite"), {CALLS: Rate(1, seconds)})
    assert permits_at_once(budget) == 1
    assert seconds * 1.005 < budget.take(CALLS) < seconds * 1.02


def with_known_latency(clock: Clock, budget: SharedBudget, kind: str, took: float) -> None:
    """Give a budget enough calls of a kind to know their latency."""
    budget.learn(CALLS, Rate(1000, 0.4))
    for number in range(101):
        permit = Permit(CALLS, f"{kind} {number}", kind)
        assert budget.take(CALLS, permit.permit_id) == 0
        budget.release(permit, took)
    clock.sleep(0.45)
    budget.learn(CALLS, Rate(1, 0.4))


def test_a_call_that_arrived_late_counts_from_when_it_arrived(clock: Clock, tmp_path: Path) -> None:
    budget = SharedBudget(SQLiteStore(tmp_path / "b.sqlite"), {CALLS: Rate(1, 0.4)})
    with_known_latency(clock, budget, "read", 0.01)
    late = Permit(CALLS, "late", "read")
    assert budget.take(CALLS, late.permit_id) == 0
    clock.sleep(0.3)
    budget.release(late, 0.3)
    # A read takes the platform 0.01 s, so this one may have arrived 0.29 s after its permit was granted.
    assert 0.3 < budget.take(CALLS, "next") <= 0.45


def test_a_call_whose_kind_always_takes_that_long_counts_from_its_permit(
    clock: Clock, tmp_path: Path
) -> None:
    budget = SharedBudget(SQLiteStore(tmp_path / "b.sqlite"), {CALLS: Rate(1, 0.4)})
    with_known_latency(clock, budget, "import", 0.2)
    permit = Permit(CALLS, "slow", "import")
    assert budget.take(CALLS, permit.permit_id) == 0
    clock.sleep(0.2)
    budget.release(permit, 0.2)
    assert budget.take(CALLS, "next") <= 0.25


def test_calls_without_an_answer_say_nothing_of_the_latency(clock: Clock, tmp_path: Path) -> None:
    budget = SharedBudget(SQLiteStore(tmp_path / "b.sqlite"), {CALLS: Rate(1, 0.4)})
    with_known_latency(clock, budget, "read", 0.2)
    budget.learn(CALLS, Rate(1000, 0.4))
    for number in range(300):
        assert budget.take(CALLS, f"lost {number}") == 0
        budget.release(Permit(CALLS, f"lost {number}", "read"), None)
    clock.sleep(0.45)
    budget.learn(CALLS, Rate(1, 0.4))
    permit = Permit(CALLS, "slow", "read")
    assert budget.take(CALLS, permit.permit_id) == 0
    clock.sleep(0.2)
    budget.release(permit, 0.2)
    assert budget.take(CALLS, "next") <= 0.25


def test_a_platform_that_has_become_slower_is_known_to_be(clock: Clock, tmp_path: Path) -> None:
    budget = SharedBudget(SQLiteStore(tmp_path / "b.sqlite"), {CALLS: Rate(1, 0.4)})
    for took in (0.01, 0.2, 0.2, 0.2):
        with_known_latency(clock, budget, "read", took)
    permit = Permit(CALLS, "slow", "read")
    assert budget.take(CALLS, permit.permit_id) == 0
    clock.sleep(0.2)
    budget.release(permit, 0.2)
    assert budget.take(CALLS, "next") <= 0.25


def test_a_call_of_an_unknown_kind_counts_from_its_answer(clock: Clock, tmp_path: Path) -> None:
    budget = SharedBudget(SQLiteStore(tmp_path / "b.sqlite"), {CALLS: Rate(1, 0.4)})
    permit = Permit(CALLS, "first", "read")
    assert budget.take(CALLS, permit.permit_id) == 0
    clock.sleep(0.2)
    budget.release(permit, 0.2)
    assert budget.take(CALLS, "next") > 0.3


def test_a_call_of_an_unknown_kind_counts_as_no_slower_than_the_fastest_kind_that_is_known(
    clock: Clock,
    tmp_path: Path,
) -> None:
    budget = SharedBudget(SQLiteStore(tmp_path / "b.sqlite"), {CALLS: Rate(2, 0.4)})
    slow = Permit(CALLS, "slow", "import")
    for number in range(101):
        quick = Permit(CALLS, f"quick {number}", "read")
        assert budget.take(CALLS, quick.permit_id) == 0
        budget.release(quick, 0.1)
        clock.sleep(0.5 if number < 100 else 0.0)
    assert budget.take(CALLS, slow.permit_id) == 0
    clock.sleep(0.3)
    # It may have arrived 0.2 s after its permit was granted, because a read takes 0.1 s.
    budget.release(slow, 0.3)
    assert budget.take(CALLS, "first") <= 0.15
    clock.sleep(0.15)
    assert budget.take(CALLS, "first") == 0
    assert 0.05 < budget.take(CALLS, "next") <= 0.2


def test_consecutive_refusals_pause_longer_each_time_and_concurrent_ones_count_once(
    clock: Clock, tmp_path: Path
) -> None:
    budget = SharedBudget(SQLiteStore(tmp_path / "b.sqlite"), {CALLS: Rate(5, 2.0)})
    budget.refused(CALLS, 10)
    budget.refused(CALLS, 10)
    first = budget.take(CALLS)
    assert first == pytest.approx(0.2)
    clock.sleep(first)
    budget.refused(CALLS, 10)
    assert budget.take(CALLS) == pytest.approx(0.4)
    budget.refused(CALLS, 10)
    clock.sleep(0.15)
    budget.refused(CALLS, 0.3)
    assert budget.take(CALLS) == pytest.approx(0.3)


@pytest.mark.parametrize(("quiet", "pause"), [(3.9, 0.4), (4.1, 0.2)])
def test_pauses_begin_short_again_after_two_windows_without_a_refusal(
    clock: Clock, tmp_path: Path, quiet: float, pause: float
) -> None:
    budget = SharedBudget(SQLiteStore(tmp_path / "b.sqlite"), {CALLS: Rate(5, 2.0)})
    budget.refused(CALLS, 10)
    clock.sleep(quiet)
    budget.refused(CALLS, 10)
    assert budget.take(CALLS) == pytest.approx(pause)


@pytest.mark.parametrize("back", [60.0, 3600.0, 86_400.0])
def test_a_clock_that_is_set_back_makes_nobody_wait_longer_than_a_window(
    clock: Clock, tmp_path: Path, back: float
) -> None:
    budget = SharedBudget(SQLiteStore(tmp_path / "b.sqlite"), {CALLS: Rate(3, 20.0)})
    assert permits_at_once(budget) == 3
    clock.sleep(-back)
    wait = budget.take(CALLS)
    assert 20 < wait < 20.3
    clock.sleep(wait)
    assert permits_at_once(budget) == 3


def test_a_clock_that_is_set_back_keeps_the_distances_between_permits(clock: Clock, tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "b.sqlite")
    rates = {CALLS: Rate(2, 20.0)}
    assert SharedBudget(store, rates).take(CALLS) == 0
    clock.sleep(5)
    assert SharedBudget(store, rates).take(CALLS) == 0
    clock.sleep(-3600)
    assert 15 < SharedBudget(store, rates).take(CALLS) < 15.3


def test_a_clock_that_is_set_back_frees_the_slot_of_a_killed_call_and_ends_a_pause(
    clock: Clock, tmp_path: Path
) -> None:
    store = SQLiteStore(tmp_path / "b.sqlite")
    rates = {CALLS: Rate(100, 20.0)}
    assert SharedBudget(store, rates, max_in_flight=1).take(CALLS, "killed", 30) == 0
    store.pause(CALLS, 4)
    clock.sleep(-3600)
    assert 3.9 < SharedBudget(store, rates).take(CALLS) <= 4
    clock.sleep(4)
    # A budget of another process has no pause of its own.
    other = SharedBudget(store, rates, max_in_flight=1)
    assert 0 < other.take(CALLS, "next", 30) < 0.1
    clock.sleep(27)
    assert other.take(CALLS, "next", 30) == 0
