"""Emails as JSON."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.emails.models import PUBLISHED_STATES, VARIANT, Email, Revision
from airflow_provider_mkt.sandbox.hubspot.emails.store import EmailStore, sends_at_once
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

USER = "12345"
_TEST_DEFAULTS = {"abTestPercentage": 100, "abSuccessMetric": "OPENS_BY_DELIVERED", "hoursToWait": 4}
"""Settings of a test that none were given for. HubSpot documents no defaults."""


def email_view(
    store: EmailStore, email: Email, *, draft: bool = False, revision: Revision | None = None
) -> JsonObject:
    """Return the live version of an email, its draft if there is one, or an old revision."""
    fields, updated = email.live, email.updated
    if revision is not None:
        fields, updated = revision.fields, revision.at
    elif draft and email.draft is not None:
        fields, updated = email.draft, email.draft_updated or email.updated
    state = store.state(email)
    view: JsonObject = {
        "content": {},
        "from": {},
        "to": {},
        "subject": "",
        "language": "en",
        "jitterSendTime": False,
        "subcategory": _subcategory(email),
        "webversion": {},
        "subscriptionDetails": {},
        **{name: value for name, value in fields.items() if name not in ("state", "archived")},
        "id": email.id,
        "state": state,
        "type": email.kind,
        "sendOnPublish": sends_at_once(fields),
        "isAb": email.role is not None,
        "isPublished": state in PUBLISHED_STATES,
        "isTransactional": False,
        "archived": email.archived_at is not None,
        "emailTemplateMode": "DRAG_AND_DROP",
        "previewKey": _preview_key(email),
        "primaryEmailCampaignId": email.campaign_id,
        "allEmailCampaignIds": [email.campaign_id],
        "createdAt": iso(email.created),
        "createdById": USER,
        "updatedAt": iso(updated),
        "updatedById": USER,
    }
    if email.published_at is not None:
        view |= {"publishedAt": iso(email.published_at), "publishedById": USER}
        current = email.current()
        if current is not None:
            view["publishDate"] = iso(current.due)
    for name, moment in (("unpublishedAt", email.unpublished_at), ("deletedAt", email.archived_at)):
        if moment is not None:
            view[name] = iso(moment)
    if email.cloned_from is not None:
        view["clonedFrom"] = email.cloned_from
    if email.role is not None:
        view["subcategory"] = _subcategory(email)
    if email.role is not None or "testing" in fields:
        defaults = {} if email.role is None else _TEST_DEFAULTS
        view["testing"] = {**defaults, **fields.get("testing", {}), **_testing(email)}
    return view


def _preview_key(email: Email) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in email.id)


def _subcategory(email: Email) -> str:
    if email.role is None:
        return "automated" if email.automated else "batch"
    part = f"ab_{email.role}"
    return f"automated_{part}" if email.automated else part


def _testing(email: Email) -> JsonObject:
    details: JsonObject = {"isAbVariation": email.role == VARIANT}
    if email.role is not None:
        test = email.partner if email.role == VARIANT else email.id
        details |= {"testId": test, "abStatus": f"automated_{email.role}" if email.automated else email.role}
    return details
