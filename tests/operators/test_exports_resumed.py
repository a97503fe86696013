"""Every export by pages is killed, and continued on another machine where it was; its output is on S3."""

from __future__ import annotations

import fnmatch
import functools
import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from storage_runs import BUCKET, OnMachine, files_under, s3_server
from workers import Worker, context, until

from airflow_provider_mkt.client.hubspot.emails import email_events
from airflow_provider_mkt.client.hubspot.events import marketing_event_participations as participations
from airflow_provider_mkt.client.hubspot.forms import form_submissions
from airflow_provider_mkt.client.hubspot.lists import list_memberships
from airflow_provider_mkt.client.hubspot.objects import objects
from airflow_provider_mkt.client.marketo.activities import activities
from airflow_provider_mkt.client.marketo.lists import lead_memberships
from airflow_provider_mkt.operators import _read_export
from airflow_provider_mkt.operators._read_export import ReadExportOperator
from airflow_provider_mkt.operators.deleted_lead_exports import ExportDeletedLeadsOperator
from airflow_provider_mkt.operators.email_events import ExportEmailEventsOperator
from airflow_provider_mkt.operators.event_participations import ExportEventParticipationsOperator
from airflow_provider_mkt.operators.forms import ExportFormSubmissionsOperator
from airflow_provider_mkt.operators.list_exports import ExportListMembersOperator
from airflow_provider_mkt.operators.object_exports import ExportObjectsOperator
from airflow_provider_mkt.operators.subscription_statuses import ExportSubscriptionsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.hubspot.events import seed as events
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.sandbox.marketo.leads import removal

pytestmark = pytest.mark.usefixtures("airflow_home", "short_waits")

PAGE = 10
"""Items of a page. Real pages are larger; the order of the calls is the same."""
ROWS = 65
"""At least so many items are on the platform, which are seven pages."""
FORMS = "/form-integrations/*"


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with s3_server() as endpoint:
        yield endpoint


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_read_export, "SAVE_ROWS", 2 * PAGE)
    for module, name in (
        (email_events, "list"),
        (participations, "breakdown_by_object_id"),
        (list_memberships, "members"),
        (list_memberships, "by_join_time"),
        (objects, "list"),
        (form_submissions, "list"),
    ):
        monkeypatch.setattr(module, name, functools.partial(getattr(module, name), limit=PAGE))
    for module, name in ((lead_memberships, "leads_of_list"), (activities, "deleted_leads")):
        monkeypatch.setattr(module, name, functools.partial(getattr(module, name), batch_size=PAGE))


# -- what is on the platforms ------------------------------------------------------------------------------


def contacts(box: Sandbox) -> None:
    store = box.hubspot.state.contacts
    members = box.hubspot.state.lists.get(hubspot.LIST_ID)
    assert members is not None
    for number in range(ROWS):
        store.create({"email": f"c{number}@example.com"})
    with api(box) as client:
        ids = [one.id for one in store.live()]
        client.put(f"/crm/v3/lists/{hubspot.LIST_ID}/memberships/add", json=ids).raise_for_status()


def mails(box: Sandbox) -> None:
    for _ in range(6):
        email = box.hubspot.state.emails.get(hubspot.NEWSLETTER_EMAIL)
        assert email is not None
        box.hubspot.state.emails.publish(email)
        box.clock.advance(60)


def submit(box: Sandbox, count: int, form_id: str = hubspot.WEBINAR_FORM) -> None:
    store = box.hubspot.state.forms
    form = store.get(form_id)
    assert form is not None
    for number in range(count):
        values = [{"objectTypeId": "0-1", "name": "email", "value": f"p{number}@example.com"}]
        store.submit(form, values, None)


def attend(box: Sandbox) -> None:
    contacts(box)
    ids = [int(one.id) for one in box.hubspot.state.contacts.live()]
    path = f"/marketing/v3/marketing-events/{events.WEBINAR_OBJECT}/attendance/register/create"
    rows = [{"vid": one, "interactionDateTime": 1_700_000_000_000 + one} for one in ids]
    with api(box) as client:
        client.post(path, json={"inputs": rows}).raise_for_status()


def leads(box: Sandbox) -> list[Any]:
    state = box.marketo.state
    partition = state.leads.partition(marketo.DEFAULT_PARTITION)
    assert partition is not None
    found = []
    for number in range(ROWS):
        values = state.leads.read({"email": f"m{number}@example.com"})
        found.append(state.leads.insert(values, partition, state.now()))
        state.lists[marketo.STATIC_LIST].members[found[-1].id] = state.now()
    return found


