"""Email assets."""

from __future__ import annotations

import builtins
import json
from datetime import datetime
from typing import Literal, get_args

from airflow_provider_mkt.client.call import Call, Pairs, Replay, flag, numeric_id, query_pairs
from airflow_provider_mkt.client.marketo.requests import (
    APPROVE_ASSETS,
    WRITE_ASSETS,
    asset,
    asset_pages,
    change,
    folder,
    in_folder,
    maybe_one_of,
    optional_text,
    place,
    something,
    text,
    updated,
)
from airflow_provider_mkt.client.marketo.responses import first_as, nothing_of, one_as, rows_as
from airflow_provider_mkt.client.marketo.rows import Asset, Email

PREHEADER_MAX = 1024

Version = Literal["approved", "draft"]


def list(
    *,
    status: Version | None = None,
    folder_id: int | str | None = None,
    folder_type: str = "Folder",
    updated_after: datetime | None = None,
    updated_before: datetime | None = None,
    page_size: int = 200,
) -> Call[builtins.list[Email]]:
    """List emails, without those of email programs with a split test.

    :param status: version to read, ``draft`` or ``approved``.
    :param folder_id: only assets in this folder or program.
    :param folder_type: ``Folder`` or ``Program``.
    :param updated_after: only assets updated at this time or later (timezone-aware).
    :param updated_before: only assets updated at this time or earlier (timezone-aware).
    :param page_size: rows per page, 1-200.

    Source: ``GET /rest/asset/v1/emails.json``.
    """
    name = "emails.list"
    query = query_pairs(
        status=maybe_one_of(name, "status", status, get_args(Version)),
        folder=in_folder(name, folder_id, folder_type),
    )
    return asset_pages(
        name,
        "/emails.json",
        rows_as(Email),
        page_size=page_size,
        query=query + updated(name, updated_after, updated_before),
    )


def get(email_id: int | str, *, status: str | None = None) -> Call[Email | None]:
    """Read an email.

    :param email_id: id of the email.
    :param status: version to read, ``draft`` or ``approved``; whichever exists when not given.
    :returns: the email, or None when the type or that version does not exist.

    Source: ``GET /rest/asset/v1/email/{id}.json``.
    """
    name = "emails.get"
    query = query_pairs(status=maybe_one_of(name, "status", status, get_args(Version)))
    return asset(name, "/email/{id}.json", first_as(Email), params=_id(name, email_id), query=query)


def by_name(
    email_name: str,
    *,
    status: Version | None = None,
    folder_id: int | str | None = None,
    folder_type: str = "Folder",
) -> Call[builtins.list[Email]]:
    """Find emails by their exact name, which is unique only within a program.

    :param status: version to read, ``draft`` or ``approved``.
    :param folder_id: only assets in this folder or program.
    :param folder_type: ``Folder`` or ``Program``.
    :returns: the emails; empty when none matches.

    Source: ``GET /rest/asset/v1/email/byName.json``.
    """
    name = "emails.by_name"
    query = query_pairs(
        name=text(name, "email_name", email_name),
        status=maybe_one_of(name, "status", status, get_args(Version)),
        folder=in_folder(name, folder_id, folder_type),
    )
    return asset(name, "/email/byName.json", rows_as(Email), query=query)


