"""Worker processes that can be killed in the middle of a task, and waits short enough for tests."""

from __future__ import annotations

import functools
import gc
import json
import os
import pkgutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_mkt.actions import idempotency
from airflow_provider_mkt.actions.hubspot import automation as hubspot_nurture
from airflow_provider_mkt.actions.hubspot import exports as hubspot_exports
from airflow_provider_mkt.actions.marketo import leads as marketo_leads
from airflow_provider_mkt.actions.marketo import objects as marketo_objects
from airflow_provider_mkt.actions.marketo import programs as marketo_campaigns
from airflow_provider_mkt.actions.marketo import smart_campaigns as marketo_requests
from airflow_provider_mkt.client.transport import drivers
from airflow_provider_mkt.client.transport.exchange import RetryPolicy
from airflow_provider_mkt.operators import _lead_writing
from airflow_provider_mkt.state import claims, sync_progress
from airflow_provider_mkt.sync import bulk_import, members, pipeline

CONSISTENCY_WINDOW = 1.5
RESET: dict[str, Any] = {"reset": True}
_FOR_FILES = (
    "duckdb",
    "pyarrow.acero",
    "pyarrow.compute",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "upath.implementations.local",
)
"""Libraries that syncs import when they read or compare files."""


def shorten_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits of procedures and between the tries of a call. Their behaviour stays the same."""
    for module in (idempotency, members, bulk_import):
        monkeypatch.setattr(module, "CONSISTENCY_WINDOW", CONSISTENCY_WINDOW)
    for module in (idempotency, marketo_requests):
        monkeypatch.setattr(module, "_LOOKUP_INTERVAL", 0.1)
    monkeypatch.setattr(members, "_LOOKUP_INTERVAL", 0.1)
    for writers in (marketo_leads, marketo_objects):
        monkeypatch.setattr(writers, "QUIET_AFTER", 0.5)
    for wait in ("_ADDRESS_INTERVAL", "_DOWNLOAD_AGAIN_AFTER"):
        monkeypatch.setattr(hubspot_exports, wait, 0.05)
    shorten_claims(monkeypatch, 0.5)
    monkeypatch.setattr(_lead_writing, "_CLAIM_INTERVAL", 0.05)
    monkeypatch.setattr(pipeline, "_TICK", 0.1)
    for module in (hubspot_nurture, marketo_campaigns):
        monkeypatch.setattr(module, "_REPEAT_AFTER", 0.1)
    monkeypatch.setattr(RetryPolicy, "backoff", lambda self, failures, at_least=None: 0.02)


def shorten_claims(monkeypatch: pytest.MonkeyPatch, ahead: float) -> None:
    """Let claims outlast their renewal by *ahead* seconds.

    Threads that send wait while the progress that stands for the claims is older than that, so it is saved in
    proportion.
    """
    saved = sync_progress._SAVE_EVERY / claims.AHEAD * ahead
    monkeypatch.setattr(claims, "AHEAD", ahead)
    monkeypatch.setattr(sync_progress, "_SAVE_EVERY", saved)


def context(task: str = "task", run: str = "run", try_number: int = 1, cleared: int = 0) -> dict[str, Any]:
    """Return a context for an operator. The ids of the task instance identify the task state.

    :param cleared: how often the task was cleared.
    """
    pushed: dict[str, Any] = {}
    ti = SimpleNamespace(
        dag_id="killed",
        run_id=f"{os.environ['WORKERS_RUN']}-{run}",
        task_id=task,
        map_index=-1,
        try_number=try_number,
        max_tries=2 + cleared,
        xcom_push=lambda key, value: pushed.update({key: value}),
        xcom_pull=lambda key, **_: pushed.get(key),
        pushed=pushed,
    )
    return {"ti": ti}


@functools.cache
def import_once() -> None:
    """Import what tasks import when they run, so that the processes that are forked need not."""
    import airflow.models.asset
    import airflow.models.connection  # noqa: F401

    import airflow_provider_mkt
    from airflow_provider_mkt.version_compat import hook_lineage_collector

    for module in pkgutil.walk_packages(airflow_provider_mkt.__path__, "airflow_provider_mkt."):
        if module.name.split(".")[1] not in ("cli", "testing"):
            import_module(module.name)
    for name in _FOR_FILES:
        # Those of an extra that is not installed are not needed either.
        with suppress(ImportError):
            import_module(name)
    drivers.tls()
    # Reads what all the installed providers say of themselves.
    hook_lineage_collector()
    gc.freeze()
    # Counts all that is frozen, and knows it from then on.
    pipeline._frozen_elsewhere()


class Forked:
    """A process that calls a function and can be killed.

    :param work: the function, whose result can be JSON. The process has none of the threads of this one.
    :param on_term: is called in the process by SIGTERM.
    """

    def __init__(self, work: Callable[[], Any], on_term: Callable[[], object] | None = None) -> None:
        import_once()
        reading, writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(reading)
            if on_term is not None:
                signal.signal(signal.SIGTERM, lambda *_: on_term())
            try:
                message = {"result": work()}
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


class Worker(Forked):
    """A process that executes one task and can be killed.

    :param operator: the task.
    :param run: its DAG run; the tries of one run share the task state.
    :param cleared: how often the task was cleared.
    """

    def __init__(self, operator: Any, *, run: str = "run", cleared: int = 0) -> None:
        super().__init__(
            lambda: operator.execute(context(run=run, cleared=cleared)), on_term=operator.on_kill
        )


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


def until(condition: Callable[[], object], seconds: float = 300.0, every: float = 0.002) -> None:
    """Wait until another thread or process makes *condition* true.

    :param every: seconds between two looks.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"the condition was not true within {seconds} s"
        time.sleep(every)
