"""CPU seconds of a sync of 100,000 leads, compared with a plain httpx loop that sends the same calls.

Both read the same file, in their own processes, with the limits off. A task that writes one lead measures
the CPU seconds of Airflow itself. ``cpu.py [hubspot] [marketo]``.
"""

from __future__ import annotations

import json
import subprocess
import sys

from bench import (
    NO_LIMITS,
    Platform,
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
            answer = client.post(f"{url}crm/v3/objects/contacts/batch/upsert", json={"inputs": body}).json()
            written += len(answer["results"])
        else:
            body = {"action": "createOrUpdate", "lookupField": "email", "input": leads}
            answer = client.post(f"{url}rest/v1/leads.json", json=body).json()
            written += sum(one["status"] == "created" for one in answer["result"])
print(json.dumps({"cpu": used() - began, "written": written}))
"""


def main(platforms: list[Platform]) -> None:
    heading("platform", "task", "of it Airflow", "sync alone", "plain loop", "sync / loop")
    with served() as box, airflow_home(box) as home:
        for platform in platforms:
            box.control(platform.name, "limits", NO_LIMITS)
            used = {}
            for leads in (1, LEADS):
                box.control(platform.name, "reset", {})
                source = write_leads(home / "leads.csv", leads, platform.first_name)
                result = sync_leads(home, conn_id=f"{platform.name}_unbound", source=source)
                assert result["outcome"]["created"] == leads, result
                used[leads] = result["cpu"]
            box.control(platform.name, "reset", {})
            arguments = [platform.name, box.urls[platform.name], str(home / "leads.csv"), str(platform.batch)]
            done = subprocess.run(
                [sys.executable, "-c", PLAIN_LOOP, *arguments], capture_output=True, text=True, check=True
            )
            plain = json.loads(done.stdout)
            assert plain["written"] == LEADS, plain
            ours = used[LEADS] - used[1]
            line(
                platform.name,
                f"{used[LEADS]:.1f} s",
                f"{used[1]:.1f} s",
                f"{ours:.1f} s",
                f"{plain['cpu']:.1f} s",
                f"{ours / plain['cpu']:.1f}",
            )


if __name__ == "__main__":
    main(selected_platforms(sys.argv[1:]))
