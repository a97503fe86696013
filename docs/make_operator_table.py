"""Write ``docs/operators.md``, the list of operators and sensors, from the code.

Run it after adding an operator: ``uv run python docs/make_operator_table.py``.
"""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from operators_of_calls import Described, operators

HERE = Path(__file__).parent


def table() -> str:
    """Return the page: all operators and sensors, module by module."""
    lines = [
        "# Operators and sensors",
        "",
        "Made from the code by `docs/make_operator_table.py`. The connection's type decides the platform; "
        "H is HubSpot, M is Marketo Engage.",
    ]
    for module, members in groupby(operators(), key=lambda one: one.module):
        lines += ["", f"## `{module}`", "", "| class | | H | M |", "|---|---|---|---|"]
        lines += [_row(one) for one in members]
    return "\n".join(lines) + "\n"


def _row(one: Described) -> str:
    marks = ["x" if platform in one.platforms else "" for platform in ("hubspot", "marketo")]
    return f"| `{one.name}` | {one.summary} | {' | '.join(marks)} |"


def main() -> int:
    (HERE / "operators.md").write_text(table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
