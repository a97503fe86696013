"""The paths, links and modules that the documentation names exist."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
]

# The pages of the reference are made when the site is built, which fails for a link to none of them.
_LINK = re.compile(r"\]\((?!https?:|reference/)([^)#]+)")
_OTHER_NAMES = re.compile(r"^\|[^|]*\|", re.MULTILINE)
"""The first column of the page of names that people search for."""
_OF_OTHERS = frozenset({"ApprovalOperator", "BaseOperator", "MarketingOperator"})
"""Classes that pages name although they are Airflow's, or not for DAGs."""
_PATH = re.compile(r"(?:airflow_provider_mkt|docs|example_dags|tests|\.ci)/[\w./<>*-]*[\w/>*]")
_IMPORT = re.compile(r"^\s*from (airflow_provider_mkt[\w.]*) import (\w+)", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_and_links_of_a_page_lead_to_files(page: Path) -> None:
    text = page.read_text()
    missing = [link for link in _LINK.findall(text) if not (page.parent / link).exists()]
    for path in set(_PATH.findall(text)):
        if not any(ROOT.glob(re.sub(r"<\w+>", "*", path).rstrip("/"))):
            missing.append(path)
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_imports_in_the_examples_of_a_page_work(page: Path) -> None:
    for module, name in _IMPORT.findall(page.read_text()):
        if not hasattr(import_module(module), name):
            import_module(f"{module}.{name}")


def test_every_operator_and_sensor_that_a_page_names_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    classes = {operator.name for operator in import_module("operators_of_calls").operators()}
    for page in PAGES:
        text = page.read_text()
        if page.name == "other-names.md":
            text = _OTHER_NAMES.sub("|", text)
        named = set(re.findall(r"`(\w+(?:Operator|Sensor))[`(]", text))
        assert named - classes - _OF_OTHERS == set(), page.name
