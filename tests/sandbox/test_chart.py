"""The charts, and the one of calls against the limit on the page of a platform."""

from __future__ import annotations

import re
from urllib.request import Request, urlopen

from airflow_provider_mkt.pages.charts import CallChart, DayChart, windows
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot.seed import TOKEN


def test_calls_are_counted_in_their_windows_and_older_ones_are_left_out() -> None:
    counts = {1000: 7, 995: 2, 989: 1, 600: 9}
    assert windows(counts, now=1000.5, seconds=10, number=30) == [0] * 28 + [1, 9]


def test_a_chart_says_in_words_what_it_draws() -> None:
    chart = CallChart(10, 5, [0] * 28 + [1, 9], [0] * 29 + [1])
    assert chart.title == ("Calls in each 10 s of the last 5 minutes; the limit is 5. Most: 9, refused: 1")
    assert chart.svg().count('class="calls"') == 2
    assert chart.svg().count('class="refused"') == 1
    assert f'role="img" aria-label="{chart.title}"' in chart.svg()


def test_refusals_that_are_not_known_are_not_mentioned() -> None:
    assert CallChart(10, 5, [1] * 30).title.endswith("Most: 1")


def test_a_chart_without_calls_and_without_a_limit_is_an_axis() -> None:
    chart = CallChart(10, None, [0] * 30, [0] * 30)
    assert "no limit. Most: 0" in chart.title
    assert "rect" not in chart.svg()
    assert "limit " not in chart.svg()


def test_the_calls_left_are_steps_that_go_on_until_now() -> None:
    now = 1_800_000_000.0
    chart = DayChart(now, 1000, [(now - 30 * 3600, 900), (now - 12 * 3600, 1000), (now - 600, 250)])
    assert chart.title == (
        "Calls of the day that are left, over the last 24 hours: 250 of 1,000, as the platform said "
        "10 minutes ago"
    )
    points = re.search(r'points="([^"]+)"', chart.svg())[1].split()
    # The oldest reading is older than the chart, so it holds from its left edge on.
    places = [float(point.split(",")[0]) for point in points]
    assert places == [0, 0, 360, 360, 715, 715, 720, 720]
    heights = [float(point.split(",")[1]) for point in points]
    assert heights == [130, 40, 40, 30, 30, 105, 105, 130]


def test_the_page_shows_its_calls_and_loads_nothing() -> None:
    with Sandbox(only="hubspot") as box:
        for _ in range(3):
            call = Request(f"{box.hubspot.url}/crm/v3/owners", headers={"Authorization": f"Bearer {TOKEN}"})
            urlopen(call).read()
        page = urlopen(f"{box.hubspot.url}/").read().decode()
    limit = box.hubspot.limits.rate.limit
    assert re.search(rf"the limit is {limit}\. Most: [1-3], refused: 0", page)
    assert len(re.findall(r'<rect class="calls"', page)) in (1, 2)
    assert not re.search(r"(?:src|href)=.?https?:", page)
