"""Clients of Marketo that live in environments of their own: tap-marketo, airbyte-source-marketo (PyPI) and
node-marketo-rest (npm).

Their dependencies do not fit Airflow's, so each is installed into a folder of its own, which is kept for the
next runs. They run unmodified, but for hosts and waits that they allow no other one of.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from public_clients import marketo_client

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed

PINNED = {
    "tap-marketo": "2.9.4",
    "airbyte-source-marketo": "2.1.3",
    "node-marketo-rest": "0.7.8",
    "@hubspot/api-client": "13.5.0",
}
INSTALL_SECONDS = 300
KEPT = Path(os.environ.get("MKT_TEST_CLIENTS", f"/var/tmp/mkt-clients-{os.getuid()}"))
# Late, since both read one window of time after another from here.
START = f"{datetime.now(UTC) - timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}"
NEW = 3


def run(command: Sequence[object], seconds: float = 120, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=seconds, **options
    )


def installed(name: str) -> Path:
    """Return the folder that a client is installed in; skip the test where it cannot be installed."""
    version, label = PINNED[name], name.strip("@").replace("/", "-")
    folder = KEPT / f"{label}-{version}-{sys.version_info.major}.{sys.version_info.minor}"
    if folder.exists():
        return folder
    KEPT.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f"{label}-", dir=KEPT))
    try:
        problem = (
            _install_npm(draft, name, version)
            if name.startswith(("node-", "@"))
            else _install(draft, name, version)
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        problem = str(error)
    if problem:
        shutil.rmtree(draft, ignore_errors=True)
        pytest.skip(f"{name} {version} cannot be installed here: {problem[-300:]}")
    try:
        draft.rename(folder)
    except OSError:
        # Another process was quicker.
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def _install(folder: Path, name: str, version: str) -> str:
    """Install into a folder of modules. Returns what is wrong; empty when nothing is."""
    uv = shutil.which("uv")
    installer = [uv, "pip", "install"] if uv else [sys.executable, "-m", "pip", "install"]
    python = ["--python", sys.executable] if uv else []
    done = run([*installer, *python, "--quiet", "--target", folder, f"{name}=={version}"], INSTALL_SECONDS)
    return "" if done.returncode == 0 else done.stderr or "it failed"


def _install_npm(folder: Path, name: str, version: str) -> str:
    if shutil.which("npm") is None or shutil.which("node") is None:
        return "there is no npm"
    done = run(
        [
            *("npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"),
            *("--prefix", folder, f"{name}@{version}"),
        ],
        INSTALL_SECONDS,
    )
    return "" if done.returncode == 0 else done.stderr or "it failed"


def python(folder: Path, code: str, *arguments: object) -> list[dict[str, Any]]:
    """Run Python with the modules of a folder alone, and return the messages that it writes."""
    done = run(
        [sys.executable, "-S", "-c", f"import sys; sys.path.insert(0, {str(folder)!r})\n{code}", *arguments],
        cwd=folder,
        env={"PATH": os.environ.get("PATH", ""), "HOME": str(folder)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    return [json.loads(line) for line in lines]


@pytest.fixture
def quick(box: Sandbox) -> Sandbox:
    """A sandbox with new leads, whose extracts are complete at once."""
    box.marketo.settings.export_minutes = 0
    people = [{"email": f"new{number}@example.com"} for number in range(NEW)]
    results = marketo_client(box).execute(method="create_update_leads", leads=people)
    assert [one["status"] for one in results] == ["created"] * NEW
    return box


def write(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content))
    return path


AIRBYTE = """
import json
import source_marketo.source
# It waits a minute between two polls of an export.
source_marketo.source.MarketoExportBase.poll_interval = 0.1
from source_marketo.run import run
for sys.argv[1:] in json.loads(sys.argv[1]):
    run()