def deleted(box: Sandbox) -> None:
    for lead in leads(box):
        removal.delete(box.marketo.state, lead)


def api(box: Sandbox) -> httpx.Client:
    headers = {"Authorization": f"Bearer {hubspot.TOKEN}"}
    return httpx.Client(base_url=box.hubspot.url, headers=headers, verify=False)


@dataclass(frozen=True)
class Kind:
    """An export by pages.

    :param pages: the paths of its pages.
    :param prepare: puts its items on the platform.
    """

    operator: type[ReadExportOperator]
    pages: str
    prepare: Callable[[Sandbox], object]
    arguments: dict[str, Any] = field(default_factory=dict)
    platform: str = "hubspot"


DAY = {"start": "2020-01-01T00:00:00Z", "end": "2100-01-01T00:00:00Z"}
KINDS = {
    "records": Kind(
        ExportObjectsOperator,
        "/crm/objects/*/contacts",
        contacts,
        {"method": "list", "properties": ["email"]},
    ),
    "members of a HubSpot list": Kind(
        ExportListMembersOperator, "*/memberships/join-order", contacts, {"list_id": hubspot.LIST_ID}
    ),
    "members of a Marketo list": Kind(
        ExportListMembersOperator,
        "/rest/v1/list/*/leads.json",
        leads,
        {"list_id": marketo.STATIC_LIST},
        "marketo",
    ),
    "deleted leads of Marketo": Kind(
        ExportDeletedLeadsOperator, "/rest/v1/activities/deletedleads.json", deleted, DAY, "marketo"
    ),
    "email events": Kind(ExportEmailEventsOperator, "/email/public/v1/events", mails),
    "form submissions": Kind(ExportFormSubmissionsOperator, FORMS, lambda box: submit(box, ROWS)),
    "participations": Kind(
        ExportEventParticipationsOperator,
        "*/participations/*",
        attend,
        {"event_ids": [events.WEBINAR_OBJECT]},
    ),
    "subscriptions": Kind(
        ExportSubscriptionsOperator, "*/memberships", contacts, {"list_id": hubspot.LIST_ID}
    ),
}
BY_SUBMISSION = KINDS["form submissions"]


class Runs:
    """One export, whose tries are on machines of their own.

    :param folder: of the machines.
    :param endpoint: of the S3 server.
    """

    def __init__(self, box: Sandbox, folder: Path, endpoint: str, kind: Kind, **more: Any) -> None:
        self.box, self.folder, self.endpoint, self.kind = box, folder, endpoint, kind
        self.more = {**kind.arguments, **more}
        self.platform = box.hubspot if kind.platform == "hubspot" else box.marketo
        self.prefix = f"{folder.name}/"
        self.tries = 0

    def operator(self, path: str) -> ReadExportOperator:
        conn_id = f"{self.kind.platform}_default"
        return self.kind.operator(task_id="export", conn_id=conn_id, output_path=path, **self.more)

    def worker(self) -> Worker:
        self.tries += 1
        path = f"s3://{BUCKET}/{self.prefix}run.jsonl.gz"
        machine = OnMachine(self.folder / f"machine {self.tries}", self.endpoint, lambda: self.operator(path))
        return Worker(machine, run="run")

    def undisturbed(self) -> list[dict[str, Any]]:
        """Export everything in one try, to a file of this machine."""
        path = self.folder / "undisturbed.jsonl.gz"
        self.operator(str(path)).execute(context(run="undisturbed"))
        return lines(path.read_bytes())

    def whole(self) -> dict[str, Any]:
        end = self.worker().end()
        assert "result" in end, end
        outcome: dict[str, Any] = end["result"]
        assert outcome["rows"] == len(self.rows())
        return outcome

    def kill(self, page: int) -> None:
        """Kill a try while it waits for a page, the first of which is 0."""
        already = self.pages
        self.platform.faults.add(path=self.kind.pages, skip=page, times=1, delay=60)
        worker = self.worker()
        until(lambda: self.platform.faults.fired or worker.ended)
        assert not worker.ended, worker.end()
        worker.kill()
        self.platform.faults.clear()
        assert self.pages - already >= page
        assert not any(name.endswith("/run.jsonl.gz") for name in files_under(self.endpoint, self.prefix))

    @property
    def pages(self) -> int:
        """Pages that the platform has answered."""
        return sum(fnmatch.fnmatch(one.path, self.kind.pages) for one in self.platform.calls.recent)

    def rows(self) -> list[dict[str, Any]]:
        return lines(files_under(self.endpoint, self.prefix)[f"{self.prefix}run.jsonl.gz"])


