"""Read an email program, a smart campaign or an email before it is sent, and count the recipients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import cast

from airflow_provider_mkt.actions.marketo import recipients, send_evidence
from airflow_provider_mkt.actions.marketo.emails import email_program
from airflow_provider_mkt.actions.marketo.lookup import find_or_none
from airflow_provider_mkt.actions.procedure import InMemoryTaskState, Pages, Pause, Procedure, TaskState
from airflow_provider_mkt.actions.send_content import MY_TOKEN
from airflow_provider_mkt.actions.sending import (
    AMBIGUOUS,
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
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import NotFound, PermissionDenied
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.marketo.emails import email_content, emails
from airflow_provider_mkt.client.marketo.folders import folders
from airflow_provider_mkt.client.marketo.lists import lists, smart_lists
from airflow_provider_mkt.client.marketo.programs import tokens
from airflow_provider_mkt.client.marketo.rows import (
    Email,
    EmailPreview,
    EmailSection,
    Folder,
    ListRow,
    Program,
    SmartCampaign,
    SmartList,
    Token,
)
from airflow_provider_mkt.client.marketo.smart_campaigns import campaigns
from airflow_provider_mkt.client.marketo.values import moment

_DEEPEST = 20
"""Folders above a program that are read at most."""
_SCHEDULE_FIELDS = ("updatedAt", "status", "startDate", "endDate", "headStart", "isActive", "recurrence")
"""Fields of a program or campaign that scheduling it changes."""
_NOT = frozenset({"not", "is not", "not in", "isnot", "notin", "not member", "is not in"})
_STATIC, _SMART = "member of list", "member of smart list"


class MarketoSending:
    """The verbs of :class:`~airflow_provider_mkt.actions.ports.SendingVerbs`.

    :param account_id: the munchkin id, for the details of a send.
    """

    def __init__(self, account_id: str) -> None:
        self._account_id = account_id

    def describe(self, target: SendTarget) -> Procedure[SendDetails]:
        read = {"email": _email, "email_program": _program, "smart_campaign": _campaign}[target.kind]
        details = yield from read(target)
        return replace(details, account_id=self._account_id)

    def read_evidence(
        self, details: SendDetails, *, around: datetime | None, within: timedelta | None
    ) -> Procedure[SendEvidence]:
        return send_evidence.read_evidence(details, around=around, within=within)

    def count(self, details: SendDetails, how: CountMethod = "auto") -> Procedure[AudienceCount]:
        task_state = InMemoryTaskState()
        while isinstance(count := (yield from self.advance_count(details, how, task_state)), Counting):
            yield Pause(count.seconds, "the extract is being written")
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
        # Nothing of an extract has a name that a person would see.
        del name
        return recipients.advance_count(details, how, task_state, fields=fields)

    def discard_count(self, task_state: TaskState) -> Procedure[None]:
        return recipients.discard_count(task_state)


def _email(target: SendTarget) -> Procedure[SendDetails]:
    """Read an email, as approving its draft would send it from then on. Up to six calls."""
    draft: Email | None = yield from find_or_none(emails.get(target.id, status="draft"))
    approved: Email | None = yield from find_or_none(emails.get(target.id, status="approved"))
    sent = draft or approved
    if sent is None:
        raise NotFound(f"there is no email {target.id}", platform="marketo", call="emails.get")
    content = yield from _content(target.id, "draft" if draft else "approved")
    known = yield from _tokens(_folder(sent), (*_headers(sent), *content.texts))
    details = SendDetails(
        target=target,
        name=str(sent.get("name") or ""),
        state=str(sent.get("status") or "").lower(),
        sendable=True,
        kind="email",
        regular=True,
        lists_decide=False,
        audience_known=False,
        tokens=known,
        link=str(sent.get("url") or ""),
    )
    details = _with_email(details, sent, None, content)
    return replace(
        details,
        fingerprint=fingerprint_of(
            email=[target.to_json(), _version(draft), _version(approved), known], audience=None, schedule=None
        ),
    )


def _program(target: SendTarget) -> Procedure[SendDetails]:
    """Read an email program, its email, its smart list and its tokens. About eight calls."""
    program: Program = yield from email_program(target.id)
    approved: list[Email] = yield Pages(
        emails.list(status="approved", folder_id=target.id, folder_type="Program")
    )
    drafts: list[Email] = yield Pages(emails.list(status="draft", folder_id=target.id, folder_type="Program"))
    smart_list: SmartList | None = yield from find_or_none(
        smart_lists.of_program(target.id, include_rules=True)
    )
    found = yield from _lists(smart_list)
    sent = next(iter((*approved, *drafts)), None)
    content = _Content()
    if sent is not None:
        content = yield from _content(str(sent["id"]), "approved" if approved else "draft")
    texts = (*(_headers(sent) if sent is not None else ()), *content.texts)
    known = yield from _tokens(("Program", target.id), texts)
    draft = next((one for one in drafts if sent is not None and approved and one["id"] == sent["id"]), None)
    status, start = str(program.get("status") or "").lower(), moment(program.get("startDate"))
    details = SendDetails(
        target=target,
        name=str(program.get("name") or ""),
        state=status,
        sendable=status == "unlocked",
        kind="email program",
        regular=True,
        lists=found.included,
        excluded_lists=found.excluded,
        lists_decide=found.decide,
        audience_known=smart_list is not None,
        scheduled_for=start,
        link=str(program.get("url") or ""),
        head_start=program.get("headStart"),
        smart_list_id=str(smart_list["id"]) if smart_list else "",
        rules=(smart_list or {}).get("rules") or {},
        tokens=known,
        email_ids=tuple(str(one["id"]) for one in approved),
        email_known=sent is not None,
        operational=None,
        fingerprint=fingerprint_of(
            email=[
                target.to_json(),
                _settings(program),
                [_version(one) for one in (*approved, *drafts)],
                known,
            ],
            audience=_audience(smart_list, found),
            schedule=[start, program.get("headStart")],
        ),
    )
    return details if sent is None else _with_email(details, sent, draft, content)


def _campaign(target: SendTarget) -> Procedure[SendDetails]:
    """Read a smart campaign, its smart list, and the email that it is said to send. About eight calls.

    :raises NotFound: when there is no such campaign, or no such email.
    """
    campaign: SmartCampaign | None = yield from find_or_none(campaigns.get(target.id))
    if campaign is None:
        raise NotFound(f"there is no smart campaign {target.id}", platform="marketo", call="campaigns.get")
    smart_list: SmartList | None = yield from find_or_none(
        smart_lists.of_campaign(target.id, include_rules=True)
    )
    batch = str(campaign.get("type") or "").lower() == "batch"
    found = (yield from _lists(smart_list)) if batch else _Lists()
    sent: Email | None = None
    draft: Email | None = None
    content, known = _Content(), cast("dict[str, str]", {})
    if target.email_id:
        sent = yield from find_or_none(emails.get(target.email_id, status="approved"))
        draft = yield from find_or_none(emails.get(target.email_id, status="draft"))
        if sent is None and draft is None:
            raise NotFound(f"there is no email {target.email_id}", platform="marketo", call="emails.get")
        shown = sent or draft
        content = yield from _content(target.email_id, "approved" if sent else "draft")
        # In a program the campaign's own tokens count, elsewhere those of the email's folder.
        parent = campaign.get("parentProgramId")
        at = ("Program", str(parent)) if parent else _folder(shown)
        known = yield from _tokens(at, (*_headers(shown), *content.texts))
    status = str(campaign.get("status") or "")
    active, requestable = bool(campaign.get("isActive")), bool(campaign.get("isRequestable"))
    details = SendDetails(
        target=target,
        name=str(campaign.get("name") or ""),
        state=status,
        sendable=status.lower() != "invalid" and (batch or active),
        kind=str(campaign.get("type") or "").lower(),
        regular=batch or requestable,
        lists=found.included,
        excluded_lists=found.excluded,
        lists_decide=found.decide and batch,
        audience_known=batch and smart_list is not None,
        link=str(campaign.get("computedUrl") or ""),
        qualification_rule=str(campaign.get("qualificationRuleType") or ""),
        max_members=campaign.get("maxMembers"),
        communication_limits=campaign.get("isCommunicationLimitEnabled"),
        requestable=requestable,
        smart_list_id=str(smart_list["id"]) if smart_list else "",
        rules=(smart_list or {}).get("rules") or {},
        tokens=known,
        email_ids=(target.email_id,) if sent is not None else (),
        email_known=bool(target.email_id),
        operational=None,
        fingerprint=fingerprint_of(
            email=[target.to_json(), _settings(campaign), _version(sent), _version(draft), known],
            audience=_audience(smart_list, found),
            schedule=None,
        ),
    )
    shown = sent or draft
    return details if shown is None else _with_email(details, shown, draft if sent else None, content)


# -- the email ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Content:
    """What an email says: the whole of it, and the texts of its sections before tokens are replaced."""

    html: str = ""
    texts: tuple[str, ...] = ()


def _content(email_id: str, status: emails.Version) -> Procedure[_Content]:
    preview: EmailPreview | None = yield from find_or_none(email_content.preview(email_id, status=status))
    html = str((preview or {}).get("content") or "")
    rows: list[EmailSection] | None = yield from find_or_none(
        cast("Call[list[EmailSection] | None]", email_content.sections(email_id, status=status))
    )
    return _Content(html, (html, *(text for row in rows or () for text in _section_texts(row.get("value")))))


def _section_texts(value: object) -> Sequence[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Sequence):
        return [str(one.get("value") or "") for one in value if isinstance(one, Mapping)]
    return []


def _with_email(details: SendDetails, sent: Email, draft: Email | None, content: _Content) -> SendDetails:
    subject, from_name, from_email, reply_to = _headers(sent)[:4]
    return replace(
        details,
        subject=subject,
        from_name=from_name,
        from_email=from_email,
        reply_to=reply_to,
        preview_text=str(sent.get("preHeader") or ""),
        operational=bool(sent.get("operational")),
        html="\n".join(dict.fromkeys((content.html, *content.texts))),
        draft_differs=draft is not None,
    )


def _headers(email: Email | None) -> tuple[str, ...]:
    """Return the texts of an email's headers: subject, from name, from and reply address, preheader."""
    if email is None:
        return ()
    headers = (email.get(name) for name in ("subject", "fromName", "fromEmail", "replyEmail"))
    texts = [str(one.get("value") or "") if isinstance(one, Mapping) else "" for one in headers]
    return (*texts, str(email.get("preHeader") or ""))


