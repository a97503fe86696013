"""What is kept of chunks of people takes a task up where it was, and no one twice."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from airflow_provider_mkt.actions.members import MemberAction, MemberResult, MemberStatus, unknown
from airflow_provider_mkt.actions.procedure import InMemoryTaskState, Procedure, TaskState
from airflow_provider_mkt.client.errors import ServerUnavailable
from airflow_provider_mkt.sync.concurrency import AdaptiveConcurrency
from airflow_provider_mkt.sync.members import MemberActionRunner, MemberTable, PeopleReport

PEOPLE = [f"{number:02}" for number in range(20)]
REFUSED, LOST = {"03", "04", "11"}, {"07", "11"}


class Killed(BaseException):
    """A worker's end, which nothing in it sees coming."""


class Platform:
    """Does something with three people at a time; told when to be killed."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()
        self.refused, self.lost = set(REFUSED), set[str]()
        self.steps = itertools.count()
        self.killed_at = -1

    def step(self) -> None:
        if next(self.steps) == self.killed_at:
            raise Killed

    def apply(self, people: Sequence[str], task_state: TaskState) -> Procedure[list[MemberResult]]:
        outcomes = []
        for place, person in enumerate(people):
            mark: Any = task_state.get(str(place)) or {}
            if not mark.get("done"):
                if mark.get("requested_at") and not mark.get("reported"):
                    # A killed request is looked for; a lost one was never there.
                    if not self.done[person]:
                        outcomes.append(unknown(person))
                        continue
                elif person in self.refused:
                    outcomes.append(MemberResult(person, MemberStatus.REJECTED, "NO", "not this one"))
                    continue
                elif person in self.lost:
                    task_state.set(str(place), {"requested_at": 1})
                    outcomes.append(unknown(person))
                    continue
                else:
                    task_state.set(str(place), {"requested_at": 1})
                    self.step()
                    self.done[person] += 1
                    self.step()
                task_state.set(str(place), {"done": True})
            outcomes.append(MemberResult(person))
        return outcomes
        yield


def follow(procedure: Procedure[Any]) -> Any:
    try:
        next(procedure)
    except StopIteration as stop:
        return stop.value
    raise AssertionError


def run(platform: Platform, task_state: TaskState, *, once: bool = True) -> Counter[MemberStatus]:
    member_action = MemberAction("o", "k", "done", "already", 3, platform.apply, once=once)
    with MemberTable() as members:
        members.fill(PEOPLE)
        work = MemberActionRunner(
            member_action, members, task_state, follow, AdaptiveConcurrency(3), PeopleReport(member_action)
        )
        work.run()
        work.close()
        return members.counts()


def test_wherever_a_worker_is_killed_the_next_tries_do_it_once_with_everybody() -> None:
    for killed_at in range(34):
        platform, task_state = Platform(), InMemoryTaskState()
        platform.killed_at = killed_at
        with pytest.raises(Killed):
            run(platform, task_state)
        platform.killed_at = -1
        first = run(platform, task_state)
        # Who was asked and not reached is in doubt, until a person was told.
        assert first[MemberStatus.REJECTED] == 3
        assert first[MemberStatus.UNKNOWN] <= 1
        platform.refused.clear()
        assert run(platform, task_state) == {MemberStatus.DONE: 20}
        assert platform.done == Counter(PEOPLE), f"killed at step {killed_at}"


def test_a_kill_while_the_rejected_are_tried_again_repeats_nobody() -> None:
    for killed_at in range(6):
        platform, task_state = Platform(), InMemoryTaskState()
        run(platform, task_state)
        platform.refused.clear()
        platform.steps, platform.killed_at = itertools.count(), killed_at
        with pytest.raises(Killed):
            run(platform, task_state)
        platform.killed_at = -1
        run(platform, task_state)
        assert run(platform, task_state) == {MemberStatus.DONE: 20}
        assert platform.done == Counter(PEOPLE), f"killed at step {killed_at}"


def test_doubts_are_told_once_everything_is_done_and_repeated_by_a_later_run_alone() -> None:
    platform, task_state = Platform(), InMemoryTaskState()
    platform.refused, platform.lost = {"03", "04"}, set(LOST)
    assert run(platform, task_state) == {
        MemberStatus.DONE: 16,
        MemberStatus.REJECTED: 2,
        MemberStatus.UNKNOWN: 2,
    }
    platform.lost.clear()
    assert run(platform, task_state) == {MemberStatus.DONE: 18, MemberStatus.REJECTED: 2}
    assert run(platform, task_state) == {MemberStatus.DONE: 18, MemberStatus.REJECTED: 2}
    assert set(platform.done.values()) == {1}


def test_little_is_kept_and_nothing_of_what_may_be_done_again() -> None:
    platform, task_state = Platform(), InMemoryTaskState()
    run(platform, task_state)
    kept = [value for value in task_state._kept.values() if value is not None]
    assert len(kept) == 3, "the mark, and two chunks with somebody who was rejected"
    task_state = InMemoryTaskState()
    run(platform, task_state, once=False)
    assert [value for value in task_state._kept.values() if value is not None] == []


def test_an_error_ends_the_run_and_keeps_what_the_others_came_to() -> None:
    platform, task_state = Platform(), InMemoryTaskState()

    def unwell(people: Sequence[str], own: TaskState) -> Procedure[list[MemberResult]]:
        if "09" in people:
            msg = "down"
            raise ServerUnavailable(msg)
        return (yield from healthy(people, own))

    healthy, platform.apply = platform.apply, unwell  # type: ignore[method-assign]
    with pytest.raises(ServerUnavailable):
        run(platform, task_state)
    platform.apply = healthy  # type: ignore[method-assign]
    assert run(platform, task_state)[MemberStatus.DONE] == 17
    assert set(platform.done.values()) == {1}
