"""The pictures of the benchmarks show what the tables beside them say."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def pictures(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(sys, "path", [str(DOCS), *sys.path])
    return import_module("make_benchmark_pictures")


def test_each_picture_is_drawn_from_its_table(pictures: Any) -> None:
    page = pictures.PAGE.read_text()
    for picture in pictures.PICTURES:
        svg = (pictures.FOLDER / f"{picture.name}.svg").read_text()
        assert svg == pictures.draw(picture, page), "run: python docs/make_benchmark_pictures.py"
        assert f"(pictures/{picture.name}.svg)" in page


def test_the_bars_are_as_long_as_the_figures_say(pictures: Any) -> None:
    page = (
        "# x\n\n## A\n\n| a | b | share |\n|---|---|---:|\n| hubspot | own & co | 50.0% |\n"
        "| marketo | loop | 100.0% |\n\n| a | b | share |\n|---|---|---:|\n| another | table | 1.0% |\n\n"
        "## B\n\nNothing.\n"
    )
    svg = pictures.draw(pictures.Picture("p", "A", "share", ("a", "b"), own="own"), page)
    (own, half), (other, whole) = re.findall(r'class="(\w+)" x="\d+" y="\d+" width="([\d.]+)"', svg)
    assert (own, other) == ("own", "other")
    assert float(whole) == 2 * float(half)
    assert "hubspot, own &amp; co" in svg
    assert "50.0%" in svg


def test_a_section_without_a_table_is_named(pictures: Any) -> None:
    with pytest.raises(ValueError, match="the section 'B' has no table"):
        pictures.table_of("\n## B\n\nNothing.\n", "B")
