"""Export jobs of a task: started once where the answer is known, counted where it was lost."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from airflow_provider_mkt.actions.hubspot.exports import MAX_REQUESTS, ExportJob
from airflow_provider_mkt.actions.jobs import BatchStatus, Job
from airflow_provider_mkt.actions.procedure import Download, InMemoryTaskState, Pause, Procedure
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import (
    InvalidRequest,
    JobFailed,
    NotFound,
    NotRepeated,
    OutcomeUnknown,
    ServerUnavailable,
)
from airflow_provider_mkt.client.hubspot.exports import exports


class Platform:
    """Exports, and what happens to the next request to start one."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.states: dict[str, str] = {}
        self.next: Exception | None = None
        self.next_runs = True
        """Whether the platform runs a request whose answer is an error."""
        self.tasks: list[exports.ExportTask] = []
        self.downloads: list[Exception | bytes] = []
        self.addresses: list[str] = []
        self.paused = 0.0
        self.known: Job | None = None

    def run(self, procedure: Procedure[Any]) -> Any:
        given: Any = None
        try:
            while True:
                step = procedure.throw(given) if isinstance(given, Exception) else procedure.send(given)
                given = self.answer(step)
        except StopIteration as stop:
            return stop.value

    def answer(self, step: Any) -> Any:
        match step:
            case Pause(seconds, _):
                self.paused += seconds
                return None
            case Download(address, take):
                self.addresses.append(address.get_secret_value())
                content = self.downloads.pop(0)
                if isinstance(content, Exception):
                    take(b"half of")
                    return content
                return take(content)
            case Call(name="exports.start"):
                error, self.next = self.next, None
                if error is None or self.next_runs:
                    self.started.append(str(len(self.started) + 1))
                return error or exports.StartedExport(id=self.started[-1])
            case Call(name="exports.get"):
                export_id = step.route.params[0][1]
                state = self.states.get(export_id, "PROCESSING")
                if state == "GONE":
                    return NotFound("no such export", platform="hubspot", call=step.name)
                return exports.Export(id=export_id, exportState=state, recordCount=2)
            case Call(name="exports.status"):
                return self.tasks.pop(0)
        raise AssertionError(step)


def job_of(task_state: InMemoryTaskState, *, clear_count: int = 0, **more: Any) -> ExportJob:
    call = exports.start("nightly", "contacts", more.pop("properties", ["email"]), **more)
    return ExportJob(call, task_state, lambda text: None, clear_count)


def lost() -> OutcomeUnknown:
    return OutcomeUnknown("lost", platform="hubspot", call="exports.start")


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
def task_state() -> InMemoryTaskState:
    return InMemoryTaskState()


def test_a_known_job_is_not_started_again(platform: Platform, task_state: InMemoryTaskState) -> None:
    for _ in range(3):
        state = platform.run(job_of(task_state).poll())
        assert (state.job.id, state.status) == ("1", BatchStatus.PROCESSING)
    platform.states["1"] = "DONE"
    assert platform.run(job_of(task_state).poll()).details == {"name": None, "recordCount": 2}
    assert platform.started == ["1"]


def test_a_lost_answer_ends_the_try_and_the_next_one_starts_another_job(
    platform: Platform, task_state: InMemoryTaskState
) -> None:
    platform.next = lost()
    with pytest.raises(OutcomeUnknown) as raised:
        platform.run(job_of(task_state).poll())
    assert not raised.value.permanent
    assert platform.run(job_of(task_state).poll()).job.id == "2"
    assert platform.run(job_of(task_state).poll()).job.id == "2"


def test_lost_answers_are_counted_until_a_person_clears_the_task(
    platform: Platform, task_state: InMemoryTaskState
) -> None:
    for _ in range(MAX_REQUESTS):
        platform.next = lost()
        with pytest.raises(OutcomeUnknown):
            platform.run(job_of(task_state).poll())
    with pytest.raises(NotRepeated, match="clear the task"):
        platform.run(job_of(task_state).poll())
    assert len(platform.started) == MAX_REQUESTS
    assert platform.run(job_of(task_state, clear_count=1).poll()).job.id == str(MAX_REQUESTS + 1)


def test_a_rejected_request_counts_as_none(platform: Platform, task_state: InMemoryTaskState) -> None:
    platform.next_runs = False
    for _ in range(MAX_REQUESTS + 1):
        platform.next = InvalidRequest("no such property", platform="hubspot", call="exports.start")
        with pytest.raises(InvalidRequest):
            platform.run(job_of(task_state).poll())
    assert platform.run(job_of(task_state).poll()).job.id == "1"


