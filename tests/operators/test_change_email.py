"""Emails are updated in the given version, and unpublished once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow_runs import Airflow
from workers import RESET, Worker, context, until

from airflow_provider_mkt.operators.emails import (
    CloneEmailOperator,
    PublishEmailOperator,
    UnpublishEmailOperator,
    UpdateEmailOperator,
)
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.version_compat import AirflowFailException


def updating(email_id: Any, changes: Any, conn: str = "hubspot", **more: Any) -> UpdateEmailOperator:
    return UpdateEmailOperator(
        task_id="update", conn_id=f"{conn}_default", email_id=email_id, changes=changes, **more
    )


def unpublishing(email_id: Any, conn: str = "hubspot") -> UnpublishEmailOperator:
    return UnpublishEmailOperator(task_id="unpublish", conn_id=f"{conn}_default", email_id=email_id)


def live(box: Sandbox, email_id: str) -> Any:
    return box.hubspot.state.emails.get(email_id)


# -- changing -----------------------------------------------------------------------------------------


def test_hubspot_a_draft_is_updated_itself_and_a_second_run_changes_nothing(
    airflow: Airflow, sandbox: Sandbox
) -> None:
    body = f"""
from airflow_provider_mkt.operators.emails import UpdateEmailOperator
UpdateEmailOperator(task_id="update", conn_id="hubspot_default", email_id={hubspot.NEWSLETTER_EMAIL},
    changes='{{"subject": "{{{{ params.subject }}}}"}}', params={{"subject": "New"}})
"""
    first, again = airflow.run(body), airflow.run(body)
    assert (first.state, again.state) == ("success", "success"), first.log[-2000:]
    assert first.returned["update"] == {
        "outcome": "email_update",
        "platform": "hubspot",
        "email_id": hubspot.NEWSLETTER_EMAIL,
        "changed": ["subject"],
        "version": "live",
        "state": "DRAFT",
    }
    email = live(sandbox, hubspot.NEWSLETTER_EMAIL)
    assert email.live["subject"] == "New"
    assert email.draft is None


def test_hubspot_a_draft_that_a_user_is_editing_is_published_with_the_change(
    sandbox: Sandbox, short_waits: None
) -> None:
    email = live(sandbox, hubspot.NEWSLETTER_EMAIL)
    sandbox.hubspot.state.emails.change_draft(email, {"subject": "Old", "name": "Edited"})
    updating(hubspot.NEWSLETTER_EMAIL, {"subject": "New"}).execute(context())
    PublishEmailOperator(
        task_id="publish", conn_id="hubspot_default", email_id=hubspot.NEWSLETTER_EMAIL
    ).execute(context(task="publish"))
    assert (email.live["subject"], email.live["name"]) == ("New", "Edited")


def test_hubspot_a_published_email_is_updated_only_in_the_given_version(
    sandbox: Sandbox, short_waits: None
) -> None:
    email = live(sandbox, hubspot.TRANSACTIONAL_EMAIL)
    before = email.live["subject"]
    with pytest.raises(AirflowFailException, match="version: is missing: email 180000000006 is AUTOMATED"):
        updating(email.id, {"subject": "New"}).execute(context())
    outcome = updating(email.id, {"subject": "New"}, version="draft").execute(context())
    assert outcome["version"] == "draft"
    assert (email.live["subject"], email.draft["subject"]) == (before, "New")
    outcome = updating(email.id, {"subject": "Newer"}, version="live").execute(context())
    assert (outcome["version"], outcome["state"]) == ("live", "AUTOMATED")
    assert email.live["subject"] == "Newer"


def test_marketo_name_changes_at_once_and_other_fields_in_the_draft(
    sandbox: Sandbox, short_waits: None
) -> None:
    changes = {"name": "Hello", "preHeader": "p", "textOnly": True, "subject": "New", "replyEmail": "a@b.co"}
    outcome = updating(marketo.APPROVED_EMAIL, changes, "marketo").execute(context())
    assert outcome == {
        "outcome": "email_update",
        "platform": "marketo",
        "email_id": str(marketo.APPROVED_EMAIL),
        "changed": sorted(changes),
        "version": "draft",
        "state": "approved",
    }
    email = sandbox.marketo.state.emails[marketo.APPROVED_EMAIL]
    assert email.name == "Hello"
    assert email.draft is not None
    assert (email.draft.subject, email.draft.pre_header, email.draft.text_only) == ("New", "p", True)
    assert email.approved is not None
    assert email.approved.subject == "Welcome aboard"


@pytest.mark.usefixtures("from_templates")
@pytest.mark.parametrize(
    ("conn", "email_id", "changes", "more", "named"),
    [
        ("hubspot", hubspot.NEWSLETTER_EMAIL, {}, {}, "changes: must be a mapping"),
        ("hubspot", hubspot.NEWSLETTER_EMAIL, "nonsense", {}, "changes: must be a mapping"),
        ("hubspot", hubspot.NEWSLETTER_EMAIL, {"state": "PUBLISHED"}, {}, "changes.state: cannot publish"),
        ("hubspot", hubspot.NEWSLETTER_EMAIL, {"subject": "x"}, {"version": "v1"}, "version: must be one of"),
        ("hubspot", hubspot.NEWSLETTER_EMAIL, {"nonsense": "x"}, {}, "nonsense"),
        ("hubspot", "404", {"subject": "x"}, {}, "not found"),
        ("hubspot", None, {"subject": "x"}, {}, "email_id: is missing"),
        ("marketo", marketo.DRAFT_EMAIL, {}, {}, "changes: must name"),
        ("marketo", marketo.DRAFT_EMAIL, {"html": "x"}, {}, "changes.html: is not accepted here"),
        ("marketo", marketo.DRAFT_EMAIL, {"textOnly": "yes"}, {}, "changes.textOnly: must be true or false"),
        ("marketo", marketo.DRAFT_EMAIL, {"subject": 7}, {}, "changes.subject: must be text"),
        ("marketo", marketo.DRAFT_EMAIL, {"preHeader": "x" * 1025}, {}, "pre_header"),
        ("marketo", marketo.DRAFT_EMAIL, {"subject": "x"}, {"version": "live"}, "version: Marketo"),
        ("marketo", 404, {"subject": "x"}, {}, "702"),
    ],
)
def test_an_email_that_cannot_be_updated_fails_without_retry(
    sandbox: Sandbox,
    short_waits: None,
    conn: str,
    email_id: Any,
    changes: Any,
    more: dict[str, Any],
    named: str,
) -> None:
    with pytest.raises(AirflowFailException, match=named):
        updating(email_id, changes, conn, **more).execute(context())


# -- taking back --------------------------------------------------------------------------------------

UNPUBLISH = "*/unpublish"
ROUTE = "/marketing/emails/2026-09/{emailId}/unpublish"


def scheduled(box: Sandbox) -> str:
    email = live(box, hubspot.SCHEDULED_EMAIL)
    email.live["publishDate"] = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    box.hubspot.state.emails.publish(email)
    return hubspot.SCHEDULED_EMAIL


def request_count(box: Sandbox) -> int:
    return box.hubspot.calls.of("POST", ROUTE).total


@pytest.mark.parametrize("when", [None, "before", "after"])
def test_hubspot_a_scheduled_email_is_cancelled_once_and_a_draft_is_not_changed(
    airflow: Airflow, sandbox: Sandbox, short_waits: None, when: Any
) -> None:
    email_id = scheduled(sandbox)
    if when:
        sandbox.hubspot.faults.add(UNPUBLISH, when=when, answer=RESET)
    body = f"""
