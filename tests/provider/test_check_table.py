"""The tables of checks in the docs are those of the code."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

from airflow_provider_mkt.actions.send_check_table import CHECKS, READS

ROOT = Path(__file__).parents[2]


def test_the_tables_in_the_docs_are_current() -> None:
    spec = importlib.util.spec_from_file_location("make_check_table", ROOT / "docs" / "make_check_table.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    text = (ROOT / "docs" / "sending.md").read_text()
    assert text == made.page(text), "run: uv run python docs/make_check_table.py"


def test_every_check_names_what_it_reads() -> None:
    assert {spec.reads for spec in CHECKS.values()} <= set(READS)


def test_the_calls_that_are_named_exist() -> None:
    """Each call in the table of what checks read is one of the catalogue."""
    known = {
        platform: set(re.findall(r"^\| `([a-z_0-9]+\.[a-z_0-9]+)`", _calls(platform), re.MULTILINE))
        for platform in ("hubspot", "marketo")
    }
    for read in READS.values():
        for platform, text in (("hubspot", read.hubspot), ("marketo", read.marketo)):
            for name in re.findall(r"\b[a-z_]+\.[a-z_0-9]+\b", text):
                assert name in known[platform], name


def _calls(platform: str) -> str:
    return (ROOT / "docs" / f"calls-{platform}.md").read_text()
