"""Fixtures of pytest for tests of your own DAGs, against the sandbox of both platforms.

Switch them on with one line in the ``conftest.py`` of your repository's root::

    pytest_plugins = ["airflow_provider_mkt.testing"]

They are no entry point of pytest, because that would be imported in every test run of everybody who has the
provider installed, and would set an Airflow home there. Importing this module imports neither Airflow nor the
sandbox: fixtures do that when a test uses them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from airflow_provider_mkt.testing._home import AirflowHome

if TYPE_CHECKING:
    from airflow_provider_mkt.sandbox import Sandbox
    from airflow_provider_mkt.sandbox.server.clock import Clock
    from airflow_provider_mkt.sandbox.server.outbox import OutboxRow
    from airflow_provider_mkt.testing._runs import DagResult

__all__ = ["SandboxAccounts", "mkt_accounts", "mkt_airflow_home", "mkt_clock", "mkt_sandbox", "run_dag"]

_KEEP = "MKT_TESTING_AIRFLOW_HOME"
"""Environment variable: ``keep`` leaves Airflow's settings as they are."""

Platform = Literal["hubspot", "marketo"]

_home = AirflowHome.of_this_process("mkt-dag-tests")
_too_late = False


def _is_kept() -> bool:
    return os.environ.get(_KEEP) == "keep"


def pytest_configure(config: pytest.Config) -> None:
    """Give Airflow a home of its own, before a test imports it."""
    global _too_late
    if not _is_kept():
        _too_late = "airflow" in sys.modules
        os.environ.update(_home.environment())


def pytest_unconfigure(config: pytest.Config) -> None:
    """Delete that home."""
    if not _is_kept():
        _home.remove()


class SandboxAccounts:
    """What a test asks about the sandbox's accounts, and what it plans for them.

    :param box: the running sandbox.
    """

    def __init__(self, box: Sandbox) -> None:
        self._box = box
        # A new account has sent mail before.
        self._sent_before = {name: set(platform.outbox) for name, platform in box.platforms.items()}

    def connect(self, conn_id: str, platform: Platform, **extra: object) -> None:
        """Add a connection to the sandbox, for DAGs that use another id than the default one.

        :param extra: fields of its Extra, such as ``allow_sends=False``.
        """
        from airflow_provider_mkt.testing._sandbox import connect

        connect(self._box, conn_id, platform, extra)

    def fail(
        self,
        platform: Platform,
        error: str | int,
        path: str = "*",
        *,
        method: str | None = None,
        lose_answer: bool = False,
        times: int | None = 1,
        skip: int = 0,
    ) -> None:
        """Let the next requests fail.

        :param error: a documented error by its name or code, such as ``502`` or ``DAILY``, or ``reset`` for
            a closed connection. The documentation of the sandbox lists them.
        :param path: pattern of the path, such as ``/crm/*``.
        :param method: HTTP method; None for any.
        :param lose_answer: the platform does the work, and only its answer is lost.
        :param times: how many requests fail; None for all.
        :param skip: how many requests pass first.
        """
        answer = {"reset": True} if error == "reset" else {"error": str(error)}
        when: Literal["before", "after"] = "after" if lose_answer else "before"
        self._box.platforms[platform].faults.add(
            path, method=method, when=when, answer=answer, times=times, skip=skip
        )

    def calls(self, platform: Platform, path: str = "*", *, method: str | None = None) -> int:
        """Count the calls so far.

        :param path: pattern of the endpoint's path, such as ``*/contacts/batch/*``.
        :param method: HTTP method; None for any.
        """
        return sum(
            counter.total
            for (verb, route), counter in self._box.platforms[platform].calls.routes.items()
            if method in (None, verb) and fnmatchcase(route, path)
        )

    def refused(self, platform: Platform) -> int:
        """Count the calls that exceeded a limit of the platform."""
        return self._box.platforms[platform].calls.all.refused.total()

    def mail(self, platform: Platform) -> list[OutboxRow]:
        """List the emails that left during the test: a row for each person, with its ``address``."""
        before = self._sent_before[platform]
        rows = self._box.platforms[platform].outbox
        return [row for row in rows if row.outcome != "dropped" and row not in before]

    def person(self, platform: Platform, email: str) -> dict[str, Any] | None:
        """Return the fields of a contact or lead; None when there is none with that address."""
        found: list[dict[str, Any]]
        if platform == "hubspot":
            contacts = self._box.hubspot.state.contacts.live()
            found = [{**one.properties} for one in contacts if one.properties.get("email") == email]
        else:
            found = [{**one.values} for one in self._box.marketo.state.leads.find("email", email)]
        return found[0] if found else None

    def people(self, platform: Platform) -> int:
        """Count the contacts or leads."""
        if platform == "hubspot":
            return sum(1 for _ in self._box.hubspot.state.contacts.live())
        return sum(1 for _ in self._box.marketo.state.leads)


@pytest.fixture(scope="session")
def mkt_airflow_home() -> Path:
    """An Airflow home with an empty, migrated database. It is deleted after the test run.

    With the environment variable ``MKT_TESTING_AIRFLOW_HOME=keep`` it is yours, which you prepare yourself.
    """
    if _is_kept():
        return Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser()
    if _too_late:
        pytest.fail(
            "Airflow was imported before its home could be set. Name airflow_provider_mkt.testing in "
            "pytest_plugins of the conftest.py in the root folder, which must not import Airflow itself; "
            f"or set {_KEEP}=keep and prepare an Airflow home for tests yourself."
        )
    _home.create()
    return _home.path


@pytest.fixture
def mkt_sandbox(mkt_airflow_home: Path) -> Iterator[Sandbox]:
    """A new sandbox of both platforms. ``hubspot_default`` and ``marketo_default`` lead to it."""
    from airflow_provider_mkt.cli.short_waits import COMMIT_LAG, EXPORT_MINUTES
    from airflow_provider_mkt.testing._sandbox import connected

    with connected() as box:
        box.marketo.settings.export_minutes, box.marketo.settings.commit_lag = EXPORT_MINUTES, COMMIT_LAG
        yield box


@pytest.fixture
def mkt_accounts(mkt_sandbox: Sandbox) -> SandboxAccounts:
    """What the test's sandbox received and holds, and faults for it."""
    return SandboxAccounts(mkt_sandbox)


@pytest.fixture
def mkt_clock(mkt_sandbox: Sandbox) -> Clock:
    """The clock of the test's sandbox, which ``advance(seconds)`` moves. Airflow's clock does not move."""
    return mkt_sandbox.clock


@pytest.fixture
def run_dag(mkt_sandbox: Sandbox) -> Callable[..., DagResult]:
    """A function that runs a DAG of a file in real Airflow, against the sandbox, and returns the result.

    ``run_dag(file, dag_id=None, *, params=None, logical_date=None, answers=None)``: *params* are values of
    the DAG's params; *answers* are the options to choose for tasks that wait for a person, by task id.
    Retries and polls wait a second at most.
    """
    from airflow_provider_mkt.testing._runs import WaitsForAPerson, run_file

    def run(
        file: str | os.PathLike[str],
        dag_id: str | None = None,
        *,
        params: Mapping[str, Any] | None = None,
        logical_date: datetime | None = None,
        answers: Mapping[str, str] | None = None,
    ) -> DagResult:
        try:
            return run_file(
                Path(file).absolute(), dag_id, params=params, logical_date=logical_date, answers=answers or {}
            )
        except WaitsForAPerson as error:
            pytest.fail(str(error))

    return run
