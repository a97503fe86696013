"""The events that a running Airflow with OpenLineage's provider writes for tasks."""

from __future__ import annotations

import json
from typing import Any

from standalone.conftest import LINEAGE
from standalone.service import Standalone

from airflow_provider_mkt.sandbox.hubspot import seed as hubspot

HUBSPOT = f"hubspot://{hubspot.PORTAL_ID}"


def _events(airflow: Standalone, run_id: str, task: str, kind: str) -> list[dict[str, Any]]:
    """Return the events of a type of one task of a run, once there are some."""
    found: list[dict[str, Any]] = []

    def written() -> bool:
        file = airflow.home / LINEAGE
        lines = file.read_text().splitlines(keepends=True) if file.exists() else []
        # The last line may be in the writing.
        events = [json.loads(line) for line in lines if line.endswith("\n")]
        found[:] = [
            one
            for one in events
            if (one["job"]["name"], one["eventType"]) == (f"links.{task}", kind)
            and one["run"]["facets"]["airflow"]["dagRun"]["run_id"] == run_id
        ]
        return bool(found)

    airflow.until(written, 600, f"OpenLineage has no event {kind} of {task}")
    return found


def _names(datasets: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(one["namespace"], one["name"]) for one in datasets}


def test_a_task_that_was_deferred_tells_what_it_read_and_wrote(airflow: Standalone, linked: str) -> None:
    outcome = airflow.returned("links", linked, "import")
    # A task that is resumed starts once more.
    for start in _events(airflow, linked, "import", "START"):
        assert [name.rpartition("/")[2] for _, name in _names(start["inputs"])] == ["leads.csv"]
    (end,) = _events(airflow, linked, "import", "COMPLETE")
    assert [name.rpartition("/")[2] for _, name in _names(end["inputs"])] == ["leads.csv"]
    (contacts,) = [one for one in end["outputs"] if (one["namespace"], one["name"]) == (HUBSPOT, "contacts")]
    assert contacts["outputFacets"]["outputStatistics"]["rowCount"] == outcome["imported"] == 1
    facet = end["run"]["facets"]["mkt_sync"]
    assert (facet["account"], facet["counts"]["imported"]) == (str(hubspot.PORTAL_ID), 1)


def test_a_task_that_failed_tells_why_and_where_its_rejects_are(airflow: Standalone, linked: str) -> None:
    rejects = airflow.returned("links", linked, "failed")["rejects"]
    (end,) = _events(airflow, linked, "failed", "FAIL")
    assert {(HUBSPOT, "lists/101"), ("file", rejects.removeprefix("file://"))} <= _names(end["outputs"])
    assert end["run"]["facets"]["mkt_sync"]["reasons"] == {"NOT_FOUND": 1}
    assert "NOT_FOUND" in end["run"]["facets"]["errorMessage"]["message"]


def test_each_mapped_task_tells_its_own_email(airflow: Standalone, linked: str) -> None:
    airflow.until(
        lambda: len(_events(airflow, linked, "mapped", "COMPLETE")) == 2, 600, "no event of each task"
    )
    written = [_names(one["outputs"]) for one in _events(airflow, linked, "mapped", "COMPLETE")]
    assert sorted(written, key=str) == [
        {(HUBSPOT, "emails/180000000002")},
        {(HUBSPOT, "emails/180000000005")},
    ]
