"""Seconds from the first call to the last answer of a sync of 500 leads, when a call takes a second.

The first run reads the fields and the calls left while it writes, and on HubSpot the account's name before.
The next ones know them for a while. The least is what the calls take that must follow one another: a token
on Marketo, and one batch.
``small.py [hubspot] [marketo]``.
"""

from __future__ import annotations

import sys

from bench import Platform, airflow_home, heading, line, selected_platforms, served, sync_leads, write_leads

LEADS = 500
LATENCY = 1.0
LEAST = {"hubspot": LATENCY, "marketo": 2 * LATENCY}


def main(platforms: list[Platform]) -> None:
    heading("platform", "run", "calls", "seconds", "least", "seconds / least")
    with served() as box, airflow_home(box) as home:
        for platform in platforms:
            for run in ("first", "second", "third"):
                box.control(platform.name, "reset", {})
                box.control(platform.name, "limits", {"latency": LATENCY})
                source = write_leads(home / "leads.csv", LEADS, platform.first_name)
                result = sync_leads(home, conn_id=f"{platform.name}_default", source=source)
                assert result["outcome"]["created"] == LEADS, result
                routes = box.control(platform.name, "calls")["routes"]
                called = [one for one in routes if one["total"]]
                seconds = max(one["last"] for one in called) + LATENCY - min(one["first"] for one in called)
                least = LEAST[platform.name]
                total = sum(one["total"] for one in called)
                line(platform.name, run, total, f"{seconds:.2f}", f"{least:.0f}", f"{seconds / least:.2f}")


if __name__ == "__main__":
    main(selected_platforms(sys.argv[1:]))
