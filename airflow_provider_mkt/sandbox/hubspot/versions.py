"""The versions in the paths of the API."""

from __future__ import annotations

MARCH, SEPTEMBER = "2026-03", "2026-09"
DATED = (MARCH, SEPTEMBER)
"""The dated versions that most families have."""


def dated(template: str) -> tuple[str, ...]:
    """Return a path in every dated version.

    :param template: the path; `{v}` stands for the version.
    """
    return tuple(template.replace("{v}", version) for version in DATED)
