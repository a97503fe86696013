"""The events that OpenLineage's own provider writes for the tasks of a DAG run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from airflow_runs import connected

from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo

SCRIPT = Path(__file__).parent / "dag_of_lineage.py"
HUBSPOT = f"hubspot://{hubspot.PORTAL_ID}"
PEOPLE = (
    "mail,town,note\nsecret.ada@example.com,Bern,private\nsecret.ben@example.com,Basel,private\n,Chur,x\n"
)
Event = dict[str, Any]


class Events:
    """The events of one DAG run."""

    def __init__(self, lines: list[Event], tasks: dict[str, str], people: str, instance: str) -> None:
        self.lines, self.tasks = lines, tasks
        self.people, self.marketo = people, f"marketo://{instance}"

    def of(self, task: str, kind: str) -> Event:
        """Return the one event of a task of that type."""
        (event,) = [
            one for one in self.lines if one["job"]["name"].endswith(f".{task}") and one["eventType"] == kind
        ]
        return event


@pytest.fixture(scope="module")
def events(airflow_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Events:
    folder = tmp_path_factory.mktemp("lineage")
    people, written = folder / "people.csv", folder / "events.jsonl"
    people.write_text(PEOPLE)
    transport = {"type": "file", "log_file_path": str(written), "append": True}
    with connected() as box:
        for settings in (box.hubspot.settings, box.marketo.settings):
            settings.import_startup = settings.import_per_row = 0.0
        box.hubspot.settings.import_error_lag = box.marketo.settings.import_pickup = 0.0
        done = subprocess.run(
            [
                sys.executable,
                str(SCRIPT),
                str(people),
                str(marketo.STATIC_LIST),
                json.dumps([marketo.ANNA, marketo.BEN]),
            ],
            env={
                **os.environ,
                "PYTHONPATH": str(SCRIPT.parents[1]),
                "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(transport),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        instance = box.marketo.url.removeprefix("http://")
    lines = [json.loads(line) for line in written.read_text().splitlines()]
    # Airflow logs to the same stream.
    (tasks,) = [line for line in done.stdout.splitlines() if line.startswith("{")]
    return Events(lines, json.loads(tasks), str(people), instance)


def names(datasets: list[Event]) -> set[str]:
    return {f"{one['namespace']} {one['name']}" for one in datasets}


def one(datasets: list[Event], name: str) -> Event:
    (found,) = [dataset for dataset in datasets if dataset["name"] == name]
    return found


def test_the_tasks_ended_as_they_should(events: Events) -> None:
    assert events.tasks == {
        "sync": "success",
        "fails": "failed",
        "import_hubspot": "success",
        "import_marketo": "success",
        "add": "success",
        "function": "success",
        "declared": "success",
    }


def test_a_sync_names_its_file_and_the_contacts_at_its_start_and_its_end(events: Events) -> None:
    start, complete = events.of("sync", "START"), events.of("sync", "COMPLETE")
    assert names(start["inputs"]) == names(complete["inputs"]) == {f"file {events.people}"}
    assert names(start["outputs"]) == {f"{HUBSPOT} contacts"}
    rejects = one(complete["outputs"], complete["run"]["facets"]["mkt_sync"]["rejects"])
    assert names(complete["outputs"]) == {f"{HUBSPOT} contacts", f"file {rejects['name']}"}
    assert complete["inputs"][0]["inputFacets"]["inputStatistics"]["rowCount"] == 3
    contacts = one(complete["outputs"], "contacts")
    assert contacts["outputFacets"]["outputStatistics"]["rowCount"] == 2
    assert rejects["outputFacets"]["outputStatistics"]["rowCount"] == 1


def test_a_sync_names_its_fields_and_the_columns_that_they_are_made_of(events: Events) -> None:
    contacts = one(events.of("sync", "COMPLETE")["outputs"], "contacts")
    assert [field["name"] for field in contacts["facets"]["schema"]["fields"]] == ["email", "city", "country"]
    lineage = contacts["facets"]["columnLineage"]["fields"]
    assert {name: field["inputFields"][0]["field"] for name, field in lineage.items()} == {
        "email": "mail",
        "city": "town",
    }
    origin = lineage["email"]["inputFields"][0]
    assert (origin["namespace"], origin["name"]) == ("file", events.people)
    assert origin["transformations"][0]["subtype"] == "IDENTITY"


def test_the_facet_of_the_run_has_counts(events: Events) -> None:
    facet = events.of("sync", "COMPLETE")["run"]["facets"]["mkt_sync"]
    assert (facet["platform"], facet["account"], facet["mode"]) == (
        "hubspot",
        str(hubspot.PORTAL_ID),
        "calls",
    )
    counts = facet["counts"]
    assert {"total": 3, "written": 2, "rejected": 1, "resumed": 0}.items() <= counts.items()
    # An import of the same people may have run before.
    assert counts["created"] + counts["updated"] == 2
    assert facet["reasons"] == {"KEY_MISSING": 1}
    assert facet["calls"] == 1


def test_a_failed_sync_tells_what_was_written_and_where_its_rejects_are(events: Events) -> None:
    failed = events.of("fails", "FAIL")
    assert names(failed["inputs"]) == {f"file {events.people}"}
    assert f"{events.marketo} leads" in names(failed["outputs"])
    facet = failed["run"]["facets"]["mkt_sync"]
    assert (facet["counts"]["written"], facet["counts"]["rejected"]) == (2, 1)
    assert facet["rejects"] in {dataset["name"] for dataset in failed["outputs"]}
    assert "errorMessage" in failed["run"]["facets"]


@pytest.mark.parametrize(
    ("platform", "outputs"),
    [("hubspot", {"contacts"}), ("marketo", {"leads", f"lists/{marketo.STATIC_LIST}"})],
)
def test_a_task_that_was_deferred_tells_the_same_as_others(
    events: Events, platform: str, outputs: set[str]
) -> None:
    complete = events.of(f"import_{platform}", "COMPLETE")
    assert names(complete["inputs"]) == {f"file {events.people}"}
    namespace = HUBSPOT if platform == "hubspot" else events.marketo
    written = {one["name"] for one in complete["outputs"] if one["namespace"] == namespace}
    assert written == outputs
    facet = complete["run"]["facets"]["mkt_sync"]
    assert (facet["counts"]["total"], facet["counts"]["imported"]) == (3, 2)
    people = one(complete["outputs"], "contacts" if platform == "hubspot" else "leads")
    assert people["outputFacets"]["outputStatistics"]["rowCount"] == 2
    assert [field["name"] for field in people["facets"]["schema"]["fields"]] == ["email", "city"]


def test_a_list_is_a_data_set_beside_the_leads(events: Events) -> None:
    complete = events.of("add", "COMPLETE")
    assert names(complete["outputs"]) == {
        f"{events.marketo} lists/{marketo.STATIC_LIST}",
        f"{events.marketo} leads",
    }
    assert complete["run"]["facets"]["mkt_sync"]["counts"]["added"] == 2
    rows = {dataset["name"]: dataset["outputFacets"] for dataset in complete["outputs"]}
    assert rows[f"lists/{marketo.STATIC_LIST}"]["outputStatistics"]["rowCount"] == 2
    # No lead was written.
    assert rows["leads"] == {}


def test_a_function_tells_what_its_hooks_read_and_wrote(events: Events) -> None:
    complete = events.of("function", "COMPLETE")
    assert names(complete["inputs"]) == {f"{events.marketo} leads"}
    assert len(complete["inputs"]) == 1
    # All tasks of this run share a process, so that files which others have opened are here too.
    written = [one for one in complete["outputs"] if one["namespace"] != "file"]
    assert [(one["namespace"], one["name"]) for one in written] == [(HUBSPOT, "contacts")]


def test_assets_of_any_task_are_data_sets(events: Events) -> None:
    complete = events.of("declared", "COMPLETE")
    assert names(complete["inputs"]) == {"marketo://123-abc-456 leads"}
    assert names(complete["outputs"]) == {"hubspot://77 companies"}


def test_no_event_has_a_persons_data_or_a_secret(events: Events) -> None:
    mine = [line for line in events.lines if not line["job"]["name"].endswith(".function")]
    text = json.dumps(
        [(line["inputs"], line["outputs"], line["run"]["facets"].get("mkt_sync")) for line in mine]
    )
    for secret in ("secret.ada", "private", "Bern", hubspot.TOKEN, marketo.CLIENT_SECRET):
        assert secret not in text
