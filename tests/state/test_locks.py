"""Locks that one task holds at a time: real processes, and waits that end when a task is cancelled."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from airflow_provider_mkt.client.errors import TaskCancelled
from airflow_provider_mkt.state.locks import exclusive_lock, file_lock

HOLDER = """
import sys, time
from pathlib import Path
from airflow_provider_mkt.state.locks import file_lock
with file_lock(Path(sys.argv[1])):
    print("holding", flush=True)
    time.sleep(60)
"""

# As a task of Airflow: its signal handler notes the cancellation and returns.
WAITER = """
import signal, sys, threading
from pathlib import Path
from airflow_provider_mkt.client.errors import TaskCancelled
from airflow_provider_mkt.state.locks import exclusive_lock
cancelled = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: cancelled.set())

def check():
    print("waiting", flush=True)
    if cancelled.is_set():
        raise TaskCancelled

with exclusive_lock(Path(sys.argv[1]), None, "lock", raise_if_cancelled=check):
    print("entered", flush=True)
"""


def start(script: str, path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() in ("holding\n", "waiting\n")
    return process


def waits(path: Path, seconds: float) -> Callable[[], bool]:
    """Whether a thread that waits for the lock has entered it after so many seconds."""
    entered = threading.Event()

    def enter() -> None:
        with file_lock(path):
            entered.set()

    threading.Thread(target=enter, daemon=True).start()
    return lambda: entered.wait(seconds)


def test_a_lock_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "locks" / "lock"
    with file_lock(path):
        entered = waits(path, 0.5)
        assert not entered()
    assert waits(path, 10)()
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_who_waits_enters_as_soon_as_the_lock_is_free(tmp_path: Path) -> None:
    entered_at: list[float] = []

    def enter() -> None:
        with file_lock(tmp_path / "lock"):
            entered_at.append(time.monotonic())

    waiter = threading.Thread(target=enter)
    with file_lock(tmp_path / "lock"):
        waiter.start()
        time.sleep(0.3)
        released_at = time.monotonic()
    waiter.join(10)
    assert 0 <= entered_at[0] - released_at < 1


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    with start(HOLDER, tmp_path / "lock") as holder:
        assert not waits(tmp_path / "lock", 0.3)()
        holder.kill()
    assert waits(tmp_path / "lock", 10)()


def test_a_task_that_waits_ends_when_it_is_cancelled_by_a_signal(tmp_path: Path) -> None:
    with file_lock(tmp_path / "lock"), start(WAITER, tmp_path) as waiter:
        waiter.send_signal(signal.SIGTERM)
        output, errors = waiter.communicate(timeout=120)
    assert "TaskCancelled: the task was cancelled" in errors
    assert "entered" not in output


def test_a_wait_that_was_given_up_does_not_keep_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"

    def cancel() -> None:
        raise TaskCancelled

    with file_lock(path):
        with pytest.raises(TaskCancelled), file_lock(path, raise_if_cancelled=cancel):
            pytest.fail("entered a lock that another one holds")
        entered = waits(path, 0.3)
        assert not entered()
    assert waits(path, 10)()


def test_a_wait_is_reported_once_and_a_free_lock_not_at_all(tmp_path: Path) -> None:
    reports: list[float] = []

    def enter() -> None:
        with exclusive_lock(tmp_path, None, "lock", on_wait=lambda: reports.append(time.monotonic())):
            pass

    enter()
    assert reports == []
    waiter = threading.Thread(target=enter)
    with file_lock(tmp_path / "lock"):
        waiter.start()
        waiter.join(1.6)
    waiter.join(10)
    assert len(reports) == 1


def test_a_lock_file_that_is_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "target").touch()
    (tmp_path / "lock").symlink_to(tmp_path / "target")
    with pytest.raises(OSError, match="lock"), file_lock(tmp_path / "lock"):
        pytest.fail("followed a symbolic link")
