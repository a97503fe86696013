"""The saved progress continues a task where it stopped, and applies the action to no member twice."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from airflow_provider_mkt.actions.idempotency import is_ambiguous
from airflow_provider_mkt.actions.members import MemberAction, MemberResult, MemberStatus, unknown
from airflow_provider_mkt.actions.procedure import InMemoryTaskState, Procedure, TaskState
from airflow_provider_mkt.client.errors import ServerUnavailable
from airflow_provider_mkt.sync.member_table import MemberTable
from airflow_provider_mkt.sync.members import MemberActionRunner, MemberReport
from airflow_provider_mkt.sync.pipeline import AdaptiveConcurrency

MEMBERS = [f"{number:02}" for number in range(20)]
REJECTED, LOST = {"03", "04", "11"}, {"07", "11"}


class Killed(BaseException):
    """The worker ends without a chance to clean up."""


class Platform:
    """Applies an action to three members at a time.

    ``killed_at`` is the step at which the worker is killed. Steps come before and after each effect.
    """

    def __init__(self) -> None:
        self.applied: Counter[str] = Counter()
        self.rejected, self.lost = set(REJECTED), set[str]()
        self.steps = itertools.count()
        self.killed_at = -1

    def step(self) -> None:
        if next(self.steps) == self.killed_at:
            raise Killed

    def apply(self, members: Sequence[str], task_state: TaskState) -> Procedure[list[MemberResult]]:
        results = []
        for position, member in enumerate(members):
            mark: Any = task_state.get(str(position)) or {}
            if not mark.get("done"):
                if is_ambiguous(mark, task_state.clear_count):
                    # The effect of a request in a killed worker can be looked up; a lost request had none.
                    if not self.applied[member]:
                        results.append(unknown(member))
                        continue
                elif member in self.rejected:
                    results.append(MemberResult(member, MemberStatus.REJECTED, "NO", "not this one"))
                    continue
                elif member in self.lost:
                    task_state.set(str(position), {"requested_at": 1})
                    results.append(unknown(member))
                    continue
                else:
                    task_state.set(str(position), {"requested_at": 1})
                    self.step()
                    self.applied[member] += 1
                    self.step()
                task_state.set(str(position), {"done": True})
            results.append(MemberResult(member))
        return results
        yield


def run_procedure(procedure: Procedure[Any]) -> Any:
    try:
        next(procedure)
    except StopIteration as stop:
        return stop.value
    raise AssertionError


def run(platform: Platform, task_state: TaskState, *, once: bool = True) -> Counter[MemberStatus]:
    """Run one try of the task, and return the counts of its results."""
    action = MemberAction("o", "k", "done", "already", 3, platform.apply, once_only=once)
    with MemberTable() as members:
        members.add(MEMBERS)
        runner = MemberActionRunner(
            action, members, task_state, run_procedure, AdaptiveConcurrency(3), MemberReport(action)
        )
        runner.run()
        runner.mark_reported()
        return members.counts()


def test_after_a_kill_at_any_step_the_next_tries_apply_the_action_once_to_each_member() -> None:
    for killed_at in range(34):
        platform, task_state = Platform(), InMemoryTaskState()
        platform.killed_at = killed_at
        with pytest.raises(Killed):
            run(platform, task_state)
        platform.killed_at = -1
        first = run(platform, task_state)
        # A request that was saved and not sent is unknown until the task is cleared.
        assert first[MemberStatus.REJECTED] == 3
        assert first[MemberStatus.UNKNOWN] <= 1
        platform.rejected.clear()
        assert run(platform, task_state)[MemberStatus.UNKNOWN] == first[MemberStatus.UNKNOWN]
        task_state.clear_count = 1
        assert run(platform, task_state) == {MemberStatus.DONE: 20}
        assert platform.applied == Counter(MEMBERS), f"killed at step {killed_at}"


def test_a_kill_while_rejected_members_are_tried_again_repeats_no_member() -> None:
    for killed_at in range(6):
        platform, task_state = Platform(), InMemoryTaskState()
        run(platform, task_state)
        platform.rejected.clear()
        platform.steps, platform.killed_at = itertools.count(), killed_at
        with pytest.raises(Killed):
            run(platform, task_state)
        platform.killed_at = -1
        run(platform, task_state)
        task_state.clear_count = 1
        assert run(platform, task_state) == {MemberStatus.DONE: 20}
        assert platform.applied == Counter(MEMBERS), f"killed at step {killed_at}"


def test_unknown_results_are_reported_at_the_end_and_repeated_only_when_the_task_was_cleared() -> None:
    platform, task_state = Platform(), InMemoryTaskState()
    platform.rejected, platform.lost = {"03", "04"}, set(LOST)
    assert run(platform, task_state) == {
        MemberStatus.DONE: 16,
        MemberStatus.REJECTED: 2,
        MemberStatus.UNKNOWN: 2,
    }
    platform.lost.clear()
    assert run(platform, task_state)[MemberStatus.UNKNOWN] == 2
    task_state.clear_count = 1
    assert run(platform, task_state) == {MemberStatus.DONE: 18, MemberStatus.REJECTED: 2}
    assert run(platform, task_state) == {MemberStatus.DONE: 18, MemberStatus.REJECTED: 2}
    assert set(platform.applied.values()) == {1}


def test_the_task_state_is_small_and_empty_for_an_action_that_may_be_repeated() -> None:
    platform, task_state = Platform(), InMemoryTaskState()
    run(platform, task_state)
    kept = [value for value in task_state._kept.values() if value is not None]
    assert len(kept) == 3, "the count of finished chunks, and two chunks with a rejected member"
    task_state = InMemoryTaskState()
    run(platform, task_state, once=False)
    assert [value for value in task_state._kept.values() if value is not None] == []


def test_an_error_ends_the_run_and_keeps_the_results_of_the_other_chunks() -> None:
    platform, task_state = Platform(), InMemoryTaskState()

    def fail_for_one_member(members: Sequence[str], state: TaskState) -> Procedure[list[MemberResult]]:
        if "09" in members:
            msg = "down"
            raise ServerUnavailable(msg)
        return (yield from apply(members, state))

    apply, platform.apply = platform.apply, fail_for_one_member  # type: ignore[assignment,method-assign]
    with pytest.raises(ServerUnavailable):
        run(platform, task_state)
    platform.apply = apply  # type: ignore[method-assign]
    assert run(platform, task_state)[MemberStatus.DONE] == 17
    assert set(platform.applied.values()) == {1}
