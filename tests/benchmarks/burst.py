"""Share of HubSpot's limit that a sync of 130,000 contacts reaches, which takes the limit a minute.

The last window of so short a run counts much: it is over the sooner, the faster what is free is used. The
share is the time that the limit needs for as many calls, divided by the time from the first call to the last
one. ``burst.py [seconds of latency]``.
"""

from __future__ import annotations

import sys

from bench import HUBSPOT, airflow_home, heading, line, served, sync_leads, write_leads

LEADS = 130_000


def main(latency: float) -> None:
    heading("latency", "calls", "seconds", "share of the limit", "most in flight", "rejected")
    with served() as box, airflow_home(box) as home:
        box.control("hubspot", "reset", {})
        box.control("hubspot", "limits", {"latency": latency})
        source = write_leads(home / "leads.csv", LEADS, HUBSPOT.first_name)
        result = sync_leads(home, conn_id="hubspot_default", source=source)
        assert result["outcome"]["created"] == LEADS, result
        seen = box.calls(HUBSPOT)
        refused = sum(seen["refused"].values())
        ideal = (seen["total"] - refused - 1) // HUBSPOT.window_calls * HUBSPOT.window_seconds
        seconds = seen["last"] - seen["first"]
        share = f"{ideal / seconds:.1%}"
        line(f"{latency:g} s", seen["total"], f"{seconds:.1f}", share, seen["peakInFlight"], refused)


if __name__ == "__main__":
    main(*[float(argument) for argument in sys.argv[1:]] or [0.1])
