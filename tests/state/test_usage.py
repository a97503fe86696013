"""What people can read about the use of a rate limit: in each store, and in the notes of the processes."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from shared_servers import forget_budget, server
from workers import until

from airflow_provider_mkt.client.call import Json, Quota
from airflow_provider_mkt.client.ratelimit import activity
from airflow_provider_mkt.client.ratelimit.activity import AccountUser, ActivityReporter, current
from airflow_provider_mkt.client.ratelimit.budget import (
    SharedBudget,
    account_digest,
    budget_of,
    forget_budgets,
    read_usage,
)
from airflow_provider_mkt.client.ratelimit.sqlite import SQLiteStore
from airflow_provider_mkt.client.ratelimit.store import SharedStateUnavailable, permit_id_of
from airflow_provider_mkt.client.transport.platform import Permit, Rate

pytestmark = pytest.mark.usefixtures("closed_redis_clients")

CALLS = Quota.CALLS


@pytest.fixture(params=["file", "redis", "postgres"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    return tmp_path / "budgets" if request.param == "file" else server(request.param)


@pytest.fixture
def account(location: Path | str) -> Iterator[str]:
    key = f"usage {uuid.uuid4().hex}"
    yield key
    forget_budgets()
    if isinstance(location, str):
        forget_budget(location, key)


def _users(location: Path | str, account: str, quota: Quota = CALLS) -> Counter[str]:
    found: Counter[str] = Counter()
    for (_, user), count in read_usage(location, account_digest(account), quota, 10).calls.items():
        found[user] += count
    return found


def test_calls_are_counted_by_user_and_interval(location: Path | str, account: str) -> None:
    budget = budget_of(location, account, {CALLS: Rate(100, 10.0), Quota.SEARCH: Rate(5, 1.0)})
    before = time.time()
    for user, calls in (("a", 3), ("b", 2), ("", 1)):
        for _ in range(calls):
            assert budget.take(CALLS, permit_id_of(user)) == 0
    assert budget.take(Quota.SEARCH, permit_id_of("a")) == 0
    assert _users(location, account) == {"a": 3, "b": 2, "": 1}
    assert _users(location, account, Quota.SEARCH) == {"a": 1}
    usage = read_usage(location, account_digest(account), CALLS, 10)
    assert {start % 10 for start, _ in usage.calls} == {0}
    # The server's clock may be another one than this machine's, but not by minutes.
    assert all(before - 60 < start <= usage.now for start, _ in usage.calls)


def test_calls_are_shown_after_they_have_left_the_window(
    location: Path | str, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Deleted, as far as they are to be deleted, with each permit.
    for store in ("sqlite", "postgres"):
        monkeypatch.setattr(f"airflow_provider_mkt.client.ratelimit.{store}.CLEAN_EVERY", 1)
    budget = budget_of(location, account, {CALLS: Rate(2, 0.05)})
    for _ in range(6):
        while (wait := budget.take(CALLS, permit_id_of("a"))) > 0:
            time.sleep(wait)
    assert _users(location, account) == {"a": 6}


def test_calls_in_flight_the_pause_and_the_stated_limit_are_shown(
    location: Path | str, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SharedBudget, "_in_background", staticmethod(lambda update: update()))
    budget = budget_of(location, account, {CALLS: Rate(100, 20.0)}, max_in_flight=10)
    ids = [permit_id_of("a"), permit_id_of("a"), permit_id_of("b")]
    for permit_id in ids:
        assert budget.take(CALLS, permit_id) == 0
    budget.release(Permit(CALLS, ids[0], "kind"), None)
    usage = read_usage(location, account_digest(account), CALLS, 20)
    assert usage.in_flight == {"a": 1, "b": 1}
    assert usage.rate is None
    assert usage.paused == 0
    budget.learn(CALLS, Rate(190, 10.0))
    budget.pause(CALLS, 30)
    usage = read_usage(location, account_digest(account), CALLS, 20)
    assert usage.rate == Rate(190, 10.0)
    assert 20 < usage.paused <= 30


def test_an_account_that_nobody_used_has_no_use(location: Path | str, account: str) -> None:
    usage = read_usage(location, account_digest(account), CALLS, 10)
    assert (usage.calls, usage.in_flight, usage.rate, usage.paused) == ({}, {}, None, 0)


def test_reading_a_file_waits_for_nobody_and_creates_nothing(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "account.sqlite")
    assert store.usage(CALLS, 10).calls == {}
    assert list(tmp_path.iterdir()) == []
    assert SharedBudget(store, {CALLS: Rate(9, 1.0)}).take(CALLS, permit_id_of("a")) == 0
    with store._transaction():
        (count,) = SQLiteStore(store.path).usage(CALLS, 10).calls.values()
    assert count == 1


class _Notes:
    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    def get(self, key: str) -> Json:
        return self.kept.get(key)

    def set(self, key: str, value: Json) -> None:
        self.kept.pop(key, None)
        if value is not None:
            self.kept[key] = value

    def items(self) -> dict[str, Any]:
        return dict(self.kept)


def _user(reporter: ActivityReporter, name: str = "me") -> AccountUser:
    return AccountUser(reporter, "d1", name, {"account d1 c": {"platform": "hubspot"}, f"user d1 {name}": {}})


def test_a_process_writes_down_what_waits_while_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity, "_WAIT_SHOWN_AFTER", 0.0)
    notes = _Notes()
    reporter = ActivityReporter(lambda: notes, interval=0.01)

    def waiting() -> list[Any]:
        return [note["calls"] for key, note in notes.items().items() if key.startswith("waiting d1 ")]

    with _user(reporter).waiting(CALLS):
        with _user(reporter).waiting(CALLS), _user(reporter, "other").waiting(CALLS):
            until(lambda: waiting() == [[["me", "calls", 2], ["other", "calls", 1]]], 60)
        until(lambda: waiting() == [[["me", "calls", 1]]], 60)
    until(lambda: waiting() == [], 60)
    assert set(notes.kept) == {"account d1 c", "user d1 me", "user d1 other"}
    # Its thread ends when nothing more is to be written, and another call starts another one.
    until(lambda: reporter._thread is None, 60)
    with _user(reporter).waiting(CALLS):
        until(lambda: waiting() == [[["me", "calls", 1]]], 60)
    until(lambda: reporter._thread is None, 60)


def test_a_call_that_gets_its_permit_at_once_does_not_count_as_waiting() -> None:
    notes = _Notes()
    reporter = ActivityReporter(lambda: notes)
    with _user(reporter).waiting(CALLS):
        reporter.report()
    assert not [key for key in notes.kept if key.startswith("waiting")]


def test_notes_that_cannot_be_written_disturb_nobody() -> None:
    def unreachable() -> _Notes:
        raise OSError("redis://:secret@server")

    reporter = ActivityReporter(unreachable, interval=0.01)
    with _user(reporter).waiting(CALLS):
        pass
    until(lambda: reporter._thread is None, 60)


def test_notes_are_written_once_the_server_is_back() -> None:
    notes, away = _Notes(), [True]
    keep = notes.set

    def set_or_fail(key: str, value: Json) -> None:
        if away[0]:
            raise SharedStateUnavailable("away")
        keep(key, value)

    notes.set = set_or_fail
    reporter = ActivityReporter(lambda: notes, interval=0.01)
    with _user(reporter).waiting(CALLS):
        pass
    until(lambda: reporter._thread is None, 60)
    assert notes.kept == {}
    away[0] = False
    with _user(reporter).waiting(CALLS):
        until(lambda: {"account d1 c", "user d1 me"} <= set(notes.kept), 60)


def test_a_forked_process_opens_notes_of_its_own() -> None:
    opened: list[_Notes] = []

    def open_notes() -> _Notes:
        opened.append(_Notes())
        return opened[-1]

    reporter = ActivityReporter(open_notes)
    reporter.report()
    reporter.after_fork()
    reporter.report()
    assert len(opened) == 2


def test_what_is_old_is_neither_shown_nor_kept() -> None:
    notes, now = _Notes(), time.time()
    for key, age in (
        ("account d1 c", activity.ACCOUNT_KEPT_FOR),
        ("user d1 u", activity.USER_KEPT_FOR),
        ("waiting d1 p", 3 * activity.INTERVAL),
    ):
        notes.set(f"{key} old", {"at": now - age - 60})
        notes.set(f"{key} new", {"at": now - age + 60 if age > 60 else now})
    notes.set("another version's note", {"at": now})
    assert {key.rpartition(" ")[2] for key in current(notes, now)} == {"new"}
    ActivityReporter(lambda: notes).report()
    assert {key.rpartition(" ")[2] for key in notes.kept} == {"new"}


def test_the_calls_left_are_kept_once_in_five_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    notes = _Notes()
    reporter = ActivityReporter(lambda: notes)
    clock = [1_800_000_000.0]
    monkeypatch.setattr("airflow_provider_mkt.client.ratelimit.activity.time.time", lambda: clock[0])
    for seconds, left, resets_at in (
        (10, 900, None),
        # Not written, because this process has just written one.
        (20, 850, None),
        (80, 800, 1_800_050_000.0),
        (400, 700, None),
    ):
        clock[0] = 1_800_000_000.0 + seconds
        _user(reporter).day_read(left, 1000, resets_at)
        reporter.report()
    note = notes.kept["day d1"]
    assert note["readings"] == [[1_800_000_080.0, 800], [1_800_000_400.0, 700]]
    # An answer's headers do not say when the day ends; what was read before still holds.
    assert note["resets_at"] == 1_800_050_000.0
    assert note["limit"] == 1000