def create(
    email_name: str,
    *,
    folder_id: int | str,
    folder_type: str = "Folder",
    template_id: int | str,
    subject: str,
    from_name: str,
    from_email: str,
    reply_email: str,
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
    :param operational: whether it is also sent to people who unsubscribed.
    :param text_only: whether it has only a text part.
    :param auto_copy_to_text: whether the text part is generated from the HTML part.
    :raises InvalidRequest: when the name is already in use (code 709).

    Source: ``POST /rest/asset/v1/emails.json``.
    """
    name = "emails.create"
    form = query_pairs(
        name=text(name, "email_name", email_name),
        folder=folder(name, folder_id, folder_type),
        template=numeric_id(name, "template_id", template_id),
        # Adobe's pages disagree on whether these are required, so they are always sent.
        subject=text(name, "subject", subject),
        fromName=text(name, "from_name", from_name),
        fromEmail=text(name, "from_email", from_email),
        replyEmail=text(name, "reply_email", reply_email),
        description=description,
        operational=flag(name, "operational", operational),
        textOnly=flag(name, "text_only", text_only),
        autoCopyToText=flag(name, "auto_copy_to_text", auto_copy_to_text),
        isOpenTrackingDisabled=flag(name, "is_open_tracking_disabled", is_open_tracking_disabled),
    )
    return change(name, "/emails.json", one_as(Email), Replay.VERIFY, form=form)


def update(
    email_id: int | str,
    *,
    new_name: str | None = None,
    description: str | None = None,
    pre_header: str | None = None,
    operational: bool | None = None,
    published: bool | None = None,
    text_only: bool | None = None,
    web_view: bool | None = None,
    auto_copy_to_text: bool | None = None,
) -> Call[Email]:
    """Update an email's metadata: name and description immediately, the other fields in its draft.

    :param email_id: id of the email.
    :param pre_header: preheader, at most 1,024 characters.
    :param operational: whether it is also sent to people who unsubscribed.
    :param published: whether it can be sent from the sales tools.
    :param text_only: whether it has only a text part.
    :param web_view: whether it can be viewed as a web page.
    :param auto_copy_to_text: whether the text part is generated from the HTML part.
    :raises InvalidInput: when no field to change is given.

    Source: ``POST /rest/asset/v1/email/{id}.json``.
    """
    name = "emails.update"
    form = query_pairs(
        name=None if new_name is None else text(name, "new_name", new_name),
        description=description,
        preHeader=optional_text(name, "pre_header", pre_header, at_most=PREHEADER_MAX),
        operational=flag(name, "operational", operational),
        published=flag(name, "published", published),
        textOnly=flag(name, "text_only", text_only),
        webView=flag(name, "web_view", web_view),
        autoCopyToText=flag(name, "auto_copy_to_text", auto_copy_to_text),
    )
    return change(
        name,
        "/email/{id}.json",
        one_as(Email),
        Replay.SAFE,
        params=_id(name, email_id),
        form=something(name, "new_name", form),
    )


def update_headers(
    email_id: int | str,
    *,
    subject: str | None = None,
    from_name: str | None = None,
    from_email: str | None = None,
    reply_to: str | None = None,
    is_open_tracking_disabled: bool | None = None,
) -> Call[Asset]:
    """Update the subject and the sender fields of an email's draft, which is created if there is none.

    :param email_id: id of the email.
    :param subject: static text, which can contain My Tokens. Fields that are not given stay.
    :raises InvalidInput: when no field to change is given.

    Source: ``POST /rest/asset/v1/email/{id}/content.json``.
    """
    name = "emails.update_headers"
    form = query_pairs(
        subject=_header(name, "subject", subject),
        fromName=_header(name, "from_name", from_name),
        fromEmail=_header(name, "from_email", from_email),
        # The field is called replyEmail everywhere else.
        replyTO=_header(name, "reply_to", reply_to),
        isOpenTrackingDisabled=flag(name, "is_open_tracking_disabled", is_open_tracking_disabled),
    )
    return change(
        name,
        "/email/{id}/content.json",
        one_as(Asset),
        Replay.SAFE,
        params=_id(name, email_id),
        form=something(name, "subject", form),
    )


def clone(
    email_id: int | str,
    email_name: str,
    *,
    folder_id: int | str,
    folder_type: str = "Folder",
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
    name = "emails.clone"
    form = query_pairs(
        name=text(name, "email_name", email_name),
        folder=folder(name, folder_id, folder_type),
        description=description,
        operational=flag(name, "operational", operational),
    )
    return change(
        name, "/email/{id}/clone.json", one_as(Email), Replay.VERIFY, params=_id(name, email_id), form=form
    )


def approve_draft(email_id: int | str) -> Call[Asset]:
    """Approve an email's draft, which becomes the version that is sent.

    :param email_id: id of an email whose draft has a from name, from address, reply-to and subject.
    :raises InvalidRequest: when there is no draft.

    Source: ``POST /rest/asset/v1/email/{id}/approveDraft.json``.
    """
    return _switch("emails.approve_draft", email_id, "approveDraft", APPROVE_ASSETS)


def unapprove(email_id: int | str) -> Call[Asset]:
    """Unapprove an email: it becomes a draft and cannot be sent.

    :param email_id: id of an approved email that no campaign sends.
    :raises InvalidRequest: when the email is not approved, or in use (code 709).

    Source: ``POST /rest/asset/v1/email/{id}/unapprove.json``.
    """
    return _switch("emails.unapprove", email_id, "unapprove", APPROVE_ASSETS)


def discard_draft(email_id: int | str) -> Call[Asset]:
    """Discard an email's draft. The approved version stays.

    :param email_id: id of an approved email with a draft.
    :raises InvalidRequest: when there is no draft, or no approved version (code 709).

    Source: ``POST /rest/asset/v1/email/{id}/discardDraft.json``.
    """
    return _switch("emails.discard_draft", email_id, "discardDraft", WRITE_ASSETS)


def delete(email_id: int | str) -> Call[Asset]:
    """Delete an email.

    :param email_id: id of an unapproved email that is not in use.
    :raises InvalidRequest: when the email is approved or in use (code 709).

    Source: ``POST /rest/asset/v1/email/{id}/delete.json``.
    """
    return _switch("emails.delete", email_id, "delete", WRITE_ASSETS)


def send_sample(
    email_id: int | str, email_address: str, *, lead_id: int | str | None = None, text_only: bool = False
) -> Call[None]:
    """Send a sample of an email to one address.

    Sends real email on each call, so it is never retried automatically.

    :param email_id: id of the email.
    :param email_address: recipient of the sample.
    :param lead_id: id of the lead whose values replace the tokens.
    :param text_only: send the text part only.

    Source: ``POST /rest/asset/v1/email/{id}/sendSample.json``.
    """
    name = "emails.send_sample"
    form = query_pairs(
        emailAddress=text(name, "email_address", email_address),
        leadId=None if lead_id is None else numeric_id(name, "lead_id", lead_id),
        textOnly=flag(name, "text_only", text_only),
    )
    # Marketo documents three different responses, which share only the success flag.
    return change(
        name, "/email/{id}/sendSample.json", nothing_of, Replay.NEVER, params=_id(name, email_id), form=form
    )


def _switch(name: str, email_id: int | str, verb: str, scopes: tuple[str, ...]) -> Call[Asset]:
    return change(
        name,
        f"/email/{{id}}/{verb}.json",
        one_as(Asset),
        Replay.VERIFY,
        params=_id(name, email_id),
        scopes=scopes,
    )


def _id(name: str, email_id: int | str) -> Pairs:
    return place(name, "email_id", email_id)


def _header(call: str, field: str, value: str | None) -> str | None:
    return None if value is None else json.dumps({"type": "Text", "value": text(call, field, value)})
