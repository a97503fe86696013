"""How much of the account's rate limit SyncLeadsOperator reaches, and whether it ever goes over it.

The ideal run makes a full window's calls at once, waits for the window's end, and so on; the share is the
ideal run's time over the measured one's.
"""

from __future__ import annotations

import sys

from bench import airflow_home, served, sync_leads, write_leads

# Platform, calls per window, seconds of the window, leads per call, name of the first-name field.
PLATFORMS = (("hubspot", 190, 10.0, 100, "firstname"), ("marketo", 100, 20.0, 300, "firstName"))
SECONDS = 90
"""About how long a run takes at the limit."""


def main(latencies: list[float]) -> None:
    print(
        f"{'platform':<10}{'latency':>8}{'calls':>7}{'leads':>9}{'seconds':>9}{'ideal':>8}{'share':>8}{'refused':>9}"
    )
    with served() as box, airflow_home(box) as home:
        for platform, calls, seconds, batch, first_name in PLATFORMS:
            windows = round(SECONDS / seconds)
            # Half a window's calls more than whole windows, so that the last one is not an edge case.
            total = calls * windows + calls // 2
            source = write_leads(home / f"{platform}.csv", total * batch, first_name)
            for latency in latencies:
                box.tell(platform, "reset", {})
                box.tell(platform, "limits", {"latency": latency})
                before = sum(box.tell(platform, "calls")["all"]["refused"].values())
                result = sync_leads(home, conn_id=f"{platform}_default", source=source)
                refused = sum(box.tell(platform, "calls")["all"]["refused"].values()) - before
                outcome = result["outcome"]
                assert outcome["created"] == total * batch, outcome
                concurrency = 10 if platform == "marketo" else 60
                # The last window's half takes as long as its calls take by concurrency.
                rounds = -(-(calls // 2) // concurrency)
                ideal = max(windows * seconds + rounds * latency, total / concurrency * latency)
                print(
                    f"{platform:<10}{latency:>7g}s{total:>7}{total * batch:>9,}{outcome['seconds']:>9.1f}"
                    f"{ideal:>8.1f}{ideal / outcome['seconds']:>8.1%}{refused:>9}",
                    flush=True,
                )


if __name__ == "__main__":
    main([float(text) for text in sys.argv[1:]] or [1.0])
