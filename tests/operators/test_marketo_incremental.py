"""Exports of Marketo with ``since="last"``: whatever happens in between, every change is in the files once.

Leads are added, changed, merged and deleted at random, the platform logs it late, runs are killed at any
point, retried or given up, and end wherever the clock is.
"""

from __future__ import annotations

import csv
import json
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from airflow.sdk import Variable
from export_runs import shorten
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from workers import Worker, context, until

from airflow_provider_mkt.operators.custom_object_exports import ExportCustomObjectsOperator
from airflow_provider_mkt.operators.deleted_lead_exports import ExportDeletedLeadsOperator
from airflow_provider_mkt.operators.exports import ExportActivitiesOperator, ExportLeadsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed
from airflow_provider_mkt.sandbox.marketo.activities.activity_types import (
    CHANGE_DATA_VALUE,
    DELETE_LEAD,
    MERGE_LEADS,
    NEW_LEAD,
)

pytestmark = pytest.mark.usefixtures("airflow_home", "short_waits")

VISIT_WEBPAGE = 1
LATEST = 23 * 3600
"""Seconds after its date at which a row shows at the latest: less than the overlap of a day."""
KINDS = ("activities", "leads", "gone", "machines")
FIELDS: dict[str, list[str]] = {
    "leads": ["id", "leadScore", "updatedAt"],
    "machines": ["marketoGUID", "hours", "updatedAt"],
}


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    from airflow_runs import connected, lift_rate_limits

    with connected() as box:
        lift_rate_limits(box)
        box.marketo.settings.export_minutes = 0
        box.marketo.settings.token_seconds = 1e9
        yield box


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    shorten(monkeypatch)


class Series:
    """Runs of one DAG, and what happens to the leads in between."""

    def __init__(self, box: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.box, self.folder, self.run = box, folder, 0
        self.marketo = box.marketo
        self.marketo.reset(limits=False)
        monkeypatch.setenv("WORKERS_RUN", uuid.uuid4().hex)
        monkeypatch.setenv("AIRFLOW__MKT__STATE_DIR", str(folder / "state"))
        self.start = self.now().replace(microsecond=0)
        self.marks = 0
        token = self.http("/identity/oauth/token", client_id=seed.CLIENT_ID, client_secret=seed.CLIENT_SECRET)
        self.headers = {"Authorization": f"Bearer {token['access_token']}"}

        # Variables in files, which worker processes share.
        def path(key: str) -> Path:
            return folder / f"{key}.variable"

        def get(key: str, default: Any = None, deserialize_json: bool = False) -> Any:
            return json.loads(path(key).read_text()) if path(key).exists() else default

        def set_(key: str, value: Any, description: str | None = None, serialize_json: bool = False) -> None:
            path(key).write_text(json.dumps(value))

        monkeypatch.setattr(Variable, "get", get)
        monkeypatch.setattr(Variable, "set", set_)

    def http(self, path: str, body: Any = None, **query: Any) -> dict[str, Any]:
        url, headers = self.marketo.url.rstrip("/") + path, getattr(self, "headers", None)
        if "client_id" in query:
            query["grant_type"] = "client_credentials"
            return dict(httpx.get(url, params=query).json())
        found: dict[str, Any] = httpx.post(url, json=body, params=query, headers=headers).json()
        assert found["success"], found
        return found

    def now(self) -> datetime:
        self.marketo.state.run_due_work()
        return self.marketo.state.now()

    def live(self) -> list[int]:
        return [lead.id for lead in self.marketo.state.leads]

    # -- what happens ------------------------------------------------------------------------------

    def add(self, number: int) -> None:
        self.marks += 1
        self.http(
            "/rest/v1/leads.json", {"input": [{"email": f"n{self.marks}@example.com", "leadScore": number}]}
        )

    def change(self, number: int) -> None:
        self.marks += 1
        people = self.live()
        record = {"id": people[number % len(people)], "leadScore": self.marks}
        self.http("/rest/v1/leads.json", {"action": "updateOnly", "lookupField": "id", "input": [record]})

    def visit(self, number: int) -> None:
        """Log something of the past, in an order of its own."""
        now, late = self.now(), timedelta(seconds=number * 7919 % LATEST)
        people = self.live()
        self.marketo.state.log.add(
            VISIT_WEBPAGE, people[number % len(people)], max(now - late, self.start), committed_at=now
        )

    def machine(self, number: int) -> None:
        self.marks += 1
        record = {"serialNumber": f"M-{number % 3}", "hours": self.marks, "leadId": self.live()[0]}
        self.http(f"/rest/v1/customobjects/{seed.MACHINE_TYPE}.json", {"input": [record]})

    def delete(self, number: int) -> None:
        people = self.live()
        if len(people) > 2:
            self.http("/rest/v1/leads/delete.json", {"input": [{"id": people[number % len(people)]}]})

    def merge(self, number: int) -> None:
        people = self.live()
        if len(people) > 2:
            winner, loser = people[number % len(people)], people[(number + 1) % len(people)]
            self.http(f"/rest/v1/leads/{winner}/merge.json", leadId=loser)

    def wait(self, number: int) -> None:
        self.box.clock.advance(1 + number * 997 % (36 * 3600))

    # -- exports -------------------------------------------------------------------------------------

    def operator(self, kind: str) -> Any:
        common = {
            "task_id": kind,
            "conn_id": "marketo_default",
            "output_path": str(self.folder / f"{kind}-{self.run:03}.csv"),
            "since": "last",
            "variable": kind,
            "start": self.start,
            "end": self.now(),
        }
        if kind == "gone":
            return ExportDeletedLeadsOperator(overlap=24 * 3600, **common)
        common["poll_interval"] = 0.02
        if kind == "activities":
            return ExportActivitiesOperator(**common)
        if kind == "machines":
            return ExportCustomObjectsOperator(api_name=seed.MACHINE_TYPE, fields=FIELDS[kind], **common)
        return ExportLeadsOperator(fields=FIELDS[kind], date_filter="updatedAt", **common)

    def export(self, kill_after: int, *, retried: bool) -> None:
        """Export everything in a new run.

        :param kill_after: calls after which the process of each task is killed.
        :param retried: whether a killed task is tried again in its run.
        """
        self.run += 1
        self.box.clock.advance(1)
        for kind in KINDS:
            if kill_after:
                self.kill(kind, kill_after)
                if not retried:
                    self.drop_of_failed(kind)
                    continue
            self.operator(kind).execute(context(run=f"{kind} {self.run}"))

    def kill(self, kind: str, kill_after: int) -> None:
        calls = self.marketo.calls.all
        last = calls.total + kill_after
        worker = Worker(self.operator(kind), run=f"{kind} {self.run}")
        until(lambda: worker.ended or calls.total >= last)
        worker.kill()

    def drop_of_failed(self, kind: str) -> None:
        """Delete the file of a run that was killed before the watermark moved: the next run has its rows."""
        watermark = Variable.get(kind, default={"runs": {}})
        if not any(f"{kind} {self.run}\n" in run and one["done"] for run, one in watermark["runs"].items()):
            (self.folder / f"{kind}-{self.run:03}.csv").unlink(missing_ok=True)

    def rows(self, kind: str) -> list[dict[str, str]]:
        found = []
        for path in sorted(self.folder.glob(f"{kind}-*.csv")):
            with path.open(encoding="utf-8", newline="") as file:
                found += list(csv.DictReader(file))
        return found


ACTIONS = ("add", "change", "visit", "machine", "delete", "merge", "wait")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(ACTIONS), st.integers(0, 200)),
        st.tuples(st.just("export"), st.integers(-9, 9)),
    ),
    min_size=6,
    max_size=10,
)
LAGS = st.fixed_dictionaries(
    {
        str(kind): st.sampled_from([0, 0, 30, 3600, LATEST])
        for kind in (NEW_LEAD, CHANGE_DATA_VALUE, MERGE_LEADS, DELETE_LEAD)
    }
)


