"""A signal may end a task at any moment, also while the task holds a lock."""

from __future__ import annotations

import copy
import signal
import sys
import threading
import time
import uuid
from datetime import timedelta
from types import FrameType
from typing import Any

import pytest
from workers import context, until

from airflow_provider_mkt.client.errors import TaskCancelled
from airflow_provider_mkt.client.ratelimit import budget
from airflow_provider_mkt.operators import _cancellation
from airflow_provider_mkt.operators.campaigns import CreateCampaignBatchOperator
from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.sandbox.marketo.emails.sending import approve_program
from airflow_provider_mkt.sensors.batch_status import BatchStatusSensor
from airflow_provider_mkt.version_compat import AirflowTaskTimeout


def syncing() -> SyncLeadsOperator:
    return SyncLeadsOperator(task_id="t", conn_id="marketo_default", leads=[])


def killed_at_line(operator: SyncLeadsOperator, line: int, seconds: float) -> tuple[bool, bool]:
    """Wait, and be killed before a line of the wait, as by a signal.

    :returns: whether it was killed, and whether the wait noticed.
    """
    lines, noticed = 0, False

    def trace(_frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal lines
        if event == "line":
            lines += 1
            if lines == line:
                sys.settrace(None)
                operator.on_kill()
        return trace

    def wait() -> None:
        nonlocal noticed
        sys.settrace(trace)
        try:
            operator.sleep(seconds)
        except TaskCancelled:
            noticed = True
        finally:
            sys.settrace(None)

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    waiting.join(60)
    assert not waiting.is_alive(), f"the task and its signal handler wait for each other at line {line}"
    return lines >= line, noticed


@pytest.mark.parametrize("seconds", [0, 0.01], ids=["look", "wait"])
def test_a_signal_at_any_line_of_a_wait_cancels_the_task(seconds: float) -> None:
    for line in range(1, 100):
        operator = syncing()
        killed, noticed = killed_at_line(operator, line, seconds)
        if not killed:
            assert line > 3
            return
        assert operator.cancelled
        if not noticed:
            # The wait was over: the next one ends at once.
            with pytest.raises(TaskCancelled):
                operator.raise_if_cancelled()
    pytest.fail("the wait does not end")


def test_all_threads_that_wait_are_woken() -> None:
    operator = syncing()
    ended: list[bool] = []

    def wait() -> None:
        try:
            operator.sleep(600)
        except TaskCancelled:
            ended.append(True)

    threads = [threading.Thread(target=wait, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    operator.on_kill()
    operator.on_kill()
    for thread in threads:
        thread.join(60)
    assert ended == [True] * 3


def test_each_try_has_a_cancellation_of_its_own_and_one_before_the_start_counts() -> None:
    operator = syncing()
    first = operator.prepare_for_execution()
    first.on_kill()
    assert first.cancelled
    assert not operator.prepare_for_execution().cancelled
    operator.on_kill()
    assert operator.prepare_for_execution().cancelled
    assert copy.deepcopy(syncing()).cancelled is False


def test_a_sensor_that_is_killed_with_a_lock_of_its_task_held_still_cancels(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_cancellation, "_CLEANUP_SECONDS", 0.1)
    world = sandbox.marketo.state
    program = world.programs[marketo.EMAIL_PROGRAM]
    program.start, program.end = world.now() + timedelta(hours=1), world.now() + timedelta(hours=2)
    approve_program(world, program)
    job = {"platform": "marketo", "kind": "email_send", "id": str(program.id)}
    sensor = BatchStatusSensor(task_id="wait", conn_id="marketo_default", job=job, cancel_on_kill=True)
    with budget._budgets_lock:
        # The handler returns, so that the task can release the lock.
        before = time.monotonic()
        sensor.on_kill()
        assert time.monotonic() - before < 30
    until(lambda: not program.locked)


def test_a_request_that_waits_when_the_execution_timeout_passes_is_not_unknown(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKERS_RUN", uuid.uuid4().hex)
    wait = {"status": 429, "headers": {"Retry-After": "60"}}
    sandbox.hubspot.faults.add("*", method="POST", answer=wait)

    def creating() -> CreateCampaignBatchOperator:
        return CreateCampaignBatchOperator(task_id="t", conn_id="hubspot_default", campaigns=[{"name": "A"}])

    def time_out(*_: object) -> None:
        if sandbox.hubspot.faults.fired:
            signal.setitimer(signal.ITIMER_REAL, 0)
            raise AirflowTaskTimeout

    before = signal.signal(signal.SIGALRM, time_out)
    signal.setitimer(signal.ITIMER_REAL, 2, 1)
    try:
        with pytest.raises(AirflowTaskTimeout):
            creating().execute(context())
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    # The next try does not wait for an effect of it.
    waits: list[float] = []
    operator = creating()
    vars(operator)["sleep"] = waits.append
    operator.execute(context())
    assert sum(waits) == 0
