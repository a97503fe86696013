"""Email assets."""

from __future__ import annotations

import builtins
import json
from typing import Annotated, Literal, get_args

from airflow_provider_mkt.client.call import Call, Replay, path_params, query_pairs
from airflow_provider_mkt.client.marketo.requests import (
    APPROVE_ASSETS,
    WRITE_ASSETS,
    AssetName,
    FolderType,
    Offset,
    PageSize,
    ShortText,
    asset,
    asset_pages,
    at_least_one,
    change,
    folder_filter,
    folder_json,
    updated_range,
)
from airflow_provider_mkt.client.marketo.responses import first_row_as, no_result, only_row_as, rows_as
from airflow_provider_mkt.client.marketo.rows import Asset, Email
from airflow_provider_mkt.client.parameters import NumericId, UtcTime, endpoint, one_of, text_or_empty

PREHEADER_MAX = 1024

Version = Literal["approved", "draft"]


@endpoint
def list(
    *,
    status: Version | None = None,
    folder_id: NumericId | None = None,
    folder_type: FolderType = "Folder",
    updated_after: UtcTime | None = None,
    updated_before: UtcTime | None = None,
    page_size: PageSize = 200,
    offset: Offset = 0,
) -> Call[builtins.list[Email]]:
    """List emails, without those of email programs with a split test.

    :param status: version to read, ``draft`` or ``approved``.
    :param folder_id: only assets in this folder or program.
    :param folder_type: ``Folder`` or ``Program``.
    :param updated_after: only assets updated at this time or later (timezone-aware).
    :param updated_before: only assets updated at this time or earlier (timezone-aware).
    :param page_size: rows per page, 1-200.
    :param offset: rows to skip.

    Source: ``GET /rest/asset/v1/emails.json``.
    """
    query = query_pairs(status=status, folder=folder_filter(folder_id, folder_type))
    return asset_pages(
        "emails.list",
        "/emails.json",
        rows_as(Email),
        page_size=page_size,
        offset=offset,
        query=query + updated_range(updated_after, updated_before),
    )


@endpoint
def get(
    email_id: NumericId, *, status: Annotated[str, one_of(*get_args(Version))] | None = None
) -> Call[Email | None]:
    """Read an email.

    :param email_id: id of the email.
    :param status: version to read, ``draft`` or ``approved``; whichever exists when not given.
    :returns: the email, or None when the type or that version does not exist.

    Source: ``GET /rest/asset/v1/email/{id}.json``.
    """
    query = query_pairs(status=status)
    return asset(
        "emails.get", "/email/{id}.json", first_row_as(Email), params=path_params(id=email_id), query=query
    )


@endpoint
def by_name(
    email_name: AssetName,
    *,
    status: Version | None = None,
    folder_id: NumericId | None = None,
    folder_type: FolderType = "Folder",
) -> Call[builtins.list[Email]]:
    """Find emails by their exact name, which is unique only within a program.

    :param email_name: the exact name.
    :param status: version to read, ``draft`` or ``approved``.
    :param folder_id: only assets in this folder or program.
    :param folder_type: ``Folder`` or ``Program``.
    :returns: the emails; empty when none matches.

    Source: ``GET /rest/asset/v1/email/byName.json``.
    """
    query = query_pairs(name=email_name, status=status, folder=folder_filter(folder_id, folder_type))
    return asset("emails.by_name", "/email/byName.json", rows_as(Email), query=query)