@given(steps=STEPS, lags=LAGS)
@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],
)
def test_every_change_is_in_the_files_once(
    running: Sandbox,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    steps: list[tuple[str, int]],
    lags: dict[str, float],
) -> None:
    running.marketo.settings.activity_type_lags = {int(kind): lag for kind, lag in lags.items()}
    series = Series(running, tmp_path_factory.mktemp("series"), monkeypatch)
    for action, number in steps:
        if action == "export":
            series.export(abs(number), retried=number > 0)
        else:
            getattr(series, action)(number)
    # Everything late has shown by then.
    series.box.clock.advance(LATEST + 3600)
    series.export(0, retried=True)

    state = series.marketo.state
    logged = {row.guid for row in state.log.all() if row.type_id != DELETE_LEAD and row.date >= series.start}
    assert Counter(row["marketoGUID"] for row in series.rows("activities")) == Counter(logged)

    gone = {int(row["id"]) for row in series.rows("gone")}
    removed = {row.lead_id for row in state.log.all(DELETE_LEAD)}
    merged = {int(row.attributes["Merge IDs"]) for row in state.log.all(MERGE_LEADS)}  # type: ignore[call-overload]
    assert gone == removed | merged
    assert len(series.rows("gone")) == len(gone)

    # Loaded in order, the files make what the platform has.
    loaded = {int(row["id"]): row["leadScore"] for row in series.rows("leads")}
    for lead_id in gone:
        loaded.pop(lead_id, None)
    changed = [lead for lead in state.leads if lead.updated_at >= series.start]
    assert loaded == {lead.id: str(lead.values.get("leadScore", "null")) for lead in changed}
    versions = Counter((row["id"], row["updatedAt"]) for row in series.rows("leads"))
    assert not [version for version, count in versions.items() if count > 1]

    machines = {row["marketoGUID"]: row["hours"] for row in series.rows("machines")}
    records = state.custom_objects.live(seed.MACHINE_TYPE)
    assert machines == {str(one.id): str(one.values["hours"]) for one in records}
