"""What the shared state says of the accounts. No call is made to a platform."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, replace
from typing import cast

from airflow_provider_mkt.client.call import Quota
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.ratelimit import activity
from airflow_provider_mkt.client.ratelimit.activity import Note
from airflow_provider_mkt.client.ratelimit.budget import read_usage, shared_digest
from airflow_provider_mkt.client.ratelimit.store import SharedStateUnavailable, Usage
from airflow_provider_mkt.client.ratelimit.window import HISTORY
from airflow_provider_mkt.client.wording import platform_name
from airflow_provider_mkt.hooks.activity import activity_notes
from airflow_provider_mkt.hooks.state import known_accounts, shared_state_url, state_directory
from airflow_provider_mkt.pages.charts import CallChart, DayChart, windows

READ_TIMEOUT = 3.0
"""Seconds for which the page waits for the shared state."""

_FRESH = 2.0
"""Seconds for which what was read serves every reader of the page."""

_SHORTEST_INTERVAL = 10
"""Seconds of a bar at least."""

_QUOTAS = {Quota.CALLS: "Calls", Quota.SEARCH: "Searches"}


@dataclass(frozen=True)
class Task:
    """A task instance that uses an account."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int


@dataclass(frozen=True)
class User:
    """Who uses an account: a task, or the process that *label* names."""

    task: Task | None
    label: str
    calls: int = 0
    in_flight: int = 0
    waiting: int = 0


@dataclass(frozen=True)
class QuotaUse:
    """How one quota was used."""

    name: str
    chart: CallChart
    paused: float
    waiting: int


@dataclass(frozen=True)
class AccountUse:
    """How one account was used, by one set of credentials on HubSpot."""

    title: str
    connections: Sequence[str]
    quotas: Sequence[QuotaUse]
    users: Sequence[User]
    max_in_flight: int | None
    in_flight: int
    day: DayChart | None
    day_resets_at: float | None
    problem: str = ""


@dataclass(frozen=True)
class SharedState:
    """What the page shows of the shared state.

    :param local: whether only this machine's state is known.
    :param problem: why the state could not be read; empty when it was.
    """

    local: bool
    accounts: Sequence[AccountUse] = ()
    problem: str = ""


class StateReader:
    """Reads the shared state for all requests of a process, in a thread of its own.

    A server that does not answer holds up one thread, and each request for a moment.
    """

    def __init__(self, timeout: float = READ_TIMEOUT) -> None:
        self._timeout = timeout
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mkt-usage-page")
        self._lock = threading.Lock()
        self._reading: Future[SharedState] | None = None
        self._read_at = 0.0

    def read(self) -> SharedState:
        """Return what is in the shared state. Never raises for a state that cannot be read."""
        with self._lock:
            reading = self._reading
            if reading is None or (reading.done() and time.monotonic() - self._read_at > _FRESH):
                self._read_at = time.monotonic()
                reading = self._reading = self._thread.submit(_read)
        try:
            return reading.result(self._timeout)
        except FutureTimeout:
            problem = f"The server of [mkt] shared_state_url did not answer within {self._timeout:g} s."
            return SharedState(shared_state_url() is None, problem=problem)


def _read() -> SharedState:
    local = shared_state_url() is None
    try:
        notes = activity.current(activity_notes(), time.time())
        digests = sorted({key.split(" ")[1] for key in notes if key.startswith("account ")})
        accounts = [_account(digest, notes) for digest in digests]
    except (SharedStateUnavailable, InvalidInput) as error:
        return SharedState(local, problem=f"The shared state cannot be read: {error}.")
    except (OSError, sqlite3.Error) as error:
        return SharedState(local, problem=f"The shared state cannot be read ({type(error).__name__}).")
    return SharedState(local, sorted(accounts, key=lambda one: one.title))


