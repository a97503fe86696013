"""The provider info names every module under the platforms that its classes serve."""

from __future__ import annotations

import inspect
import sys
from collections import defaultdict
from importlib import import_module
from pathlib import Path

import pytest
from airflow.sdk import BaseOperator, BaseSensorOperator
from airflow.triggers.base import BaseTrigger

import airflow_provider_mkt
from airflow_provider_mkt.get_provider_info import get_provider_info
from airflow_provider_mkt.version_compat import BaseHook

DOCS = Path(__file__).parents[2] / "docs"
PACKAGE = Path(airflow_provider_mkt.__file__).parent
INTEGRATIONS = {"hubspot": "HubSpot", "marketo": "Marketo Engage"}


def _listed(kind: str) -> dict[str, set[str]]:
    """Map each listed module to the integrations that list it."""
    listed: dict[str, set[str]] = defaultdict(set)
    for entry in get_provider_info()[kind]:
        for module in entry["python-modules"]:
            listed[module].add(entry["integration-name"])
    return listed


def _classes(module: str) -> list[type]:
    """Return the public classes that a module defines."""
    return [
        member
        for name, member in inspect.getmembers(import_module(module), inspect.isclass)
        if member.__module__ == module and not name.startswith("_")
    ]


@pytest.mark.parametrize(
    ("kind", "base"),
    [
        ("operators", BaseOperator),
        ("sensors", BaseSensorOperator),
        ("triggers", BaseTrigger),
        ("hooks", BaseHook),
    ],
)
def test_every_module_with_a_public_class_is_listed_and_every_listed_module_has_one(
    kind: str, base: type
) -> None:
    modules = [f"airflow_provider_mkt.{kind}.{file.stem}" for file in (PACKAGE / kind).glob("[!_]*.py")]
    public = {module for module in modules if any(issubclass(one, base) for one in _classes(module))}
    # The base class of both hooks belongs to no platform.
    assert set(_listed(kind)) == public - {"airflow_provider_mkt.hooks.base"}


def test_operators_and_sensors_are_listed_under_the_platforms_whose_endpoints_their_docstrings_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "path", [str(DOCS), *sys.path])
    served: dict[str, set[str]] = defaultdict(set)
    for operator in import_module("operators_of_calls").operators():
        served[operator.module] |= {INTEGRATIONS[platform] for platform in operator.platforms}
    assert served == {**_listed("operators"), **_listed("sensors")}


@pytest.mark.parametrize("kind", ["operators", "sensors", "triggers", "hooks"])
def test_each_integration_is_declared_and_appears_once_per_kind(kind: str) -> None:
    info = get_provider_info()
    declared = [integration["integration-name"] for integration in info["integrations"]]
    assert [entry["integration-name"] for entry in info[kind]] == declared
