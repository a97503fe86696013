"""Peak memory of a lead import at two sizes, with the sandbox's limits off."""

from __future__ import annotations

from bench import airflow_home, served, sync_leads, write_leads

SIZES = (10_000, 1_000_000)


def main() -> None:
    print(
        f"{'platform':<10}{'leads':>11}{'seconds':>9}{'leads/s':>9}{'before':>9}{'peak':>9}{'of it ours':>12}"
    )
    with served() as box, airflow_home(box) as home:
        for platform, first_name in (("marketo", "firstName"), ("hubspot", "firstname")):
            off = {"rate": 1_000_000, "daily": None, "concurrency": None}
            box.tell(platform, "limits", off)
            for size in SIZES:
                box.tell(platform, "reset", {})
                source = write_leads(home / "leads.csv", size, first_name)
                result = sync_leads(home, conn_id=f"{platform}_unbound", source=source)
                outcome = result["outcome"]
                assert outcome["total"] == size, outcome
                before, peak = result["base"] / 1024, result["peak"] / 1024
                print(
                    f"{platform:<10}{size:>11,}{outcome['seconds']:>9.1f}{size / outcome['seconds']:>9,.0f}"
                    f"{before:>7.0f}MB{peak:>7.0f}MB{peak - before:>10.0f}MB",
                    flush=True,
                )


if __name__ == "__main__":
    main()
