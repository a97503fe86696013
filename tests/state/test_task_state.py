"""Task state in a file survives kills, and is shared by objects and processes that use the same file."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mkt.client.call import Quota
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.files import create_directory, private_directory, trusted_directory
from airflow_provider_mkt.client.ratelimit.sqlite import SQLiteStore
from airflow_provider_mkt.client.transport.platform import Rate
from airflow_provider_mkt.state.claims import FileClaims
from airflow_provider_mkt.state.compact_progress import Done
from airflow_provider_mkt.state.directory import FileTaskState, StateDirectory
from airflow_provider_mkt.state.locks import file_lock
from airflow_provider_mkt.state.sync_progress import RowMark, SyncProgress
from airflow_provider_mkt.state.task_state import (
    STATE_KEPT_FOR,
    AirflowTaskState,
    Completion,
    CopiedTaskState,
    InMemoryTaskState,
    ScopedTaskState,
)
from airflow_provider_mkt.sync.source_snapshot import SourceSnapshot


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


class Store:
    """Airflow's task state store, with its limits."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def get(self, key: str) -> Any:
        return self.values.get(key)

    def set(self, key: str, value: Any) -> None:
        assert value is not None
        assert len(key) <= 512
        assert len(json.dumps(value)) <= 65_535
        self.values[key] = value

    def delete(self, key: str) -> None:
        self.values.pop(key, None)


def test_airflows_store_has_keys_of_this_package_in_the_length_it_allows() -> None:
    store = Store()
    task_state = AirflowTaskState(store, scope="account")
    for number, end in enumerate(("b", "c")):
        task_state.set("a" * 600 + end, number)
    assert [len(key) for key in store.values] == [512, 512]
    assert all(key.startswith("mkt account aaa") for key in store.values)
    assert [task_state.get("a" * 600 + end) for end in ("b", "c")] == [0, 1]
    task_state.set("a" * 600 + "b", None)
    assert [task_state.get("a" * 600 + end) for end in ("b", "c")] == [None, 1]


def test_a_value_that_is_too_large_for_airflows_store_is_kept_in_parts_that_change_as_a_whole() -> None:
    store = Store()
    large, larger = ({'"quotes"': ["\\\u00e9" * 10] * count} for count in (1_000, 5_000))
    AirflowTaskState(store).set("large", large)
    assert AirflowTaskState(store).get("large") == large

    written = 0
    real = store.set

    def killed_at_third(key: str, value: Any) -> None:
        nonlocal written
        written += 1
        if written == 3:
            raise KeyboardInterrupt
        real(key, value)

    store.set = killed_at_third  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        AirflowTaskState(store).set("large", larger)
    store.set = real  # type: ignore[method-assign]
    assert AirflowTaskState(store).get("large") == large
    task_state = AirflowTaskState(store)
    assert task_state.get("large") == large
    task_state.set("large", "small")
    assert task_state.get("large") == "small"


def test_the_copy_is_read_where_airflow_has_emptied_its_store_and_nowhere_else(tmp_path: Path) -> None:
    store, path = Store(), tmp_path / "task.db"
    task_state = CopiedTaskState(AirflowTaskState(store), FileTaskState(path))
    task_state.set("sent", {"done": True})
    task_state.set("gone", 1)
    # Another machine deletes it, and this one keeps its old copy.
    CopiedTaskState(AirflowTaskState(store), FileTaskState(tmp_path / "other.db")).set("gone", None)
    assert task_state.get("gone") is None
    store.values.clear()
    assert task_state.get("sent") == {"done": True}


def test_work_is_complete_for_a_retry_and_from_before_for_a_cleared_task() -> None:
    kept = InMemoryTaskState()
    assert not Completion(kept, 0).before_clear
    Completion(kept, 0).mark()
    assert (Completion(kept, 0).now, Completion(kept, 0).before_clear) == (True, False)
    assert (Completion(kept, 1).now, Completion(kept, 1).before_clear) == (False, True)
    assert not Completion(kept, 1, of="something else").before_clear
    Completion(kept, 1).forget()
    assert not Completion(kept, 1).before_clear


def aged(path: Path, seconds: float) -> Path:
    moment = time.time() - seconds
    os.utime(path, (moment, moment))
    return path


def sweep(directory: StateDirectory) -> None:
    """Sweep, whenever it was done last."""
    (directory.root / ".swept").unlink(missing_ok=True)
    directory.sweep()


