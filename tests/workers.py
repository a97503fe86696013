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
from airflow_provider_mkt.actions.hubspot import campaigns as hubspot_campaigns
from airflow_provider_mkt.actions.hubspot import emails as hubspot_emails
from airflow_provider_mkt.actions.marketo import programs as marketo_campaigns
from airflow_provider_mkt.actions.marketo import smart_campaigns as marketo_requests
from airflow_provider_mkt.client.transport.retry_policy import RetryPolicy
from airflow_provider_mkt.sync import members

CONSISTENCY_WINDOW = 1.5
RESET: dict[str, Any] = {"reset": True}


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits of the flows and between tries of a call; what they do stays the same."""
    for module in (idempotency, hubspot_campaigns, hubspot_emails, marketo_requests, members):
        monkeypatch.setattr(module, "CONSISTENCY_WINDOW", CONSISTENCY_WINDOW)
    for module in (idempotency, hubspot_campaigns, hubspot_emails):
        monkeypatch.setattr(module, "_LOOK_EVERY", 0.1)
    monkeypatch.setattr(members, "_LOOKUP_INTERVAL", 0.1)
    for module in (hubspot_nurture, marketo_campaigns):
        monkeypatch.setattr(module, "_LOOK_AFTER", 0.1)
    monkeypatch.setattr(RetryPolicy, "backoff", lambda self, failures, at_least=None: 0.02)


def context(task: str = "task", run: str = "run", try_number: int = 1) -> dict[str, Any]:
    """What an operator reads of a task instance; the memory of a task hangs on its names."""
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
    :param run: its DAG run; tries of one run share a memory.
    """

    def __init__(self, operator: Any, *, run: str = "run") -> None:
        reading, writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(reading)
            signal.signal(signal.SIGTERM, lambda *_: operator.on_kill())
            try:
                told = {"result": operator.execute(context(run=run))}
            except BaseException as error:
                told = {"error": f"{type(error).__name__}: {error}"}
            with suppress(BrokenPipeError):
                os.write(writing, json.dumps(told).encode())
            os._exit(0)
        os.close(writing)
        self._reading = reading

    @property
    def ended(self) -> bool:
        """Whether it has ended by itself."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def kill(self) -> None:
        """End it as the kernel does when memory runs out."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._reading)

    def terminate(self, max_elapsed: float = 5.0) -> None:
        """End it as Airflow does: the task is told, in the middle of what it does, and goes on from there
        until its process ends or Airflow loses its *patience* (seconds).
        """
        os.kill(self.pid, signal.SIGTERM)
        deadline = time.monotonic() + max_elapsed
        while os.waitpid(self.pid, os.WNOHANG) == (0, 0):
            if time.monotonic() > deadline:
                return self.kill()
            time.sleep(0.01)
        os.close(self._reading)

    def end(self) -> dict[str, Any]:
        """Wait for its end; its ``result`` or its ``error``."""
        told = b""
        while part := os.read(self._reading, 65536):
            told += part
        os.waitpid(self.pid, 0)
        os.close(self._reading)
        answer: dict[str, Any] = json.loads(told)
        return answer


@contextmanager
def as_soon_as(condition: Callable[[], object], do: Callable[[], object]) -> Iterator[None]:
    """Do something beside what runs inside, once that has come so far; a busy machine may take its time."""
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
    """Wait for something that is about to happen in another thread or process."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.002)
