"""Reports of HubSpot's campaigns are exported to files, and add up with emails, contacts and deals."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from airflow_runs import Airflow, lift_rate_limits
from workers import Worker, context, until

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators import _read_export
from airflow_provider_mkt.operators.campaign_reports import ExportCampaignReportsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.version_compat import AirflowFailException

pytestmark = pytest.mark.usefixtures("airflow_home", "short_waits")
SPRING, WEBINAR = seed.SPRING_CAMPAIGN, seed.WEBINAR_CAMPAIGN
METRICS = ("sessions", "newContactsFirstTouch", "newContactsLastTouch", "influencedContacts")
REPORTS = "/marketing/campaigns/*/reports/metrics"


def exporting(path: Path, **more: Any) -> ExportCampaignReportsOperator:
    given = {"conn_id": "hubspot_default", "output_path": f"file://{path}", **more}
    return ExportCampaignReportsOperator(task_id="export", **given)


def run(path: Path, **more: Any) -> Any:
    return exporting(path, **more).execute(context(f"export {uuid4()}"))


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def client(sandbox: Sandbox) -> httpx.Client:
    headers = {"Authorization": f"Bearer {seed.TOKEN}"}
    return httpx.Client(base_url=sandbox.hubspot.url, headers=headers, verify=False)


def counters(sandbox: Sandbox, email_id: str) -> dict[str, int]:
    with client(sandbox) as api:
        answer = api.get(f"/marketing/v3/emails/{email_id}", params={"includeStats": "true"})
    found: dict[str, int] = answer.json()["stats"]["counters"]
    return found


@pytest.fixture
def mailed(sandbox: Sandbox) -> date:
    """The email of each of two campaigns was sent, one a day before the other; the day of the other."""
    with client(sandbox) as api:
        for campaign, email in ((SPRING, seed.PUBLISHED_EMAIL), (WEBINAR, seed.NEWSLETTER_EMAIL)):
            api.put(f"/marketing/v3/campaigns/{campaign}/assets/MARKETING_EMAIL/{email}").raise_for_status()
        api.post(f"/marketing/v3/emails/{seed.NEWSLETTER_EMAIL}/publish").raise_for_status()
    sandbox.clock.advance(10)
    newsletter = sandbox.hubspot.state.emails.get(seed.NEWSLETTER_EMAIL)
    assert newsletter is not None
    return datetime.fromtimestamp(newsletter.sends[0].due, UTC).date()


def test_figures_add_up_with_emails_contacts_and_deals(
    sandbox: Sandbox, mailed: date, tmp_path: Path
) -> None:
    outcome = run(tmp_path / "c.jsonl", attribution_model="linear", properties=["hs_campaign_status"])
    found = {row["campaignId"]: row for row in rows(tmp_path / "c.jsonl")}
    assert outcome["rows"] == len(found) == len(sandbox.hubspot.state.campaigns)
    assert outcome["kind"] == "campaign_reports"
    run(tmp_path / "p.jsonl", breakdown="contact")
    people = rows(tmp_path / "p.jsonl")
    for guid, email in ((SPRING, seed.PUBLISHED_EMAIL), (WEBINAR, seed.NEWSLETTER_EMAIL)):
        row, stats = found[guid], counters(sandbox, email)
        assert row["sessions"] == stats["click"]
        assert row["influencedContacts"] == stats["open"] > 0
        for column, kind in (
            ("newContactsFirstTouch", "contactFirstTouch"),
            ("newContactsLastTouch", "contactLastTouch"),
            ("influencedContacts", "influencedContacts"),
        ):
            ids = [
                one["contactId"] for one in people if (one["campaignId"], one["contactType"]) == (guid, kind)
            ]
            assert len(ids) == len(set(ids)) == row[column]
    spring = found[SPRING]
    assert (spring["dealsNumber"], spring["revenueAmount"]) == (1, seed.DEAL_AMOUNT)
    assert (spring["attributionModel"], spring["currencyCode"]) == ("LINEAR", "USD")
    assert list(spring)[:5] == ["campaignId", "campaignName", "createdAt", "updatedAt", "hs_campaign_status"]
    assert spring["startDate"] is None
    held = sandbox.hubspot.state.campaigns.get(SPRING)
    assert held is not None
    assert spring["campaignName"] == held.name


def test_a_range_is_of_whole_days_and_ends_before_its_end(
    sandbox: Sandbox, mailed: date, tmp_path: Path
) -> None:
    def sessions(start: object, end: object) -> dict[str, int]:
        run(tmp_path / "c.jsonl", campaign_ids=[SPRING, WEBINAR], start=start, end=end)
        found = rows(tmp_path / "c.jsonl")
        assert {row["startDate"] for row in found} == {str(start)[:10]}
        return {row["campaignId"]: row["influencedContacts"] for row in found}

    day = timedelta(days=1)
    newsletter = counters(sandbox, seed.NEWSLETTER_EMAIL)["open"]
    assert sessions(mailed, mailed + day)[WEBINAR] == newsletter
    assert sessions(f"{mailed}T00:00:00+00:00", f"{mailed + day}")[WEBINAR] == newsletter
    assert sessions(str(mailed - day), str(mailed))[WEBINAR] == 0
    midnight = datetime(mailed.year, mailed.month, mailed.day, tzinfo=UTC)
    assert sessions(midnight - 30 * day, midnight)[SPRING] == counters(sandbox, seed.PUBLISHED_EMAIL)["open"]


def test_each_window_has_a_file(sandbox: Sandbox, mailed: date, tmp_path: Path) -> None:
    outcome = run(
        tmp_path / "{window}.csv", start=str(mailed - timedelta(days=40)), end=str(mailed + timedelta(days=1))
    )
    assert outcome["windows"] == 2
    first, second = sorted(tmp_path.iterdir())
    found = [list(csv.DictReader(io.StringIO(one.read_text("utf-8")))) for one in (first, second)]
    assert [one[0]["endDate"] for one in found] == [str(mailed - timedelta(days=10)), str(mailed)]
    opened = sum(int(row["influencedContacts"]) for one in found for row in one)
    assert opened == sum(
        counters(sandbox, one)["open"] for one in (seed.PUBLISHED_EMAIL, seed.NEWSLETTER_EMAIL)
    )


def test_assets_have_their_metrics_where_there_is_a_range(
    sandbox: Sandbox, mailed: date, tmp_path: Path
) -> None:
    held = sandbox.hubspot.state.campaigns.get(WEBINAR)
    assert held is not None
    held.assets.setdefault("FORM", {}).update({f"f{number}": f"Form {number}" for number in range(130)})
    span = {"start": str(mailed), "end": str(mailed + timedelta(days=1))}
    run(tmp_path / "a.jsonl", breakdown="asset", campaign_ids=[WEBINAR], **span)
    found = rows(tmp_path / "a.jsonl")
    assert len(found) == len({(one["assetType"], one["assetId"]) for one in found})
    assert sum(one["assetType"] == "FORM" for one in found) == len(held.assets["FORM"])
    (mail,) = [one for one in found if one["assetId"] == seed.NEWSLETTER_EMAIL]
    stats = counters(sandbox, seed.NEWSLETTER_EMAIL)
    assert mail["assetType"] == "MARKETING_EMAIL"
    assert mail["metrics"] == {name: stats[name] for name in ("sent", "delivered", "open", "click")}
    run(tmp_path / "b.jsonl", breakdown="asset", campaign_ids=[WEBINAR])
    assert {one["metrics"] for one in rows(tmp_path / "b.jsonl")} == {None}


def test_parquet_has_types(sandbox: Sandbox, mailed: date, tmp_path: Path) -> None:
    span = {"start": str(mailed), "end": str(mailed + timedelta(days=1))}
    run(tmp_path / "c.parquet", attribution_model="U_SHAPED", **span)
    schema = pq.read_schema(tmp_path / "c.parquet")
    types = dict(zip(schema.names, schema.types, strict=True))
    assert {types[name] for name in (*METRICS, "dealsNumber", "contactsNumber")} == {pa.int64()}
    assert types["revenueAmount"] == pa.float64()
    assert types["createdAt"] == pa.timestamp("us", tz="UTC")
    assert types["startDate"] == pa.date32()
    assert pq.read_table(tmp_path / "c.parquet").to_pylist()[0]["startDate"] == mailed


def test_a_campaign_that_is_deleted_meanwhile_has_no_row(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, campaigns = sandbox.hubspot.state.campaigns, sandbox.hubspot.state.campaigns.all()
    get = store.get

    def and_deletes_it(guid: str) -> Any:
        if guid == campaigns[0].id:
            store.remove(guid)
        return get(guid)

    monkeypatch.setattr(store, "get", and_deletes_it)
    assert run(tmp_path / "c.csv")["rows"] == len(campaigns) - 1


def test_a_killed_export_continues_where_it_was(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_read_export, "SAVE_ROWS", 100)
    store = sandbox.hubspot.state.campaigns
    for number in range(300):
        store.create({"hs_name": f"C{number}"})
    known = [one.id for one in store.all()]
    lift_rate_limits(sandbox)
    sandbox.hubspot.faults.add(path=REPORTS, skip=250, delay=60)
    worker = Worker(exporting(tmp_path / "c.jsonl"))
    until(lambda: sandbox.hubspot.faults.fired)
    worker.kill()
    assert not (tmp_path / "c.jsonl").exists()
    sandbox.hubspot.calls.clear()
    assert Worker(exporting(tmp_path / "c.jsonl")).end()["result"]["rows"] == len(known)
    assert sorted(row["campaignId"] for row in rows(tmp_path / "c.jsonl")) == sorted(known)
    read_again = sum(one.path.endswith("/reports/metrics") for one in sandbox.hubspot.calls.recent)
    assert read_again <= len(known) - 100
    assert list(tmp_path.iterdir()) == [tmp_path / "c.jsonl"]


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"breakdown": "day"}, "breakdown: must be one of campaign, contact, asset"),
        ({"attribution_model": "FIRST"}, "attribution_model: must be one of LINEAR, "),
        ({"attribution_model": "LINEAR", "breakdown": "contact"}, "attribution_model: is for breakdown="),
        ({"properties": ["sessions"]}, "properties: has sessions, which is the name of another column"),
        ({"start": "2026-01-31T09:00:00Z"}, "start: must be a day such as 2026-01-31, or its midnight"),
        ({"start": "2026-01-31"}, "end: is missing: a range needs both"),
        ({"start": "2026-01-31", "end": "2026-01-31"}, "end: must be after start"),
        ({"output_path": "file:///tmp/c.xlsx"}, "output_path: has the ending .xlsx"),
        ({"if_exists": "append"}, "if_exists: must be one of replace, fail"),
    ],
)
def test_wrong_parameters_are_named_at_parse_and_at_run_time_in_the_same_words(
    sandbox: Sandbox, tmp_path: Path, more: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidInput, match=named):
        exporting(tmp_path / "c.csv", **more)
    with pytest.raises(AirflowFailException, match=named):
        exporting(tmp_path / "c.csv", **more, _airflow_from_mapped=True).execute(context())
    assert list(tmp_path.iterdir()) == []
    assert sandbox.hubspot.calls.of("GET", "/marketing/campaigns/2026-09").total == 0


def test_an_unknown_campaign_is_named_before_any_report_is_read(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(AirflowFailException, match="campaign_ids: has nobody, which is no campaign"):
        run(tmp_path / "c.csv", campaign_ids=[SPRING, "nobody"])
    assert not any("/reports/" in one.path for one in sandbox.hubspot.calls.recent)


def test_windows_need_a_range(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(AirflowFailException, match=r"output_path: has \{window\}, but there is no range"):
        run(tmp_path / "{window}.csv")


def test_the_operator_runs_in_a_dag(sandbox: Sandbox, airflow: Airflow, mailed: date, tmp_path: Path) -> None:
    done = airflow.run(
        f"""
from airflow_provider_mkt.operators.campaign_reports import ExportCampaignReportsOperator
ExportCampaignReportsOperator(task_id="figures", conn_id="hubspot_default",
    output_path="file://{tmp_path}/{{{{ params.day }}}}.parquet", attribution_model="LINEAR",
    start="{{{{ params.day }}}}", end="{{{{ macros.ds_add(params.day, 1) }}}}",
    campaign_ids="{{{{ params.campaigns }}}}")
""",
        day=str(mailed),
        campaigns=json.dumps([WEBINAR]),
    )
    assert done.tasks == {"figures": "success"}, done.log[-4000:]
    (row,) = pq.read_table(tmp_path / f"{mailed}.parquet").to_pylist()
    assert row["influencedContacts"] == counters(sandbox, seed.NEWSLETTER_EMAIL)["open"]
    assert done.returned["figures"]["rows"] == 1
