"""HubSpot's own Python client: marketing events, their attendance and their lists."""

from __future__ import annotations

import datetime as dt

import pytest
from hubspot import Client
from hubspot.marketing.events import (
    ApiException,
    BatchInputMarketingEventCreateRequestParams,
    BatchInputMarketingEventEmailSubscriber,
    BatchInputMarketingEventExternalUniqueIdentifier,
    BatchInputMarketingEventPublicObjectIdDeleteRequest,
    BatchInputMarketingEventPublicUpdateRequestFullV2,
    BatchInputMarketingEventSubscriber,
    MarketingEventCompleteRequestParams,
    MarketingEventCreateRequestParams,
    MarketingEventEmailSubscriber,
    MarketingEventExternalUniqueIdentifier,
    MarketingEventPublicObjectIdDeleteRequest,
    MarketingEventPublicUpdateRequestFullV2,
    MarketingEventPublicUpdateRequestV2,
    MarketingEventSubscriber,
    MarketingEventUpdateRequestParams,
    PropertyValue,
)
from public_clients import category, hubspot_client

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.events.seed import DEVELOPER_TOKEN, PRIVATE_APP_ID

ACCOUNT = "webinars"
BEGIN = dt.datetime.now(dt.UTC).replace(microsecond=0) - dt.timedelta(hours=2)
END = BEGIN + dt.timedelta(hours=1)
MOMENT = int(BEGIN.timestamp() * 1000)


def order(event_id: str, name: str = "Launch") -> MarketingEventCreateRequestParams:
    return MarketingEventCreateRequestParams(
        external_account_id=ACCOUNT,
        external_event_id=event_id,
        event_name=name,
        event_organizer="Example Ltd",
        event_type="WEBINAR",
        start_date_time=BEGIN,
        end_date_time=END,
        custom_properties=[PropertyValue(name="venue", value="Hall 1")],
    )


def guests(*emails: str) -> BatchInputMarketingEventEmailSubscriber:
    return BatchInputMarketingEventEmailSubscriber(
        inputs=[
            MarketingEventEmailSubscriber(
                email=email,
                interaction_date_time=MOMENT,
                properties={"joinedAt": BEGIN.isoformat(), "leftAt": END.isoformat()},
                contact_properties={"firstname": "Guest"},
            )
            for email in emails
        ]
    )


def contacts(*ids: str) -> BatchInputMarketingEventSubscriber:
    return BatchInputMarketingEventSubscriber(
        inputs=[
            MarketingEventSubscriber(vid=int(one), interaction_date_time=MOMENT, properties={}) for one in ids
        ]
    )


def test_an_event_is_created_read_updated_and_deleted(client: Client) -> None:
    api = client.marketing.events.basic_api
    created = api.create(order("e-1"))
    assert (created.event_name, created.start_date_time) == ("Launch", BEGIN)
    assert [(one.name, one.value) for one in created.custom_properties] == [("venue", "Hall 1")]
    changed = api.update(
        "e-1", ACCOUNT, MarketingEventUpdateRequestParams(event_name="Launch day", custom_properties=[])
    )
    assert (changed.event_name, changed.event_type) == ("Launch day", "WEBINAR")
    details = api.get_details("e-1", ACCOUNT)
    assert (details.event_name, details.external_event_id, details.registrants) == ("Launch day", "e-1", 0)
    by_object = api.get_by_object_id(details.object_id)
    assert (by_object.external_event_id, by_object.event_organizer) == ("e-1", "Example Ltd")
    assert by_object.custom_properties[0].value == "Hall 1"
    api.update_by_object_id(
        details.object_id, MarketingEventPublicUpdateRequestV2(event_name="Third", custom_properties=[])
    )
    assert api.get_details("e-1", ACCOUNT).event_name == "Third"
    api.archive("e-1", ACCOUNT)
    with pytest.raises(ApiException) as gone:
        api.get_details("e-1", ACCOUNT)
    assert (gone.value.status, category(gone.value)) == (404, "OBJECT_NOT_FOUND")


def test_upserts_are_keyed_by_the_external_id(client: Client) -> None:
    api, batch = client.marketing.events.basic_api, client.marketing.events.batch_api
    first = api.upsert("e-2", order("e-2"))
    assert api.upsert("e-2", order("e-2", "Renamed")).id == first.id
    orders = BatchInputMarketingEventCreateRequestParams(inputs=[order("e-2", "Again"), order("e-3", "New")])
    answer = batch.upsert(orders)
    assert (answer.status, {one.event_name for one in answer.results}) == ("COMPLETE", {"Again", "New"})
    assert api.get_details("e-2", ACCOUNT).id == first.id
    assert api.get_details("e-2", ACCOUNT).event_name == "Again"


def test_batches_update_and_delete_by_either_id(client: Client) -> None:
    api, batch = client.marketing.events.basic_api, client.marketing.events.batch_api
    for event_id in ("e-4", "e-5"):
        api.create(order(event_id))
    ids = [api.get_details(event_id, ACCOUNT).object_id for event_id in ("e-4", "e-5")]
    app = api.get_by_object_id(ids[0]).app_info
    changes = [
        MarketingEventPublicUpdateRequestFullV2(object_id=one, event_name="Both", custom_properties=[])
        for one in ids
    ]
    updated = batch.update_by_object_id(BatchInputMarketingEventPublicUpdateRequestFullV2(inputs=changes))
    assert [one.event_name for one in updated.results] == ["Both", "Both"]
    batch.archive_by_object_id(
        BatchInputMarketingEventPublicObjectIdDeleteRequest(
            inputs=[MarketingEventPublicObjectIdDeleteRequest(object_id=ids[0])]
        )
    )
    named = MarketingEventExternalUniqueIdentifier(
        external_account_id=ACCOUNT, external_event_id="e-5", app_id=int(app.id)
    )
    batch.archive(BatchInputMarketingEventExternalUniqueIdentifier(inputs=[named]))
    existing = {one.external_event_id for one in api.get_all(limit=100).results}
    assert existing & {"e-4", "e-5"} == set()


