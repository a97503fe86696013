"""Draw pictures of the tables in benchmarks.md, as SVG files beside it.

Usage: python docs/make_benchmark_pictures.py
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from pathlib import Path

DOCS = Path(__file__).parent
PAGE = DOCS / "benchmarks.md"
FOLDER = DOCS / "pictures"

_WIDTH, _LABELS, _ROW, _GAP = 720, 270, 18, 6
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#222}.own{fill:#4a90d9}.other{fill:#999}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}}"
)


@dataclass(frozen=True)
class Picture:
    """A picture of one column of a table.

    :param section: heading of the section whose first table it is.
    :param column: heading of the column of figures.
    :param labels: headings of the columns that name a row.
    :param own: what the label of the provider's own rows has in it.
    """

    name: str
    section: str
    column: str
    labels: tuple[str, ...]
    own: str = "SyncLeadsOperator"


PICTURES = (
    Picture(
        "rate-limit",
        "The account's rate limit",
        "share of the limit",
        ("platform", "client", "latency"),
    ),
    Picture("lost-leads", "Lost leads", "not written", ("platform", "client")),
    Picture(
        "four-workers",
        "Four workers on one account",
        "share of the limit",
        ("platform", "budget in"),
        own="",
    ),
)


def table_of(page: str, section: str) -> list[dict[str, str]]:
    """Return the rows of the first table of a section, each by the headings of its columns.

    :raises ValueError: when there is no such section, or no table in it.
    """
    text = page.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    table = re.search(r"^\|.*\n\|[-:| ]+\|\n((?:\|.*\n)+)", text, re.MULTILINE)
    if table is None:
        msg = f"the section {section!r} has no table"
        raise ValueError(msg)
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table[0].splitlines()]
    return [dict(zip(head, row, strict=True)) for row in rows]


def draw(picture: Picture, page: str) -> str:
    """Return the picture as SVG: a bar for each row of its table, with the row's figure as text."""
    rows = table_of(page, picture.section)
    figures = [row[picture.column] for row in rows]
    numbers = [float(figure.replace(",", "").removesuffix("%")) for figure in figures]
    highest = 100.0 if figures[0].endswith("%") else max(*numbers, 1.0)
    height = len(rows) * (_ROW + _GAP) + _GAP
    room = _WIDTH - _LABELS - 70
    title = f"{picture.section}: {picture.column}"
    shapes = []
    for place, (row, figure, number) in enumerate(zip(rows, figures, numbers, strict=True)):
        label = ", ".join(row[name] for name in picture.labels)
        top, length = _GAP + place * (_ROW + _GAP), room * number / highest
        kind = "own" if picture.own in label else "other"
        shapes.append(
            f'<text x="{_LABELS - 8}" y="{top + 13}" text-anchor="end">{escape(label)}</text>'
            f'<rect class="{kind}" x="{_LABELS}" y="{top}" width="{length:.1f}" height="{_ROW}"/>'
            f'<text x="{_LABELS + length + 6:.1f}" y="{top + 13}">{escape(figure)}</text>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n" + "\n".join(shapes) + "\n</svg>\n"
    )


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    page = PAGE.read_text()
    for picture in PICTURES:
        (FOLDER / f"{picture.name}.svg").write_text(draw(picture, page))


if __name__ == "__main__":
    main()
