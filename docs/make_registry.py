"""Write ``.airflow-registry.yaml``, which Airflow's registry of providers reads, from the code.

Run it after adding an operator: ``uv run python docs/make_registry.py``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib import import_module
from inspect import getdoc, getmembers, isclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from operators_of_calls import operators

from airflow_provider_mkt.get_provider_info import get_provider_info

ROOT = Path(__file__).parents[1]
PLACEHOLDER = "https://example.com/airflow-provider-mkt/"
"""As in pyproject.toml: until the project has a public address."""


def registry() -> str:
    """Return the file."""
    info = get_provider_info()
    lines = [
        "# Made from the code by docs/make_registry.py.",
        f"package-name: {info['package-name']}",
        f"display-name: {info['name']}",
        f"description: {_text(info['description'])}",
        f"logo: {PLACEHOLDER}_static/mark.svg",
        f"docs-url: {PLACEHOLDER}",
        f"source-url: {PLACEHOLDER}",
    ]
    for kind in ("operators", "sensors"):
        members = [one for one in operators() if f".{kind}." in one.module]
        lines += _entries(kind, ((f"{one.module}.{one.name}", one.summary) for one in members))
    for kind in ("triggers", "hooks"):
        lines += _entries(kind, _classes(kind))
    return "\n".join(lines) + "\n"


def _classes(kind: str) -> Iterator[tuple[str, str]]:
    modules = {module for entry in get_provider_info()[kind] for module in entry["python-modules"]}
    for module in sorted(modules):
        for name, member in getmembers(import_module(module), isclass):
            if member.__module__ == module and not name.startswith("_"):
                yield f"{module}.{name}", " ".join((getdoc(member) or "").split("\n\n")[0].split())


def _entries(kind: str, found: Iterator[tuple[str, str]]) -> Iterator[str]:
    yield f"{kind}:"
    for path, description in found:
        yield f"  - module: {path}"
        yield f"    description: {_text(description)}"


def _text(text: str) -> str:
    """Quote a text: a string of JSON is one of YAML too."""
    return json.dumps(text, ensure_ascii=False)


def main() -> int:
    (ROOT / ".airflow-registry.yaml").write_text(registry())
    return 0


if __name__ == "__main__":
    sys.exit(main())