def _version(email: Email | None) -> JsonDict | None:
    if email is None:
        return None
    return {name: email.get(name) for name in ("id", "status", "version", "updatedAt", "operational")}


def _folder(email: Email | None) -> tuple[str, str] | None:
    place = (email or {}).get("folder") or {}
    number = place.get("value") or place.get("id")
    return (str(place.get("type") or "Folder"), str(number)) if number else None


def _tokens(at: tuple[str, str] | None, texts: Sequence[str]) -> Procedure[dict[str, str]]:
    """Read the My Tokens of a program, and of the folders above it while one of *texts* needs more.

    :param at: type and id of the program or folder.
    :returns: values by name; of a name that is defined twice the nearest.
    """
    needed = {name.casefold() for text in texts for name in MY_TOKEN.findall(text)}
    known: dict[str, str] = {}
    for _ in range(_DEEPEST):
        if at is None:
            break
        kind: tokens.FolderType = "Program" if at[0].lower() == "program" else "Folder"
        rows: list[Token] | None = yield from find_or_none(
            cast("Call[list[Token] | None]", tokens.list(at[1], folder_type=kind))
        )
        for row in rows or ():
            known.setdefault(row["name"].removeprefix("my."), str(row.get("value") or ""))
        if not needed - {name.casefold() for name in known}:
            break
        folder: Folder | None = yield from find_or_none(folders.get(at[1], folder_type=kind))
        parent = (folder or {}).get("parent")
        at = (str(parent.get("type") or "Folder"), str(parent["id"])) if parent and parent.get("id") else None
    return known


