"""Emails as answers show them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from airflow_provider_mkt.sandbox.hubspot.emails.record import PUBLISHED_STATES, Email
from airflow_provider_mkt.sandbox.hubspot.emails.store import EmailStore, sends_at_once
from airflow_provider_mkt.sandbox.hubspot.times import iso

_USER = "12345"


def shown(
    store: EmailStore, email: Email, *, only: Iterable[str] = (), stats: bool = False, draft: bool = False
) -> dict[str, Any]:
    """An email; `draft` shows the buffer instead of the live version, if there is one."""
    fields, updated = email.live, email.updated
    if draft and email.draft is not None:
        fields, updated = email.draft, email.draft_updated or email.updated
    state = store.state(email)
    view: dict[str, Any] = {
        "content": {},
        "from": {},
        "to": {},
        "subject": "",
        "language": "en",
        "jitterSendTime": False,
        "subcategory": "automated" if email.automated else "batch",
        "webversion": {},
        "subscriptionDetails": {},
        **{name: value for name, value in fields.items() if name not in ("state", "archived")},
        "id": email.id,
        "state": state,
        "type": "AUTOMATED_EMAIL" if email.automated else "BATCH_EMAIL",
        "sendOnPublish": sends_at_once(fields),
        "isAb": False,
        "isPublished": state in PUBLISHED_STATES,
        "isTransactional": False,
        "archived": email.archived_at is not None,
        "emailTemplateMode": "DRAG_AND_DROP",
        "primaryEmailCampaignId": str(int(email.id) + 1_000_000),
        "allEmailCampaignIds": [str(int(email.id) + 1_000_000)],
        "createdAt": iso(email.created),
        "createdById": _USER,
        "updatedAt": iso(updated),
        "updatedById": _USER,
    }
    if email.published_at is not None:
        view |= {"publishedAt": iso(email.published_at), "publishedById": _USER}
        current = email.current()
        if current is not None:
            view["publishDate"] = iso(current.due)
    for name, moment in (("unpublishedAt", email.unpublished_at), ("deletedAt", email.archived_at)):
        if moment is not None:
            view[name] = iso(moment)
    if email.cloned_from is not None:
        view["clonedFrom"] = email.cloned_from
    if stats:
        view["stats"] = statistics(store, email)
    wanted = set(only)
    if wanted:
        return {name: value for name, value in view.items() if name in wanted | {"id", "isAb", "stats"}}
    return view


def statistics(store: EmailStore, email: Email) -> dict[str, Any]:
    """Counters grow while the mails go out; before the first one there are none."""
    sent = email.reached(store.clock.time(), store.settings)
    empty: dict[str, Any] = {"counters": {}, "deviceBreakdown": {}, "qualifierStats": {}, "ratios": {}}
    if not sent:
        return empty
    opened, clicked = sent * 2 // 5, sent // 10
    counters = {
        "sent": sent,
        "selected": sent,
        "delivered": sent,
        "open": opened,
        "click": clicked,
        "bounce": 0,
        "dropped": 0,
        "notsent": 0,
        "pending": 0,
        "reply": 0,
        "spamreport": 0,
        "unsubscribed": 0,
    }
    ratios = {
        "deliveredratio": 100.0,
        "openratio": 100 * opened / sent,
        "clickratio": 100 * clicked / sent,
        "clickthroughratio": 100 * clicked / opened if opened else 0.0,
        "bounceratio": 0.0,
        "unsubscribedratio": 0.0,
    }
    return {**empty, "counters": counters, "ratios": ratios}