def _account(digest: str, notes: Mapping[str, Note]) -> AccountUse:
    own = [notes[key] for key in sorted(notes) if key.startswith(f"account {digest} ")]
    newest = max(own, key=lambda note: cast("float", note["at"]))
    name, shared = _name(newest)
    waiting = _waiting(digest, notes)
    usages: dict[Quota, Usage] = {}
    quotas: list[QuotaUse] = []
    for quota, label in _QUOTAS.items():
        limits = [limit for note in own if (limit := _limits(note).get(quota.value))]
        if not limits:
            continue
        # Connections to one account may each use another part of its limit.
        calls, seconds = max(limits)
        of_account = quota.value in cast("list[str]", newest.get("of_account") or [])
        if of_account and not shared:
            continue
        interval = max(round(seconds), _SHORTEST_INTERVAL)
        usage = _usage(shared if of_account else digest, quota, interval)
        usages[quota] = usage
        if usage.rate is not None:
            calls, seconds = usage.rate.calls, usage.rate.seconds
        counts = Counter[int]()
        for (start, _), count in usage.calls.items():
            counts[start] += count
        end = (usage.now // interval + 1) * interval
        chart = CallChart(
            interval,
            round(calls * interval / seconds),
            windows(counts, now=end, seconds=interval, number=HISTORY // interval),
        )
        waits = sum(count for (_, other), count in waiting.items() if other == quota.value)
        quotas.append(QuotaUse(label, chart, usage.paused, waits))
    in_flight = usages[Quota.CALLS].in_flight if Quota.CALLS in usages else {}
    day = notes.get(f"day {digest}")
    return AccountUse(
        title=f"{platform_name(str(newest['platform']))} {name}".strip(),
        connections=sorted({str(note["conn_id"]) for note in own}),
        quotas=quotas,
        users=_users(digest, notes, usages.values(), in_flight, waiting),
        max_in_flight=cast("int | None", newest.get("max_in_flight")),
        in_flight=sum(in_flight.values()),
        day=None if day is None else _day(day),
        day_resets_at=None if day is None else cast("float | None", day.get("resets_at")),
    )


def _usage(digest: str, quota: Quota, interval: int) -> Usage:
    return read_usage(shared_state_url() or state_directory() / "budgets", digest, quota, interval)


def _limits(note: Note) -> Mapping[str, list[float]]:
    return cast("Mapping[str, list[float]]", note.get("limits") or {})


def _name(note: Note) -> tuple[str, str]:
    """Return the account's name, and the store that all its credentials share; each is empty when unknown."""
    if name := note.get("name"):
        return str(name), ""
    known = known_accounts(wait=0.0).get(str(note["account_key"]))
    if not isinstance(known, str) or not known:
        return "", ""
    portal_id = known.split()[1]
    return portal_id if portal_id.isdecimal() else "", shared_digest(known)


def _waiting(digest: str, notes: Mapping[str, Note]) -> Counter[tuple[str, str]]:
    """Return how many calls wait, by user and quota."""
    found: Counter[tuple[str, str]] = Counter()
    for key, note in notes.items():
        if key.startswith(f"waiting {digest} "):
            for user, quota, count in cast("list[tuple[str, str, int]]", note["calls"]):
                found[user, quota] += count
    return found


def _users(
    digest: str,
    notes: Mapping[str, Note],
    usages: Iterable[Usage],
    in_flight: Mapping[str, int],
    waiting: Mapping[tuple[str, str], int],
) -> list[User]:
    calls: Counter[str] = Counter()
    for usage in usages:
        for (_, user), count in usage.calls.items():
            calls[user] += count
    waits: Counter[str] = Counter()
    for (user, _), count in waiting.items():
        waits[user] += count
    # A store that all credentials share also has calls of other credentials, which their account shows.
    known = {key.split(" ")[2] for key in notes if key.startswith(f"user {digest} ")}
    names = {user for user in (set(calls) | set(in_flight) | set(waits)) if user in known}
    users = [
        replace(
            _user(notes[f"user {digest} {name}"]),
            calls=calls[name],
            in_flight=in_flight.get(name, 0),
            waiting=waits[name],
        )
        for name in names
    ]
    return sorted(users, key=lambda one: (-one.waiting, -one.calls, one.label))


def _user(label: Note) -> User:
    if label["kind"] == "task":
        task = Task(
            str(label["dag_id"]),
            str(label["run_id"]),
            str(label["task_id"]),
            cast("int", label["map_index"]),
        )
        mapped = f" [{task.map_index}]" if task.map_index >= 0 else ""
        return User(task, f"{task.dag_id}.{task.task_id}{mapped}")
    what = "polls for deferred tasks" if label["kind"] == "polls" else "process"
    return User(None, f"{what}, {label['host']}, pid {label['pid']}")


def _day(note: Note) -> DayChart:
    readings = [(float(at), int(left)) for at, left in cast("list[tuple[float, int]]", note["readings"])]
    return DayChart(time.time(), cast("int", note["limit"]), readings)
