"""CPU seconds of a sync of 100,000 leads, compared with a plain httpx loop that sends the same calls.

Both read the same file, in their own processes, with the limits off. The sync is measured from the start to
the end of the operator's own work; the same with one lead is what it takes however many leads there are. On a
busy machine the same work takes up to twice the CPU seconds. So each round runs the loop before and after the
sync, the sync is compared with both, and the median of the rounds counts, with the middle half of them beside
it. ``cpu.py [hubspot] [marketo] [ROUNDS]``.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

from bench import (
    NO_LIMITS,
    Platform,
    Served,
    airflow_home,
    heading,
    line,
    selected_platforms,
    served,
    sync_leads,
    write_leads,
)

LEADS = 100_000

PLAIN_LOOP = """
import csv, itertools, json, resource, sys
import httpx

platform, url, path, batch = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])

def used():
    now = resource.getrusage(resource.RUSAGE_SELF)
    return now.ru_utime + now.ru_stime

began, written = used(), 0
with httpx.Client(timeout=60) as client, open(path) as file:
    if platform == "hubspot":
        from airflow_provider_mkt.sandbox.hubspot import seed
        client.headers["Authorization"] = f"Bearer {seed.TOKEN}"
    else:
        from airflow_provider_mkt.sandbox.marketo import seed
        login = {"grant_type": "client_credentials", "client_id": seed.CLIENT_ID,
                 "client_secret": seed.CLIENT_SECRET}
        token = client.get(f"{url}identity/oauth/token", params=login).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
    began = used()
    rows = csv.DictReader(file)
    while leads := list(itertools.islice(rows, batch)):
        if platform == "hubspot":
            body = [{"id": one["email"], "idProperty": "email", "properties": one} for one in leads]
            path = f"{url}crm/objects/2026-09/contacts/batch/upsert"
            answer = client.post(path, json={"inputs": body}).json()
            written += len(answer["results"])
        else:
            body = {"action": "createOrUpdate", "lookupField": "email", "input": leads}
            answer = client.post(f"{url}rest/v1/leads.json", json=body).json()
            written += sum(one["status"] == "created" for one in answer["result"])
print(json.dumps({"cpu": used() - began, "written": written}))
"""


def sync(box: Served, home: Path, platform: Platform, leads: int) -> dict[str, float]:
    """Return the CPU seconds of a task that writes so many leads: all of it, and the operator's own work."""
    box.control(platform.name, "reset", {"limits": False})
    source = write_leads(home / "leads.csv", leads, platform.first_name)
    result = sync_leads(home, conn_id=f"{platform.name}_unbound", source=source)
    assert result["outcome"]["created"] == leads, result
    return {"task": result["cpu"], "work": result["work_cpu"]}


def loop(box: Served, home: Path, platform: Platform) -> float:
    """Return the CPU seconds of a plain loop that sends the same calls."""
    box.control(platform.name, "reset", {"limits": False})
    arguments = [platform.name, box.urls[platform.name], str(home / "leads.csv"), str(platform.batch)]
    done = subprocess.run(
        [sys.executable, "-c", PLAIN_LOOP, *arguments], capture_output=True, text=True, check=True
    )
    plain = json.loads(done.stdout)
    assert plain["written"] == LEADS, plain
    return float(plain["cpu"])


def main(platforms: list[Platform], rounds: int) -> None:
    heading(
        "platform", "task", "one lead", "sync alone", "plain loop", "sync / loop", "middle half", "rounds"
    )
    with served() as box, airflow_home(box) as home:
        for platform in platforms:
            box.control(platform.name, "limits", NO_LIMITS)
            one = statistics.median(sync(box, home, platform, 1)["work"] for _ in range(3))
            write_leads(home / "leads.csv", LEADS, platform.first_name)
            measured, before = [], loop(box, home, platform)
            for _ in range(rounds):
                many = sync(box, home, platform, LEADS)
                after = loop(box, home, platform)
                ours, plain = many["work"] - one, (before + after) / 2
                measured.append((ours / plain, many["task"], ours, plain))
                before = after
            ratios, *columns = zip(*measured, strict=True)
            task, ours, plain = map(statistics.median, columns)
            low, _, high = statistics.quantiles(ratios, n=4, method="inclusive")
            line(
                platform.name,
                f"{task:.1f} s",
                f"{one:.1f} s",
                f"{ours:.1f} s",
                f"{plain:.1f} s",
                f"{statistics.median(ratios):.1f}",
                f"{low:.1f} to {high:.1f}",
                rounds,
            )


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:] if argument.isdecimal()]
    main(selected_platforms(sys.argv[1:]), *numbers or [7])
