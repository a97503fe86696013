"""Create and send once, although answers get lost, workers are killed and tasks are retried."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from airflow_provider_mkt.actions.idempotency import (
    BatchOutcome,
    Ensured,
    create_if_absent,
    find_until_consistent,
    mark_reported,
    send_at_most_once,
    send_batch_at_most_once,
)
from airflow_provider_mkt.actions.procedure import CONSISTENCY_WINDOW, InMemoryTaskState, Pause, Procedure
from airflow_provider_mkt.client.call import Call, Replay, Route
from airflow_provider_mkt.client.errors import (
    Conflict,
    NotRepeated,
    OutcomeUnknown,
    RateLimited,
    TaskCancelled,
)

MAKE: Call[str] = Call("things.make", Route("POST", "things"), str, Replay.VERIFY)
FIND: Call[str | None] = Call("things.find", Route("GET", "things"), str, Replay.SAFE)


class World:
    """A platform that creates things, and shows them some seconds after the request.

    :param call_takes: seconds from a request to its answer, or to the loss of it.
    """

    def __init__(self, *, shows_after: float = 0.0, call_takes: float = 0.0) -> None:
        self.now, self.shows_after, self.made = 1_000.0, shows_after, []
        self.call_takes = call_takes
        self.killed_at_pause = False
        self.sent_at: list[float] = []
        self.answered_at: list[float] = []
        self.task_state = InMemoryTaskState()

    def find(self) -> Procedure[str | None]:
        answer: str | None = yield FIND
        return answer

    def run(self, *answers: Exception | str) -> Ensured[str]:
        """Run the procedure; *answers* are those of the requests in turn."""
        procedure = create_if_absent("make", self.task_state, MAKE, self.find, clock=lambda: self.now)
        made: Ensured[str] = self._fed(procedure, *answers)
        return made

    def run_at_most_once(self, *answers: Exception | str) -> object:
        """Run the procedure that never repeats by itself."""
        procedure = send_at_most_once(
            "make", self.task_state, MAKE, to_answer=str.upper, find=self.find, clock=lambda: self.now
        )
        sent: Ensured[str] = self._fed(procedure, *answers)
        return sent.value

    def _fed(self, procedure: Procedure[Any], *answers: Exception | str) -> Any:
        left = list(answers)
        given: Any = None
        try:
            while True:
                step = procedure.throw(given) if isinstance(given, Exception) else procedure.send(given)
                if isinstance(step, Pause):
                    if self.killed_at_pause:
                        raise KeyboardInterrupt
                    self.now += step.seconds
                    given = None
                elif step is FIND:
                    given = next((one for one, at in self.made if at <= self.now), None)
                else:
                    given = left.pop(0)
                    self.sent_at.append(self.now)
                    self.now += self.call_takes
                    self.answered_at.append(self.now)
                    if isinstance(given, str) or getattr(given, "worked", False):
                        self.made.append((str(given), self.now + self.shows_after))
        except StopIteration as stop:
            assert not left
            return stop.value


def lost(*, worked: bool) -> OutcomeUnknown:
    error = OutcomeUnknown("lost")
    error.worked = worked  # type: ignore[attr-defined]
    return error


def test_what_exists_is_left_alone() -> None:
    world = World()
    world.made.append(("old", 0.0))
    assert world.run() == Ensured("old", created=False)


def test_it_is_created_and_a_later_try_finds_it() -> None:
    world = World()
    assert world.run("thing") == Ensured("thing", created=True)
    assert world.run() == Ensured("thing", created=True)


def test_a_request_with_a_lost_answer_is_not_repeated_when_its_effect_shows_late() -> None:
    world = World(shows_after=CONSISTENCY_WINDOW - 1)
    assert world.run(lost(worked=True)).created
    assert len(world.made) == 1


def test_a_request_with_a_lost_answer_is_repeated_only_after_the_consistency_window() -> None:
    world = World()
    assert world.run(lost(worked=False), "thing") == Ensured("thing", created=True)
    assert world.now >= 1_000.0 + CONSISTENCY_WINDOW


def test_two_requests_with_lost_answers_raise_outcome_unknown() -> None:
    world = World()
    with pytest.raises(OutcomeUnknown):
        world.run(lost(worked=False), lost(worked=False))


def test_a_try_after_a_killed_worker_waits_for_the_consistency_window() -> None:
    world = World()
    world.task_state.set("make", {"requested_at": world.now})
    assert world.run("thing") == Ensured("thing", created=True)
    assert world.now >= 1_000.0 + CONSISTENCY_WINDOW


def test_a_mark_from_before_the_clock_was_set_back_counts_from_now() -> None:
    for back in (3_600.0, 86_400.0):
        world = World()
        world.task_state.set("make", {"requested_at": world.now + back})
        begun = world.now
        assert world.run("thing").created
        assert CONSISTENCY_WINDOW <= world.now - begun < CONSISTENCY_WINDOW + 60


def test_a_lookup_during_which_the_clock_is_set_back_ends_after_the_window() -> None:
    world = World()
    slept: list[float] = []
    lookup = find_until_consistent(world.find, world.now, lambda: world.now)
    assert next(lookup) is FIND
    while isinstance(step := _sent(lookup), Pause):
        slept.append(step.seconds)
        world.now += step.seconds - (86_400.0 if len(slept) == 3 else 0.0)
        assert next(lookup) is FIND
    assert sum(slept) == pytest.approx(CONSISTENCY_WINDOW)


def _sent(lookup: Procedure[str | None]) -> object:
    try:
        return lookup.send(None)
    except StopIteration as stop:
        return stop.value


def test_a_cleared_task_sends_a_request_again_whose_answer_is_known_where_it_is_to() -> None:
    world = World()

    def run(clear_count: int, *answers: str) -> object:
        world.task_state.clear_count = clear_count
        sent = send_at_most_once("make", world.task_state, MAKE, to_answer=str.upper, again_when_cleared=True)
        return world._fed(sent, *answers).value

    assert run(0, "one") == "ONE"
    assert run(0) == "ONE"
    assert run(1, "two") == "TWO"
    assert run(1) == "TWO"
    assert len(world.made) == 2


def test_a_name_that_another_run_takes_in_the_meantime_counts_as_existing() -> None:
    world = World()
    refused = Conflict("taken")
    refused.worked = True  # type: ignore[attr-defined]
    assert world.run(refused).created is False


def test_a_rejected_request_leaves_no_mark() -> None:
    world = World()
    with pytest.raises(RateLimited):
        world.run(RateLimited("slow down"))
    assert world.task_state.get("make") is None


def test_an_answer_is_kept_and_returned_without_another_request() -> None:
    world = World()
    assert world.run_at_most_once("thing") == "THING"
    assert world.run_at_most_once() == "THING"


def test_an_effect_that_shows_late_is_the_answer_of_this_try_and_of_later_ones() -> None:
    world = World(shows_after=CONSISTENCY_WINDOW - 1)
    assert world.run_at_most_once(lost(worked=True)) == "lost"
    assert world.run_at_most_once() == "lost"


@pytest.mark.parametrize("killed", [False, True])
def test_a_request_without_visible_effect_is_sent_again_only_when_the_task_was_cleared_after_the_report(
    killed: bool,
) -> None:
    world = World()
    answers = [] if killed else [lost(worked=False)]
    if killed:
        world.task_state.set("make", {"requested_at": world.now})
    with pytest.raises(NotRepeated, match="make was requested once"):
        world.run_at_most_once(*answers)
    assert world.now >= 1_000.0 + CONSISTENCY_WINDOW
    # The worker was killed before Airflow knew that the task had failed.
    with pytest.raises(NotRepeated, match="make was requested once"):
        world.run_at_most_once()
    world.task_state.clear_count = 1
    assert world.run_at_most_once("thing") == "THING"
    assert world.run_at_most_once() == "THING"


def test_what_somebody_has_undone_is_done_again_only_when_the_task_was_cleared_after_the_report() -> None:
    world = World()

    def run(*answers: str) -> Ensured[str]:
        undone = create_if_absent(
            "make",
            world.task_state,
            MAKE,
            world.find,
            reverted=lambda: Conflict("undone"),
            clock=lambda: world.now,
        )
        made: Ensured[str] = world._fed(undone, *answers)
        return made

    assert run("thing").created
    world.made.clear()
    for _ in range(2):
        with pytest.raises(Conflict, match="undone"):
            run()
    world.task_state.clear_count = 1
    assert run("thing").created
    world.made.clear()
    with pytest.raises(Conflict, match="undone"):
        run()


def test_a_request_that_was_cancelled_before_it_was_sent_may_be_sent_again() -> None:
    world = World()
    with pytest.raises(TaskCancelled):
        world.run_at_most_once(TaskCancelled())
    assert world.task_state.get("make") is None
    ambiguous = TaskCancelled()
    ambiguous.ambiguous = True
    with pytest.raises(TaskCancelled):
        world.run_at_most_once(ambiguous)
    with pytest.raises(NotRepeated):
        world.run_at_most_once()


def test_a_rejected_request_may_be_sent_again() -> None:
    world = World()
    with pytest.raises(RateLimited):
        world.run_at_most_once(RateLimited("slow down"))
    assert world.run_at_most_once("thing") == "THING"


def test_the_consistency_window_begins_when_the_answer_was_lost() -> None:
    world = World(call_takes=40)
    world.run(lost(worked=False), "thing")
    assert world.sent_at[1] - world.answered_at[0] >= CONSISTENCY_WINDOW


def test_a_try_after_a_worker_was_killed_during_the_lookup_counts_from_the_loss_of_the_answer() -> None:
    world = World(call_takes=40)
    world.killed_at_pause = True
    with pytest.raises(KeyboardInterrupt):
        world.run(lost(worked=False))
    world.killed_at_pause = False
    world.run("thing")
    assert world.sent_at[1] - world.answered_at[0] >= CONSISTENCY_WINDOW


def test_an_effect_that_shows_late_after_the_loss_of_a_slow_answer_is_found_by_a_later_try() -> None:
    world = World(call_takes=40, shows_after=CONSISTENCY_WINDOW - 1)
    world.killed_at_pause = True
    with pytest.raises(KeyboardInterrupt):
        world.run_at_most_once(lost(worked=True))
    world.killed_at_pause = False
    assert world.run_at_most_once() == "lost"


def test_a_batch_of_which_an_item_is_unknown_is_sent_again_only_after_that_was_reported() -> None:
    world, sent = World(call_takes=40), []

    def request(items: Sequence[str]) -> Call[str]:
        sent.append(list(items))
        return MAKE

    def find(items: Sequence[str], since: float) -> Procedure[list[str]]:
        assert since == 1_000.0
        yield FIND
        return [one for one in items if one == "a"]

    def run(*answers: Exception | str) -> BatchOutcome[str]:
        outcome = BatchOutcome(["a", "b"])
        procedure = send_batch_at_most_once(
            "batch", world.task_state, outcome, request, find, clock=lambda: world.now
        )
        world._fed(procedure, *answers)
        return outcome

    for answers in ([lost(worked=False)], []):
        outcome = run(*answers)
        assert (outcome.done, outcome.unknown) == (["a"], ["b"])
        assert world.now >= world.answered_at[0] + CONSISTENCY_WINDOW
    assert sent == [["a", "b"]]
    mark_reported("batch", world.task_state)
    assert run().unknown == ["b"]
    world.task_state.clear_count = 1
    assert run("done").done == ["a", "b"]
    assert sent == [["a", "b"], ["b"]]