@endpoint
def create(
    email_name: AssetName,
    *,
    folder_id: NumericId,
    folder_type: FolderType = "Folder",
    template_id: NumericId,
    subject: ShortText,
    from_name: ShortText,
    from_email: ShortText,
    reply_email: ShortText,
    description: str | None = None,
    operational: bool = False,
    text_only: bool = False,
    auto_copy_to_text: bool | None = None,
    is_open_tracking_disabled: bool | None = None,
) -> Call[Email]:
    """Create an email as a draft.

    :param email_name: name, unique in the folder's program, or in the instance.
    :param folder_id: id of the folder or program to create it in.
    :param folder_type: ``Folder`` or ``Program``.
    :param template_id: id of the email template.
    :param subject: subject; approval requires it and the three sender fields.
    :param from_name: name of the sender.
    :param from_email: address of the sender.
    :param reply_email: address for replies.
    :param description: description, for people in Marketo.
    :param operational: whether it is also sent to people who unsubscribed.
    :param text_only: whether it has only a text part.
    :param auto_copy_to_text: whether the text part is generated from the HTML part.
    :param is_open_tracking_disabled: whether opens are not counted.
    :raises InvalidRequest: when the name is already in use (code 709).

    Source: ``POST /rest/asset/v1/emails.json``.
    """
    form = query_pairs(
        name=email_name,
        folder=folder_json(folder_id, folder_type),
        template=template_id,
        # Adobe's pages disagree on whether these are required, so they are always sent.
        subject=subject,
        fromName=from_name,
        fromEmail=from_email,
        replyEmail=reply_email,
        description=description,
        operational=operational,
        textOnly=text_only,
        autoCopyToText=auto_copy_to_text,
        isOpenTrackingDisabled=is_open_tracking_disabled,
    )
    return change("emails.create", "/emails.json", only_row_as(Email), Replay.VERIFY, form=form)


@endpoint
def update(
    email_id: NumericId,
    *,
    new_name: AssetName | None = None,
    description: str | None = None,
    pre_header: Annotated[str, text_or_empty(PREHEADER_MAX)] | None = None,
    operational: bool | None = None,
    published: bool | None = None,
    text_only: bool | None = None,
    web_view: bool | None = None,
    auto_copy_to_text: bool | None = None,
) -> Call[Email]:
    """Update an email's metadata: name and description immediately, the other fields in its draft.

    :param email_id: id of the email.
    :param new_name: the new name.
    :param description: description, for people in Marketo.
    :param pre_header: preheader, at most 1,024 characters.
    :param operational: whether it is also sent to people who unsubscribed.
    :param published: whether it can be sent from the sales tools.
    :param text_only: whether it has only a text part.
    :param web_view: whether it can be viewed as a web page.
    :param auto_copy_to_text: whether the text part is generated from the HTML part.
    :raises InvalidInput: when no field to change is given.

    Source: ``POST /rest/asset/v1/email/{id}.json``.
    """
    form = query_pairs(
        name=new_name,
        description=description,
        preHeader=pre_header,
        operational=operational,
        published=published,
        textOnly=text_only,
        webView=web_view,
        autoCopyToText=auto_copy_to_text,
    )
    return change(
        "emails.update",
        "/email/{id}.json",
        only_row_as(Email),
        Replay.SAFE,
        params=path_params(id=email_id),
        form=at_least_one("new_name", form),
    )


@endpoint
def update_headers(
    email_id: NumericId,
    *,
    subject: ShortText | None = None,
    from_name: ShortText | None = None,
    from_email: ShortText | None = None,
    reply_to: ShortText | None = None,
    is_open_tracking_disabled: bool | None = None,
) -> Call[Asset]:
    """Update the subject and the sender fields of an email's draft, which is created if there is none.

    :param email_id: id of the email.
    :param subject: static text, which can contain My Tokens. Fields that are not given stay.
    :param from_name: name of the sender.
    :param from_email: address of the sender.
    :param reply_to: address for replies.
    :param is_open_tracking_disabled: whether opens are not counted.
    :raises InvalidInput: when no field to change is given.

    Source: ``POST /rest/asset/v1/email/{id}/content.json``.
    """
    form = query_pairs(
        subject=_header(subject),
        fromName=_header(from_name),
        fromEmail=_header(from_email),
        # The field is called replyEmail everywhere else.
        replyTO=_header(reply_to),
        isOpenTrackingDisabled=is_open_tracking_disabled,
    )
    return change(
        "emails.update_headers",
        "/email/{id}/content.json",
        only_row_as(Asset),
        Replay.SAFE,
        params=path_params(id=email_id),
        form=at_least_one("subject", form),
    )


