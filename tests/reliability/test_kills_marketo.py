"""Whenever a worker is killed, the next try ends as if it had not been, or reports what is unknown."""

from __future__ import annotations

from pathlib import Path

import pytest
from reliability.kill_matrix import assert_done_once
from reliability.rows import ROWS
from reliability.tries import INSTANTS


@pytest.mark.parametrize("instant", INSTANTS)
@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.platform == "marketo"])
def test_a_killed_try_and_the_next_one_do_what_one_try_does(name: str, instant: str, tmp_path: Path) -> None:
    assert_done_once(name, instant, tmp_path)