def lines(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(content).splitlines()]


@pytest.mark.parametrize("name", KINDS)
def test_a_killed_export_continues_on_another_machine(
    sandbox: Sandbox, tmp_path: Path, s3: str, name: str
) -> None:
    kind = KINDS[name]
    kind.prepare(sandbox)
    runs = Runs(sandbox, tmp_path, s3, kind)
    undisturbed, every = runs.undisturbed(), runs.pages
    assert every >= 7
    runs.platform.calls.clear()
    runs.kill(5)
    runs.platform.calls.clear()
    runs.whole()
    # The fourth page is the last one that was saved. Where pages may move, it is compared.
    assert runs.pages <= every - 3
    assert runs.rows() == undisturbed
    assert set(files_under(s3, runs.prefix)) == {f"{runs.prefix}run.jsonl.gz"}


# -- pages that have moved ---------------------------------------------------------------------------------


def submitted(box: Sandbox, form_id: str = hubspot.WEBINAR_FORM) -> list[str]:
    form = box.hubspot.state.forms.get(form_id)
    assert form is not None
    return [one.conversion for one in form.submissions]


def counts(runs: Runs) -> Counter[str]:
    return Counter(row["conversionId"] for row in runs.rows())


@pytest.mark.parametrize("ranged", [False, True])
def test_what_comes_in_between_two_tries_moves_the_pages_and_loses_nothing(
    sandbox: Sandbox, tmp_path: Path, s3: str, ranged: bool
) -> None:
    submit(sandbox, ROWS)
    more: dict[str, Any] = {"form_ids": [hubspot.WEBINAR_FORM]}
    if ranged:
        # The newest pages are after the range.
        more |= {"start": "2020-01-01T00:00:00Z", "end": sandbox.clock.now().isoformat()}
        sandbox.clock.advance(60)
    known = submitted(sandbox)
    submit(sandbox, 70)
    runs = Runs(sandbox, tmp_path, s3, Kind(ExportFormSubmissionsOperator, FORMS, contacts, more))
    every = known if ranged else submitted(sandbox)
    runs.kill(10)
    submit(sandbox, 25)
    runs.platform.calls.clear()
    runs.whole()
    found = counts(runs)
    assert set(found.values()) == {1}
    assert set(every) <= set(found)
    # There are 16 pages now, and nine were saved, the last of which is compared.
    assert runs.pages <= 8


def test_a_gap_is_found_and_that_form_alone_is_read_again(sandbox: Sandbox, tmp_path: Path, s3: str) -> None:
    submit(sandbox, 15, hubspot.NEWSLETTER_FORM)
    submit(sandbox, 400)
    ids = [hubspot.NEWSLETTER_FORM, hubspot.WEBINAR_FORM]
    runs = Runs(sandbox, tmp_path, s3, BY_SUBMISSION, form_ids=ids)
    runs.kill(7)
    runs.platform.calls.clear()
    form = sandbox.hubspot.state.forms.get(hubspot.WEBINAR_FORM)
    assert form is not None
    # Of the newest submissions, more than a page is deleted: the next unread one is on an earlier page.
    del form.submissions[-120:]
    runs.whole()
    found = counts(runs)
    assert set(found.values()) == {1}
    assert set(found) == {*submitted(sandbox), *submitted(sandbox, hubspot.NEWSLETTER_FORM)}
    paths = [one.path for one in sandbox.hubspot.calls.recent if one.path.startswith("/form-integrations/")]
    assert not any(hubspot.NEWSLETTER_FORM in path for path in paths)


def test_a_token_that_is_not_taken_any_more_is_no_error(sandbox: Sandbox, tmp_path: Path, s3: str) -> None:
    sandbox.marketo.settings.paging_token_seconds = 3600
    runs = Runs(sandbox, tmp_path, s3, KINDS["members of a Marketo list"])
    known = [one.id for one in leads(sandbox)]
    runs.kill(5)
    sandbox.clock.advance(7200)
    runs.whole()
    found = Counter(row["id"] for row in runs.rows())
    assert set(found.values()) == {1}
    assert set(known) <= set(found)