@endpoint
def clone(
    email_id: NumericId,
    email_name: AssetName,
    *,
    folder_id: NumericId,
    folder_type: FolderType = "Folder",
    description: str | None = None,
    operational: bool | None = None,
) -> Call[Email]:
    """Clone an email. The clone is a draft.

    :param email_id: id of the email to clone.
    :param email_name: name, unique in the folder's program, or in the instance.
    :param folder_id: id of the folder or program to create the clone in.
    :param folder_type: ``Folder`` or ``Program``.
    :param description: the original's when not given.
    :param operational: the original's when not given.
    :returns: the clone.

    Source: ``POST /rest/asset/v1/email/{id}/clone.json``.
    """
    form = query_pairs(
        name=email_name,
        folder=folder_json(folder_id, folder_type),
        description=description,
        operational=operational,
    )
    return change(
        "emails.clone",
        "/email/{id}/clone.json",
        only_row_as(Email),
        Replay.VERIFY,
        params=path_params(id=email_id),
        form=form,
    )


@endpoint
def approve_draft(email_id: NumericId) -> Call[Asset]:
    """Approve an email's draft, which becomes the version that is sent.

    :param email_id: id of an email whose draft has a from name, from address, reply-to and subject.
    :raises InvalidRequest: when there is no draft.

    Source: ``POST /rest/asset/v1/email/{id}/approveDraft.json``.
    """
    return _switch("emails.approve_draft", email_id, "approveDraft", APPROVE_ASSETS)


@endpoint
def unapprove(email_id: NumericId) -> Call[Asset]:
    """Unapprove an email: it becomes a draft and cannot be sent.

    :param email_id: id of an approved email that no campaign sends.
    :raises InvalidRequest: when the email is not approved, or in use (code 709).

    Source: ``POST /rest/asset/v1/email/{id}/unapprove.json``.
    """
    return _switch("emails.unapprove", email_id, "unapprove", APPROVE_ASSETS)


@endpoint
def discard_draft(email_id: NumericId) -> Call[Asset]:
    """Discard an email's draft. The approved version stays.

    :param email_id: id of an approved email with a draft.
    :raises InvalidRequest: when there is no draft, or no approved version (code 709).

    Source: ``POST /rest/asset/v1/email/{id}/discardDraft.json``.
    """
    return _switch("emails.discard_draft", email_id, "discardDraft", WRITE_ASSETS)


@endpoint
def delete(email_id: NumericId) -> Call[Asset]:
    """Delete an email.

    :param email_id: id of an unapproved email that is not in use.
    :raises InvalidRequest: when the email is approved or in use (code 709).

    Source: ``POST /rest/asset/v1/email/{id}/delete.json``.
    """
    return _switch("emails.delete", email_id, "delete", WRITE_ASSETS)


@endpoint
def send_sample(
    email_id: NumericId,
    email_address: ShortText,
    *,
    lead_id: NumericId | None = None,
    text_only: bool = False,
) -> Call[None]:
    """Send a sample of an email to one address.

    Sends real email on each call, so it is never retried automatically.

    :param email_id: id of the email.
    :param email_address: recipient of the sample.
    :param lead_id: id of the lead whose values replace the tokens.
    :param text_only: send the text part only.

    Source: ``POST /rest/asset/v1/email/{id}/sendSample.json``.
    """
    form = query_pairs(emailAddress=email_address, leadId=lead_id, textOnly=text_only)
    # Marketo documents three different responses, which share only the success flag.
    return change(
        "emails.send_sample",
        "/email/{id}/sendSample.json",
        no_result,
        Replay.NEVER,
        params=path_params(id=email_id),
        form=form,
    )


def _switch(name: str, email_id: NumericId, verb: str, scopes: tuple[str, ...]) -> Call[Asset]:
    return change(
        name,
        f"/email/{{id}}/{verb}.json",
        only_row_as(Asset),
        Replay.VERIFY,
        params=path_params(id=email_id),
        scopes=scopes,
    )


def _header(text: str | None) -> str | None:
    return None if text is None else json.dumps({"type": "Text", "value": text})
