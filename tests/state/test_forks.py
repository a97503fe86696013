"""A process that is forked while one of its threads changes a file."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from airflow_provider_mkt.client.call import Quota
from airflow_provider_mkt.client.ratelimit.sqlite import SQLiteStore
from airflow_provider_mkt.state.claims import FileClaims
from airflow_provider_mkt.state.directory import FileTaskState

FORKS = 20


def permits(path: Path) -> Callable[[], object]:
    store = SQLiteStore(path)
    return lambda: store.pause(Quota.CALLS, 0.0)


def claims(path: Path) -> Callable[[], object]:
    store = FileClaims(path)
    return lambda: store.claim("owner", ["key"], 1.0)


def state(path: Path) -> Callable[[], object]:
    store = FileTaskState(path)
    return lambda: store.set("key", 1)


@pytest.mark.parametrize("opened", [permits, claims, state])
def test_a_child_can_change_what_a_thread_of_its_parent_was_changing(
    tmp_path: Path, opened: Callable[[Path], Callable[[], object]]
) -> None:
    path = tmp_path / "file.db"
    over = threading.Event()
    change = opened(path)

    def change_on() -> None:
        # With a moment in which the child can have its turn.
        while not over.wait(0.001):
            change()

    thread = threading.Thread(target=change_on)
    thread.start()
    try:
        for _ in range(FORKS):
            child = os.fork()
            if child == 0:
                # Would wait for as long as SQLite waits for a lock, and then fail.
                try:
                    opened(path)()
                except BaseException:
                    os._exit(1)
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        over.set()
        thread.join()