@pytest.mark.parametrize("log_is_new", [False, True])
def test_old_sync_progress_is_deleted_with_its_side_files_and_not_while_one_of_them_is_new(
    tmp_path: Path, log_is_new: bool
) -> None:
    directory = StateDirectory(tmp_path)
    with SyncProgress(directory.sync_progress("old")) as progress:
        progress.finish([(RowMark(1, 0, 11), Done("created", ""))])
    old = tmp_path / "sync" / "old.db"
    log = old.with_name("old.db-wal")
    log.touch()
    directory.source_snapshot("new").touch()
    aged(old, STATE_KEPT_FOR + 1)
    if not log_is_new:
        aged(log, STATE_KEPT_FOR + 1)
    sweep(directory)
    assert [old.exists(), log.exists()] == [log_is_new] * 2
    assert (tmp_path / "sync" / "new.source").exists()


def test_everything_of_a_task_goes_after_its_age_and_nothing_before(tmp_path: Path) -> None:
    directory = StateDirectory(tmp_path)

    def make(name: str) -> list[tuple[Path, float]]:
        directory.task_state(name).set("key", 1)
        files = [tmp_path / "tasks" / f"{name}.db", directory.sync_progress(name)]
        for kind in ("rejects", "warnings"):
            folder = directory.result_files(kind, f"dag {name}", "run")
            folder.mkdir(parents=True)
            files.append(folder / "task.jsonl")
        with file_lock(tmp_path / "locks" / name):
            files.append(tmp_path / "locks" / name)
        for file in (*files, snapshot := directory.source_snapshot(name)):
            file.touch()
        return [*((file, STATE_KEPT_FOR) for file in (*files, snapshot)), (directory.draft(name), 86_400.0)]

    old = [aged(path, kept_for + 60) for path, kept_for in make("old")]
    young = [aged(path, kept_for - 600) for path, kept_for in make("young")]
    directory.shared.set("old", 1)
    with closing(sqlite3.connect(tmp_path / "shared.db", isolation_level=None)) as database:
        database.execute("UPDATE kept SET changed_at = changed_at - ?", (STATE_KEPT_FOR + 60,))
    directory.shared.set("young", 1)
    sweep(directory)
    assert [path for path in old if path.exists()] == []
    assert [path for path in young if not path.exists()] == []
    assert not (tmp_path / "rejects" / "dag old").exists()
    assert (directory.shared.get("old"), directory.shared.get("young")) == (None, 1)


def test_an_old_budget_is_deleted_and_who_has_it_open_begins_the_new_one_that_others_use(
    tmp_path: Path,
) -> None:
    directory, rate = StateDirectory(tmp_path), Rate(1, 30.0)
    path = tmp_path / "budgets" / "account.sqlite"
    idle, other = SQLiteStore(path), SQLiteStore(path)
    assert idle.take(Quota.CALLS, rate, "first", None)[0] == 0
    sweep(directory)
    assert other.take(Quota.CALLS, rate, "second", None)[0] > 0
    for file in path.parent.iterdir():
        aged(file, STATE_KEPT_FOR + 60)
    sweep(directory)
    assert list(path.parent.iterdir()) == []
    assert idle.take(Quota.CALLS, rate, "third", None)[0] == 0
    assert other.take(Quota.CALLS, rate, "fourth", None)[0] > 0
    assert path.exists()


def test_one_process_sweeps_once_an_hour_and_again_when_the_clock_was_set_back(tmp_path: Path) -> None:
    directory = StateDirectory(tmp_path)

    def is_swept() -> bool:
        old = directory.source_snapshot("old")
        old.touch()
        aged(old, STATE_KEPT_FOR + 60)
        directory.sweep()
        return not old.exists()

    assert is_swept()
    assert not is_swept()
    aged(tmp_path / ".swept", 3_700)
    assert is_swept()
    aged(tmp_path / ".swept", -86_400)
    assert is_swept()


RACER = """
import sys, time
from pathlib import Path
from airflow_provider_mkt.client.files import create_directory
from airflow_provider_mkt.state.directory import StateDirectory
from airflow_provider_mkt.state.locks import file_lock
from airflow_provider_mkt.state.sync_progress import RowMark, SyncProgress
directory, who = StateDirectory(Path(sys.argv[1])), sys.argv[2]
for number in range(60):
    (directory.root / ".swept").unlink(missing_ok=True)
    directory.sweep()
    progress = SyncProgress(directory.sync_progress(f"{who} {number}"))
    progress.start([RowMark(0, 0, 1)])
    progress.close()
    directory.sync_progress(f"{who} {number}").unlink()
    with file_lock(directory.root / "locks" / "one"):
        create_directory(directory.result_files("rejects", who, str(number)))
"""


