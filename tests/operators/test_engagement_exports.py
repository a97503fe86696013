"""HubSpot's email events, form submissions, event participations and subscriptions, exported to files."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from airflow_runs import Airflow, lift_rate_limits
from workers import Worker, context, until

from airflow_provider_mkt.actions.hubspot.subscription_reads import StatusReader
from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators._read_export import ReadExportOperator
from airflow_provider_mkt.operators.email_events import ExportEmailEventsOperator
from airflow_provider_mkt.operators.event_participations import ExportEventParticipationsOperator
from airflow_provider_mkt.operators.forms import ExportFormSubmissionsOperator
from airflow_provider_mkt.operators.subscription_statuses import ExportSubscriptionsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.events import seed as events
from airflow_provider_mkt.version_compat import AirflowFailException

pytestmark = pytest.mark.usefixtures("airflow_home", "short_waits")
TIME = pa.timestamp("us", tz="UTC")
ADA, BRUNO, CHIDI, DANA, EMI = seed.CONTACT_IDS
MILLISECOND = timedelta(milliseconds=1)


def run(operator: type[ReadExportOperator], path: Path, **arguments: Any) -> Any:
    """Export to a file, and return the outcome."""
    given = {"output_path": f"file://{path}", "conn_id": "hubspot_default", **arguments}
    return operator(task_id="export", **given).execute(context(f"export {uuid4()}"))


def rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a file of JSON Lines."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def types_of(path: Path) -> dict[str, pa.DataType]:
    schema = pq.read_schema(path)
    return dict(zip(schema.names, schema.types, strict=True))


def client(sandbox: Sandbox) -> httpx.Client:
    headers = {"Authorization": f"Bearer {seed.TOKEN}"}
    return httpx.Client(base_url=sandbox.hubspot.url, headers=headers, verify=False)


def paths(sandbox: Sandbox, part: str) -> int:
    """How many calls there were whose path has this part."""
    return sum(part in one.path for one in sandbox.hubspot.calls.recent)


def moment(sandbox: Sandbox) -> datetime:
    return datetime.fromtimestamp(sandbox.clock.time(), UTC)


# -- email events ------------------------------------------------------------------------------------------


@pytest.fixture
def sent(sandbox: Sandbox) -> str:
    """An email that was sent to five people, with something of everything; its id."""
    settings = sandbox.hubspot.settings
    settings.bounce_share = settings.unsubscribe_share = settings.spam_share = 0.2
    settings.defer_share = settings.machine_open_share = 0.4
    settings.drop_reasons = {"MTA_IGNORE": 0.2}
    with client(sandbox) as api:
        api.post(f"/marketing/v3/emails/{seed.NEWSLETTER_EMAIL}/publish").raise_for_status()
    sandbox.clock.advance(60)
    return seed.NEWSLETTER_EMAIL


def test_events_of_an_email_add_up_with_its_statistics(sandbox: Sandbox, sent: str, tmp_path: Path) -> None:
    outcome = run(ExportEmailEventsOperator, tmp_path / "e.jsonl", email_ids=[sent])
    found = rows(tmp_path / "e.jsonl")
    # Ids are text, as in the other formats.
    assert {type(one[name]) for one in found for name in ("id", "emailCampaignId", "portalId")} == {str}
    counts = Counter(one["type"] for one in found if not one["filteredEvent"])
    with client(sandbox) as api:
        path, query = f"/marketing/v3/emails/{sent}", {"includeStats": "true"}
        counters = api.get(path, params=query).json()["stats"]["counters"]
    for kind, counter in (
        ("DELIVERED", "delivered"),
        ("BOUNCE", "bounce"),
        ("DROPPED", "dropped"),
        ("OPEN", "open"),
        ("CLICK", "click"),
        ("SPAMREPORT", "spamreport"),
        ("STATUSCHANGE", "unsubscribed"),
    ):
        assert counts[kind] == counters[counter] > 0
    assert counts["SENT"] - counts["DROPPED"] == counters["sent"]
    assert len({(one["created"], one["id"]) for one in found}) == len(found) == outcome["rows"]
    assert {one["emailId"] for one in found} == {sent}
    assert sum(one["filteredEvent"] is True for one in found) == 2
    unfiltered = run(
        ExportEmailEventsOperator, tmp_path / "u.jsonl", email_ids=[sent], exclude_filtered_events=True
    )
    assert unfiltered["rows"] == len(found) - 2


def test_parquet_has_the_events_with_types_and_loses_no_field(
    sandbox: Sandbox, sent: str, tmp_path: Path
) -> None:
    run(ExportEmailEventsOperator, tmp_path / "e.parquet", email_ids=[sent])
    types = types_of(tmp_path / "e.parquet")
    assert types["created"] == TIME
    assert types["filteredEvent"] == pa.bool_()
    assert types["duration"] == pa.int64()
    assert {types[name] for name in ("id", "recipient", "emailCampaignId", "sentBy", "details")} == {
        pa.string()
    }
    table = pq.read_table(tmp_path / "e.parquet").to_pylist()
    with client(sandbox) as api:
        query = {"campaignId": int(sent) + 1_000_000, "appId": seed.EMAIL_APP_ID, "limit": 1000}
        raw = api.get("/email/public/v1/events", params=query).json()["events"]
    assert len(raw) == len(table)
    by_id = {one["id"]: one for one in raw}
    for row in table:
        event = by_id[row["id"]]
        assert round(row["created"].timestamp() * 1000) == event["created"]
        details = json.loads(row["details"] or "{}")
        for name, value in event.items():
            held = details.get(name, row.get(name))
            if name in ("created", "filteredEvent", "duration"):
                continue
            assert held == value or held == str(value) or json.loads(held) == value


def test_events_are_chosen_by_type_campaign_and_range(sandbox: Sandbox, sent: str, tmp_path: Path) -> None:
    with client(sandbox) as api:
        campaign = api.post("/marketing/v3/campaigns", json={"properties": {"hs_name": "C"}}).json()["id"]
        assets = f"/marketing/v3/campaigns/{campaign}/assets/MARKETING_EMAIL"
        api.put(f"{assets}/{sent}").raise_for_status()

    def found(**arguments: Any) -> list[dict[str, Any]]:
        run(ExportEmailEventsOperator, tmp_path / "e.jsonl", **arguments)
        return rows(tmp_path / "e.jsonl")

    every = found()
    assert {one["emailId"] for one in every} == {sent, seed.PUBLISHED_EMAIL}
    own = [one for one in every if one["emailId"] == sent]
    assert found(email_campaign_ids=[int(sent) + 1_000_000]) == own == found(campaign_guid=campaign)
    both = found(event_types=["bounce", "OPEN"])
    assert [one["type"] for one in both] == sorted(one["type"] for one in both)
    assert {one["id"] for one in both} == {one["id"] for one in every if one["type"] in ("BOUNCE", "OPEN")}
    at = [datetime.fromisoformat(one["created"]) for one in own]
    # The range has its first moment and not its last; a part of a millisecond is no reason to lose a row.
    span = {"start": (min(at) - MILLISECOND / 2).isoformat(), "end": (max(at) + MILLISECOND / 2).isoformat()}
    assert found(**span) == own
    assert found(start=min(at), end=max(at)) == [
        one for one, when in zip(own, at, strict=True) if when < max(at)
    ]
    assert found(start=max(at) + MILLISECOND / 4, end=max(at) + MILLISECOND / 2) == []


def test_an_email_that_was_not_sent_has_no_events(sandbox: Sandbox, tmp_path: Path) -> None:
    assert run(ExportEmailEventsOperator, tmp_path / "e.csv", email_ids=[seed.SCHEDULED_EMAIL])["rows"] == 0
    with (tmp_path / "e.csv").open(newline="") as file:
        assert next(csv.reader(file))[:4] == ["id", "created", "type", "recipient"]


def test_both_variations_of_a_test_are_events_of_their_own_email(sandbox: Sandbox, tmp_path: Path) -> None:
    with client(sandbox) as api:
        body = {"contentId": seed.NEWSLETTER_EMAIL, "variationName": "B"}
        other = api.post("/marketing/v3/emails/ab-test/create-variation", json=body).json()["id"]
        api.post(f"/marketing/v3/emails/{seed.NEWSLETTER_EMAIL}/publish").raise_for_status()
    sandbox.clock.advance(60)
    run(ExportEmailEventsOperator, tmp_path / "e.jsonl", email_ids=[seed.NEWSLETTER_EMAIL, other])
    recipients = Counter((one["emailId"], one["type"]) for one in rows(tmp_path / "e.jsonl"))
    assert recipients[seed.NEWSLETTER_EMAIL, "SENT"] + recipients[other, "SENT"] == 5
    assert recipients[other, "SENT"] > 0


# -- form submissions --------------------------------------------------------------------------------------


def submit(sandbox: Sandbox, form: str, email: str, at: int | None = None, **fields: str) -> None:
    """Add a submission without a call."""
    store, values = sandbox.hubspot.state.forms, {"email": email, **fields}
    found = store.get(form)
    assert found is not None
    store.submit(
        found, [{"objectTypeId": "0-1", "name": name, "value": value} for name, value in values.items()], at
    )


def test_submissions_of_one_form_or_of_all(sandbox: Sandbox, tmp_path: Path) -> None:
    submit(sandbox, seed.WEBINAR_FORM, "gil@example.com", company='Example, "Ltd"')
    outcome = run(ExportFormSubmissionsOperator, tmp_path / "s.parquet", fields=["email", "company", "other"])
    types = types_of(tmp_path / "s.parquet")
    assert list(types) == [
        "conversionId", "submittedAt", "formId", "formName", "pageUrl", "email", "company", "other", "values",
    ]  # fmt: skip
    assert types.pop("submittedAt") == TIME
    assert set(types.values()) == {pa.string()}
    table = pq.read_table(tmp_path / "s.parquet").to_pylist()
    assert [(one["formName"], one["email"]) for one in table] == [
        ("Newsletter", "bruno@example.com"),
        ("Newsletter", "ada@example.com"),
        ("Webinar registration", "gil@example.com"),
    ]
    assert (table[2]["company"], table[2]["other"]) == ('Example, "Ltd"', None)
    assert {one["name"] for one in json.loads(table[0]["values"])} == {"email", "firstname"}
    assert outcome["rows"] == 3
    one = run(ExportFormSubmissionsOperator, tmp_path / "s.csv", form_ids=[seed.WEBINAR_FORM])
    assert (one["rows"], one["kind"]) == (1, "form_submissions")


def test_reading_stops_at_the_first_page_before_the_range(sandbox: Sandbox, tmp_path: Path) -> None:
    now = int(sandbox.clock.time() * 1000)
    for number in range(1_000):
        submit(sandbox, seed.WEBINAR_FORM, f"p{number}@example.com", now - number * 1000)
    start = datetime.fromtimestamp((now - 119_000) / 1000, UTC)
    end = datetime.fromtimestamp((now - 9_000) / 1000, UTC)
    outcome = run(
        ExportFormSubmissionsOperator,
        tmp_path / "s.jsonl",
        form_ids=[seed.WEBINAR_FORM],
        fields=["email"],
        start=start,
        end=end,
    )
    assert outcome["rows"] == 110
    found = [one["email"] for one in rows(tmp_path / "s.jsonl")]
    assert found == [f"p{number}@example.com" for number in range(10, 120)]
    assert paths(sandbox, "/form-integrations/") == 4


def test_ten_thousand_submissions_of_one_millisecond_are_all_there_once(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    lift_rate_limits(sandbox)
    now = int(sandbox.clock.time() * 1000)
    for number in range(10_000):
        submit(sandbox, seed.WEBINAR_FORM, f"p{number}@example.com", now)
    at = datetime.fromtimestamp(now / 1000, UTC)
    run(
        ExportFormSubmissionsOperator,
        tmp_path / "s.jsonl",
        form_ids=[seed.WEBINAR_FORM],
        fields=["email"],
        start=at,
        end=at + MILLISECOND,
    )
    found = [one["email"] for one in rows(tmp_path / "s.jsonl")]
    assert len(found) == len(set(found)) == 10_000


def test_submissions_that_come_in_meanwhile_push_no_row_out_or_in_twice(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(200):
        submit(sandbox, seed.WEBINAR_FORM, f"p{number}@example.com")
    came, store = 0, sandbox.hubspot.state.forms
    get = store.get

    def and_three_come_in(form_id: str) -> Any:
        nonlocal came
        for _ in range(3):
            came += 1
            form = get(form_id)
            assert form is not None
            store.submit(form, [{"objectTypeId": "0-1", "name": "email", "value": f"new{came}@example.com"}])
        return get(form_id)

    monkeypatch.setattr(store, "get", and_three_come_in)
    run(ExportFormSubmissionsOperator, tmp_path / "s.jsonl", form_ids=[seed.WEBINAR_FORM], fields=["email"])
    found = Counter(one["email"] for one in rows(tmp_path / "s.jsonl"))
    assert set(found.values()) == {1}
    assert {f"p{number}@example.com" for number in range(200)} <= set(found)
    assert came > 10


def test_a_killed_export_leaves_no_file_and_the_next_try_writes_it_whole(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    for number in range(300):
        submit(sandbox, seed.WEBINAR_FORM, f"p{number}@example.com")
    sandbox.hubspot.faults.add(path="/form-integrations/*", skip=3, delay=60)

    def exporting() -> ExportFormSubmissionsOperator:
        return ExportFormSubmissionsOperator(
            task_id="export",
            conn_id="hubspot_default",
            output_path=f"file://{tmp_path}/s.jsonl",
            form_ids=[seed.WEBINAR_FORM],
            fields=["email"],
        )

    worker = Worker(exporting())
    until(lambda: sandbox.hubspot.faults.fired)
    worker.kill()
    assert list(tmp_path.iterdir()) == []
    # What comes in before the next try moves the pages.
    submit(sandbox, seed.WEBINAR_FORM, "new@example.com")
    assert Worker(exporting()).end()["result"]["rows"] == 301
    found = Counter(one["email"] for one in rows(tmp_path / "s.jsonl"))
    assert (len(found), set(found.values())) == (301, {1})
    assert list(tmp_path.iterdir()) == [tmp_path / "s.jsonl"]


def test_an_archived_form_is_exported_by_its_id_alone(sandbox: Sandbox, tmp_path: Path) -> None:
    with client(sandbox) as api:
        api.delete(f"/marketing/v3/forms/{seed.NEWSLETTER_FORM}").raise_for_status()
    assert run(ExportFormSubmissionsOperator, tmp_path / "a.csv")["rows"] == 0
    assert (
        run(ExportFormSubmissionsOperator, tmp_path / "b.csv", form_ids=[seed.NEWSLETTER_FORM])["rows"] == 2
    )


# -- participations in events ------------------------------------------------------------------------------


def test_participations_of_all_events_with_types(sandbox: Sandbox, tmp_path: Path) -> None:
    base = f"/marketing/v3/marketing-events/{events.WEBINAR_OBJECT}/attendance"
    joined, left = "2026-01-31T09:00:00Z", "2026-01-31T09:30:00Z"
    with client(sandbox) as api:
        for state, contact, when in (
            ("register", DANA, 1_700_000_000_123),
            ("attend", EMI, 1_700_000_000_456),
        ):
            row: dict[str, Any] = {"vid": int(contact), "interactionDateTime": when}
            if state == "attend":
                row["properties"] = {"joinedAt": joined, "leftAt": left}
            api.post(f"{base}/{state}/create", json={"inputs": [row]}).raise_for_status()
        counters = api.get(f"/marketing/v3/marketing-events/participations/{events.WEBINAR_OBJECT}").json()
    run(ExportEventParticipationsOperator, tmp_path / "p.parquet", event_ids=[events.WEBINAR_OBJECT])
    types = types_of(tmp_path / "p.parquet")
    assert types["occurredAt"] == types["createdAt"] == TIME
    assert (types["attendanceDurationSeconds"], types["attendancePercentage"]) == (pa.int64(), pa.float64())
    table = pq.read_table(tmp_path / "p.parquet").to_pylist()
    counts = Counter(one["attendanceState"] for one in table)
    assert counts["REGISTERED"] == counters["registered"]
    assert counts["ATTENDED"] == counters["attended"]
    times = {one["contactId"]: one["occurredAt"] for one in table}
    assert times[DANA] == datetime.fromtimestamp(1_700_000_000, UTC) + 123 * MILLISECOND
    every = run(ExportEventParticipationsOperator, tmp_path / "all.csv")
    assert every["rows"] >= len(table)
    with (tmp_path / "all.csv").open(newline="") as file:
        of_dana = next(row for row in csv.DictReader(file) if row["contactId"] == DANA)
    # The platform returns one of them in milliseconds, and the other one as text.
    assert of_dana["occurredAt"] == "2023-11-14T22:13:20.123Z"
    assert datetime.fromisoformat(of_dana["createdAt"]).tzinfo is not None
    some = run(
        ExportEventParticipationsOperator,
        tmp_path / "some.jsonl",
        start=times[EMI],
        end=times[EMI] + MILLISECOND,
    )
    assert some["rows"] == 1
    assert [one["contactId"] for one in rows(tmp_path / "some.jsonl")] == [EMI]
    run(ExportEventParticipationsOperator, tmp_path / "state.jsonl", state="registered")
    assert {one["attendanceState"] for one in rows(tmp_path / "state.jsonl")} == {"REGISTERED"}


# -- subscriptions -----------------------------------------------------------------------------------------


def test_subscriptions_by_address_contact_and_list(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.hubspot.set_person(id=BRUNO, unsubscribed=True)
    sandbox.hubspot.set_person(id=ADA, subscriptions={seed.EVENTS_SUBSCRIPTION: "SUBSCRIBED"})
    emails = ["Ada@example.com", "ada@example.com", "bruno@example.com", "nobody@example.com"]
    outcome = run(ExportSubscriptionsOperator, tmp_path / "s.parquet", emails=emails)
    assert outcome["rows"] == 3 * 2
    types = types_of(tmp_path / "s.parquet")
    assert (types["timestamp"], types["unsubscribedFromAll"]) == (TIME, pa.bool_())
    table = pq.read_table(tmp_path / "s.parquet").to_pylist()
    state = {(one["email"].lower(), one["subscriptionId"]): one for one in table}
    assert state["ada@example.com", str(seed.EVENTS_SUBSCRIPTION)]["status"] == "SUBSCRIBED"
    assert state["bruno@example.com", str(seed.DEFAULT_SUBSCRIPTION)]["unsubscribedFromAll"] is True
    assert state["nobody@example.com", str(seed.DEFAULT_SUBSCRIPTION)]["unsubscribedFromAll"] is False
    no_address = sandbox.hubspot.state.contacts.create({"firstname": "No"}).id
    run(ExportSubscriptionsOperator, tmp_path / "c.jsonl", contact_ids=[ADA, no_address, "404"])
    found = rows(tmp_path / "c.jsonl")
    assert {(one["contactId"], one["error"]) for one in found} == {
        (ADA, None),
        (no_address, "NO_EMAIL"),
        ("404", "NO_CONTACT"),
    }
    run(ExportSubscriptionsOperator, tmp_path / "l.jsonl", list_id=int(seed.LIST_ID))
    members = rows(tmp_path / "l.jsonl")
    assert {one["contactId"] for one in members} == {ADA, BRUNO, CHIDI}
    assert len(members) == 6


def test_a_hundred_people_take_two_calls_and_without_the_batches_two_each(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    emails = [f"p{number}@example.com" for number in range(150)]
    run(ExportSubscriptionsOperator, tmp_path / "s.jsonl", emails=emails)
    assert paths(sandbox, "/statuses/batch/") == 1 + 4
    with_batches = rows(tmp_path / "s.jsonl")
    sandbox.hubspot.settings.withheld_scopes = ("communication_preferences.statuses.batch.read",)
    sandbox.hubspot.calls.clear()
    run(ExportSubscriptionsOperator, tmp_path / "one.jsonl", emails=emails[:3])
    assert rows(tmp_path / "one.jsonl") == with_batches[:6]
    assert paths(sandbox, "/statuses/p") == 6
    run(ExportSubscriptionsOperator, tmp_path / "l.jsonl", list_id=seed.LIST_ID)
    assert len(rows(tmp_path / "l.jsonl")) == 6


def answered(procedure: Procedure[Any], *answers: Any) -> Any:
    """Run a procedure with these answers, and return its result."""
    next(procedure)
    try:
        for answer in answers:
            procedure.send(answer)
    except StopIteration as end:
        return end.value
    raise AssertionError("it has more calls")


def test_people_whom_a_batch_does_not_answer_have_a_row_that_says_so() -> None:
    people: dict[str, Any] = {"status": "COMPLETE", "results": [], "errors": []}
    failure = {"category": "INVALID_EMAIL", "message": "", "context": {"ids": ["A@example.com"]}}
    emails = ["a@example.com", "b@example.com", "c@example.com"]
    (reading,) = answered(StatusReader(None).readings_of_emails(emails), people)
    status = {"subscriptionId": 1, "status": "SUBSCRIBED"}
    found = {**people, "results": [{"subscriberIdString": "C@example.com", "statuses": [status]}]}
    wide = {**people, "results": [{"subscriberIdString": "c@example.com", "wideStatuses": []}]}
    made = answered(reading.rows([{**found, "errors": [failure]}]), wide)
    assert [(one.values["email"], one.values.get("error")) for one in made] == [
        ("a@example.com", "INVALID_EMAIL"),
        ("b@example.com", "NOT_REPORTED"),
        ("c@example.com", None),
    ]


# -- bad input ---------------------------------------------------------------------------------------------

EMAIL_EVENTS, FORMS = ExportEmailEventsOperator, ExportFormSubmissionsOperator
PARTICIPATIONS, SUBSCRIPTIONS = ExportEventParticipationsOperator, ExportSubscriptionsOperator
DAY = {"start": "2026-01-02T00:00:00Z", "end": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("operator", "arguments", "named"),
    [
        (EMAIL_EVENTS, {"event_types": ["OPENED"]}, "event_types: has OPENED; the types are SENT, "),
        (EMAIL_EVENTS, DAY, "end: must be after start"),
        (EMAIL_EVENTS, {"exclude_filtered_events": "perhaps"}, "exclude_filtered_events: "),
        (FORMS, DAY, "end: must be after start"),
        (FORMS, {"fields": ["formId"]}, "fields: has formId, which is the name of another column"),
        (FORMS, {"output_path": "file:///tmp/s.xlsx"}, "output_path: has the ending .xlsx"),
        (PARTICIPATIONS, {"state": "MAYBE"}, "state: must be one of REGISTERED, "),
        (SUBSCRIPTIONS, {"emails": ["a@example.com"], **DAY}, "end: must be after start"),
        (SUBSCRIPTIONS, {}, "emails: must be given"),
        (SUBSCRIPTIONS, {"emails": ["a@example.com"], "list_id": 1}, "emails: must be given"),
        (SUBSCRIPTIONS, {"emails": ["a@example.com", "nobody"]}, r"emails\[1\]: "),
    ],
)
def test_wrong_arguments_are_named_when_the_dag_is_parsed(
    operator: type[ReadExportOperator], arguments: dict[str, Any], named: str
) -> None:
    given = {"output_path": "file:///tmp/x.csv", **arguments}
    with pytest.raises(InvalidInput, match=named) as caught:
        operator(task_id="export", conn_id="hubspot_default", **given)
    assert "nobody" not in str(caught.value)


@pytest.mark.parametrize(
    ("operator", "arguments", "named"),
    [
        (EMAIL_EVENTS, {"email_ids": ["1"]}, "email_ids: has 1, which is no email of the account"),
        (EMAIL_EVENTS, {"email_campaign_ids": [1]}, "email_campaign_ids: has 1, which is no email campaign"),
        (EMAIL_EVENTS, {"campaign_guid": "x"}, "campaign_guid: is no campaign of the account"),
        (FORMS, {"form_ids": ["x"]}, "form_ids: has x, which is no form of the account"),
        (PARTICIPATIONS, {"event_ids": [404]}, "event_ids: has 404, which is no event of the account"),
        (SUBSCRIPTIONS, {"list_id": 404}, "list_id: is 404, which is no list of the account"),
    ],
)
def test_what_does_not_exist_is_named_before_anything_is_read(
    sandbox: Sandbox,
    tmp_path: Path,
    operator: type[ReadExportOperator],
    arguments: dict[str, Any],
    named: str,
) -> None:
    with pytest.raises(AirflowFailException, match=named):
        run(operator, tmp_path / "x.csv", **arguments)
    for part in ("/public/v1/events", "/form-integrations/", "/participations/", "/statuses/"):
        assert paths(sandbox, part) == 0
    assert list(tmp_path.iterdir()) == []


# -- in a DAG ----------------------------------------------------------------------------------------------


def test_the_operators_run_in_a_dag(sandbox: Sandbox, airflow: Airflow, tmp_path: Path) -> None:
    lines = [
        "from airflow_provider_mkt.operators.email_events import ExportEmailEventsOperator",
        "from airflow_provider_mkt.operators.event_participations import ExportEventParticipationsOperator",
        "from airflow_provider_mkt.operators.forms import ExportFormSubmissionsOperator",
        "from airflow_provider_mkt.operators.subscription_statuses import ExportSubscriptionsOperator",
    ]
    for name, operator, more in (
        ("events", "ExportEmailEventsOperator", f'email_ids=["{seed.PUBLISHED_EMAIL}"]'),
        ("participations", "ExportEventParticipationsOperator", ""),
        ("submissions", "ExportFormSubmissionsOperator", 'fields=["{{ params.field }}"]'),
        ("subscriptions", "ExportSubscriptionsOperator", f'list_id="{seed.LIST_ID}"'),
    ):
        path = f'output_path="file://{tmp_path}/{name}.parquet"'
        lines.append(f'{operator}(task_id="{name}", conn_id="hubspot_default", {path}, {more})')
    done = airflow.run("\n".join(lines), field="email")
    names = ("events", "participations", "submissions", "subscriptions")
    assert done.tasks == dict.fromkeys(names, "success"), done.log[-4000:]
    for name in names:
        assert pq.read_table(tmp_path / f"{name}.parquet").num_rows == done.returned[name]["rows"]
    assert "ada@example.com" not in done.log
