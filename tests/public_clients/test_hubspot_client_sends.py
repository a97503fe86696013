"""HubSpot's own Python client: emails to one person, SMTP tokens and subscriptions."""

from __future__ import annotations

import pytest
from hubspot import Client
from hubspot.communication_preferences import ApiException as PreferencesException
from hubspot.communication_preferences import PublicUpdateSubscriptionStatusRequest
from hubspot.marketing.transactional import (
    ApiException,
    PublicSingleSendEmail,
    PublicSingleSendRequestEgg,
    SmtpApiTokenRequestEgg,
)
from public_clients import category, hubspot_client

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed

ADA = "ada@example.com"
NEWS = str(seed.DEFAULT_SUBSCRIPTION)


def order(**message: str) -> PublicSingleSendRequestEgg:
    return PublicSingleSendRequestEgg(
        email_id=int(seed.TRANSACTIONAL_EMAIL),
        message=PublicSingleSendEmail(**message),
        contact_properties={"firstname": "Ada"},
        custom_properties={"order": {"number": 7}},
    )


def status_of(client: Client, status_id: str) -> dict[str, str]:
    """Read a send status by a raw request, because the client has no method for it."""
    reply = client.api_request({"path": f"/marketing/v3/email/send-statuses/{status_id}"})
    assert reply.status_code == 200
    return dict(reply.json())


def test_an_email_is_sent_and_its_status_is_polled(client: Client, box: Sandbox) -> None:
    api = client.marketing.transactional.single_send_api
    sent = api.send_email(order(to=ADA, send_id="order-7"))
    assert (sent.status, sent.send_result) == ("PENDING", None)
    box.clock.advance(60)
    assert status_of(client, sent.status_id)["sendResult"] == "SENT"
    again = api.send_email(order(to=ADA, send_id="order-7"))
    rejected = api.send_email(order(to="no-reply@example.com"))
    box.clock.advance(60)
    assert status_of(client, again.status_id)["sendResult"] == "IDEMPOTENT_IGNORE"
    assert status_of(client, rejected.status_id)["sendResult"] == "INVALID_TO_ADDRESS"


def test_an_unknown_email_or_a_missing_add_on_is_rejected(client: Client, box: Sandbox) -> None:
    api = client.marketing.transactional.single_send_api
    with pytest.raises(ApiException) as unknown:
        api.send_email(PublicSingleSendRequestEgg(email_id=404, message=PublicSingleSendEmail(to=ADA)))
    assert (unknown.value.status, category(unknown.value)) == (400, "VALIDATION_ERROR")
    box.hubspot.settings.transactional_email = False
    with pytest.raises(ApiException) as tier:
        api.send_email(order(to=ADA))
    assert tier.value.status == 403


def test_smtp_tokens_show_their_password_once(client: Client, box: Sandbox) -> None:
    box.hubspot.settings.smtp_tokens_need_oauth = False
    api = client.marketing.transactional.public_smtp_tokens_api
    created = api.create_token(SmtpApiTokenRequestEgg(create_contact=True, campaign_name="Shop"))
    fetched = api.get_token_by_id(created.id)
    assert (fetched.campaign_name, fetched.create_contact, fetched.password) == ("Shop", True, None)
    assert api.reset_password(created.id).password not in (None, created.password)
    assert [one.id for one in api.get_tokens_page(campaign_name="Shop").results] == [created.id]
    api.archive_token(created.id)
    with pytest.raises(ApiException) as gone:
        api.get_token_by_id(created.id)
    assert gone.value.status == 404


def test_a_private_app_cannot_create_an_smtp_token(client: Client) -> None:
    with pytest.raises(ApiException) as rejected:
        client.marketing.transactional.public_smtp_tokens_api.create_token(
            SmtpApiTokenRequestEgg(create_contact=False, campaign_name="Shop")
        )
    assert rejected.value.status == 403


def test_a_contact_is_subscribed_and_unsubscribed(client: Client) -> None:
    preferences = client.communication_preferences
    types = preferences.definition_api.get_page().subscription_definitions
    assert NEWS in {one.id for one in types}
    wanted = PublicUpdateSubscriptionStatusRequest(email_address=ADA, subscription_id=NEWS)
    assert preferences.status_api.subscribe(wanted).status == "SUBSCRIBED"
    assert preferences.status_api.unsubscribe(wanted).status == "NOT_SUBSCRIBED"
    fetched = preferences.status_api.get_email_status(ADA)
    assert {one.id: one.status for one in fetched.subscription_statuses}[NEWS] == "NOT_SUBSCRIBED"
    with pytest.raises(PreferencesException) as opted_out:
        preferences.status_api.subscribe(wanted)
    assert (opted_out.value.status, category(opted_out.value)) == (400, "VALIDATION_ERROR")


def test_an_account_with_gdpr_enabled_requires_a_legal_basis(client: Client, box: Sandbox) -> None:
    box.hubspot.settings.gdpr = True
    api = client.communication_preferences.status_api
    with pytest.raises(PreferencesException) as rejected:
        api.subscribe(PublicUpdateSubscriptionStatusRequest(email_address=ADA, subscription_id=NEWS))
    assert rejected.value.status == 400
    result = PublicUpdateSubscriptionStatusRequest(
        email_address=ADA,
        subscription_id=NEWS,
        legal_basis="CONSENT_WITH_NOTICE",
        legal_basis_explanation="Ticked the box",
    )
    assert api.subscribe(result).legal_basis == "CONSENT_WITH_NOTICE"


def test_raw_requests_to_the_v4_subscription_endpoints_work(box: Sandbox) -> None:
    # The client has no methods for v4.
    client = hubspot_client(box)
    path = f"/communication-preferences/v4/statuses/{ADA}"
    wanted = {"channel": "EMAIL", "statusState": "UNSUBSCRIBED", "subscriptionId": seed.DEFAULT_SUBSCRIPTION}
    written = client.api_request({"method": "POST", "path": path, "body": wanted}).json()
    assert [one["status"] for one in written["results"]] == ["UNSUBSCRIBED"]
    fetched = client.api_request({"path": path, "qs": {"channel": "EMAIL"}}).json()
    states = {one["subscriptionId"]: one["status"] for one in fetched["results"]}
    assert states[seed.DEFAULT_SUBSCRIPTION] == "UNSUBSCRIBED"
