"""Scenes of mail to one person: single sends, SMTP tokens, and who wants which kind of mail."""

from __future__ import annotations

import pytest
from calls.hubspot_runners import CallRunner
from calls.scenes import Scenes

from airflow_provider_mkt.client.errors import NotFound
from airflow_provider_mkt.client.hubspot.contacts import contacts
from airflow_provider_mkt.client.hubspot.sends import send_statuses, smtp_tokens, transactional
from airflow_provider_mkt.client.hubspot.subscriptions import subscription_batches as batches
from airflow_provider_mkt.client.hubspot.subscriptions import subscription_statuses as states
from airflow_provider_mkt.client.hubspot.subscriptions import subscriptions
from airflow_provider_mkt.sandbox.hubspot import seed

SCENES = Scenes()
NEWS, EVENTS = seed.DEFAULT_SUBSCRIPTION, seed.EVENTS_SUBSCRIPTION
JANE, JOHN = "jane+news/1@example.com", "john@example.com"


@SCENES.show(transactional="send single_send", send_statuses="get")
def a_mail_to_one_person(run: CallRunner) -> None:
    calls = (
        transactional.send(
            seed.TRANSACTIONAL_EMAIL,
            JANE,
            send_id="once",
            contact_properties={"city": "Oslo"},
            custom_properties={"rows": [1]},
        ),
        transactional.single_send(
            seed.SINGLE_SEND_EMAIL, JOHN, sender="Us <us@example.com>", reply_to=["us@example.com"]
        ),
    )
    for call in calls:
        sent = run(call)
        assert (sent.status, run(send_statuses.get(sent.statusId)).status) == ("PENDING", "PENDING")
        run.wait(1.5)
        assert run(send_statuses.get(sent.statusId)).status == "PROCESSING"
        run.wait(10)
        end = run(send_statuses.get(sent.statusId))
        assert (end.status, end.sendResult) == ("COMPLETE", "SENT")
    assert run(contacts.get(JANE, id_property="email", properties=["city"]))["properties"]["city"] == "Oslo"
    again = run(calls[0])
    run.wait(10)
    assert run(send_statuses.get(again.statusId)).sendResult == "IDEMPOTENT_IGNORE"


@SCENES.show(smtp_tokens="create get list reset_password archive")
def a_token_for_smtp(run: CallRunner) -> None:
    app = run.by("client")
    made = app(smtp_tokens.create("Receipts", create_contact=True))
    other = app(smtp_tokens.create("Reminders", create_contact=False))
    assert made.password is not None
    shown = run(smtp_tokens.get(made.id))
    assert (shown.id, shown.campaignName, shown.createContact, shown.password) == (
        made.id,
        "Receipts",
        True,
        None,
    )
    renewed = run(smtp_tokens.reset_password(made.id)).password
    assert renewed is not None
    assert renewed.get_secret_value() != made.password.get_secret_value()
    assert [one.id for one in run.every(smtp_tokens.list(limit=1))] == [made.id, other.id]
    assert [one.id for one in run(smtp_tokens.list(campaign_name="Reminders"))] == [other.id]
    run(smtp_tokens.archive(made.id))
    with pytest.raises(NotFound):
        run(smtp_tokens.get(made.id))
    assert [one.id for one in run(smtp_tokens.list(email_campaign_id=made.emailCampaignId))] == []


@SCENES.show(subscriptions="definitions statuses subscribe unsubscribe resubscribe")
def one_person_and_one_kind_of_mail(run: CallRunner) -> None:
    def wants() -> dict[str, str]:
        return {row["id"]: row["status"] for row in run(subscriptions.statuses(JANE))}

    assert [one["id"] for one in run(subscriptions.definitions())] == [str(NEWS), str(EVENTS)]
    done = run(subscriptions.subscribe(JANE, EVENTS, legal_basis="CONSENT_WITH_NOTICE", explanation="form"))
    assert (done["id"], done["status"], done["legalBasis"]) == (
        str(EVENTS),
        "SUBSCRIBED",
        "CONSENT_WITH_NOTICE",
    )
    assert wants() == {str(NEWS): "NOT_SUBSCRIBED", str(EVENTS): "SUBSCRIBED"}
    run(subscriptions.unsubscribe(JANE, EVENTS))
    assert wants()[str(EVENTS)] == "NOT_SUBSCRIBED"
    assert {row["status"] for row in run(states.get(JANE))} == {"UNSUBSCRIBED", "NOT_SPECIFIED"}
    run(subscriptions.resubscribe(JANE, EVENTS))
    assert wants()[str(EVENTS)] == "SUBSCRIBED"


@SCENES.show(
    subscription_statuses="definitions get set_status links unsubscribe_from_all get_unsubscribed_from_all"
)
def one_person_in_three_states(run: CallRunner) -> None:
    def states_of() -> dict[int, str]:
        return {row["subscriptionId"]: row["status"] for row in run(states.get(JANE))}

    types = run(states.definitions(include_translations=True))
    assert [one["id"] for one in types] == [str(NEWS), str(EVENTS)]
    assert states_of() == {NEWS: "NOT_SPECIFIED", EVENTS: "NOT_SPECIFIED"}
    run(states.set_status(JANE, NEWS, "SUBSCRIBED"))
    assert states_of() == {NEWS: "SUBSCRIBED", EVENTS: "NOT_SPECIFIED"}
    links = run(states.links(JANE, subscription_id=EVENTS, language="de"))
    assert links["subscriberIdString"] == JANE
    assert run(states.get_unsubscribed_from_all(JANE))[0]["status"] == "NOT_SPECIFIED"
    run(states.unsubscribe_from_all(JANE, verbose=True))
    assert run(states.get_unsubscribed_from_all(JANE, verbose=True))[0]["status"] == "UNSUBSCRIBED"
    assert set(states_of().values()) == {"UNSUBSCRIBED"}


@SCENES.show(subscription_batches="read write unsubscribe_from_all read_unsubscribed_from_all")
def many_people_at_once(run: CallRunner) -> None:
    changes = [
        {"email": JANE, "subscription_id": NEWS, "state": "SUBSCRIBED"},
        {"email": JOHN, "subscription_id": 5, "state": "SUBSCRIBED"},
    ]
    written = run(batches.write(changes))
    assert ([row["subscriberIdString"] for row in written["results"]], len(written["errors"])) == ([JANE], 1)
    read = run(batches.read([JANE, JOHN]))["results"]
    assert {row["subscriberIdString"]: sorted({s["status"] for s in row["statuses"]}) for row in read} == {
        JANE: ["NOT_SPECIFIED", "SUBSCRIBED"],
        JOHN: ["NOT_SPECIFIED"],
    }
    run(batches.unsubscribe_from_all([JANE], verbose=True))
    wide = run(batches.read_unsubscribed_from_all([JANE, JOHN]))["results"]
    assert {row["subscriberIdString"]: row["wideStatuses"][0]["status"] for row in wide} == {
        JANE: "UNSUBSCRIBED",
        JOHN: "NOT_SPECIFIED",
    }
    assert {row["status"] for row in run(subscriptions.statuses(JANE))} == {"NOT_SUBSCRIBED"}
