"""Every change of a lead is reported once, across restarts, killed workers and DAG runs."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from airflow_runs import Airflow, Run

from airflow_provider_mkt.actions.leads import reads_whole_window
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.sandbox.marketo.activities.activity_types import CHANGE_DATA_VALUE, NEW_LEAD
from airflow_provider_mkt.sensors import _watermark as watermark

MODES = {"poke": 'mode="poke"', "reschedule": 'mode="reschedule"', "deferrable": "deferrable=True"}

pytestmark = pytest.mark.usefixtures("short_waits")


class Changes:
    """One sensor's watermark, over several DAG runs.

    :param conn: the platform.
    """

    def __init__(self, airflow: Airflow, sandbox: Sandbox, conn: str, directory: Path) -> None:
        self.airflow, self.state, self.conn = airflow, sandbox.marketo.state, conn
        self.hubspot = sandbox.hubspot.state
        self.variable, self.path = f"changes_{uuid.uuid4().hex}", directory / "leads.jsonl"

    def wait(self, more: str = "", *, before: str = "") -> Run:
        self.path.unlink(missing_ok=True)
        fields = '["firstName"]' if self.conn == "marketo" else None
        return self.airflow.run(
            "from airflow_provider_mkt.sensors.lead_changes import LeadChangesSensor\n"
            f"{before}\n"
            f'LeadChangesSensor(task_id="wait", conn_id="{self.conn}_default", poke_interval=0.1, '
            f'variable="{self.variable}", leads_path={str(self.path)!r}, fields={fields}, '
            f'since="{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}", {more})'
        )

    def reported(self, more: str = "") -> dict[str, bool]:
        """Ids of the leads that a run reports, and whether they are new."""
        run = self.wait(more)
        assert run.state == "success", run.log[-3000:]
        rows = [json.loads(line) for line in self.path.read_text().splitlines()]
        returned = run.returned["wait"]
        assert returned["platform"] == self.conn
        assert returned["new"] + returned["changed"] == len(rows)
        assert set(returned) == {"platform", "since", "until", "new", "changed", "ids", "leads"}
        assert returned["ids"] == [row["id"] for row in rows][:100]
        return {row["id"]: row["new"] for row in rows}

    def nothing(self) -> bool:
        return self.wait("timeout=0.2, soft_fail=True").tasks == {"wait": "skipped"}

    def happen(self, lead: int, *, kind: int = CHANGE_DATA_VALUE, ago: float = 60, late: float = 0) -> None:
        """A change that happened *ago* seconds before now, and is reported *late* seconds after now."""
        now = self.state.now()
        fields = ({"id": 1, "name": "firstName", "newValue": "x", "oldValue": "y"},)
        self.state.log.add(
            kind,
            lead,
            (now - timedelta(seconds=ago)).replace(microsecond=0),
            fields=fields if kind == CHANGE_DATA_VALUE else (),
            committed_at=now + timedelta(seconds=late) if late else None,
        )


@pytest.fixture
def changes(airflow: Airflow, sandbox: Sandbox, tmp_path: Path) -> Changes:
    return Changes(airflow, sandbox, "marketo", tmp_path)


@pytest.mark.parametrize("mode", MODES.values(), ids=list(MODES))
def test_each_change_is_reported_once_across_runs(changes: Changes, sandbox: Sandbox, mode: str) -> None:
    sandbox.marketo.settings.activity_block = 1
    changes.happen(marketo.ANNA, kind=NEW_LEAD)
    changes.happen(marketo.BEN)
    changes.happen(marketo.BEN)
    assert changes.reported(mode) == {str(marketo.ANNA): True, str(marketo.BEN): False}
    assert changes.nothing()
    changes.happen(marketo.CARLA, ago=1)
    assert changes.reported(mode) == {str(marketo.CARLA): False}


def test_an_argument_that_the_platform_does_not_take_is_a_failure_and_no_skip(
    airflow: Airflow, sandbox: Sandbox
) -> None:
    run = airflow.run(
        "from airflow_provider_mkt.sensors.lead_changes import LeadChangesSensor\n"
        'LeadChangesSensor(task_id="wait", conn_id="marketo_default", soft_fail=True, deferrable=True)'
    )
    assert run.tasks == {"wait": "failed"}
    assert "fields: is missing" in run.log
    assert sandbox.marketo.calls.total == 0


def test_a_change_that_arrives_late_is_reported_by_a_later_run(changes: Changes, sandbox: Sandbox) -> None:
    changes.happen(marketo.ANNA, ago=600, late=300)
    changes.happen(marketo.BEN, ago=10)
    assert changes.reported() == {str(marketo.BEN): False}
    sandbox.clock.advance(301)
    assert changes.reported() == {str(marketo.ANNA): False}
    assert changes.nothing()


def test_a_contact_of_hubspot_is_reported_again_when_it_changes_again(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path
) -> None:
    changes = Changes(airflow, sandbox, "hubspot", tmp_path)
    sandbox.hubspot.settings.search_lag = 0
    contacts = sandbox.hubspot.state.contacts
    made = contacts.create({"email": "new@example.com"})
    old = contacts.get(hubspot.CONTACT_IDS[0])
    assert old is not None
    contacts.update(old, {"company": "Other Ltd"})
    assert changes.reported() == {old.id: False, made.id: True}
    assert changes.nothing()
    sandbox.clock.advance(2)
    contacts.update(old, {"company": "Third Ltd"})
    assert changes.reported(MODES["deferrable"]) == {old.id: False}


def test_changes_that_a_run_read_and_did_not_report_are_reported_by_its_next_try(
    changes: Changes,
) -> None:
    """The first try is killed after the watermark moved; the second is of the same DAG run."""
    changes.happen(marketo.ANNA)
    lost = """