def test_many_tasks_sweep_while_others_begin_and_end(tmp_path: Path) -> None:
    racers = [
        subprocess.Popen([sys.executable, "-c", RACER, str(tmp_path), str(who)], stderr=subprocess.PIPE)
        for who in range(4)
    ]
    assert [racer.communicate()[1].decode()[-500:] for racer in racers] == [""] * 4


def test_who_waits_for_a_lock_whose_file_is_swept_gets_a_lock_that_others_see(tmp_path: Path) -> None:
    path = tmp_path / "locks" / "lock"
    with file_lock(path):
        entered = threading.Event()
        leave = threading.Event()

        def hold() -> None:
            with file_lock(path):
                entered.set()
                leave.wait(30)

        waiter = threading.Thread(target=hold)
        waiter.start()
        path.unlink()
    assert entered.wait(30)
    others = threading.Event()

    def enter() -> None:
        with file_lock(path):
            others.set()

    other = threading.Thread(target=enter)
    other.start()
    assert not others.wait(0.3)
    leave.set()
    assert others.wait(30)
    for thread in (waiter, other):
        thread.join()


def test_what_is_written_belongs_to_this_user_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        directory = StateDirectory(private_directory(tmp_path / "state"))
        directory.task_state("task").set("key", 1)
        directory.shared.set("key", 1)
        SyncProgress(directory.sync_progress("task")).close()
        directory.draft("draft")
        SourceSnapshot(directory.source_snapshot("task")).take(iter([]), lambda count: None)
        SQLiteStore(directory.root / "budgets" / "one.sqlite").pause(Quota.CALLS, 1)
        with file_lock(directory.root / "locks" / "lock"):
            directory.sweep()
    finally:
        os.umask(before)
    modes = {path.relative_to(tmp_path): oct(path.stat().st_mode & 0o777) for path in tmp_path.rglob("*")}
    assert len(modes) > 12
    assert {path: mode for path, mode in modes.items() if mode not in ("0o700", "0o600")} == {}


def test_a_directory_or_file_that_is_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "tasks").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InvalidInput, match="symbolic link"):
        StateDirectory(tmp_path).task_state("task").set("key", 1)
    (tmp_path / "shared.db").symlink_to(tmp_path / "elsewhere" / "any")
    with pytest.raises(InvalidInput, match="symbolic link"):
        StateDirectory(tmp_path).shared.set("key", 1)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
def test_what_another_user_has_made_beforehand_is_refused(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    os.chown(theirs, 12345, 12345)
    for check in (private_directory, trusted_directory):
        with pytest.raises(InvalidInput, match=r"state_dir: .* belongs to another user \(uid 12345"):
            check(theirs)
    file = tmp_path / "shared.db"
    file.touch()
    os.chown(file, 12345, 12345)
    with pytest.raises(InvalidInput, match="belongs to another user"):
        StateDirectory(tmp_path).shared.set("key", 1)


def test_a_configured_directory_may_be_a_link_and_not_one_that_everybody_writes_to(tmp_path: Path) -> None:
    (tmp_path / "volume").mkdir(mode=0o755)
    (tmp_path / "link").symlink_to(tmp_path / "volume")
    assert trusted_directory(tmp_path / "link") == tmp_path / "link"
    (tmp_path / "volume").chmod(0o777)
    with pytest.raises(InvalidInput, match="every user"):
        trusted_directory(tmp_path / "link")
    assert trusted_directory(tmp_path / "new" / "deep").stat().st_mode & 0o777 == 0o700


USES: dict[str, Callable[[StateDirectory], object]] = {
    "tasks": lambda directory: directory.task_state("task").get("key"),
    "claims": lambda directory: FileClaims(directory.claims / "account.db"),
    "sync": lambda directory: SyncProgress(directory.sync_progress("task")),
    "budgets": lambda directory: SQLiteStore(directory.root / "budgets" / "account.sqlite").take(
        Quota.CALLS, Rate(1, 30.0), "one", None
    ),
}


@pytest.mark.parametrize("kind", USES)
def test_a_damaged_file_is_named_with_what_it_holds(tmp_path: Path, kind: str) -> None:
    directory = StateDirectory(tmp_path)
    name = {"budgets": "account.sqlite", "claims": "account.db"}.get(kind, "task.db")
    path = private_directory(tmp_path / kind) / name
    path.write_bytes(b"x" * 5000)
    text = f"{path} cannot be used: file is not a database. It holds"
    with pytest.raises(sqlite3.DatabaseError, match=re.escape(text)):
        USES[kind](directory)


def test_a_directory_that_the_file_system_does_not_make_is_an_error() -> None:
    # A directory of processes takes none: it says that the parent is not there.
    with pytest.raises(OSError, match="/proc/none"):
        create_directory(Path("/proc/none/state"))