from airflow_provider_mkt.operators.emails import UnpublishEmailOperator
UnpublishEmailOperator(task_id="unpublish", conn_id="hubspot_default", email_id={email_id})
"""
    first, again = airflow.run(body), airflow.run(body)
    assert (first.state, again.state) == ("success", "success"), first.log[-2000:]
    done = {
        "outcome": "email_withdrawal",
        "platform": "hubspot",
        "email_id": email_id,
        "unpublished": True,
        "state": "DRAFT",
    }
    assert first.returned["unpublish"] == done
    assert again.returned["unpublish"] == {**done, "unpublished": False}
    assert request_count(sandbox) == (2 if when == "before" else 1)
    sandbox.clock.advance(3 * 3600)
    assert live(sandbox, email_id).reached(sandbox.clock.time()) == 0


@pytest.mark.parametrize("when", ["before", "after"])
def test_hubspot_a_worker_killed_while_it_deactivates_an_email_and_its_next_try(
    sandbox: Sandbox, short_waits: None, when: Any
) -> None:
    sandbox.hubspot.faults.add(UNPUBLISH, when=when, delay=0.4)
    worker = Worker(unpublishing(hubspot.TRANSACTIONAL_EMAIL))
    until(lambda: request_count(sandbox) == 1)
    worker.kill()
    outcome = Worker(unpublishing(hubspot.TRANSACTIONAL_EMAIL)).end()["result"]
    assert (outcome["unpublished"], outcome["state"]) == (True, "AUTOMATED_DRAFT")
    assert request_count(sandbox) == 1


def test_hubspot_a_sent_email_cannot_be_unpublished(sandbox: Sandbox, short_waits: None) -> None:
    with pytest.raises(AirflowFailException, match="cannot be unpublished"):
        unpublishing(hubspot.PUBLISHED_EMAIL).execute(context())


@pytest.mark.parametrize("when", [None, "after"])
def test_marketo_an_email_is_unapproved_once(sandbox: Sandbox, short_waits: None, when: Any) -> None:
    clone = CloneEmailOperator(
        task_id="clone",
        conn_id="marketo_default",
        email_id=marketo.APPROVED_EMAIL,
        name="Copy",
        folder_id=marketo.EMAIL_FOLDER,
    ).execute(context(task="clone"))
    email = sandbox.marketo.state.emails[int(clone["email_id"])]
    email.approve(sandbox.marketo.state.now())
    if when:
        sandbox.marketo.faults.add("*/unapprove.json", when=when, answer=RESET)
    outcomes = [unpublishing(email.id, "marketo").execute(context(run=run)) for run in "ab"]
    assert [(one["unpublished"], one["state"]) for one in outcomes] == [(True, "draft"), (False, "draft")]
    assert email.approved is None


def test_marketo_an_email_in_use_or_unknown_is_rejected(sandbox: Sandbox, short_waits: None) -> None:
    with pytest.raises(AirflowFailException, match="in use by campaign"):
        unpublishing(marketo.APPROVED_EMAIL, "marketo").execute(context())
    with pytest.raises(AirflowFailException, match="there is no email 404"):
        unpublishing(404, "marketo").execute(context())
    with pytest.raises(AirflowFailException, match="not found"):
        unpublishing("404").execute(context())
