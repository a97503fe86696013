"""Whatever the source, the faults, the limits and the kills: each record has one outcome, and it is true."""

from __future__ import annotations

import json
import os
import tempfile
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from airflow_runs import connected
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sync_runs import BOTH, FIRST, LATE, SEEDED, SHORT, emails, of, shorten, world, write_calls
from workers import Worker

from airflow_provider_mkt.actions.hubspot.contacts import ContactWriter
from airflow_provider_mkt.actions.marketo.leads import DatabaseLeadWriter
from airflow_provider_mkt.client.hubspot import platform as hubspot_platform
from airflow_provider_mkt.client.marketo import platform as marketo_platform
from airflow_provider_mkt.client.ratelimit import budget as budgets
from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.server.limits import Window

SCORE = {"hubspot": "lead_score", "marketo": "leadScore"}
WINDOW = 1.0
TRIES = 4
"""Kills are drawn for fewer tries than these, so the last one ends by itself."""

FINE, BAD, KEYLESS = "fine", "bad", "keyless"
rows = st.lists(st.tuples(st.integers(0, 25), st.sampled_from([FINE] * 8 + [BAD, KEYLESS])), max_size=60)
faults = st.lists(
    st.tuples(
        st.sampled_from(["before", "after"]),
        st.sampled_from(["reset", "502", "refused", "slow"]),
        st.integers(0, 12),
    ),
    max_size=4,
)
kills = st.lists(st.integers(1, 12), max_size=TRIES - 1)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    shorten(monkeypatch)
    monkeypatch.setattr(hubspot_platform, "WINDOW", WINDOW)
    monkeypatch.setattr(marketo_platform, "WINDOW", WINDOW)
    for writer in (ContactWriter, DatabaseLeadWriter):
        monkeypatch.setattr(writer, "batch_max", 5)


def limited(box: Sandbox, platform: str, calls: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the platform allow so many calls in a window, and the client know of it."""
    of(box, platform).limits.rate = Window(calls, WINDOW)
    monkeypatch.setattr(hubspot_platform, "UNTIL_TOLD", calls)
    given_connection = json.loads(os.environ["AIRFLOW_CONN_MARKETO_DEFAULT"])
    given_connection["extra"] = {"calls_per_20_seconds": calls}
    monkeypatch.setenv("AIRFLOW_CONN_MARKETO_DEFAULT", json.dumps(given_connection))


def order(box: Sandbox, platform: str, when: Any, what: str, skip: int) -> None:
    path = "*/batch/upsert" if platform == "hubspot" else "*/rest/v1/leads.json"
    refused = {"status": 429} if platform == "hubspot" else {"code": "606"}
    answers = {"reset": {"reset": True}, "502": {"status": 502}, "refused": refused}
    if what == "slow":
        # Work that begins is over within the platform's own limit; only its answer may take longer.
        delay = SHORT - 0.1 if when == "before" else LATE
        of(box, platform).faults.add(path, method="POST", when=when, delay=delay, skip=skip)
    else:
        # A refusal says that nothing was done.
        when = "before" if what == "refused" else when
        of(box, platform).faults.add(path, method="POST", when=when, answer=answers[what], skip=skip)


def source_of(platform: str, given_rows: list[tuple[int, str]], kind: str, folder: Path) -> dict[str, Any]:
    """Rows as a source; each says its own number, so that it shows which one the platform holds."""
    records = [
        {
            "email": "" if what == KEYLESS else f"p{key}@example.com",
            FIRST[platform]: f"row {number}",
            SCORE[platform]: "many" if what == BAD else str(key),
        }
        for number, (key, what) in enumerate(given_rows, start=1)
    ]
    if kind == "list":
        return {"leads": records}
    path = folder / f"leads.{kind}"
    if kind == "jsonl":
        path.write_text("".join(json.dumps(one) + "\n" for one in records))
    else:
        header = ",".join(["email", FIRST[platform], SCORE[platform]])
        path.write_text("\n".join([header, *(",".join(one.values()) for one in records)]) + "\n")
    return {"source": path.as_uri()}


def tried(operator: SyncLeadsOperator, box: Sandbox, platform: str, kill_after: int | None) -> Any:
    """One try of the task: what it reported, or None when it was killed."""
    before, worker = write_calls(box, platform), Worker(operator)
    while kill_after is not None and not worker.ended:
        if write_calls(box, platform) - before >= kill_after:
            worker.kill()
            return None
        time.sleep(0.002)
    return worker.end()


def check(
    box: Sandbox,
    platform: str,
    given_rows: list[tuple[int, str]],
    outcome: dict[str, Any],
    reported: list[Any],
) -> None:
    """Every row has one outcome, and the platform holds what the outcomes say.

    :param reported: the outcomes, with the rows' numbers counted from 1.
    """
    assert Counter(number for number, _ in reported) == Counter(range(1, len(given_rows) + 1))
    record_results = dict(reported)
    assert Counter(record_results.values()) == {
        name: outcome[name] for name in ("created", "updated", "skipped", "rejected") if outcome[name]
    }
    # A bad row that a later one of its key replaced was not even sent.
    wrong = {KEYLESS: {"rejected"}, BAD: {"rejected", "skipped"}}
    for number, (_, what) in enumerate(given_rows, start=1):
        assert what == FINE or record_results[number] in wrong[what]
    leads = {str(lead.get("email")): lead for lead in world(box, platform)}
    written: dict[str, int] = {}
    for number, (key, _) in enumerate(given_rows, start=1):
        if record_results[number] in ("created", "updated"):
            written[f"p{key}@example.com"] = number
    for email, number in written.items():
        assert leads[email][FIRST[platform]] == f"row {number}"
    assert len(leads) == SEEDED + len(written)


@pytest.mark.parametrize("platform", BOTH)
@settings(
    max_examples=int(os.environ.get("MKT_TEST_EXAMPLES", "12")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    given_rows=rows,
    orders=faults,
    kill_after=kills,
    limit=st.sampled_from([8, 100]),
    kind=st.sampled_from(["list", "csv", "jsonl"]),
)
def test_each_record_has_one_true_outcome_no_key_is_written_twice_at_once_and_no_call_is_over_the_limit(
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    given_rows: list[tuple[int, str]],
    orders: list[tuple[str, str, int]],
    kill_after: list[int],
    limit: int,
    kind: str,
) -> None:
    with connected() as box, tempfile.TemporaryDirectory() as folder:
        monkeypatch.setenv("WORKERS_RUN", uuid.uuid4().hex)
        budgets.forget_budgets()
        limited(box, platform, limit, monkeypatch)
        for when, what, skip in orders:
            order(box, platform, when, what, skip)
        path = Path(folder) / "reported.jsonl"
        operator = SyncLeadsOperator(
            task_id="task",
            conn_id=f"{platform}_default",
            max_rejected=None,
            outcomes_path=str(path),
            **source_of(platform, given_rows, kind, Path(folder)),
        )
        killed, ended = 0, None
        for kill in [*kill_after, None]:
            if (ended := tried(operator, box, platform, kill)) is not None:
                break
            killed += 1
        assert ended is not None
        assert "result" in ended, ended
        lines = [json.loads(line) for line in path.read_text().splitlines()] if given_rows else []
        # The header of a CSV is its first line.
        reported = [(line["row"] - (kind == "csv"), line["outcome"]) for line in lines]
        check(box, platform, given_rows, ended["result"], reported)
        # Marketo would hold a lead twice whose key was new to two calls at once.
        assert set(emails(box, platform).values()) == {1}
        # A call that was in flight in a killed worker arrives after its end.
        assert of(box, platform).limits.refused["rate"] <= 20 * killed
