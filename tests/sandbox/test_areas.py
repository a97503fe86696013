"""The packages of the sandbox: no import cycles, and areas that are found by the names of their modules."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import airflow_provider_mkt
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.lists import seed as lists_seed

PACKAGE = "airflow_provider_mkt.sandbox"
ROOT = Path(airflow_provider_mkt.__file__).parent.parent


def _modules() -> dict[str, Path]:
    files = (ROOT / PACKAGE.replace(".", "/")).rglob("*.py")
    return {
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
        for file in files
    }


def test_no_modules_import_each_other_in_a_cycle_even_for_type_checking_only() -> None:
    modules = _modules()
    imports: dict[str, set[str]] = {}
    for name, file in modules.items():
        imports[name] = set()
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
                for alias in node.names:
                    submodule = f"{node.module}.{alias.name}"
                    imports[name].add(submodule if submodule in modules else str(node.module))
    assert len(modules) > 200
    TopologicalSorter(imports).prepare()


@pytest.mark.parametrize("platform", ["hubspot", "marketo"])
def test_every_area_has_endpoints_that_are_found(platform: str) -> None:
    areas = [file.parent.name for file in (ROOT / PACKAGE.replace(".", "/") / platform).glob("*/__init__.py")]
    endpoints = [one for routes in Sandbox().platforms[platform].areas.routes for one in routes]
    found = {endpoint.handler.__module__.split(".")[3] for endpoint in endpoints}
    assert sorted(found) == sorted(areas)


def test_an_area_is_seeded_after_those_it_names() -> None:
    seeds = [fill.__module__.split(".")[3] for fill in Sandbox().hubspot.areas.seeds]
    assert lists_seed.AFTER == ("contacts",)
    assert seeds.index("contacts") < seeds.index("lists") < seeds.index("emails")


def test_an_empty_state_has_no_records_before_it_is_seeded() -> None:
    hubspot = Sandbox().hubspot
    empty = hubspot.make_state()
    assert hubspot.areas.snapshot(empty)["contacts"] == []
    hubspot.areas.fill(empty)
    contacts = hubspot.areas.snapshot(empty)["contacts"]
    assert [one["id"] for one in contacts] == list(seed.CONTACT_IDS)
