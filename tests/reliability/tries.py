"""Tries of a task, each in a process that can be killed at a chosen instant, on a chosen machine."""

from __future__ import annotations

import faulthandler
import fcntl
import functools
import gc
import hashlib
import json
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from airflow_runs import connected
from workers import import_once

from airflow_provider_mkt.client.hubspot.account import account_info
from airflow_provider_mkt.client.marketo.account import usage
from airflow_provider_mkt.client.transport import drivers
from airflow_provider_mkt.hooks.base import hook_for
from airflow_provider_mkt.state.sync_progress import SyncProgress
from airflow_provider_mkt.version_compat import AirflowFailException

BEFORE, UNANSWERED, ANSWERED, RETURNED = INSTANTS = ("before", "unanswered", "answered", "returned")
"""Killed before a request leaves; after the platform did the work and before its answer is read; after the
answer was taken in; after the operator returned or failed, and before Airflow knows."""

_CALLS = {"hubspot": account_info.details(), "marketo": usage.today()}
TRIES = 4
TIMEOUT = 180.0


@dataclass(frozen=True)
class Kill:
    """When a try is killed.

    :param instant: one of :data:`INSTANTS`.
    :param request: the number of the request that changes something, in the order of sending, from 0.
    """

    instant: str
    request: int = 0


@dataclass(frozen=True)
class Machine:
    """A worker's machine, with a disk of its own."""

    disk: Path

    @property
    def environment(self) -> dict[str, str]:
        (self.disk / "tmp").mkdir(parents=True, exist_ok=True)
        return {"AIRFLOW__MKT__STATE_DIR": str(self.disk / "state"), "TMPDIR": str(self.disk / "tmp")}


@dataclass(frozen=True)
class Write:
    """A request that changes something.

    :param route: method and path, with numbers and ids left out.
    :param content: identifies it together with its parameters.
    """

    route: str
    content: str


@dataclass
class Ending:
    """How a try ended: with a result, with an error, or killed.

    :param final: whether Airflow does not retry after the error.
    :param writes: the requests that left, in order.
    """

    result: Any = None
    error: str | None = None
    final: bool = False
    killed: bool = False
    writes: list[Write] = field(default_factory=list)
    pushed: dict[str, Any] = field(default_factory=dict)


class Store:
    """What the task state store of Airflow 3.3 does, in a file: it outlives processes and machines.

    :param on_set: called after each change.
    """

    def __init__(self, path: Path, on_set: Callable[[], None] = lambda: None) -> None:
        self._path, self._on_set = path, on_set

    def get(self, key: str, default: Any = None) -> Any:
        with self._opened() as kept:
            return kept.get(key, default)

    def set(self, key: str, value: Any, **_: Any) -> None:
        with self._opened(write=True) as kept:
            kept[key] = json.loads(json.dumps(value))
        self._on_set()

    def delete(self, key: str) -> None:
        with self._opened(write=True) as kept:
            kept.pop(key, None)
        self._on_set()

    def clear(self, **_: Any) -> None:
        with self._opened(write=True) as kept:
            kept.clear()
        self._on_set()

    @contextmanager
    def _opened(self, *, write: bool = False) -> Iterator[dict[str, Any]]:
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            kept = json.loads(self._path.read_text()) if self._path.exists() else {}
            yield kept
            if write:
                draft = self._path.with_suffix(".draft")
                draft.write_text(json.dumps(kept))
                draft.replace(self._path)


@dataclass(frozen=True)
class Task:
    """A task instance of a DAG run, whose tries may run on several machines.

    :param make: its operator.
    :param run: id of the DAG run.
    :param store: file of Airflow's task state store; None for an Airflow without one.
    :param shared: ``[mkt] shared_state_url``.
    """

    make: Callable[[], Any]
    run: str
    store: Path | None = None
    shared: str = ""

    def start(self, machine: Machine, number: int = 1, kill: Kill | None = None, cleared: int = 0) -> Try:
        return Try(self, machine, number, kill, cleared)


@functools.cache
def call_once() -> None:
    """Read the account of each platform, so that forked processes need not make what all calls share.

    These are compiled expressions and caches of Airflow and the HTTP client, and no state of a task.
    """
    with connected():
        for platform, call in _CALLS.items():
            with hook_for(f"{platform}_default") as hook:
                hook.run(call)
    gc.freeze()


class Try:
    """A process that executes one try.

    :param cleared: how often the task was cleared before: Airflow then allows more tries.
    """

    def __init__(self, task: Task, machine: Machine, number: int, kill: Kill | None, cleared: int) -> None:
        import_once()
        call_once()
        reading, writing = os.pipe()
        environment = {**machine.environment, "AIRFLOW__MKT__SHARED_STATE_URL": task.shared}
        self.pid = os.fork()
        if self.pid == 0:
            os.close(reading)
            os.environ.update(environment)
            with os.fdopen(writing, "w", buffering=1) as out:
                # A try that waits for longer is to say where, instead of holding up all the tests.
                faulthandler.dump_traceback_later(TIMEOUT, exit=True)
                _Child(task, number, kill, cleared, out).run()
            os._exit(0)
        os.close(writing)
        self._reading = reading

    def end(self) -> Ending:
        """Wait until it ends."""
        with os.fdopen(self._reading) as lines:
            said = [json.loads(line) for line in lines if line.endswith("\n")]
        _, status = os.waitpid(self.pid, 0)
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, (
            f"no end after {TIMEOUT} s; see its traceback"
        )
        writes = [Write(*one["write"]) for one in said if "write" in one]
        last = next((one for one in said if "pushed" in one), None)
        return Ending(killed=True, writes=writes) if last is None else Ending(writes=writes, **last)


