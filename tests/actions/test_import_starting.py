"""Start an import once: lost answers, killed workers, imports with the same name."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mkt.actions.hubspot.imports import start_once
from airflow_provider_mkt.actions.procedure import CONSISTENCY_WINDOW, InMemoryTaskState, Pages, Pause
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import InvalidRequest, OutcomeUnknown
from airflow_provider_mkt.client.hubspot.imports import imports

ORDER = imports.start("June", b"Mail\nx\n", [{"name": "Mail"}], operation="CREATE")


class Platform:
    """Imports, the time, and what happens to the next request to start one."""

    def __init__(self, *names: str) -> None:
        self.rows = [imports.Import(id=str(n), state="DONE", importName=name) for n, name in enumerate(names)]
        self.older = len(names)
        self.now, self.starts = 1000.0, 0
        self.lost: bool | None = None
        """Whether an answer is lost: False before the work, True after it, None for no loss."""
        self.refuse = False
        self.visible_at = 0.0

    def clock(self) -> float:
        return self.now

    def __call__(self, task_state: InMemoryTaskState, *, kill_after_start: bool = False) -> imports.Import:
        procedure = start_once("June", ORDER, task_state, clock=self.clock)
        given: Any = None
        try:
            while True:
                step = procedure.throw(given) if isinstance(given, Exception) else procedure.send(given)
                given = self.answer(step)
                if kill_after_start and self.starts:
                    raise KeyboardInterrupt
        except StopIteration as stop:
            value: imports.Import = stop.value
            return value

    def answer(self, step: Any) -> Any:
        match step:
            case Pause(seconds, _):
                self.now += seconds
                return None
            case Pages():
                return self.rows if self.now >= self.visible_at else self.rows[: self.older]
            case Call(name="imports.get"):
                return next(one for one in self.rows if step.route.path() == f"/{one.id}")
        self.starts += 1
        if self.refuse:
            return InvalidRequest("no such column")
        if self.lost is not False:
            made = imports.Import(id=str(len(self.rows)), state="STARTED", importName="June")
            self.rows = [*self.rows, made]
        return self.rows[-1] if self.lost is None else OutcomeUnknown("lost")


def test_an_import_is_started_and_a_second_try_finds_it_by_its_id() -> None:
    platform, task_state = Platform("May", "June"), InMemoryTaskState()
    assert platform(task_state).id == platform(task_state).id == "2"
    assert platform.starts == 1


def test_a_started_import_with_a_lost_answer_is_found_by_name_beside_an_older_one() -> None:
    platform = Platform("June")
    platform.lost, platform.visible_at = True, 1030.0
    assert platform(InMemoryTaskState()).id == "1"
    assert platform.starts == 1


def test_a_start_that_never_shows_is_unknown_and_a_later_try_may_send_it() -> None:
    platform, task_state = Platform("June"), InMemoryTaskState()
    platform.lost = False
    with pytest.raises(OutcomeUnknown):
        platform(task_state)
    assert platform.now >= 1000 + CONSISTENCY_WINDOW
    platform.lost = None
    assert platform(task_state).id == "1"
    assert platform.starts == 2


def test_a_worker_killed_after_the_request_does_not_send_it_again() -> None:
    platform, task_state = Platform(), InMemoryTaskState()
    with pytest.raises(KeyboardInterrupt):
        platform(task_state, kill_after_start=True)
    assert platform(task_state).id == "0"
    assert platform.starts == 1


def test_a_rejected_start_leaves_no_mark() -> None:
    platform, task_state = Platform(), InMemoryTaskState()
    platform.refuse = True
    with pytest.raises(InvalidRequest):
        platform(task_state)
    platform.refuse = False
    assert platform(task_state).id == "0"
    assert platform.now == 1000.0
