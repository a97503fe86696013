"""Email events and form submissions of runs that follow each other: every row is in one file, and once."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from workers import context

from airflow_provider_mkt.operators._read_export import ReadExportOperator
from airflow_provider_mkt.operators.email_events import ExportEmailEventsOperator
from airflow_provider_mkt.operators.forms import ExportFormSubmissionsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed

pytestmark = pytest.mark.usefixtures("airflow_home", "short_waits", "variables")
OVERLAP = 3600
EXAMPLES = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("come in"), st.integers(1, 60)),
        st.tuples(st.just("come late"), st.integers(1, OVERLAP - 60)),
        st.tuples(st.just("wait"), st.sampled_from([1, 60, 3000, 40_000])),
        st.tuples(st.just("export"), st.just(0)),
    ),
    max_size=14,
)


class Files:
    """The files of the runs of one export."""

    def __init__(
        self, operator: type[ReadExportOperator], folder: Path, sandbox: Sandbox, **more: Any
    ) -> None:
        self.operator, self.folder, self.sandbox, self.more = operator, folder / uuid4().hex, sandbox, more
        self.folder.mkdir()
        self.runs = 0

    def export(self) -> None:
        self.runs += 1
        # What comes in at this millisecond is in this run or in the next one.
        end = datetime.fromtimestamp(self.sandbox.clock.time(), UTC) + timedelta(milliseconds=1)
        self.operator(
            task_id="export",
            conn_id="hubspot_default",
            output_path=f"file://{self.folder}/{self.runs}.jsonl",
            since="last",
            variable=f"of {self.folder.name}",
            overlap=OVERLAP,
            end=end,
            **self.more,
        ).execute(context(run=f"{self.folder.name} {self.runs}"))

    def rows(self, key: str) -> Counter[str]:
        """How often each row is in the files."""
        return Counter(
            json.loads(line)[key]
            for path in self.folder.glob("*.jsonl")
            for line in path.read_text("utf-8").splitlines()
        )


@EXAMPLES
@given(STEPS)
@example([("come in", 3), ("export", 0), ("come late", 3000), ("come in", 2)])
@example([("come late", 600), ("come in", 1), ("export", 0), ("wait", 3000), ("come in", 1)])
def test_every_submission_is_in_one_file(
    sandbox: Sandbox, tmp_path: Path, steps: list[tuple[str, int]]
) -> None:
    sandbox.hubspot.reset()
    store = sandbox.hubspot.state.forms
    form = store.get(seed.WEBINAR_FORM)
    assert form is not None
    files = Files(ExportFormSubmissionsOperator, tmp_path, sandbox, form_ids=[form.id])
    values = [{"objectTypeId": "0-1", "name": "email", "value": "ada@example.com"}]
    at = int(sandbox.clock.time() * 1000)
    for what, amount in [*steps, ("export", 0), ("export", 0)]:
        if what == "come in":
            for _ in range(amount):
                store.submit(form, values, at)
        elif what == "come late":
            store.submit(form, values, at - amount * 1000)
        elif what == "wait":
            sandbox.clock.advance(amount)
            at = int(sandbox.clock.time() * 1000)
        else:
            files.export()
    assert files.rows("conversionId") == {one.conversion: 1 for one in form.submissions}


@EXAMPLES
@given(STEPS)
@example([("come in", 3), ("export", 0), ("come late", 3000), ("come in", 2)])
@example([("come late", 600), ("come in", 1), ("export", 0), ("wait", 3000), ("come in", 1)])
def test_every_event_is_in_one_file(sandbox: Sandbox, tmp_path: Path, steps: list[tuple[str, int]]) -> None:
    sandbox.hubspot.reset()
    hubspot = sandbox.hubspot
    hubspot.settings.bounce_share = hubspot.settings.machine_open_share = 0.3
    # All events of a mail have one millisecond.
    hubspot.settings.mails_per_second = 1000
    emails = hubspot.state.emails
    emails.run_due_work()
    files = Files(ExportEmailEventsOperator, tmp_path, sandbox)
    hidden: list[tuple[float, Any]] = []

    def send() -> None:
        email = emails.get(seed.NEWSLETTER_EMAIL)
        assert email is not None
        emails.publish(email)
        sandbox.clock.advance(10)
        emails.run_due_work()

    def show() -> None:
        now = sandbox.clock.time()
        for shown, mailing in [*hidden]:
            if shown <= now:
                hidden.remove((shown, mailing))
                emails.mailings.append(mailing)

    for what, amount in [*steps, ("wait", OVERLAP), ("export", 0), ("export", 0)]:
        show()
        if what == "come in":
            send()
        elif what == "come late":
            send()
            hidden.append((sandbox.clock.time() + amount, emails.mailings.pop()))
        elif what == "wait":
            sandbox.clock.advance(amount)
        elif what == "export":
            files.export()
    with_keys = files.rows("id")
    assert set(with_keys.values()) <= {1}
    sends = sum(len(mailing.mailed) for _, mailing in emails.mailings)
    events = Counter(key[9:13] for key in with_keys)
    assert events["0000"] == sends
    assert events["0004"] == sum(len(mailing.delivered) for _, mailing in emails.mailings)
