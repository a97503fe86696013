"""Task state in a file survives kills, and is shared by objects and processes that use the same file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mkt.state.directory import SYNC_KEPT_FOR, FileTaskState, StateDirectory
from airflow_provider_mkt.state.sync_progress import SyncProgress
from airflow_provider_mkt.state.task_state import AirflowTaskState, ScopedTaskState


def test_values_are_kept_and_deleted_and_all_objects_of_a_file_see_them(tmp_path: Path) -> None:
    path = tmp_path / "tasks" / "task.db"
    one, other = FileTaskState(path), FileTaskState(path)
    assert one.get("kept") is None
    assert not path.exists()
    one.set("kept", {"a": 1, "text": "half a character: \ud800"})
    for number in range(60):
        one.set("changing", number)
    assert other.get("changing") == 59
    other.set("changing", None)
    assert one.get("changing") is None
    assert FileTaskState(path).get("kept") == {"a": 1, "text": "half a character: \ud800"}
    assert path.stat().st_size < 20_000
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_scope_has_keys_of_its_own(tmp_path: Path) -> None:
    whole = FileTaskState(tmp_path / "task.db")
    ScopedTaskState(whole, "part 1").set("job", "7")
    assert whole.get("part 1 job") == "7"
    assert ScopedTaskState(whole, "part 2").get("job") is None
    assert ScopedTaskState(whole, "part 1").get("job") == "7"


def test_threads_may_use_one_object(tmp_path: Path) -> None:
    task_state = FileTaskState(tmp_path / "task.db")

    def work(name: str) -> None:
        for number in range(20):
            task_state.set(name, number)
            assert task_state.get(name) == number

    threads = [threading.Thread(target=work, args=(f"thread {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [task_state.get(f"thread {n}") for n in range(4)] == [19] * 4


WRITER = """
import sys
from pathlib import Path
from airflow_provider_mkt.state.directory import FileTaskState
task_state = FileTaskState(Path(sys.argv[1]))
for number in range(1_000_000):
    task_state.set("first", number)
    task_state.set("second", [number] * 2_000)
    print(number, flush=True)
"""


def test_a_killed_process_leaves_whole_values(tmp_path: Path) -> None:
    path = tmp_path / "task.db"
    for _ in range(3):
        child = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        for _ in range(5):
            reported = int(child.stdout.readline())
        child.send_signal(signal.SIGKILL)
        reported = max([reported, *(int(line) for line in child.stdout if line.endswith("\n"))])
        child.wait()
        child.stdout.close()
        first: Any = FileTaskState(path).get("first")
        second: Any = FileTaskState(path).get("second")
        assert reported <= second[0] <= first <= second[0] + 1
        assert second == [second[0]] * 2_000


def test_airflows_store_has_keys_of_this_package_in_the_length_it_allows() -> None:
    values: dict[str, Any] = {}

    class Store:
        def get(self, key: str) -> Any:
            return values.get(key)

        def set(self, key: str, value: Any) -> None:
            values[key] = value

        def delete(self, key: str) -> None:
            values.pop(key, None)

    task_state = AirflowTaskState(Store())
    task_state.set("a" * 600, 1)
    assert [len(key) for key in values] == [512]
    assert next(iter(values)).startswith("mkt aaa")
    assert task_state.get("a" * 600) == 1
    task_state.set("a" * 600, None)
    assert values == {}


@pytest.mark.parametrize("log_is_new", [False, True])
def test_old_sync_progress_is_deleted_with_its_side_files_and_not_while_one_of_them_is_new(
    tmp_path: Path, log_is_new: bool
) -> None:
    directory = StateDirectory(tmp_path)
    with SyncProgress(directory.sync_progress("old")) as progress:
        progress.finish([(1, 11, "created", "")])
    old = tmp_path / "sync" / "old.db"
    log = old.with_name("old.db-wal")
    log.touch()
    directory.source_snapshot("new").touch()
    long_ago = time.time() - SYNC_KEPT_FOR - 1
    os.utime(old, (long_ago, long_ago))
    if not log_is_new:
        os.utime(log, (long_ago, long_ago))
    assert directory.sync_progress("other").parent == old.parent
    assert [old.exists(), log.exists()] == [log_is_new] * 2
    assert (tmp_path / "sync" / "new.source").exists()