# -- the recipients -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Lists:
    """The lists that the rules of a smart list name.

    :param decide: whether they are all that decides who is in it.
    """

    included: tuple[ListSize, ...] = ()
    excluded: tuple[ListSize, ...] = ()
    decide: bool = False


def _lists(smart_list: SmartList | None) -> Procedure[_Lists]:
    """Look up the lists that the rules of a smart list name. One call for static ones, one for each smart."""
    rules = (smart_list or {}).get("rules") or {}
    filters = [one for one in rules.get("filters") or () if isinstance(one, Mapping)]
    sides: tuple[dict[tuple[str, str], None], dict[tuple[str, str], None]] = ({}, {})
    positive = others = 0
    for one in filters:
        kind = str(one.get("ruleType") or one.get("name") or "").strip().casefold()
        negated = kind.startswith("not ") or _is_negated(one)
        kind = kind.removeprefix("not ")
        if kind not in (_STATIC, _SMART):
            others += 1
            continue
        positive += not negated
        for name in _values(one):
            sides[negated][(kind, name)] = None
    found = yield from _by_name([*sides[0], *sides[1]])
    match = str(rules.get("filterMatchType") or "All").casefold()
    all_static = not others and all(kind == _STATIC for side in sides for kind, _ in side)
    plain = (match == "all" and positive == 1) or (match == "any" and positive == len(filters))
    unique = all(one.id or not one.found for one in found.values())
    return _Lists(
        tuple(found[key] for key in sides[0]),
        tuple(found[key] for key in sides[1]),
        decide=bool(filters) and not rules.get("triggers") and all_static and plain and unique,
    )