class _Child:
    """Runs an operator in the process that was made for it."""

    def __init__(self, task: Task, number: int, kill: Kill | None, cleared: int, out: Any) -> None:
        self._task, self._number, self._kill, self._cleared, self._out = task, number, kill, cleared, out
        self._send = drivers.SyncDriver._send
        self._start, self._finish = SyncProgress.start, SyncProgress.finish
        self._lock = threading.Lock()
        self._sent, self._armed = 0, False
        self._in_progress = self._answered = False

    def run(self) -> None:
        _no_other_processes_budgets()
        driver_class: Any = drivers.SyncDriver
        driver_class._send = lambda driver, request, buffer: self._observe(driver, request, buffer)
        progress_class: Any = SyncProgress
        progress_class.start = lambda progress, rows: self._start_rows(progress, rows)
        progress_class.finish = lambda progress, rows: self._finish_rows(progress, rows)
        operator = self._task.make()
        signal.signal(signal.SIGTERM, lambda *_: operator.on_kill())
        context = self._context()
        said: dict[str, Any] = {}
        try:
            said["result"] = operator.execute(context)
        except BaseException as error:
            said["error"] = f"{type(error).__name__}: {error}"
            said["final"] = isinstance(error, AirflowFailException)
        if self._kill is not None and self._kill.instant == RETURNED:
            self._die()
        if self._armed and "error" not in said:
            self._die()
        self._say({**said, "pushed": context["ti"].pushed})

    def _context(self) -> dict[str, Any]:
        pushed: dict[str, Any] = {}
        ti = SimpleNamespace(
            dag_id="tries",
            run_id=self._task.run,
            task_id="task",
            map_index=-1,
            try_number=self._number,
            max_tries=TRIES - 1 + self._cleared * TRIES,
            xcom_push=lambda key, value: pushed.update({key: value}),
            pushed=pushed,
        )
        store = self._task.store
        return {"ti": ti} if store is None else {"ti": ti, "task_state_store": Store(store, self._on_set)}

    def _observe(self, driver: drivers.SyncDriver, request: Any, buffer: Any) -> Any:
        self._die_if_armed()
        if not _changes_something(request):
            return self._send(driver, request, buffer)
        with self._lock:
            number, self._sent = self._sent, self._sent + 1
        instant = self._kill.instant if self._kill is not None and self._kill.request == number else None
        if instant == BEFORE:
            self._die()
        self._say({"write": _write_of(request)})
        answer = self._send(driver, request, buffer)
        if instant == UNANSWERED:
            self._die()
        if instant == ANSWERED:
            # What must not be sent twice is on record before. Its answer is taken in when that is on record
            # too: a clock saves the record, perhaps between the two.
            self._answered = True
            self._armed = self._armed or not self._in_progress
        return answer

    def _start_rows(self, progress: SyncProgress, rows: Any) -> None:
        self._in_progress = True
        self._start(progress, rows)

    def _finish_rows(self, progress: SyncProgress, rows: Any) -> None:
        self._finish(progress, rows)
        self._armed = self._armed or self._answered

    def _on_set(self) -> None:
        self._die_if_armed()

    def _die_if_armed(self) -> None:
        if self._armed:
            self._die()

    def _die(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)

    def _say(self, what: dict[str, Any]) -> None:
        with self._lock:
            self._out.write(json.dumps(what, default=str) + "\n")


def run_to_its_end(task: Task, machines: Callable[[int], Machine], kill: Kill | None = None) -> list[Ending]:
    """Run a task as Airflow does: tries, the first of which may be killed, until one ends it.

    :param machines: the machine of each try, by its number.
    """
    endings: list[Ending] = []
    for number in range(1, TRIES + 1):
        endings.append(task.start(machines(number), number, kill if number == 1 else None).end())
        if (endings[-1].error is None and not endings[-1].killed) or endings[-1].final:
            break
    return endings


_READS = re.compile(r"/(search|batch/read|read|oauth/token|token|describe\.json)/?$")
_IDS = re.compile(r"(?<=/)(\d+|[0-9a-f-]{24,})(?=[/.]|$)")


def _changes_something(request: Any) -> bool:
    if request.method == "GET" or _READS.search(urlsplit(request.url).path):
        return False
    return ("_method", "GET") not in request.query


def _write_of(request: Any) -> tuple[str, str]:
    path = urlsplit(request.url).path
    # The parts of a body are not in its repr.
    parameters = repr((request.query, vars(request.body) if request.body else None)).encode()
    digest = hashlib.sha256(parameters).hexdigest()[:12]
    return f"{request.method} {_IDS.sub('#', path)}", f"{path} {digest}"


def _no_other_processes_budgets() -> None:
    """Forget what the process that this one was forked from knew of the accounts."""
    from airflow_provider_mkt.client.ratelimit import budget

    budget.forget_budgets()
