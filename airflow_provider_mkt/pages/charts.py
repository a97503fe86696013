"""Charts as SVG that is drawn here, so that a page loads nothing else.

Each says in words what it shows, for those who do not see it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT, BASE = 720, 150, 130
"""Size of a drawing in pixels, and the height of its zero line from above."""
_TOP = 20


@dataclass(frozen=True)
class CallChart:
    """Calls in each interval of time, oldest first, and those of them that were refused.

    :param seconds: length of an interval.
    :param limit: calls that an interval may have; None for no limit.
    :param calls: calls of each interval.
    :param refused: refused calls of each interval; None where the platform's refusals are not known.
    """

    seconds: float
    limit: int | None
    calls: Sequence[int]
    refused: Sequence[int] | None = None

    @property
    def title(self) -> str:
        """What the chart shows, in words."""
        allowed = "no limit" if self.limit is None else f"the limit is {self.limit:,}"
        refused = "" if self.refused is None else f", refused: {sum(self.refused):,}"
        minutes = len(self.calls) * self.seconds / 60
        return (
            f"Calls in each {self.seconds:g} s of the last {minutes:g} minutes; {allowed}. "
            f"Most: {max(self.calls):,}{refused}"
        )

    def svg(self) -> str:
        """Draw the chart: a bar for each interval, its refused calls on top, and a line for the limit."""
        scale = _Scale(max(self.limit or 0, *self.calls, 1))
        step = WIDTH / len(self.calls)
        gap = min(2.0, step / 6)
        shapes = [scale.axis()]
        for place, calls in enumerate(self.calls):
            refused = self.refused[place] if self.refused is not None else 0
            for kind, low, count in (("calls", 0, calls - refused), ("refused", calls - refused, refused)):
                if count:
                    shapes.append(
                        f'<rect class="{kind}" x="{place * step + gap:.1f}" y="{scale.y(low + count):.1f}" '
                        f'width="{step - 2 * gap:.1f}" height="{scale.y(low) - scale.y(low + count):.1f}"/>'
                    )
        if self.limit is not None:
            shapes.append(scale.line(self.limit, f"limit {self.limit:,}"))
        shapes.append(f'<text x="{WIDTH}" y="{HEIGHT - 4}" text-anchor="end">now</text>')
        return _drawing(self.title, shapes)


@dataclass(frozen=True)
class DayChart:
    """How many of the day's calls were left, at the moments at which the platform said so.

    :param now: epoch seconds.
    :param limit: calls of a day.
    :param readings: moment (epoch seconds) and calls left, the oldest first; at least one.
    """

    now: float
    limit: int
    readings: Sequence[tuple[float, int]]

    HOURS = 24

    @property
    def title(self) -> str:
        """What the chart shows, in words."""
        at, left = self.readings[-1]
        return (
            f"Calls of the day that are left, over the last {self.HOURS} hours: {left:,} of {self.limit:,}, "
            f"as the platform said {_ago(self.now - at)}"
        )

    def svg(self) -> str:
        """Draw the chart: steps from one reading to the next, and a line for the limit."""
        scale = _Scale(max(self.limit, *(left for _, left in self.readings), 1))
        start = self.now - self.HOURS * 3600
        points: list[str] = []
        height = None
        for at, left in self.readings:
            x = WIDTH * min(max(at - start, 0.0) / (self.now - start), 1.0)
            if height is not None:
                points.append(f"{x:.1f},{height:.1f}")
            height = scale.y(left)
            points.append(f"{x:.1f},{height:.1f}")
        points.append(f"{WIDTH},{height:.1f}")
        first, last = points[0].partition(",")[0], points[-1].partition(",")[0]
        area = " ".join([f"{first},{BASE}", *points, f"{last},{BASE}"])
        shapes = [
            scale.axis(),
            f'<polygon class="left" points="{area}"/>',
            scale.line(self.limit, f"limit {self.limit:,}"),
            f'<text x="2" y="{HEIGHT - 4}">{self.HOURS} h ago</text>',
            f'<text x="{WIDTH}" y="{HEIGHT - 4}" text-anchor="end">now</text>',
        ]
        return _drawing(self.title, shapes)


def windows(counts: Mapping[int, int], *, now: float, seconds: float, number: int) -> list[int]:
    """Add up counts in intervals that end now, the oldest first.

    :param counts: by second of the clock.
    :param number: how many intervals.
    """
    start = now - number * seconds
    found = [0] * number
    for second, count in counts.items():
        place = int((second - start) // seconds)
        if 0 <= place < number:
            found[place] += count
    return found


class _Scale:
    """The height of numbers in a drawing.

    :param highest: the highest number.
    """

    def __init__(self, highest: float) -> None:
        self._factor = (BASE - _TOP) / (highest * 1.1)

    def y(self, number: float) -> float:
        return BASE - number * self._factor

    def axis(self) -> str:
        return f'<line class="axis" x1="0" x2="{WIDTH}" y1="{BASE}" y2="{BASE}"/>'

    def line(self, number: float, label: str) -> str:
        y = self.y(number)
        return (
            f'<line class="limit" x1="0" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text x="2" y="{y - 4:.1f}">{escape(label)}</text>'
        )


def _drawing(title: str, shapes: Sequence[str]) -> str:
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"{''.join(shapes)}</svg>"
    )


def _ago(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute ago"
    if minutes < 120:
        return f"{minutes} {'minute' if minutes == 1 else 'minutes'} ago"
    return f"{minutes // 60} hours ago"
