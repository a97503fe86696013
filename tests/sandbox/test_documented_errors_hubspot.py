"""Every error that HubSpot documents, through the hook: class and code, and that nothing changed."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hubspot_refusals import ADA, ATTENDANCE, EMAIL, NOBODY, READ, ROWS, WEBINAR, WRITE, Row, upload
from hubspot_runs import CONN_ID, connected
from refusing import refused

from airflow_provider_mkt.client.errors import AuthenticationError
from airflow_provider_mkt.client.hubspot.campaigns import campaigns
from airflow_provider_mkt.client.hubspot.contacts import contacts
from airflow_provider_mkt.client.hubspot.events import marketing_event_attendance
from airflow_provider_mkt.client.hubspot.imports import imports
from airflow_provider_mkt.client.hubspot.lists import list_memberships
from airflow_provider_mkt.client.hubspot.sends import send_statuses, transactional
from airflow_provider_mkt.hooks.hubspot import HubSpotHook
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
def test_error_has_its_class_and_code_and_changes_nothing(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch, row: Row
) -> None:
    connected(box, monkeypatch, "v3")
    row.arrange(box)
    connected(box, monkeypatch, "v3", row.token)
    before = box.hubspot.snapshot()
    for error in refused(row.call):
        assert (type(error), error.code, error.status) == row.expected
        assert (error.platform, error.call) == ("hubspot", row.call.name)
        assert row.says in str(error)
        assert EMAIL not in str(error)
    assert box.hubspot.snapshot() == before


# -- errors of other endpoints that are successes here -----------------------------------------------


@pytest.fixture
def hook(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubSpotHook]:
    with connected(box, monkeypatch, "v3") as made:
        yield made


def test_failed_inputs_of_a_batch_are_reported_with_the_others(hook: HubSpotHook) -> None:
    read = hook.run(contacts.batch_read([ADA, "404"]))
    assert ([one.id for one in read.results], read.errors[0].ids()) == ([ADA], ["404"])
    made = hook.run(contacts.create_batch([{"email": EMAIL}, {"email": "new@example.com"}]))
    assert [one.properties["email"] for one in made.results] == ["new@example.com"]
    assert [error.category for error in made.errors] == ["CONFLICT"]
    recorded = hook.run(
        marketing_event_attendance.record_contacts(
            *WEBINAR, "register", [ATTENDANCE, {**ATTENDANCE, "contact_id": "404"}]
        )
    )
    assert (len(recorded.results), len(recorded.errors)) == (1, 1)


def test_deleting_an_unknown_campaign_succeeds_and_getting_an_unknown_record_fails(
    hook: HubSpotHook,
) -> None:
    assert hook.run(campaigns.delete(NOBODY)) is None
    assert hook.run(campaigns.archive_batch([NOBODY])) is None
    changes = hook.run(list_memberships.add(seed.LIST_ID, [seed.CONTACT_IDS[4], "404"]))
    assert (changes["added"], changes["missing"]) == ([seed.CONTACT_IDS[4]], ["404"])


def test_an_email_that_cannot_be_sent_is_accepted_and_fails_later(hook: HubSpotHook, box: Sandbox) -> None:
    sent = hook.run(transactional.send(seed.TRANSACTIONAL_EMAIL, "no-reply@example.com"))
    box.clock.advance(60)
    later = hook.run(send_statuses.get(sent.statusId))
    assert (sent.status, later.status, later.sendResult) == ("PENDING", "COMPLETE", "INVALID_TO_ADDRESS")


def test_a_failed_row_is_only_reported_by_the_import(hook: HubSpotHook, box: Sandbox) -> None:
    begun = hook.run(upload(content=b"email\nnobody\nnew@example.com\n"))
    box.clock.advance(60)
    assert hook.run(imports.get(begun.id)).state == "DONE"
    assert [error["errorType"] for error in hook.run(imports.errors(begun.id))] == ["INVALID_EMAIL"]


# -- OAuth tokens ------------------------------------------------------------------------------------


def by_oauth(box: Sandbox, monkeypatch: pytest.MonkeyPatch, refresh_token: str) -> HubSpotHook:
    connection = {
        "conn_type": "hubspot",
        "host": box.hubspot.url,
        "login": seed.OAUTH_CLIENT_ID,
        "password": seed.OAUTH_CLIENT_SECRET,
        "extra": {"refresh_token": refresh_token},
    }
    monkeypatch.setenv(f"AIRFLOW_CONN_{CONN_ID.upper()}", json.dumps(connection))
    return HubSpotHook(CONN_ID)


def test_a_revoked_refresh_token_has_its_own_error(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    by_oauth(box, monkeypatch, seed.REVOKED_REFRESH_TOKEN)
    for error in refused(READ):
        assert (type(error), error.code, error.status) == (AuthenticationError, "BAD_REFRESH_TOKEN", 400)
        assert seed.REVOKED_REFRESH_TOKEN not in str(error)


def test_an_expired_token_is_refreshed_once_and_the_request_repeated(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with by_oauth(box, monkeypatch, seed.REFRESH_TOKEN) as hook:
        hook.run(READ)
        box.clock.advance(1801)
        assert hook.run(WRITE)["properties"]["email"] == "new@example.com"
