"""Quiet hours on the days on which clocks change."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from airflow_provider_mkt.actions.quiet_hours import QuietHours


@pytest.mark.parametrize(
    ("moment", "ends"),
    [
        # In Berlin, 2026-10-25 has the hour from 02:00 to 03:00 twice.
        ("2026-10-25T00:15", "2026-10-25T00:30"),
        ("2026-10-25T00:45", None),
        ("2026-10-25T01:15", "2026-10-25T01:30"),
        ("2026-10-25T01:30", None),
        # 2026-03-29 has no such hour.
        ("2026-03-29T00:59", "2026-03-29T01:30"),
        ("2026-03-29T01:30", None),
    ],
)
def test_they_end_after_the_moment_that_is_in_them(moment: str, ends: str | None) -> None:
    quiet = QuietHours.of(("21:00", "02:30"), "Europe/Berlin")
    assert quiet is not None
    until = quiet.until(datetime.fromisoformat(moment).replace(tzinfo=UTC))
    assert until == (None if ends is None else datetime.fromisoformat(ends).replace(tzinfo=UTC))