from airflow_provider_mkt.sensors._watermark import Watermark
def lost_once(self, *given, known=Watermark.advance):
    known(self, *given)
    Watermark.advance = known
    raise ConnectionError("the worker is gone")
Watermark.advance = lost_once"""
    run = changes.wait("retries=1", before=lost)
    assert "the worker is gone" in run.log
    assert (run.state, run.returned["wait"]["changed"]) == ("success", 1)
    assert changes.nothing()


def test_a_run_without_changes_does_not_move_the_watermark(changes: Changes) -> None:
    assert changes.nothing()
    changes.happen(marketo.ANNA, ago=3000)
    assert changes.reported() == {str(marketo.ANNA): False}


def test_more_changes_than_are_kept_are_reported_again_and_none_is_missed(
    changes: Changes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watermark, "KNOWN_MAX", 2)
    for ago, lead in ((30, marketo.ANNA), (20, marketo.BEN), (10, marketo.CARLA)):
        changes.happen(lead, ago=ago)
    assert len(changes.reported()) == 3
    assert changes.reported() == {str(marketo.ANNA): False}


def test_the_watermark_of_another_account_is_refused(changes: Changes) -> None:
    changes.happen(marketo.ANNA)
    assert changes.reported() == {str(marketo.ANNA): False}
    changes.conn = "hubspot"
    run = changes.wait()
    assert run.state == "failed"
    assert f"variable: Airflow Variable {changes.variable} is the watermark of account " in run.log


def test_the_watermark_of_a_sensor_is_its_own_by_default(airflow: Airflow, sandbox: Sandbox) -> None:
    world = sandbox.marketo.state
    world.log.add(NEW_LEAD, marketo.ANNA, world.now())
    run = airflow.run("""
from airflow.sdk import Variable
from airflow_provider_mkt.sensors.lead_changes import LeadChangesSensor
wait = LeadChangesSensor(task_id="wait", conn_id="marketo_default", fields=["email"])
@task
def kept(ti=None):
    return Variable.get(f"mkt_lead_changes__{ti.dag_id}__wait", deserialize_json=True)
wait >> kept()
""")
    assert run.state == "success", run.log[-3000:]
    assert run.returned["wait"]["leads"] is None
    assert run.returned["kept"]["round"] == 1
    assert len(run.returned["kept"]["known"]) == 1


@pytest.mark.usefixtures("from_templates")
@pytest.mark.parametrize(
    ("conn", "arguments", "named"),
    [
        ("marketo", "", "fields: is missing"),
        ("hubspot", 'fields=["email"]', "fields: HubSpot reports changes of all contacts"),
        ("hubspot", "list_id=101", "list_id: HubSpot reports changes of all contacts"),
        ("hubspot", "since=\"{{ 'yesterday' }}\"", "since: must be an ISO 8601 time"),
        ("hubspot", 'variable="mkt_broken"', "variable: Airflow Variable mkt_broken is not a watermark"),
    ],
)
def test_invalid_input_is_named_before_anything_is_sent(
    airflow: Airflow,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    conn: str,
    arguments: str,
    named: str,
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_MKT_BROKEN", '"soon"')
    run = airflow.run(
        "from airflow_provider_mkt.sensors.lead_changes import LeadChangesSensor\n"
        f'LeadChangesSensor(task_id="wait", conn_id="{conn}_default", retries=1, {arguments})'
    )
    assert run.state == "failed"
    assert named in run.log
    assert "up_for_retry" not in run.log
    assert sandbox.hubspot.calls.total == sandbox.marketo.calls.total == 0


@pytest.mark.parametrize("platform", ["marketo", "hubspot"])
def test_a_poll_with_many_known_changes_reads_only_what_is_new(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path, platform: str
) -> None:
    changes = Changes(airflow, sandbox, platform, tmp_path)
    sandbox.hubspot.settings.search_lag = 0
    if platform == "marketo":
        for number in range(1_500):
            changes.happen(marketo.ANNA + number % 5, ago=600 - number / 10)
    else:
        made = [changes.hubspot.contacts.create({"email": f"p{number}@example.com"}) for number in range(900)]
    assert changes.reported()
    calls = sandbox.marketo.calls if platform == "marketo" else sandbox.hubspot.calls
    before = calls.total
    assert changes.nothing()
    # At most a token and a page, or a search, in each of at most ten polls.
    assert calls.total - before <= 12
    if platform == "marketo":
        changes.happen(marketo.BEN, ago=-1)
        sandbox.clock.advance(2)
        assert changes.reported() == {str(marketo.BEN): False}
    else:
        sandbox.clock.advance(2)
        changes.hubspot.contacts.update(made[0], {"company": "Third Ltd"})
        assert changes.reported() == {made[0].id: True}


@pytest.mark.parametrize(
    ("known", "read_at", "now", "whole"),
    [
        (2, 100.0, 101.0, True),
        (6_000, 100.0, 101.0, False),
        (6_000, 100.0, 100.0 + 1_799, False),
        (6_000, 100.0, 100.0 + 1_800, True),
        (600, 100.0, 100.0 + 180, True),
        (600, 100.0, 100.0 + 179, False),
        (6_000, None, 101.0, True),
        # The clock was set back.
        (6_000, 500.0, 101.0, True),
    ],
)
def test_late_changes_are_searched_the_less_often_the_more_are_known(
    known: int, read_at: float | None, now: float, whole: bool
) -> None:
    cache: dict[str, object] = {}
    found = reads_whole_window(cache, known=known, page=300, late=7_200.0, read_at=read_at, clock=lambda: now)
    assert found is whole
    assert cache == ({"read_at": now} if whole else {})
