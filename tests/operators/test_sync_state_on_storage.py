"""The state of a sync is all that machines share: on S3, without a server of locks, or in a folder."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow_runs import connected
from storage_runs import attach_s3, client_of, s3_server
from sync_runs import FIRST, of, world
from workers import Worker, until

from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sync.changes import ChangeRun, ChangeState, Holder, lease

pytestmark = pytest.mark.usefixtures("short_waits")

ROWS = 400
PLACES = ["s3", "folder"]
WAYS = [("s3", "hubspot"), ("s3", "marketo"), ("folder", "hubspot")]


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    monkeypatch.setenv("AIRFLOW__MKT__STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr(lease, "LIFE", 6.0)
    monkeypatch.setattr(lease, "VALID_FOR", 4.0)
    monkeypatch.setattr(lease, "BEAT_INTERVAL", 0.3)
    monkeypatch.setattr(lease, "POLL_INTERVAL", 0.1)
    with connected() as box:
        yield box


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with s3_server() as endpoint:
        yield endpoint


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str | None]:
    """A path for a state, and the address of its server."""
    if request.param == "folder":
        return f"file://{tmp_path}/shared", None
    endpoint = request.getfixturevalue("s3")
    bucket = f"b{abs(hash(tmp_path)):x}"
    client_of(endpoint).create_bucket(Bucket=bucket)
    return f"s3://{bucket}/crm", endpoint


class OnMachine:
    """An operator that runs on a machine of its own: nothing is shared but the state."""

    def __init__(
        self,
        folder: Path,
        platform: str,
        place: tuple[str, str | None],
        value: str,
        until: Callable[[], object] = lambda: True,
    ) -> None:
        self.folder, self.platform, self.place, self.value = folder, platform, place, value
        self.until = until
        folder.mkdir(mode=0o700, exist_ok=True)
        self.waits = folder / "waits"
        """There when this run waits for another one."""
        self.sent = folder / "sent"
        """There when this run has sent its first rows. It then stops until it may go on."""

    def execute(self, context: Any) -> dict[str, Any]:
        path, endpoint = self.place
        os.environ["AIRFLOW__MKT__STATE_DIR"] = str(self.folder)
        if endpoint is not None:
            attach_s3(endpoint)
        waited: list[str] = []
        hold = ChangeState.hold_lease

        def hold_lease(state: ChangeState, holder: Holder, *, on_wait: Any, **options: Any) -> Any:
            def noted(who: str) -> None:
                waited.append(who)
                self.waits.touch()
                on_wait(who)

            return hold(state, holder, on_wait=noted, **options)

        setattr(ChangeState, "hold_lease", hold_lease)  # noqa: B010 - a method
        record = ChangeRun.record

        def stop_after_the_first(run: ChangeRun, *arguments: Any, **options: Any) -> None:
            record(run, *arguments, **options)
            self.sent.touch()
            until(self.until)

        setattr(ChangeRun, "record", stop_after_the_first)  # noqa: B010 - a method
        operator = SyncLeadsOperator(
            task_id="sync",
            conn_id=f"{self.platform}_default",
            leads=rows(self.platform, self.value),
            changes="changed",
            state_path=path,
            max_rejected=None,
            max_concurrency=1,
        )
        try:
            return {"outcome": dict(operator.execute(context)), "waited": waited}
        except Exception as error:
            return {"failed": f"{type(error).__name__}: {error}", "waited": waited}

    def on_kill(self) -> None:
        """Nothing is done: these tests kill the process."""


def rows(platform: str, value: str) -> list[dict[str, Any]]:
    return [{"email": f"p{number}@example.com", FIRST[platform]: value} for number in range(ROWS)]


def held(box: Sandbox, platform: str) -> set[Any]:
    """The first names of the leads that the source has."""
    leads = world(box, platform)
    return (
        {lead.get(FIRST[platform]) for lead in leads if str(lead["email"]).startswith("p")}
        if len(leads) >= ROWS
        else set()
    )


def written(box: Sandbox, platform: str) -> int:
    """Calls that have written leads."""
    return sum(
        counter.total
        for (method, path), counter in of(box, platform).calls.routes.items()
        if method == "POST" and path.endswith(("/batch/upsert", "/leads.json"))
    )


@pytest.mark.parametrize(("place", "platform"), WAYS, indirect=["place"])
def test_two_runs_at_once_take_turns(
    sandbox: Sandbox, tmp_path: Path, place: tuple[str, str | None], platform: str
) -> None:
    other = OnMachine(tmp_path / "two", platform, place, "B")
    machine = OnMachine(tmp_path / "one", platform, place, "A", other.waits.exists)
    first = Worker(machine, run="one")
    until(machine.sent.exists)
    second = Worker(other, run="two")
    ends = [first.end()["result"], second.end()["result"]]
    assert [end["outcome"]["written"] for end in ends] == [ROWS, ROWS]
    assert [end["outcome"]["run"] for end in ends] == [1, 2]
    assert held(sandbox, platform) == {"B"}
    (waited,) = ends[1]["waited"]
    assert f"{os.environ['WORKERS_RUN']}-one task on " in waited
    assert ", since 20" in waited


@pytest.mark.parametrize(("place", "platform"), WAYS, indirect=["place"])
def test_a_killed_run_is_continued_on_another_machine(
    sandbox: Sandbox, tmp_path: Path, place: tuple[str, str | None], platform: str
) -> None:
    machine = OnMachine(tmp_path / "one", platform, place, "A", lambda: False)
    worker = Worker(machine)
    until(machine.sent.exists)
    worker.kill()
    end = Worker(OnMachine(tmp_path / "two", platform, place, "B")).end()["result"]
    outcome = end["outcome"]
    # What the killed try has sent is sent again: the source has other values now.
    assert (outcome["written"], outcome["unknown"], outcome["run"]) == (ROWS, 0, 1)
    assert held(sandbox, platform) == {"B"}
    assert len(end["waited"]) == 1
    last = Worker(OnMachine(tmp_path / "one", platform, place, "B"), run="next").end()["result"]
    assert last["outcome"]["unchanged"] == ROWS


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_a_run_that_was_suspended_sends_nothing_after_another_took_its_lease(
    sandbox: Sandbox, tmp_path: Path, place: tuple[str, str | None]
) -> None:
    may_continue = tmp_path / "may continue"
    machine = OnMachine(tmp_path / "one", "hubspot", place, "A", may_continue.exists)
    first = Worker(machine, run="one")
    until(machine.sent.exists)
    os.kill(first.pid, signal.SIGSTOP)
    try:
        second = Worker(OnMachine(tmp_path / "two", "hubspot", place, "B"), run="two").end()["result"]
        before = written(sandbox, "hubspot")
        may_continue.touch()
    finally:
        os.kill(first.pid, signal.SIGCONT)
    failed = first.end()["result"]["failed"]
    assert "the lease of this sync" in failed
    assert "nothing more is sent" in failed
    assert written(sandbox, "hubspot") == before
    assert second["outcome"]["written"] == ROWS
    assert held(sandbox, "hubspot") == {"B"}
    # What the first run has sent is not taken for what the platform has.
    last = Worker(OnMachine(tmp_path / "two", "hubspot", place, "B"), run="three").end()["result"]
    assert last["outcome"]["unchanged"] + last["outcome"]["written"] == ROWS
    assert held(sandbox, "hubspot") == {"B"}
