"""Worker processes that can be killed in the middle of a task, and waits short enough for tests."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_mkt.actions import idempotency
from airflow_provider_mkt.actions.hubspot import automation as hubspot_nurture
from airflow_provider_mkt.actions.marketo import programs as marketo_campaigns
from airflow_provider_mkt.actions.marketo import smart_campaigns as marketo_requests
from airflow_provider_mkt.client.transport.exchange import RetryPolicy
from airflow_provider_mkt.sync import members

CONSISTENCY_WINDOW = 1.5
RESET: dict[str, Any] = {"reset": True}


def shorten_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits of procedures and between the tries of a call. Their behaviour stays the same."""
    for module in (idempotency, members):
        monkeypatch.setattr(module, "CONSISTENCY_WINDOW", CONSISTENCY_WINDOW)
    for module in (idempotency, marketo_requests):
        monkeypatch.setattr(module, "_LOOKUP_INTERVAL", 0.1)
    monkeypatch.setattr(members, "_LOOKUP_INTERVAL", 0.1)
    for module in (hubspot_nurture, marketo_campaigns):
        monkeypatch.setattr(module, "_REPEAT_AFTER", 0.1)
    monkeypatch.setattr(RetryPolicy, "backoff", lambda self, failures, at_least=None: 0.02)


def context(task: str = "task", run: str = "run", try_number: int = 1) -> dict[str, Any]:
    """Return a context for an operator. The ids of the task instance identify the task state."""
    pushed: dict[str, Any] = {}
    ti = SimpleNamespace(
        dag_id="killed",
        run_id=f"{os.environ['WORKERS_RUN']}-{run}",
        task_id=task,
        map_index=-1,
        try_number=try_number,
        max_tries=2,
        xcom_push=lambda key, value: pushed.update({key: value}),
        pushed=pushed,
    )
    return {"ti": ti}


class Worker:
    """A process that executes one task and can be killed.

    :param operator: the task.
    :param run: its DAG run; the tries of one run share the task state.
    """

    def __init__(self, operator: Any, *, run: str = "run") -> None:
        reading, writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(reading)
            signal.signal(signal.SIGTERM, lambda *_: operator.on_kill())
            try:
                message = {"result": operator.execute(context(run=run))}
            except BaseException as error:
                message = {"error": f"{type(error).__name__}: {error}"}
            with suppress(BrokenPipeError):
                os.write(writing, json.dumps(message).encode())
            os._exit(0)
        os.close(writing)
        self._reading = reading

    @property
    def ended(self) -> bool:
        """Whether the process has ended by itself."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def kill(self) -> None:
        """Kill the process as the kernel does when memory is exhausted."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._reading)

    def terminate(self, max_elapsed: float = 5.0) -> None:
        """End the process as Airflow does: SIGTERM first, SIGKILL when it still runs after some time.

        :param max_elapsed: seconds between the two signals.
        """
        os.kill(self.pid, signal.SIGTERM)
        deadline = time.monotonic() + max_elapsed
        while os.waitpid(self.pid, os.WNOHANG) == (0, 0):
            if time.monotonic() > deadline:
                return self.kill()
            time.sleep(0.01)
        os.close(self._reading)

    def end(self) -> dict[str, Any]:
        """Wait until the process ends, and return its ``result`` or its ``error``."""
        message = b""
        while part := os.read(self._reading, 65536):
            message += part
        os.waitpid(self.pid, 0)
        os.close(self._reading)
        ending: dict[str, Any] = json.loads(message)
        return ending


@contextmanager
def as_soon_as(condition: Callable[[], object], do: Callable[[], object]) -> Iterator[None]:
    """Call *do* in a thread when *condition* is true, while the body of the context runs."""
    over = threading.Event()

    def watch() -> None:
        while not condition():
            if over.wait(0.005):
                return
        do()

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until another thread or process makes *condition* true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"the condition was not true within {seconds} s"
        time.sleep(0.002)
