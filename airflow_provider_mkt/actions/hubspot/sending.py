"""Read a marketing email before it is sent, and count its recipients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import cast

from airflow_provider_mkt.actions.hubspot import jobs, recipients, send_evidence
from airflow_provider_mkt.actions.jobs import chunked
from airflow_provider_mkt.actions.procedure import InMemoryTaskState, Pause, Procedure, TaskState
from airflow_provider_mkt.actions.sending import (
    UNREADABLE,
    AudienceCount,
    Counting,
    CountMethod,
    ListSize,
    SendDetails,
    SendEvidence,
    SendTarget,
    fingerprint_of,
)
from airflow_provider_mkt.actions.targets import AccountPages, hubspot_page
from airflow_provider_mkt.client.errors import InvalidInput, InvalidRequest, NotFound, PermissionDenied
from airflow_provider_mkt.client.hubspot.account import account_info
from airflow_provider_mkt.client.hubspot.emails import emails
from airflow_provider_mkt.client.hubspot.emails._fields import time_of
from airflow_provider_mkt.client.hubspot.lists import list_legacy_ids, lists
from airflow_provider_mkt.client.hubspot.lists._types import CONTACTS, SEARCH_PAGE_MAX, ContactList
from airflow_provider_mkt.client.json_types import JsonDict

REGULAR_TYPES = frozenset({"BATCH_EMAIL", "AB_EMAIL", "LOCALTIME_EMAIL"})
"""Types of emails that are sent to lists, once."""
_TRANSACTIONAL_TYPES = frozenset({"SINGLE_SEND_API", "SMTP_TOKEN"})
_NOT_CONTENT = frozenset(
    {
        # What publishing changes, or reading: everything else decides the mail, or names it.
        "allEmailCampaignIds",
        "campaignName",
        "deletedAt",
        "emailCampaignGroupId",
        "isPublished",
        "primaryEmailCampaignId",
        "publishDate",
        "publishedAt",
        "publishedByEmail",
        "publishedById",
        "publishedByName",
        "sendOnPublish",
        "state",
        "stats",
        "to",
        "unpublishedAt",
        "updatedAt",
        "updatedById",
        "workflowNames",
    }
)


class HubSpotSending:
    """The verbs of :class:`~airflow_provider_mkt.actions.ports.SendingVerbs`."""

    def describe(self, target: SendTarget) -> Procedure[SendDetails]:
        if target.kind != "email":
            raise InvalidInput(
                "target.kind", f"HubSpot has no {target.kind.replace('_', ' ')}s; give an email"
            )
        return describe(target)

    def read_evidence(
        self, details: SendDetails, *, around: datetime | None, within: timedelta | None
    ) -> Procedure[SendEvidence]:
        return send_evidence.read_evidence(details, around=around, within=within)

    def count(self, details: SendDetails, how: CountMethod = "auto") -> Procedure[AudienceCount]:
        task_state = InMemoryTaskState()
        while isinstance(count := (yield from self.advance_count(details, how, task_state)), Counting):
            yield Pause(count.seconds, "the lists are being computed")
        return count

    def advance_count(
        self,
        details: SendDetails,
        how: CountMethod,
        task_state: TaskState,
        *,
        fields: Sequence[str] = (),
        name: str = "",
    ) -> Procedure[AudienceCount | Counting]:
        return recipients.advance_count(details, how, task_state, fields=fields, name=name)

    def discard_count(self, task_state: TaskState) -> Procedure[None]:
        return recipients.discard_count(task_state)


def describe(target: SendTarget) -> Procedure[SendDetails]:
    """Read an email, its draft, its account and its lists. Three calls, one more with lists.

    :raises NotFound: when there is no such email.
    """
    live: emails.Email = yield emails.get(target.id)
    draft: emails.Email = yield emails.get_draft(target.id)
    status = jobs.email_status(live)
    # Publishing sends the draft. Of an email that is scheduled, or sent, the live version counts.
    sent = draft if status in jobs.DRAFTS else live
    fields, live_content, draft_content = sent.model_dump(), _content(live), _content(draft)
    account = yield from _account()
    to = _mapping(fields.get("to"))
    included, excluded = yield from _lists(to)
    sender, kind = _mapping(fields.get("from")), str(fields.get("type") or "").upper()
    contacts = _mapping(to.get("contactIds"))
    testing = _mapping(fields.get("testing"))
    details = _mapping(fields.get("subscriptionDetails"))
    scheduled_for = time_of(sent.publishDate)
    immediate = sent.sendOnPublish is True
    regular = kind in REGULAR_TYPES
    return SendDetails(
        target=target,
        name=sent.name,
        state=live.state,
        sendable=status in jobs.DRAFTS,
        kind=kind or status,
        regular=regular,
        subject=str(fields.get("subject") or ""),
        from_name=str(sender.get("fromName") or ""),
        # The API's replyTo is the address that the mail is from; another one for answers is customReplyTo.
        from_email=str(sender.get("replyTo") or ""),
        reply_to=str(sender.get("customReplyTo") or sender.get("replyTo") or ""),
        preview_text=_preview_text(fields.get("content")),
        subscription_type=str(details.get("subscriptionId") or ""),
        operational=bool(fields.get("isTransactional")) or kind in _TRANSACTIONAL_TYPES,
        lists=included,
        excluded_lists=excluded,
        contact_ids=_ids(contacts.get("include")),
        excluded_contact_ids=_ids(contacts.get("exclude")),
        audience_known=regular,
        scheduled_for=None if immediate else scheduled_for,
        sends_at_once=immediate,
        link=_link(account, target.id),
        account_id=str(account["portalId"]) if account else "",
        account_kind=_account_kind(account),
        time_zone=account["timeZone"] if account else "",
        fingerprint=fingerprint_of(
            email=[target.to_json(), live_content, draft_content],
            audience=[to, [_rules(one) for one in (*included, *excluded)]],
            schedule=[immediate, None if immediate else scheduled_for],
        ),
        html="\n".join(_texts(fields.get("content"))),
        draft_differs=live_content != draft_content and sent is live,
        ab_test=testing if sent.isAb or testing.get("testId") else {},
    )


def _content(email: emails.Email) -> JsonDict:
    """Return the fields that decide the mail itself."""
    return {name: value for name, value in email.model_dump().items() if name not in _NOT_CONTENT}


def _account() -> Procedure[account_info.AccountDetails | None]:
    try:
        account: account_info.AccountDetails = yield account_info.details()
    except (PermissionDenied, InvalidRequest):
        return None
    return account


def _account_kind(account: account_info.AccountDetails | None) -> str:
    if account is None:
        return "unknown"
    return "production" if account["accountType"].upper() == "STANDARD" else "test"


def _link(account: account_info.AccountDetails | None, email_id: str) -> str:
    if account is None:
        return ""
    pages = AccountPages(account.get("uiDomain") or "app.hubspot.com", str(account["portalId"]))
    return hubspot_page("email", pages, email_id)


def _lists(to: Mapping[str, object]) -> Procedure[tuple[tuple[ListSize, ...], tuple[ListSize, ...]]]:
    """Read the lists that an email includes and excludes."""
    current, legacy = _mapping(to.get("contactIlsLists")), _mapping(to.get("contactLists"))
    legacy_ids = dict.fromkeys((*_ids(legacy.get("include")), *_ids(legacy.get("exclude"))))
    by_legacy_id = (yield from _current_ids(tuple(legacy_ids))) if legacy_ids else {}
    wanted: list[dict[str, str]] = []
    for side in ("include", "exclude"):
        # By current id: the same list may be named by both.
        named = dict.fromkeys(_ids(current.get(side)), "")
        for legacy_id in _ids(legacy.get(side)):
            named.setdefault(by_legacy_id.get(legacy_id, f"legacy {legacy_id}"), legacy_id)
        wanted.append(named)
    found = yield from _read_lists([one for side in wanted for one in side if one.isdecimal()])
    included, excluded = (
        tuple(_size(list_id, legacy_id, found) for list_id, legacy_id in side.items()) for side in wanted
    )
    return included, excluded


def _current_ids(legacy_ids: Sequence[str]) -> Procedure[dict[str, str]]:
    try:
        answer: list_legacy_ids.LegacyIds = yield list_legacy_ids.batch_read(legacy_ids)
    except (NotFound, PermissionDenied):
        # The mapping is announced to end; without it the lists count as missing.
        return {}
    return {str(row["legacyListId"]): str(row["listId"]) for row in answer["legacyListIdsToIdsMapping"]}


def _read_lists(list_ids: Sequence[str]) -> Procedure[dict[str, ContactList] | None]:
    """Read lists by id; None when that is not permitted."""
    found: dict[str, ContactList] = {}
    try:
        for chunk in chunked(list(dict.fromkeys(list_ids)), SEARCH_PAGE_MAX):
            rows: list[ContactList] = yield lists.batch_read(chunk, include_filters=True)
            found.update((str(row["listId"]), row) for row in rows)
    except PermissionDenied:
        return None
    return found


def _size(list_id: str, legacy_id: str, found: Mapping[str, ContactList] | None) -> ListSize:
    if found is None:
        return ListSize(list_id, status=UNREADABLE, legacy_id=legacy_id)
    row = found.get(list_id)
    if row is None or row.get("deletedAt"):
        return ListSize(list_id, found=False, status="MISSING", legacy_id=legacy_id)
    size = row.get("size")
    return ListSize(
        list_id,
        name=row["name"],
        size=None if size is None else int(size),
        status=str(row["processingStatus"]),
        of_people=row["objectTypeId"] == CONTACTS,
        updated_at=str(row.get("filtersUpdatedAt") or ""),
        version=fingerprint_of(email=row.get("listVersion"), audience=row.get("filterBranch"), schedule=None),
        legacy_id=legacy_id,
    )


def _rules(one: ListSize) -> JsonDict:
    """Return what decides the members of a list, without the members themselves."""
    return {"id": one.id, "found": one.found, "updated": one.updated_at, "version": one.version}


def _preview_text(content: object) -> str:
    body = _mapping(_mapping(_mapping(_mapping(content).get("widgets")).get("preview_text")).get("body"))
    return str(body.get("value") or "")


def _texts(value: object) -> Iterator[str]:
    """Yield every text in the content of an email."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, Sequence):
        for inner in value:
            yield from _texts(inner)


def _ids(value: object) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, (list, tuple)) else ()


def _mapping(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}
