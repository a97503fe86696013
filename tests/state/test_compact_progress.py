"""Progress in a few kilobytes: it holds what happened, notices other rows, and stays small."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_mkt.state import compact_progress
from airflow_provider_mkt.state.compact_progress import CompactProgress, Done

SHARED_FIXTURE = [HealthCheck.function_scoped_fixture]
CREATED, UPDATED, SKIPPED = Done("created", ""), Done("updated", ""), Done("skipped", "1005")


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compact_progress, "_FIRST_SHIFT", 2)
    monkeypatch.setattr(compact_progress, "_BLOCKS_MAX", 4)


@dataclass
class Model:
    """What happened to each row."""

    done: dict[int, Done] = field(default_factory=dict)
    sent: set[int] = field(default_factory=set)


def digest(position: int) -> int:
    return position * 7919 + 1


events = st.lists(
    st.tuples(
        st.sampled_from(["take", "take", "take", "start", "finish", "reject", "again"]), st.integers(0, 99)
    ),
    max_size=120,
)


def play(
    progress: CompactProgress, happened: list[tuple[str, int]], model: Model, *, repeatable: bool
) -> None:
    for what, number in happened:
        position = number % progress.rows if progress.rows else 0
        if what == "take":
            progress.take(progress.rows)
        elif not progress.rows:
            continue
        elif what == "start" and position not in model.done:
            progress.start([(position, digest(position))])
            model.sent |= set() if repeatable else {position}
        elif what == "finish" and position not in model.done:
            done = [CREATED, UPDATED, SKIPPED][number % 3]
            progress.finish([(position, digest(position), done)])
            model.done[position] = done
            model.sent.discard(position)
        elif what == "reject" and position not in model.done:
            progress.finish([(position, digest(position), None)])
            model.sent.discard(position)
        elif what == "again" and repeatable and position in model.done:
            progress.reopen(position, digest(position), model.done.pop(position))


@pytest.mark.usefixtures("small_blocks")
@settings(max_examples=300, deadline=None, suppress_health_check=SHARED_FIXTURE)
@given(tries=st.lists(events, min_size=1, max_size=3), repeatable=st.booleans())
def test_it_holds_what_happened_over_all_tries(
    tries: list[list[tuple[str, int]]], *, repeatable: bool
) -> None:
    progress, model = CompactProgress(repeatable=repeatable), Model()
    for happened in tries:
        play(progress, happened, model, repeatable=repeatable)
        progress = CompactProgress.from_json(
            json.loads(json.dumps(progress.to_json())), repeatable=repeatable
        )
        for position in range(progress.rows):
            assert progress.is_done(position) == (position in model.done)
            assert progress.is_sent(position) == (position in model.sent)
        assert not progress.is_done(progress.rows)
        for block, first in enumerate(range(0, progress.rows, progress.block_rows)):
            positions = range(first, min(first + progress.block_rows, progress.rows))
            counts = progress.check(block, [digest(position) for position in positions])
            assert counts == Counter(model.done[one] for one in positions if one in model.done)


@pytest.mark.usefixtures("small_blocks")
@settings(max_examples=200, deadline=None, suppress_health_check=SHARED_FIXTURE)
@given(happened=events, data=st.data(), repeatable=st.booleans())
def test_a_row_that_is_not_what_it_was_is_noticed(
    happened: list[tuple[str, int]], data: st.DataObject, *, repeatable: bool
) -> None:
    progress, model = CompactProgress(repeatable=repeatable), Model()
    play(progress, happened, model, repeatable=repeatable)
    known = sorted({*model.done, *model.sent})
    if not known:
        return
    progress = CompactProgress.from_json(progress.to_json(), repeatable=repeatable)
    changed = data.draw(st.sampled_from(known))
    block = changed // progress.block_rows
    positions = range(block * progress.block_rows, min((block + 1) * progress.block_rows, progress.rows))
    now = {position: digest(position) for position in positions}
    other = data.draw(st.sampled_from(positions))
    if other == changed:
        now[changed] += 1
    else:
        now[changed], now[other] = now[other], now[changed]
    before = progress.to_json()
    assert progress.check(block, list(now.values())) is None
    if repeatable:
        assert not any(progress.is_done(position) for position in positions)
    else:
        assert progress.to_json() == before


@pytest.mark.usefixtures("small_blocks")
@settings(max_examples=50, deadline=None, suppress_health_check=SHARED_FIXTURE)
@given(happened=events, repeatable=st.booleans())
def test_another_value_is_an_error(happened: list[tuple[str, int]], *, repeatable: bool) -> None:
    progress = CompactProgress(repeatable=repeatable)
    play(progress, happened, Model(), repeatable=repeatable)
    value = progress.to_json()
    for name in value:
        with pytest.raises(ValueError, match="is not a progress"):
            CompactProgress.from_json({**value, name: None}, repeatable=repeatable)


def filled(rows: int, rejected: float, *, repeatable: bool = True, seed: int = 1) -> CompactProgress:
    draw, progress = random.Random(seed), CompactProgress(repeatable=repeatable)
    for start in range(0, rows, 300):
        positions = range(start, min(start + 300, rows))
        for position in positions:
            progress.take(position)
        progress.start([(position, position + 1) for position in positions])
        progress.finish(
            [
                (
                    position,
                    position + 1,
                    None if draw.random() < rejected else draw.choice((CREATED, UPDATED)),
                )
                for position in positions
            ]
        )
    return progress


@pytest.mark.parametrize(("rejected", "most"), [(0.0, 4_000), (0.01, 9_000), (0.05, 20_000)])
def test_its_size(rejected: float, most: int) -> None:
    progress = filled(300_000, rejected)
    assert len(json.dumps(progress.to_json())) < most
    assert sum(progress.is_done(position) for position in range(300_000)) > 300_000 * (1 - rejected) * 0.99


@pytest.mark.parametrize("repeatable", [True, False])
def test_what_does_not_fit_is_sent_again_or_unknown(
    monkeypatch: pytest.MonkeyPatch, *, repeatable: bool
) -> None:
    rows = 100_000
    monkeypatch.setattr(compact_progress, "BYTES_MAX", 8_000)
    progress = filled(rows, 0.4, repeatable=repeatable)
    value = progress.to_json()
    assert len(json.dumps(value)) <= 8_200
    progress = CompactProgress.from_json(value, repeatable=repeatable)
    draw = random.Random(1)
    was_done = []
    for _ in range(rows):
        rejected = draw.random() < 0.4
        was_done.append(not rejected)
        if not rejected:
            draw.choice((CREATED, UPDATED))
    for position in range(rows):
        if progress.is_done(position):
            assert was_done[position]
        elif not repeatable and not progress.is_sent(position):
            assert not was_done[position]
    assert 0 < sum(progress.is_done(position) for position in range(rows)) < sum(was_done)
    for block, first in enumerate(range(0, rows, progress.block_rows)):
        assert progress.check(block, range(first + 1, min(first + progress.block_rows, rows) + 1)) is not None