def _is_negated(rule: Mapping[str, object]) -> bool:
    conditions = rule.get("conditions")
    primary = (
        [one for one in conditions if isinstance(one, Mapping)][:1] if isinstance(conditions, list) else []
    )
    words = [rule.get("operator"), *(one.get("operator") for one in primary)]
    return any(str(word or "").strip().casefold() in _NOT for word in words)


def _values(rule: Mapping[str, object]) -> list[str]:
    conditions = rule.get("conditions")
    rows = [one for one in conditions if isinstance(one, Mapping)] if isinstance(conditions, list) else []
    primary = [one for one in rows if one.get("isPrimary")] or rows[:1]
    return [str(value) for one in primary for value in one.get("values") or () if str(value)]


def _by_name(wanted: Sequence[tuple[str, str]]) -> Procedure[dict[tuple[str, str], ListSize]]:
    """Look up lists by the names that rules have. A list of a program is named after it and a dot."""
    sizes: dict[tuple[str, str], ListSize] = {}
    for kind, name in dict.fromkeys(wanted):
        missing = ListSize("", name, found=False, status="MISSING")
        if kind == _SMART:
            smart: list[SmartList] | None = yield from find_or_none(
                cast("Call[list[SmartList] | None]", smart_lists.by_name(name))
            )
            known = [(str(one["id"]), str(one.get("updatedAt") or "")) for one in smart or ()]
        else:
            try:
                known = yield from _static(name)
            except PermissionDenied:
                sizes[(kind, name)] = ListSize("", name, status=UNREADABLE)
                continue
        if not known:
            sizes[(kind, name)] = missing
        elif len(known) > 1:
            sizes[(kind, name)] = ListSize("", name, status=AMBIGUOUS)
        else:
            list_id, updated = known[0]
            sizes[(kind, name)] = ListSize(list_id, name, updated_at=updated if kind == _SMART else "")
    return sizes


def _static(name: str) -> Procedure[list[tuple[str, str]]]:
    """Find static lists by name, then a program's list by the name of the program and its own."""
    if "," in name:
        # The call takes a comma for the end of a name.
        rows: list[ListRow] = yield Pages(lists.list())
        found = [row for row in rows if row["name"] == name]
    else:
        found = yield Pages(lists.list(names=[name]))
        program, dot, own = name.partition(".")
        if not found and dot and own:
            found = yield Pages(lists.list(names=[own], program_names=[program]))
    return [(str(row["id"]), str(row.get("updatedAt") or "")) for row in found]


def _settings(row: Program | SmartCampaign) -> JsonDict:
    """Return the fields of a program or campaign that scheduling it does not change."""
    return {name: value for name, value in row.items() if name not in _SCHEDULE_FIELDS}


def _audience(smart_list: SmartList | None, found: _Lists) -> object:
    """Return what decides who is in a smart list, without its members."""
    names = [(one.id, one.name, one.found, one.updated_at) for one in (*found.included, *found.excluded)]
    return [(smart_list or {}).get("id"), (smart_list or {}).get("rules"), names]
