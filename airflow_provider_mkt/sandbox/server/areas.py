"""Find the areas of a platform by the names of their modules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, Generic, TypeAlias

from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.requests import StateT, TokenT
from airflow_provider_mkt.sandbox.server.routing import Routes
from airflow_provider_mkt.sandbox.server.state import Table


@dataclass(slots=True)
class Areas(Generic[StateT, TokenT]):
    """What the areas of one platform define, in the order of their names."""

    routes: list[Routes[StateT, TokenT]] = field(default_factory=list)
    seeds: list[Callable[[StateT], None]] = field(default_factory=list)
    """Ordered so that each runs after those it names in `AFTER`."""
    snapshots: list[Callable[[StateT], JsonObject]] = field(default_factory=list)
    tables: list[Callable[[StateT], list[Table]]] = field(default_factory=list)
    details: dict[str, Callable[[StateT, str], list[Table]]] = field(default_factory=dict)
    """The page of one thing, by kind; an unknown id has no tables."""

    def fill(self, state: StateT) -> None:
        """Add to an empty state what a new account holds."""
        for fill in self.seeds:
            fill(state)

    def snapshot(self, state: StateT) -> JsonObject:
        """Return the state as JSON, without secrets."""
        return {name: part for snapshot in self.snapshots for name, part in snapshot(state).items()}

    def tables_of(self, state: StateT) -> list[Table]:
        """Return the tables of the page."""
        return [table for tables in self.tables for table in tables(state)]


AnyAreas: TypeAlias = Areas[Any, Any]
"""The areas of either platform."""


def find_areas(package: str) -> AnyAreas:
    """Import the areas in a platform's package.

    Modules with these names are used: `routes*` (every `Routes` in it), `seed` (`fill`; `AFTER` names the
    areas to fill before it) and `pages` (`snapshot`, `tables` and `DETAILS`, each optional).

    :param package: name of the package; each package in it is an area.
    """
    found: AnyAreas = Areas()
    seeds: dict[str, ModuleType] = {}
    for area in _packages(package):
        for name in _modules(f"{package}.{area}"):
            module = import_module(f"{package}.{area}.{name}")
            if name == "seed":
                seeds[area] = module
            elif name == "pages":
                if hasattr(module, "snapshot"):
                    found.snapshots.append(module.snapshot)
                if hasattr(module, "tables"):
                    found.tables.append(module.tables)
                found.details.update(getattr(module, "DETAILS", {}))
            else:
                found.routes += [value for value in vars(module).values() if isinstance(value, Routes)]
    order = TopologicalSorter({area: getattr(module, "AFTER", ()) for area, module in seeds.items()})
    found.seeds = [seeds[area].fill for area in order.static_order()]
    return found


def _packages(package: str) -> Iterator[str]:
    return (module.name for module in iter_modules(import_module(package).__path__) if module.ispkg)


def _modules(package: str) -> Iterator[str]:
    for module in iter_modules(import_module(package).__path__):
        if module.name in ("seed", "pages") or module.name.startswith("routes"):
            yield module.name
