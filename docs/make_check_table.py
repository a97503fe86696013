"""Write the tables of checks in ``docs/sending.md`` from the code.

Run it after adding a check: ``uv run python docs/make_check_table.py``.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from airflow_provider_mkt.actions.send_check_table import CHECKS, READS, CheckSpec, Read

PAGE = Path(__file__).parent / "sending.md"
BEGIN, END = "<!-- checks: made by docs/make_check_table.py -->", "<!-- end of checks -->"


def tables() -> str:
    """Return both tables: the checks, and what they read."""
    lines = ["| check | severity | H | M | what it finds | reads |", "|---|---|---|---|---|---|"]
    lines += [_check_row(spec) for spec in CHECKS.values()]
    lines += [
        "",
        "What they read, with the scope (HubSpot) or permission (Marketo) that it needs:",
        "",
        "| reads | HubSpot | Marketo |",
        "|---|---|---|",
    ]
    lines += [_read_row(name, read) for name, read in READS.items()]
    return "\n".join(lines)


def _check_row(spec: CheckSpec) -> str:
    marks = ["x" if platform in spec.platforms else "" for platform in ("hubspot", "marketo")]
    return f"| `{spec.id}` | {spec.severity} | {' | '.join(marks)} | {spec.finds} | {spec.reads} |"


def _read_row(name: str, read: Read) -> str:
    hubspot = f"{read.hubspot} ({read.hubspot_scope})" if read.hubspot_scope else read.hubspot
    marketo = f"{read.marketo} ({read.marketo_permission})" if read.marketo_permission else read.marketo
    return f"| {name} | {hubspot} | {marketo} |"


def page(text: str) -> str:
    """Return the page with its tables made anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{tables()}\n{END}{after}"


def main() -> int:
    PAGE.write_text(page(PAGE.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
