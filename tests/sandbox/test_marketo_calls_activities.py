"""Activities, custom types and usage, by the client."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from marketo_calls import Caller

from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import InvalidRequest, OutcomeUnknown, PermissionDenied
from airflow_provider_mkt.client.marketo.account import usage
from airflow_provider_mkt.client.marketo.activities import activities, custom_activity_types
from airflow_provider_mkt.client.marketo.leads import leads
from airflow_provider_mkt.client.marketo.lists import lists
from airflow_provider_mkt.client.transport.exchange import exchange
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed

ANNA, BEN, DAVID = seed.ANNA, seed.BEN, seed.DAVID
TYPE = 100_001
SINCE = datetime(2025, 1, 1, tzinfo=UTC)
NEW_LEAD, CHANGE = 12, 13
CREATE = custom_activity_types.create(
    "webinarSeen",
    "Webinar Seen",
    trigger_name="Sees Webinar",
    filter_name="Saw Webinar",
    primary_attribute={"apiName": "webinar", "name": "Webinar", "dataType": "string"},
    description="from the video service",
)
MINUTES = {"apiName": "minutes", "name": "Minutes", "dataType": "integer"}
ATTRIBUTES = custom_activity_types.add_attributes("webinarSeen", [MINUTES])
APPROVE = custom_activity_types.approve("webinarSeen")
READY = (CREATE, ATTRIBUTES, APPROVE)
YESTERDAY = datetime.now(UTC) - timedelta(days=1)


def seen(lead_id: int = ANNA, **changes: Any) -> dict[str, Any]:
    return {
        "leadId": lead_id,
        "activityDate": YESTERDAY,
        "activityTypeId": TYPE,
        "primaryAttributeValue": "Launch",
        "attributes": [{"apiName": "minutes", "value": 45}],
    } | changes


def primary(api_name: str, *, wanted: object) -> Call[Any]:
    """Promote or demote an attribute."""
    change = {"apiName": api_name, "isPrimary": wanted}
    return custom_activity_types.update_attributes("webinarSeen", [change])


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(only="marketo") as running:
        running.marketo.limits.rate.limit = None
        yield running


@pytest.fixture
def caller(sandbox: Sandbox) -> Caller:
    sandbox.marketo.reset(limits=False)
    sandbox.marketo.settings.activity_block = 300
    return Caller(sandbox)


def token(caller: Caller, since: datetime = SINCE) -> str:
    return str(caller.run(activities.paging_token(since)))


@pytest.mark.parametrize(
    "call", [usage.last_7_days(), usage.errors_last_7_days()], ids=lambda call: call.name
)
def test_a_week_has_seven_rows(caller: Caller, call: Call[Any]) -> None:
    rows = caller.both(call)
    assert len({row["date"] for row in rows}) == len(rows) == 7


def test_errors_are_counted_by_code(caller: Caller) -> None:
    with pytest.raises(InvalidRequest):
        caller.run(leads.get(999))
    today = caller.run(usage.errors_today())
    assert (today["total"], today["errors"]) == (1, [{"errorCode": "1004", "count": 1}])


class TestReading:
    def test_approved_custom_types_are_listed(self, caller: Caller) -> None:
        before = caller.both(activities.types())
        assert {NEW_LEAD, CHANGE} <= {row["id"] for row in before}
        (new,) = [row for row in caller.both(activities.types(), READY) if row not in before]
        assert (new["id"], new["apiName"], new["attributes"]) == (TYPE, "webinarSeen", [MINUTES])
        assert caller.both(activities.types(), (CREATE,)) == before

    def test_a_custom_activity_is_read_back(self, caller: Caller) -> None:
        paging_token = token(caller)
        rows = caller.both(
            activities.read(paging_token, activity_type_ids=[TYPE], lead_ids=[ANNA]),
            (*READY, activities.add_custom([seen(), seen(BEN)])),
        )
        (row,) = rows
        assert (row["leadId"], row["primaryAttributeValue"]) == (ANNA, "Launch")
        assert row["attributes"] == [{"name": "Minutes", "value": 45, "apiName": "minutes"}]
        assert row["activityDate"] == f"{YESTERDAY:%Y-%m-%dT%H:%M:%SZ}"

    def test_activities_by_list_and_asset(self, caller: Caller) -> None:
        paging_token = token(caller)
        phones = [{"email": f"{who}@example.com", "phone": "1"} for who in ("anna.berg", "david.osei")]
        call = activities.read(
            paging_token, activity_type_ids=[CHANGE], list_id=seed.STATIC_LIST, batch_size=1
        )
        (row,) = caller.both(call, (leads.sync(phones),))
        assert row["leadId"] == ANNA
        asset = row["primaryAttributeValueId"]
        both = caller.run(activities.read(paging_token, activity_type_ids=[CHANGE], asset_ids=[asset]))
        assert len({row["marketoGUID"] for row in both}) == 2

    def test_changes_have_old_and_new_values(self, caller: Caller) -> None:
        call = activities.lead_changes(token(caller), fields=["firstName"], lead_ids=[ANNA], batch_size=1)
        rows = caller.both(call, (leads.sync([{"email": "anna.berg@example.com", "firstName": "Annika"}]),))
        changes = [row["fields"] for row in rows if row["activityTypeId"] == CHANGE]
        assert [(one["oldValue"], one["newValue"]) for (one,) in changes] == [("Anna", "Annika")]

    def test_deletions_are_read(self, caller: Caller) -> None:
        call = activities.deleted_leads(token(caller, datetime.now(UTC) - timedelta(hours=1)))
        rows = caller.both(call, (leads.delete([ANNA, BEN]),))
        assert [row["leadId"] for row in rows] == [ANNA, BEN]

    def test_empty_pages_before_the_last_are_read(self, caller: Caller) -> None:
        caller.sandbox.marketo.settings.activity_block = 2
        caller.run(lists.add(seed.STATIC_LIST, [DAVID]))
        page: Call[Any] | None = activities.read(token(caller), activity_type_ids=[24])
        sizes = []
        while page is not None:
            reply = caller.driver.pump(exchange(page, caller.session))
            sizes.append(len(reply.value))
            page = page.next_page(reply.envelope)
        assert sizes == [0, 0, 1]


class TestCustomActivities:
    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"attributes": [{"name": "Nothing", "value": 1}]}, "1006"),
            ({"attributes": [{"name": "Minutes", "value": "many"}]}, "1001"),
            ({"activityDate": "yesterday"}, "1001"),
            ({"activityDate": datetime.now(UTC) + timedelta(days=1)}, "1003"),
            ({"activityTypeId": 100_099}, "1003"),
        ],
    )
    def test_only_an_invalid_row_is_skipped(self, caller: Caller, changes: dict[str, Any], code: str) -> None:
        for call in READY:
            caller.run(call)
        bad, good = caller.run(activities.add_custom([seen(**changes), seen()]))
        assert (bad.status, bad.why().code, good.status) == ("skipped", code, "added")
        assert good.marketoGUID

    def test_long_attributes_are_rejected(self, caller: Caller) -> None:
        notes = [{"apiName": f"n{n}", "name": f"Note {n}", "dataType": "text"} for n in range(3)]
        for call in (CREATE, custom_activity_types.add_attributes("webinarSeen", notes), APPROVE):
            caller.run(call)
        values = [{"apiName": f"n{n}", "value": "x" * 25_000} for n in range(3)]
        (row,) = caller.run(activities.add_custom([seen(attributes=values)]))
        assert row.why().code == "1049"

    def test_a_type_cannot_be_used_before_it_is_approved(self, caller: Caller) -> None:
        caller.run(CREATE)
        (row,) = caller.run(activities.add_custom([seen(attributes=[])]))
        assert row.status == "skipped"
        with pytest.raises(InvalidRequest) as refusal:
            caller.run(custom_activity_types.get("webinarSeen"))
        assert refusal.value.code == "1013"

    def test_another_attribute_can_be_primary_after_the_first_is_demoted(self, caller: Caller) -> None:
        for call in (*READY, primary("webinar", wanted=False)):
            caller.run(call)
        draft = caller.run(custom_activity_types.get("webinarSeen", draft=True))
        assert "primaryAttribute" not in draft
        assert [one["apiName"] for one in draft["attributes"]] == ["minutes", "webinar"]
        caller.run(primary("minutes", wanted=True))
        caller.run(APPROVE)
        live = caller.run(custom_activity_types.get("webinarSeen"))
        assert live["primaryAttribute"] == MINUTES | {"isPrimary": True}
        assert [one["apiName"] for one in live["attributes"]] == ["webinar"]
        other = {"apiName": "webinar", "value": "Launch"}
        caller.run(activities.add_custom([seen(primaryAttributeValue=30, attributes=[other])]))
        (row,) = caller.run(activities.read(token(caller), activity_type_ids=[TYPE]))
        assert (row["primaryAttributeValue"], row["attributes"][0]["value"]) == ("30", "Launch")

    def test_a_new_attribute_can_be_primary_and_a_renamed_one_stays_primary(self, caller: Caller) -> None:
        caller.run(CREATE)
        caller.run(primary("webinar", wanted=False))
        caller.run(custom_activity_types.add_attributes("webinarSeen", [MINUTES | {"isPrimary": True}]))
        caller.run(custom_activity_types.update_attributes("webinarSeen", [MINUTES | {"name": "Length"}]))
        draft = caller.run(custom_activity_types.get("webinarSeen", draft=True))
        assert draft["primaryAttribute"] == MINUTES | {"name": "Length", "isPrimary": True}

    def test_a_lost_response_is_not_retried(self, caller: Caller) -> None:
        for call in READY:
            caller.run(call)
        caller.sandbox.marketo.faults.add(method="POST", when="after", answer={"reset": True})
        with pytest.raises(OutcomeUnknown):
            caller.run(activities.add_custom([seen()]))
        assert len(caller.state.log.all(TYPE)) == 1

    def test_types_are_in_the_snapshot(self, caller: Caller) -> None:
        for call in (*READY, activities.add_custom([seen()])):
            caller.run(call)
        (one,) = caller.sandbox.marketo.snapshot()["customActivityTypes"]
        assert one == {"id": TYPE, "apiName": "webinarSeen", "status": "approved", "activities": 1}
        assert any("Custom activity types" in table.title for table in caller.sandbox.marketo.tables())


@pytest.mark.parametrize(
    ("before", "call", "code"),
    [
        ((CREATE,), CREATE, "1017"),
        ((CREATE, ATTRIBUTES), ATTRIBUTES, "1017"),
        ((CREATE,), custom_activity_types.update_attributes("webinarSeen", [{"apiName": "x"}]), "1006"),
        ((CREATE,), custom_activity_types.delete_attributes("webinarSeen", ["x"]), "1006"),
        ((CREATE,), custom_activity_types.discard_draft("webinarSeen"), "1003"),
        ((CREATE, ATTRIBUTES), primary("minutes", wanted=True), "1003"),
        ((CREATE,), primary("webinar", wanted="no"), "1001"),
        ((CREATE, primary("webinar", wanted=False)), APPROVE, "1003"),
        (READY, APPROVE, "1003"),
        ((), custom_activity_types.delete("nothing"), "1013"),
        ((), activities.read("nonsense", activity_type_ids=[6]), "1003"),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_rejected_requests_have_their_code(
    caller: Caller, before: tuple[Call[Any], ...], call: Call[Any], code: str
) -> None:
    for one in before:
        caller.run(one)
    with pytest.raises(InvalidRequest) as refusal:
        caller.run(call)
    assert (refusal.value.code, refusal.value.call) == (code, call.name)


def test_types_and_attributes_have_a_maximum(caller: Caller) -> None:
    attribute = {"apiName": "p", "name": "P", "dataType": "string"}
    for number in range(10):
        name = f"type{number}"
        caller.run(
            custom_activity_types.create(
                name, name, trigger_name=name, filter_name=name, primary_attribute=attribute
            )
        )
    with pytest.raises(InvalidRequest) as types:
        caller.run(CREATE)
    many = [{"apiName": f"a{n}", "name": f"A {n}", "dataType": "string"} for n in range(20)]
    caller.run(custom_activity_types.add_attributes("type0", many))
    with pytest.raises(InvalidRequest) as attributes:
        caller.run(custom_activity_types.add_attributes("type0", [MINUTES]))
    assert (types.value.code, attributes.value.code) == ("1027", "1028")


@pytest.mark.parametrize(
    "call", [activities.types(), CREATE, activities.add_custom([seen()])], ids=lambda call: call.name
)
def test_a_missing_permission_is_named(caller: Caller, call: Call[Any]) -> None:
    reader = Caller(caller.sandbox, seed.READER_ID, seed.READER_SECRET)
    with pytest.raises(PermissionDenied) as refusal:
        reader.run(call)
    assert call.scopes[0] in str(refusal.value)