"""


def airbyte(folder: Path, *commands: Sequence[object]) -> list[dict[str, Any]]:
    """Run commands of the client, one after another, and return all messages.

    In one process, because the import of the client takes most of the time.
    """
    texts = [[str(part) for part in command] for command in commands]
    return python(folder, AIRBYTE, json.dumps(texts))


def test_airbyte_checks_discovers_and_reads(quick: Sandbox, tmp_path: Path) -> None:
    folder = installed("airbyte-source-marketo")

    def configure(start: str) -> Path:
        return write(
            tmp_path / f"from-{start[:10]}.json",
            {
                "domain_url": quick.marketo.url.rstrip("/"),
                "client_id": seed.CLIENT_ID,
                "client_secret": seed.CLIENT_SECRET,
                "start_date": start,
                "window_in_days": 30,
            },
        )

    config = configure(START)
    found = airbyte(folder, ["check", "--config", config], ["discover", "--config", config])
    (checked,) = (one["connectionStatus"] for one in found if one["type"] == "CONNECTION_STATUS")
    assert checked["status"] == "SUCCEEDED"
    (discovered,) = (one["catalog"]["streams"] for one in found if one["type"] == "CATALOG")

    def reading(start: str, *streams: str) -> list[object]:
        chosen = [
            {"stream": one, "sync_mode": "full_refresh", "destination_sync_mode": "overwrite"}
            for one in discovered
            if one["name"] in streams
        ]
        catalog = write(tmp_path / f"catalog-{start[:10]}.json", {"streams": chosen})
        return ["read", "--config", configure(start), "--catalog", catalog]

    messages = airbyte(
        folder,
        # Exports, of the time in which the new leads were created, and assets, which are older.
        reading(START, "leads", "activities_new_lead"),
        reading("2025-01-01T00:00:00Z", "programs", "lists", "campaigns", "emails"),
    )
    errors = [one for one in messages if one["type"] == "TRACE" and one["trace"]["type"] == "ERROR"]
    assert errors == []
    state = quick.marketo.state
    assert Counter(one["record"]["stream"] for one in messages if one["type"] == "RECORD") == {
        "leads": NEW,
        "activities_new_lead": NEW,
        "programs": len(state.programs),
        "lists": len(state.lists),
        "campaigns": len(state.campaigns),
        "emails": len(state.emails),
    }


TAP = """
import tap_marketo.client
base = sys.argv.pop(1)
# The client derives its host from the instance's id.
tap_marketo.client.Client.get_url = lambda self, url: f"{base}/{url}"
tap_marketo.main()
"""


def test_the_singer_tap_discovers_and_reads(quick: Sandbox, tmp_path: Path) -> None:
    folder, url = installed("tap-marketo"), quick.marketo.url.rstrip("/")
    config = write(
        tmp_path / "config.json",
        {
            "endpoint": "https://123-ABC-456.mktorest.com/rest",
            "client_id": seed.CLIENT_ID,
            "client_secret": seed.CLIENT_SECRET,
            "start_date": START,
            # Its windows end at whole seconds: with shorter waits it exports the current one again and again.
            "poll_interval": 0.5,
        },
    )
    found = run(
        [
            sys.executable,
            "-S",
            "-c",
            f"import sys; sys.path.insert(0, {str(folder)!r})\n{TAP}",
            url,
            "--config",
            config,
            "--discover",
        ]
    )
    assert found.returncode == 0, found.stderr[-2000:]
    catalog = json.loads(found.stdout)
    wanted = {"leads", "activity_types", "activities_new_lead"}
    for stream in catalog["streams"]:
        for one in stream["metadata"] if stream["tap_stream_id"] in wanted else ():
            if one["metadata"].get("inclusion") != "unsupported":
                one["metadata"]["selected"] = True
    selected = write(tmp_path / "catalog.json", catalog)
    messages = python(folder, TAP, url, "--config", config, "--properties", selected)
    # On a slow machine it exports in several windows, which have leads in common.
    records = {(one["stream"], json.dumps(one["record"])) for one in messages if one["type"] == "RECORD"}
    read = Counter(stream for stream, _ in records)
    assert read.keys() == wanted
    assert (read["leads"], read["activities_new_lead"]) == (NEW, NEW)


NODE = """
const Marketo = require('node-marketo-rest');
const url = process.argv[2], leads = [%(anna)d, %(ben)d], list = %(list)d;
const marketo = new Marketo({
  endpoint: url + '/rest', identity: url + '/identity', clientId: '%(id)s', clientSecret: '%(secret)s'
});
async function all(first) {
  const rows = [];
  for (let page = await first; ; page = await page.nextPage()) {
    rows.push(...(page.result || []));
    if (!page.nextPage || !page.moreResult) return rows;
  }
}
(async () => {
  const out = {};
  out.found = (await marketo.lead.find('id', leads, {fields: ['id', 'email']})).result.length;
  out.lead = (await marketo.lead.byId(leads[0])).result[0].id;
  const made = await marketo.lead.createOrUpdate([{email: 'npm@example.com'}], {lookupField: 'email'});
  out.created = made.result[0].status;
  out.members = (await marketo.list.getLeads(list)).result.length;
  out.added = (await marketo.list.addLeadsToList(list, [made.result[0].id])).result[0].status;
  out.isMember = (await marketo.list.isMember(list, [made.result[0].id])).result[0].status;
  out.removed = (await marketo.list.removeLeadsFromList(list, [made.result[0].id])).result[0].status;
  out.campaigns = (await marketo.campaign.getCampaigns()).result.length;
  out.requested = (await marketo.campaign.request(%(campaign)d, [{id: leads[0]}])).success;
  out.emails = (await marketo.email.getEmails()).result.length;
  out.fields = (await marketo.lead.describe()).result.length > 50;
  out.partitions = (await marketo.lead.partitions()).result.length;
  const token = (await marketo.lead.getPageToken('%(start)s')).nextPageToken;
  const options = {nextPageToken: token, activityTypeIds: '12'};
  out.activities = (await all(marketo.lead.getActivitiesWithOptions(options))).length;
  out.usage = (await marketo.stats.usage()).success;
  out.refused = await marketo.lead.find('city', ['x']).catch(error => error.errors[0].code);
  console.log(JSON.stringify(out));
})().catch(error => { console.error(error); process.exit(1); });
"""


def test_the_node_client_reads_and_writes(quick: Sandbox) -> None:
    folder = installed("node-marketo-rest")
    script = NODE % {
        "anna": seed.ANNA,
        "ben": seed.BEN,
        "list": seed.STATIC_LIST,
        "campaign": seed.REQUEST_CAMPAIGN,
        "id": seed.CLIENT_ID,
        "secret": seed.CLIENT_SECRET,
        "start": START,
    }
    state = quick.marketo.state
    done = run(["node", "-e", script, "-", quick.marketo.url.rstrip("/")], cwd=folder)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == {
        "found": 2,
        "lead": seed.ANNA,
        "created": "created",
        "members": 3,
        "added": "added",
        "isMember": "memberof",
        "removed": "removed",
        "campaigns": len(state.campaigns),
        "requested": True,
        "emails": len(state.emails),
        "fields": True,
        "partitions": 2,
        "activities": NEW + 1,
        "usage": True,
        "refused": "1011",
    }
