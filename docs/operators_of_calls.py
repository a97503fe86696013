"""Read from the ``Source:`` of docstrings which operators and sensors make which calls."""

from __future__ import annotations

import inspect
import itertools
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module

from airflow_provider_mkt.get_provider_info import get_provider_info

_SOURCE = re.compile(r"``(GET|POST|PUT|PATCH|DELETE) (/[^`\s]*)``")
_CHOICE = re.compile(r"\{([^{}]*,[^{}]*)\}")
_VERSION = re.compile(r"/(?:v\d|\d{4}-\d\d|\{version\})(?=/|$)")
_NAME = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True)
class Described:
    """An operator or sensor, as its docstring describes it."""

    module: str
    name: str
    docstring: str
    platform: str | None = None

    @property
    def summary(self) -> str:
        """The first paragraph of the docstring, in one line."""
        return " ".join(self.docstring.split("\n\n")[0].split())

    @property
    def platforms(self) -> frozenset[str]:
        """The platforms whose calls the docstring names; both where it names none."""
        paths = [path for _, path in _SOURCE.findall(self.docstring)]
        if self.platform:
            return frozenset({self.platform})
        named = {"marketo" if path.startswith(("/rest", "/bulk")) else "hubspot" for path in paths}
        return frozenset(named or {"hubspot", "marketo"})


def operators() -> Iterator[Described]:
    """Yield every operator and sensor of the provider."""
    info = get_provider_info()
    modules = {
        module
        for kind in ("operators", "sensors", "transfers")
        for entry in info.get(kind, ())
        for module in entry["python-modules"]
    }
    for module in sorted(modules):
        for name, member in inspect.getmembers(import_module(module), inspect.isclass):
            if member.__module__ == module and not name.startswith("_"):
                platform = getattr(member, "platform", None)
                only = platform if isinstance(platform, str) else None
                yield Described(module, name, inspect.getdoc(member) or "", only)


def sources(docstring: str) -> Iterator[str]:
    """Yield the methods and paths that a docstring names, in the form of :func:`plain`."""
    for method, path in _SOURCE.findall(docstring):
        for one in _alternatives(path):
            yield plain(f"{method} {one}")


def plain(path: str) -> str:
    """Return method and path without the version and the names of path parameters."""
    return _NAME.sub("{}", _VERSION.sub("/{}", path))


def by_path() -> Mapping[str, list[str]]:
    """Return the operators that name a path, by path."""
    found: dict[str, list[str]] = defaultdict(list)
    for one in operators():
        for path in dict.fromkeys(sources(one.docstring)):
            found[path].append(one.name)
    return found


def _alternatives(path: str) -> Iterator[str]:
    """Expand alternatives: ``/batch/{create,update}`` is two paths."""
    parts = _CHOICE.split(path)
    choices = [part.split(",") if index % 2 else [part] for index, part in enumerate(parts)]
    for chosen in itertools.product(*choices):
        yield "".join(chosen)
