"""Whenever a worker is killed, the next try ends as if it had not been, or reports what is unknown."""

from __future__ import annotations

from pathlib import Path

import pytest
from reliability.kill_matrix import assert_done_once
from reliability.rows import READ_ONLY, ROWS, operators_of_the_provider
from reliability.tries import INSTANTS


def test_every_operator_that_changes_something_has_a_row() -> None:
    with_a_row = {row.operator.__name__ for row in ROWS.values()}
    assert operators_of_the_provider() - READ_ONLY == with_a_row


@pytest.mark.parametrize("instant", INSTANTS)
@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.platform == "hubspot"])
def test_a_killed_try_and_the_next_one_do_what_one_try_does(name: str, instant: str, tmp_path: Path) -> None:
    assert_done_once(name, instant, tmp_path)
