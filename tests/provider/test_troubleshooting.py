"""The texts, codes and classes of the page of errors are those of the code."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import airflow_provider_mkt
from airflow_provider_mkt.client import errors

PACKAGE = Path(airflow_provider_mkt.__file__).parent
PAGE = Path(__file__).parents[2] / "docs" / "troubleshooting.md"

# Of the platforms and of the HTTP library: no text of this package.
FOREIGN = {
    "Access denied",
    "ConnectError",
    "INVALID_AUTHENTICATION",
    "INVALID_EMAIL",
    "PROPERTY_DOESNT_EXIST",
    "ReadTimeout",
}


@cache
def _texts() -> list[str]:
    """Return the strings of the package, of f-strings their constant parts."""
    return [
        node.value
        for file in PACKAGE.rglob("*.py")
        if "sandbox" not in file.relative_to(PACKAGE).parts
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def _first_cells() -> list[str]:
    """Return the texts in the first column of tables that are about texts or codes."""
    cells, heading = [], ""
    for line in PAGE.read_text().splitlines():
        if not line.startswith("|"):
            heading = ""
            continue
        first = line.split("|")[1].strip()
        if not heading:
            heading = first
        elif heading.startswith(("text", "code")) and not first.startswith("---"):
            cells += re.findall(r"`([^`]+)`", first)
    return cells


def test_every_text_and_code_is_in_the_code() -> None:
    cells = [one for one in _first_cells() if one not in FOREIGN]
    assert len(cells) > 40
    missing = [
        cell
        for cell in cells
        for part in cell.split("…")
        if part.strip() and not any(part.strip() in text for text in _texts())
        if not hasattr(errors, part)
    ]
    assert missing == []


def test_every_class_of_error_is_explained() -> None:
    classes = {
        name
        for name, member in vars(errors).items()
        if isinstance(member, type) and issubclass(member, Exception) and member.__module__ == errors.__name__
    }
    named = set(re.findall(r"`(\w+)`", PAGE.read_text()))
    assert classes - {"PlatformError"} <= named