def test_a_worker_that_dies_while_it_starts_a_job_counts_as_a_lost_answer(
    platform: Platform, task_state: InMemoryTaskState
) -> None:
    for _ in range(MAX_REQUESTS):
        procedure = job_of(task_state).poll()
        assert next(procedure).name == "exports.start"  # type: ignore[union-attr]
        procedure.close()
    with pytest.raises(NotRepeated):
        platform.run(job_of(task_state).poll())


def test_another_export_of_the_same_task_is_another_job(
    platform: Platform, task_state: InMemoryTaskState
) -> None:
    platform.run(job_of(task_state).poll())
    platform.run(job_of(task_state, properties=["city"]).poll())
    assert platform.started == ["1", "2"]
    # Its name is no part of what it exports.
    renamed = exports.start("weekly", "contacts", ["email"])
    assert platform.run(ExportJob(renamed, task_state, str).poll()).job.id == "1"


@pytest.mark.parametrize("state", ["FAILED", "CANCELED", "CONFLICT", "DELETED"])
def test_a_job_that_failed_is_forgotten(
    platform: Platform, task_state: InMemoryTaskState, state: str
) -> None:
    platform.states["1"] = state
    with pytest.raises(JobFailed, match=state):
        platform.run(job_of(task_state).poll())
    assert platform.run(job_of(task_state).poll()).job.id == "2"


def test_a_job_that_is_gone_is_started_again(platform: Platform, task_state: InMemoryTaskState) -> None:
    platform.run(job_of(task_state).poll())
    platform.states["1"] = "GONE"
    assert platform.run(job_of(task_state).poll()).job.id == "2"


def test_a_task_that_is_cleared_after_its_success_starts_another_job(
    platform: Platform, task_state: InMemoryTaskState
) -> None:
    job = job_of(task_state)
    platform.run(job.poll())
    job.mark_complete()
    assert platform.run(job_of(task_state).poll()).job.id == "1"
    assert platform.run(job_of(task_state, clear_count=1).poll()).job.id == "2"


def task(address: str | None = None, status: str = "COMPLETE", **more: Any) -> exports.ExportTask:
    return exports.ExportTask(status=status, result=None if address is None else SecretStr(address), **more)


def download(platform: Platform) -> bytes:
    content = b""

    def new_file() -> Any:
        nonlocal content
        content = b""

        def take(block: bytes) -> None:
            nonlocal content
            content += block

        return take

    job = job_of(InMemoryTaskState())
    platform.run(job.ensure_started())
    try:
        platform.run(job.fetch(new_file))
    finally:
        platform.known = job.job
    return content


def test_each_download_has_a_new_address(platform: Platform) -> None:
    platform.tasks = [task("first"), task("second")]
    platform.downloads = [ServerUnavailable("status 403", platform="hubspot", call="download"), b"rows"]
    assert download(platform) == b"rows"
    assert platform.addresses == ["first", "second"]


def test_a_file_whose_address_is_late_is_waited_for(platform: Platform) -> None:
    platform.tasks = [task(status="PENDING"), task(), task("here")]
    platform.downloads = [b"rows"]
    assert download(platform) == b"rows"
    assert platform.paused > 0
    platform.tasks = [task(status="PROCESSING") for _ in range(100)]
    with pytest.raises(ServerUnavailable, match="no address"):
        download(platform)
    assert platform.known is not None


@pytest.mark.parametrize(
    "broken",
    [
        task("here", numErrors=2, errors=[{"message": "a shard failed"}]),
        task("here", errors=[{}]),
        task(status="CANCELED"),
    ],
)
def test_a_file_with_errors_is_not_taken_for_a_complete_one(
    platform: Platform, broken: exports.ExportTask
) -> None:
    platform.tasks = [broken]
    with pytest.raises(JobFailed, match="not complete"):
        download(platform)
    assert platform.addresses == []
    assert platform.known is None


def test_a_download_that_keeps_failing_ends_the_try(platform: Platform) -> None:
    platform.tasks = [task(str(number)) for number in range(10)]
    platform.downloads = [ServerUnavailable("cut", platform="hubspot", call="download")] * 10
    with pytest.raises(ServerUnavailable):
        download(platform)
    assert len(set(platform.addresses)) == 4


def test_the_address_shows_nowhere(platform: Platform) -> None:
    one = task("https://files.example.com/secret")
    assert "secret" not in f"{one} {one!r} {one.model_dump()} {one.model_dump_json()}"
