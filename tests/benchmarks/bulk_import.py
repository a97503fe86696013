"""A bulk import of a large file with invalid rows: time, peak memory, and reported rows."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from bench import airflow_home, run_task, served

ROWS = 1_000_000
BAD_EVERY = 100
SCORE = {"marketo": "leadScore", "hubspot": "lead_score"}


def write_source(path: Path, rows: int, score: str) -> set[int]:
    """Write a CSV with two lines per record, and return the lines of the invalid records."""
    with path.open("w") as file:
        file.write(f"email,city,{score}\n")
        for number in range(rows):
            value = "bad" if number % BAD_EVERY == 7 else number
            file.write(f'lead{number}@example.com,"New\nYork",{value}\n')
    return {2 + 2 * number for number in range(7, rows, BAD_EVERY)}


def main(rows: int) -> None:
    print(
        f"{'platform':<10}{'rows':>11}{'file':>8}{'parts':>7}{'seconds':>9}{'rows/s':>9}{'before':>9}"
        f"{'peak':>9}{'invalid':>8}{'found':>8}"
    )
    with served() as box, airflow_home(box) as home:
        for platform in ("marketo", "hubspot"):
            fast = {"import_startup": 0.0, "import_per_row": 0.0}
            box.control(platform, "settings", fast)
            box.control(platform, "limits", {"rate": 1_000_000, "daily": None, "concurrency": None})
            source = home / "leads.csv"
            bad = write_source(source, rows, SCORE[platform])
            began = time.monotonic()
            result = run_task(
                home,
                "imports",
                "ImportLeadsOperator",
                conn_id=f"{platform}_unbound",
                source=source.as_uri(),
                max_rejected=0.02,
                poll_interval=0.5,
            )
            seconds, outcome = time.monotonic() - began, result["outcome"]
            rejects = Path(outcome["rejects"].removeprefix("file://"))
            reported = [json.loads(line)["row"] for line in rejects.read_text().splitlines()]
            assert outcome["total"] == rows, outcome
            assert sorted(reported) == sorted(bad)
            print(
                f"{platform:<10}{rows:>11,}{source.stat().st_size / 1e6:>6.0f}MB{len(outcome['jobs']):>7}"
                f"{seconds:>9.1f}{rows / seconds:>9,.0f}{result['base'] / 1024:>7.0f}MB"
                f"{result['peak'] / 1024:>7.0f}MB{len(bad):>8,}{len(set(reported) & bad):>8,}",
                flush=True,
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
