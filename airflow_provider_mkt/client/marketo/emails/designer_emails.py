"""Emails of the Email Designer, in version 2 of the asset API. Their ids are texts, and not those of version
1. Samples, previews, variables and modules of these emails have no call.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, cast

from airflow_provider_mkt.client.call import Call, Envelope, Json, Replay, path_params, query_pairs
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.marketo.emails import _designer
from airflow_provider_mkt.client.marketo.requests import (
    APPROVE_ASSETS,
    READ_ASSETS,
    AssetName,
    FolderType,
    ShortText,
    time_text,
)
from airflow_provider_mkt.client.marketo.responses import no_result, only_row_as, rows_as
from airflow_provider_mkt.client.marketo.rows import DesignerEmail, UsedBy, UsedByCount
from airflow_provider_mkt.client.parameters import Names, PathText, UtcTime, between, endpoint, items, mapping

Action = Literal["approve", "unapprove", "discard", "create_draft"]
_HEADERS = ("subject", "fromName", "fromEmail", "replyEmail", "preheader", "ccEmails")
_SETTINGS = (
    "isOperational",
    "isWebPageView",
    "isTextOnly",
    "enableUrlTracking",
    "brandedDomain",
    "dedicatedIp",
)

Page = Annotated[int, between(1, _designer.PAGE_MAX)]
PageIndex = Annotated[int, between(0, 2**31 - 1)]


@endpoint
def list(
    workspace_id: ShortText,
    *,
    folder_id: ShortText | None = None,
    folder_type: FolderType = "Folder",
    statuses: Names = (),
    name: ShortText | None = None,
    template_id: ShortText | None = None,
    modified_after: UtcTime | None = None,
    modified_before: UtcTime | None = None,
    include_archived: bool = False,
    page_size: Page = _designer.PAGE_MAX,
    page_index: PageIndex = 0,
) -> Call[builtins.list[DesignerEmail]]:
    """List emails of a workspace. Emails under an A/B test are not returned.

    :param workspace_id: id of the workspace.
    :param folder_id: only emails in this folder or program.
    :param folder_type: ``Folder`` or ``Program``.
    :param statuses: only emails with one of these statuses.
    :param name: only the email of this name.
    :param template_id: only emails that were made from this template.
    :param modified_after: only emails that were changed at or after this time (timezone-aware).
    :param modified_before: only emails that were changed at or before this time (timezone-aware).
    :param include_archived: also emails in archived folders.
    :param page_size: rows per page, 1-50.
    :param page_index: the page to begin with, from 0.

    Source: ``GET /rest/asset/v2/email/filter``.
    """
    query = query_pairs(
        workspaceId=workspace_id,
        folderId=folder_id,
        folderType=None if folder_id is None else folder_type,
        name=name,
        templateId=template_id,
        modifiedAtStart=time_text(modified_after),
        modifiedAtEnd=time_text(modified_before),
        includeArchived=include_archived or None,
        pageIndex=page_index,
        pageSize=page_size,
    )
    query += tuple(("status", status) for status in statuses)
    return _designer.read(
        "designer_emails.list",
        "/email/filter",
        _emails,
        query=query,
        follow=_designer.next_page,
    )


@endpoint
def get(email_id: PathText) -> Call[DesignerEmail]:
    """Read an email with its content.

    :param email_id: id of the email, a text.
    :raises NotFound: when it does not exist.

    Source: ``GET /rest/asset/v2/email/{id}``.
    """
    return _designer.read(
        "designer_emails.get", "/email/{id}", only_row_as(DesignerEmail), params=path_params(id=email_id)
    )


@endpoint
def create(
    email_name: AssetName,
    *,
    headers: Mapping[str, object],
    folder_id: ShortText | None = None,
    program_id: ShortText | None = None,
    workspace_id: ShortText | None = None,
    description: ShortText | None = None,
    template_id: ShortText | None = None,
    html: str | None = None,
    text: str | None = None,
    settings: Mapping[str, object] | None = None,
) -> Call[DesignerEmail]:
    """Create an email as a draft.

    :param email_name: name of the email.
    :param headers: ``subject``, which is required, ``fromName``, ``fromEmail``, ``replyEmail``,
        ``preheader`` and ``ccEmails`` (a list).
    :param folder_id: id of its folder. Exactly one of folder, program and workspace is given.
    :param program_id: id of its program.
    :param workspace_id: id of its workspace.
    :param description: description.
    :param template_id: the template that it is made from; its content then replaces *html* and *text*.
    :param html: the HTML part.
    :param text: the text part; made from the HTML part when not given.
    :param settings: ``isOperational``, ``isWebPageView``, ``isTextOnly``, ``enableUrlTracking``,
        ``brandedDomain`` and ``dedicatedIp``.

    Source: ``POST /rest/asset/v2/email``.
    """
    places = {"folderId": folder_id, "programId": program_id, "workspaceId": workspace_id}
    place: dict[str, Json] = {key: value for key, value in places.items() if value is not None}
    if len(place) != 1:
        raise InvalidInput("folder_id", "give exactly one of folder_id, program_id and workspace_id")
    given = _known("headers", headers, _HEADERS)
    if not given.get("subject"):
        raise InvalidInput("headers.subject", "is missing or empty")
    body: dict[str, Json] = {"name": email_name, "appData": place, "headers": given}
    return _designer.post(
        "designer_emails.create",
        "/email",
        only_row_as(DesignerEmail),
        Replay.VERIFY,
        body | _content(description, template_id, html, text, settings),
    )


@endpoint
def update(
    email_id: PathText,
    *,
    new_name: AssetName | None = None,
    headers: Mapping[str, object] | None = None,
    description: ShortText | None = None,
    template_id: ShortText | None = None,
    html: str | None = None,
    text: str | None = None,
    settings: Mapping[str, object] | None = None,
) -> Call[DesignerEmail]:
    """Change an email's draft.

    :param email_id: id of the email, a text.
    :param new_name: name.
    :param headers: headers to change, as for :func:`create`.
    :param description: description.
    :param template_id: a template; its content replaces that of the email.
    :param html: the HTML part.
    :param text: the text part.
    :param settings: settings to change, as for :func:`create`.
    :raises InvalidInput: when nothing to change is given.

    Source: ``POST /rest/asset/v2/email/{id}/update``.
    """
    body = _content(description, template_id, html, text, settings)
    if new_name is not None:
        body["name"] = new_name
    if headers is not None:
        body["headers"] = _known("headers", headers, _HEADERS)
    if not body:
        raise InvalidInput("new_name", "nothing was given to change")
    return _designer.post(
        "designer_emails.update",
        "/email/{id}/update",
        only_row_as(DesignerEmail),
        Replay.SAFE,
        body,
        params=path_params(id=email_id),
    )


@endpoint
def transition(email_id: PathText, action: Action) -> Call[DesignerEmail]:
    """Approve or unapprove an email, or make or discard a draft of an approved one.

    :param email_id: id of the email, a text.
    :param action: ``approve``, ``unapprove``, ``discard`` or ``create_draft``.
    :raises InvalidRequest: when its status does not allow it.

    Source: ``POST /rest/asset/v2/email/state/transition``.
    """
    return _designer.post(
        "designer_emails.transition",
        "/email/state/transition",
        only_row_as(DesignerEmail),
        Replay.VERIFY,
        {"contentId": email_id, "action": action},
        scopes=APPROVE_ASSETS,
    )


@endpoint
def clone(
    email_id: PathText, email_name: AssetName, *, description: ShortText | None = None
) -> Call[DesignerEmail]:
    """Copy an email. There is no parameter for the folder of the copy.

    :param email_id: id of the email to copy, a text.
    :param email_name: name of the copy.
    :param description: description of the copy.

    Source: ``POST /rest/asset/v2/email/clone``.
    """
    copy: dict[str, Json] = {"name": email_name}
    if description is not None:
        copy["description"] = description
    return _designer.post(
        "designer_emails.clone",
        "/email/clone",
        only_row_as(DesignerEmail),
        Replay.VERIFY,
        {"assetId": email_id, "newAsset": copy},
    )


@endpoint
def delete(email_id: PathText) -> Call[None]:
    """Delete an email that is not approved and not in use.

    :param email_id: id of the email, a text.

    Source: ``POST /rest/asset/v2/email/{id}/delete``.
    """
    return _designer.post(
        "designer_emails.delete",
        "/email/{id}/delete",
        no_result,
        Replay.VERIFY,
        params=path_params(id=email_id),
    )


@endpoint
def used_by(
    email_id: PathText, *, page_size: Page = _designer.PAGE_MAX, page_index: PageIndex = 0
) -> Call[builtins.list[UsedBy]]:
    """List the assets that use an email.

    :param email_id: id of the email, a text.
    :param page_size: rows per page, 1-50.
    :param page_index: the page to begin with, from 0.

    Source: ``POST /rest/asset/v2/email/usedby``.
    """
    return _designer.post(
        "designer_emails.used_by",
        "/email/usedby",
        rows_as(UsedBy),
        Replay.SAFE,
        {"assetId": email_id, "pageIndex": page_index, "pageSize": page_size, "type": "all"},
        scopes=READ_ASSETS,
        follow=_designer.next_page_of_body,
    )


@endpoint
def batch_get(
    email_ids: Annotated[Sequence[ShortText], items(_designer.BATCH_GET_MAX)],
) -> Call[builtins.list[DesignerEmail]]:
    """Read up to 20 emails with their content.

    :param email_ids: 1-20 ids, texts.

    Source: ``POST /rest/asset/v2/email/bulk/get``.
    """
    return _designer.post(
        "designer_emails.batch_get",
        "/email/bulk/get",
        rows_as(DesignerEmail),
        Replay.SAFE,
        {"assetIds": [*email_ids]},
        scopes=READ_ASSETS,
    )


@endpoint
def batch_delete(
    email_ids: Annotated[Sequence[ShortText], items(_designer.BATCH_DELETE_MAX)],
    *,
    ignore_used_by: bool = False,
) -> Call[None]:
    """Delete up to 20 emails.

    :param email_ids: 1-20 ids, texts.
    :param ignore_used_by: delete also emails that are in use.

    Source: ``POST /rest/asset/v2/email/bulk/delete``.
    """
    return _designer.post(
        "designer_emails.batch_delete",
        "/email/bulk/delete",
        no_result,
        Replay.VERIFY,
        {"assetIds": [*email_ids], "ignoreUsedBy": ignore_used_by},
    )


@endpoint
def batch_used_by(
    email_ids: Annotated[Sequence[ShortText], items(_designer.BATCH_USED_BY_MAX)],
) -> Call[builtins.list[UsedByCount]]:
    """Count the assets that use each of up to 50 emails.

    :param email_ids: 1-50 ids, texts.
    :returns: ``id``, ``name``, ``count`` and ``used`` of each.

    Source: ``POST /rest/asset/v2/email/bulk/usedby``.
    """
    return _designer.post(
        "designer_emails.batch_used_by",
        "/email/bulk/usedby",
        rows_as(UsedByCount),
        Replay.SAFE,
        {"assetIds": [*email_ids]},
        scopes=READ_ASSETS,
    )


def _emails(envelope: Envelope) -> builtins.list[DesignerEmail]:
    return cast("builtins.list[DesignerEmail]", _designer.items(envelope))


def _content(
    description: str | None,
    template_id: str | None,
    html: str | None,
    text: str | None,
    settings: Mapping[str, object] | None,
) -> dict[str, Json]:
    body: dict[str, Json] = {}
    data: dict[str, Json] = {}
    if html is not None:
        data["html"] = {"body": html}
    if text is not None:
        data["text"] = {"body": text, "syncFromHtml": False}
    if data:
        body["data"] = data
    if description is not None:
        body["description"] = description
    if template_id is not None:
        body["templateId"] = template_id
    if settings is not None:
        body["settings"] = _known("settings", settings, _SETTINGS)
    return body


def _known(field: str, given: Mapping[str, object], known: Sequence[str]) -> dict[str, Json]:
    values = mapping(field, given)
    for name in values:
        if name not in known:
            raise InvalidInput(f"{field}.{name}", f"is unknown; known are {', '.join(known)}")
    return values