def test_attendance_is_counted_once_and_reported_by_state(client: Client) -> None:
    events = client.marketing.events
    events.basic_api.create(order("e-6"))
    event = events.basic_api.get_details("e-6", ACCOUNT).object_id
    add = events.add_event_attendees_api
    for _ in range(2):
        added = add.record_by_contact_emails(
            "e-6", "register", guests("ada@example.com", "new@example.com"), external_account_id=ACCOUNT
        )
        assert {one.email for one in added.results} == {"ada@example.com", "new@example.com"}
    add.record_by_contact_ids("e-6", "register", contacts(seed.CONTACT_IDS[1]), external_account_id=ACCOUNT)
    add.record_by_email(event, "attend", guests("ada@example.com"))
    assert add.record_by_contact_id(event, "cancel", contacts(seed.CONTACT_IDS[1])).results[0].vid == int(
        seed.CONTACT_IDS[1]
    )
    events.change_property_api.complete(
        "e-6", ACCOUNT, MarketingEventCompleteRequestParams(start_date_time=BEGIN, end_date_time=END)
    )
    seen = events.retrieve_participant_state_api
    counters = seen.get_participations_counters_by_event_external_id(ACCOUNT, "e-6")
    assert (counters.registered, counters.attended, counters.cancelled) == (0, 1, 1)
    assert seen.get_participations_counters_by_marketing_event_id(int(event)).no_shows == 1
    rows = seen.get_participations_breakdown_by_external_event_id(ACCOUNT, "e-6", limit=100).results
    assert {one.associations.contact.email for one in rows} == {
        "ada@example.com",
        "new@example.com",
        "bruno@example.com",
    }
    came = seen.get_participations_breakdown_by_marketing_event_id(int(event), state="ATTENDED").results
    assert [one.associations.contact.contact_id for one in came] == [seed.CONTACT_IDS[0]]
    mine = seen.get_participations_breakdown_by_contact_id("ada@example.com").results
    assert event in {one.associations.marketing_event.marketing_event_id for one in mine}


def test_the_old_attendance_upserts_accept_existing_contacts(client: Client) -> None:
    events = client.marketing.events
    events.basic_api.create(order("e-7"))
    changes = events.subscriber_state_changes_api
    changes.upsert_by_contact_email("e-7", "register", ACCOUNT, guests("ada@example.com"))
    changes.upsert_by_contact_id("e-7", "attend", ACCOUNT, contacts(seed.CONTACT_IDS[1]))
    details = events.basic_api.get_details("e-7", ACCOUNT)
    assert (details.registrants, details.attendees) == (1, 1)


def test_an_event_is_cancelled(client: Client) -> None:
    events = client.marketing.events
    events.basic_api.create(order("e-8"))
    assert events.change_property_api.cancel("e-8", ACCOUNT).event_cancelled
    assert events.basic_api.get_details("e-8", ACCOUNT).event_cancelled


def test_events_are_found_by_external_id_after_they_are_indexed(client: Client, box: Sandbox) -> None:
    events = client.marketing.events
    events.basic_api.create(order("e-9"))
    found = events.identifiers_api.do_search("e-9").results
    assert [one.external_event_id for one in found] == ["e-9"]
    assert events.identifiers_api.search_portal_events("e-9").total == 0
    box.clock.advance(600)
    existing = events.identifiers_api.search_portal_events("e-9")
    assert [(one.object_id, one.marketing_event_name) for one in existing.results] == [
        (found[0].object_id, "Launch")
    ]


def test_lists_are_associated_with_events_by_either_id(client: Client) -> None:
    events = client.marketing.events
    events.basic_api.create(order("e-10"))
    event = events.basic_api.get_details("e-10", ACCOUNT).object_id
    ties = events.list_associations_api
    ties.associate_by_external_account_and_event_ids(ACCOUNT, "e-10", seed.LIST_ID)
    assert [one.list_id for one in ties.get_all_by_marketing_event_id(event).results] == [seed.LIST_ID]
    ties.disassociate_by_marketing_event_id(event, seed.LIST_ID)
    assert ties.get_all_by_external_account_and_event_ids(ACCOUNT, "e-10").total == 0
    ties.associate_by_marketing_event_id(event, seed.LIST_ID)
    ties.disassociate_by_external_account_and_event_ids(ACCOUNT, "e-10", seed.LIST_ID)
    assert ties.get_all_by_marketing_event_id(event).total == 0


def test_settings_of_an_app_need_a_developer_token_and_reject_the_clients_api_key(
    box: Sandbox,
) -> None:
    with pytest.raises(ApiException) as old:
        hubspot_client(box, api_key="key").marketing.events.settings_api.get_all(PRIVATE_APP_ID)
    assert (old.value.status, category(old.value)) == (401, "INVALID_AUTHENTICATION")
    developer = hubspot_client(box, DEVELOPER_TOKEN)
    path = f"/marketing/v3/marketing-events/{PRIVATE_APP_ID}/settings"
    wanted = {"eventDetailsUrl": "https://example.com/events/%s"}
    assert developer.api_request({"method": "POST", "path": path, "body": wanted}).status_code == 200
    assert developer.api_request({"path": path}).json() == {"appId": PRIVATE_APP_ID, **wanted}
