"""The arithmetic of the rate limit, without any store."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mkt.client.ratelimit.window import (
    ROUNDING,
    SLOT_WAIT,
    AccountState,
    Window,
    wait_for_permit,
)
from airflow_provider_mkt.client.transport.platform import Rate

windows = st.builds(Window, st.integers(1, 12), st.integers(10, 5000))


def state(
    log: Sequence[int], window: Window, now: int, *, ahead: int = 0, paused_until: int = 0, in_flight: int = 0
) -> AccountState:
    """What a store reads from *log*, the times of all permits."""
    newest_first = sorted(log, reverse=True)

    def at(rank: int) -> int | None:
        return newest_first[rank] if rank < len(newest_first) else None

    return AccountState(now, paused_until, in_flight, at(window.gate), at(window.blocker(ahead)))


def wait(log: Sequence[int], window: Window, now: int, *, ahead: int = 0) -> int:
    return wait_for_permit(state(log, window, now, ahead=ahead), window, None)


@pytest.mark.parametrize("seconds", [1.0, 10.0, 20.0])
def test_the_window_is_a_hundredth_longer_than_the_platforms(seconds: float) -> None:
    assert Window.of(Rate(100, seconds)) == Window(100, int(seconds * 1010))


def test_a_permit_is_granted_while_fewer_than_the_limit_are_in_the_window() -> None:
    window = Window(3, 1000)
    assert wait([], window, 5000) == 0
    assert wait([4500, 4600], window, 5000) == 0
    assert wait([4500, 4600, 4700], window, 5000) > 0
    # The oldest has just left.
    assert wait([4000, 4600, 4700], window, 5000) == 0
    assert wait([4001, 4600, 4700], window, 5000) > 0


def test_the_wait_ends_when_the_oldest_permit_leaves_the_window() -> None:
    window = Window(3, 1000)
    assert wait([4500, 4600, 4700], window, 5000) == 500 + ROUNDING


@pytest.mark.parametrize(("ahead", "leaves"), [(0, 4500), (1, 4600), (2, 4700), (3, 4700), (50, 4700)])
def test_each_call_that_is_ahead_needs_one_more_permit_to_leave(ahead: int, leaves: int) -> None:
    window = Window(3, 1000)
    assert wait([4500, 4600, 4700], window, 5000, ahead=ahead) == leaves + 1000 - 5000 + ROUNDING


def test_a_lower_limit_counts_the_permits_of_a_higher_one() -> None:
    log = [4100, 4200, 4300, 4400]
    # Three must leave before the fourth is the only one.
    assert wait(log, Window(2, 1000), 5000) == 300 + ROUNDING
    assert wait(log, Window(10, 1000), 5000) == 0


def test_a_pause_holds_before_everything_else_and_then_ends() -> None:
    window = Window(3, 1000)
    paused = state([], window, 5000, paused_until=5300, in_flight=9)
    assert wait_for_permit(paused, window, 2) == 300
    assert wait_for_permit(state([], window, 5300, paused_until=5300), window, 2) == 0


def test_no_permit_is_granted_while_too_many_calls_are_in_flight() -> None:
    window = Window(3, 1000)
    assert wait_for_permit(state([], window, 5000, in_flight=2), window, 2) == SLOT_WAIT
    assert wait_for_permit(state([], window, 5000, in_flight=1), window, 2) == 0
    assert wait_for_permit(state([], window, 5000, in_flight=2), window, None) == 0


@given(window=windows, tries=st.lists(st.integers(0, 2000), max_size=120))
def test_no_window_ever_holds_more_permits_than_the_limit(window: Window, tries: list[int]) -> None:
    now, log = 1_000_000, list[int]()
    for pause in tries:
        now += pause
        if wait(log, window, now) == 0:
            log.append(now)
    fullest = max(
        (bisect.bisect_left(log, at + window.length) - index for index, at in enumerate(log)), default=0
    )
    assert fullest <= window.limit


@given(window=windows, tries=st.lists(st.integers(0, 2000), max_size=120))
def test_a_permit_is_refused_only_while_the_window_is_full(window: Window, tries: list[int]) -> None:
    now, log = 1_000_000, list[int]()
    for pause in tries:
        now += pause
        if wait(log, window, now) == 0:
            log.append(now)
        else:
            assert sum(now - window.length < at <= now for at in log) == window.limit


@given(window=windows, callers=st.integers(1, 40), start=st.integers(0, 10_000))
def test_every_caller_gets_a_permit_as_soon_as_the_limit_allows(
    window: Window, callers: int, start: int
) -> None:
    """Callers that return after the wait they were given, in the order in which they first tried."""
    now = first = 1_000_000 + start
    log, due = list[int](), dict.fromkeys(range(callers), now)
    tries = 0
    while due:
        caller = min(due, key=lambda one: (due[one], one))
        now = max(now, due[caller])
        tries += 1
        ahead = sum(due[other] < due[caller] for other in due if other != caller)
        if delay := wait(log, window, now, ahead=ahead):
            assert delay <= window.length + ROUNDING
            due[caller] = now + delay
        else:
            log.append(now)
            del due[caller]
    full_windows = -(-callers // window.limit) - 1
    assert now - first <= full_windows * (window.length + 2 * ROUNDING)
    assert tries <= callers * (full_windows + 2)
