"""The check of answers itself: what it must not let through."""

from __future__ import annotations

from typing import Any

import pytest
from calls.hubspot_answers import ANSWERS as HUBSPOT
from calls.marketo_answers import ANSWERS as MARKETO
from calls.shapes import check

TOTALS = {"influencedContacts": 1, "newContactsFirstTouch": 1, "newContactsLastTouch": 1, "sessions": 1}
DONE = {"requestId": "2e4f1#1a1fc6f71b6", "success": True}
LEFT = {"status": "skipped", "id": 5, "reasons": [{"code": "1004", "message": "not there"}]}


@pytest.mark.parametrize(
    ("documented", "name", "answer"),
    [
        (HUBSPOT, "campaign_reports.metrics", {**TOTALS, "more": "than documented"}),
        (HUBSPOT, "campaigns.delete", {}),
        (HUBSPOT, "email_statistics.totals", {}),
        (MARKETO, "leads.merge", DONE),
        (MARKETO, "leads.delete", {**DONE, "result": [LEFT]}),
    ],
)
def test_answers_as_documented_pass(documented: Any, name: str, answer: dict[str, Any]) -> None:
    check(documented, name, "v3", answer)


@pytest.mark.parametrize(
    ("documented", "name", "profile", "answer", "expected"),
    [
        (HUBSPOT, "campaign_reports.metrics", "v3", TOTALS | {"sessions": "1"}, "sessions"),
        (HUBSPOT, "campaign_reports.metrics", "v3", {"sessions": 1}, "influencedContacts"),
        (HUBSPOT, "campaigns.delete", "v3", {"id": "1"}, "id"),
        (HUBSPOT, "email_statistics.totals", "2026-03", {}, "aggregate"),
        (HUBSPOT, "subscriptions.statuses", "2026-09", {"status": "COMPLETE", "results": []}, "recipient"),
        (HUBSPOT, "subscriptions.definitions", "2026-03", {"subscriptionDefinitions": []}, "results"),
        (MARKETO, "leads.merge", "", DONE | {"success": False}, "success"),
        (MARKETO, "leads.delete", "", DONE | {"result": [LEFT | {"status": "gone"}]}, "status"),
        (MARKETO, "leads.delete", "", DONE | {"result": [LEFT | {"reasons": [{"code": 1004}]}]}, "code"),
        (MARKETO, "activities.read", "", DONE | {"result": [], "nextPageToken": "t"}, "moreResult"),
    ],
)
def test_what_is_missing_or_of_another_type_is_named(
    documented: Any, name: str, profile: str, answer: dict[str, Any], expected: str
) -> None:
    with pytest.raises(AssertionError, match=expected):
        check(documented, name, profile, answer)
