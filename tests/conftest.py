"""Give every test process its own Airflow home, before anything imports Airflow."""

from __future__ import annotations

import atexit
import functools
import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from airflow_provider_mkt.testing._home import AirflowHome

_MEMORY = Path("/dev/shm")
_MEMORY_NEEDED = 4 << 30
"""Bytes that must be free. A run takes much less; containers often have 64 MiB."""

if (
    "TMPDIR" not in os.environ
    and os.access(_MEMORY, os.W_OK)
    and shutil.disk_usage(_MEMORY).free > _MEMORY_NEEDED
):
    # Each commit to a database waits for the disk, and Airflow's metadata and the task states are databases.
    os.environ["TMPDIR"] = tempfile.tempdir = tempfile.mkdtemp(prefix="mkt-", dir=_MEMORY)
    # PostgreSQL has another user than root, and its data here.
    Path(os.environ["TMPDIR"]).chmod(0o711)

    def _free_memory(files: str, pid: int) -> None:
        # A process that a test forks inherits the handler.
        if os.getpid() == pid:
            shutil.rmtree(files, ignore_errors=True)

    atexit.register(_free_memory, os.environ["TMPDIR"], os.getpid())

_HOME = AirflowHome.of_this_process("mkt-tests")

# Compiled anew in each of the many processes that tests start, Airflow takes twice as long to import.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ.update(
    _HOME.environment(),
    AIRFLOW__LOGGING__LOGGING_LEVEL="INFO",
    AIRFLOW__CORE__TEST_CONNECTION="Enabled",
)


# The same examples in every run, so that a test fails by what was changed; MKT_TEST_RANDOM draws others.
settings.register_profile(
    "mkt", deadline=None, max_examples=80, derandomize="MKT_TEST_RANDOM" not in os.environ
)
settings.load_profile("mkt")

_LONGEST = (
    "tests/standalone/",
    "tests/distributed/",
    "tests/reliability/test_two_runs_at_once.py",
    "tests/reliability/",
    "tests/operators/test_sync_leads_faults.py",
    "tests/cli/test_run_examples.py",
    "tests/public_clients/test_marketo_other_clients.py",
    "tests/cli/test_run.py",
    "tests/client/test_shared_budgets.py",
    "tests/operators/test_sync_ways.py",
    "tests/operators/test_sync_changes_over_runs.py",
    "tests/operators/test_sync_changes.py",
    "tests/operators/test_sync_leads.py",
    "tests/operators/test_sync_machines.py",
    "tests/sync/changes/",
    "tests/operators/",
    "tests/sensors/",
    "tests/triggers/",
    "tests/sandbox/test_hubspot_odd_bodies.py",
    "tests/calls/test_bad_input.py",
)
"""Modules and folders by the time that they take. If one started last, the other processes would wait for it.

Those that compute a lot and those that wait a lot take turns at the start.
"""
_TOGETHER = ("tests/standalone/",)
"""Folders whose modules share what takes long to start, and therefore a process."""


def pytest_xdist_auto_num_workers() -> int:
    """Return some processes more than cores, because tests wait more than they compute."""
    return (os.cpu_count() or 1) + 5


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Distribute the tests by module, so that each of its fixtures is made once."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

    class ByModule(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            module: str = super()._split_scope(nodeid)
            return next((folder for folder in _TOGETHER if module.startswith(folder)), module)

    return ByModule(config, log)


def pytest_configure() -> None:
    """Collect no garbage while tests are collected, since nearly all that is made then is kept."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Keep the garbage collector from going through the tests and modules again and again.

    They are frozen. Whole collections are made rarely, because with what Airflow imports later each of them
    takes a tenth of a second.
    """
    gc.freeze()
    gc.set_threshold(5_000, 20, 50)
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    @functools.cache
    def place(module: str) -> int:
        return next((n for n, part in enumerate(_LONGEST) if module.startswith(part)), len(_LONGEST))

    items.sort(key=lambda item: place(item.nodeid.partition("::")[0]))


@pytest.fixture(scope="session")
def airflow_home() -> Path:
    """An Airflow home with a migrated database, which is migrated once for all processes."""
    _HOME.create()
    return _HOME.path


@pytest.fixture(scope="session")
def migrated(airflow_home: Path) -> Path:
    """A migrated metadata database without DAGs, to copy."""
    return _HOME.shared / "template.db"


def pytest_sessionfinish(session: pytest.Session) -> None:
    _HOME.remove()


@pytest.fixture
def closed_redis_clients() -> Iterator[None]:
    """Close the clients of Redis that a test made.

    One that is only left is collected in the middle of some other test, which then fails by its warning.
    """
    import redis

    real, made = vars(redis.Redis)["from_url"].__func__, []

    def from_url(cls: Any, url: str, **options: Any) -> Any:
        made.append(real(cls, url, **options))
        return made[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redis.Redis, "from_url", classmethod(from_url))
        yield
    for client in made:
        # Not the one that a thread of the test still uses.
        client.connection_pool.disconnect(inuse_connections=False)


@pytest.fixture
def from_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Operators are built as if their arguments came from templates, and check them when the task runs."""
    from airflow_provider_mkt.operators import _parse_checks

    monkeypatch.setattr(_parse_checks, "check_literals", lambda operator: None)
