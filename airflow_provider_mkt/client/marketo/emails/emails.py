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
    """Page through emails. Those of a split-tested email program are not among them.

    :param status: ``draft`` or ``approved`` to read that version.
    :param folder_id: only those in this folder or program.
    :param folder_type: ``Folder`` or ``Program``.
    :param updated_after: only those changed at this time or later; aware.
    :param updated_before: only those changed at this time or earlier; aware.
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
    """Read one email.

    :param email_id: its id.
    :param status: ``draft`` or ``approved`` to read that version; whichever is there otherwise.
    :returns: the email, or None when there is none, or none of that version.

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

    :param status: ``draft`` or ``approved`` to read that version.
    :param folder_id: only those in this folder or program.
    :param folder_type: ``Folder`` or ``Program``.
    :returns: the emails; none when there are none.

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

    :param email_name: unique in its folder's program, or in the instance.
    :param folder_id: the folder or program it goes into.
    :param folder_type: ``Folder`` or ``Program``.
    :param template_id: the template it is made from.
    :param subject: with the three senders below, what approval needs.
    :param operational: it also goes to people who unsubscribed.
    :param text_only: it has no HTML part.
    :param auto_copy_to_text: its text part is made of the HTML part.
    :raises InvalidRequest: when the name is taken (code 709).

    Source: ``POST /rest/asset/v1/emails.json``.
    """
    name = "emails.create"
    form = query_pairs(
        name=text(name, "email_name", email_name),
        folder=folder(name, folder_id, folder_type),
        template=numeric_id(name, "template_id", template_id),
        # Optional on one page and required on another: always sent.
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
    """Change an email's metadata: name and description at once, the rest in its draft.

    :param email_id: the email.
    :param pre_header: at most 1,024 characters.
    :param operational: it also goes to people who unsubscribed.
    :param published: it can be sent from the sales tools.
    :param text_only: it has no HTML part.
    :param web_view: it can be viewed as a web page.
    :param auto_copy_to_text: its text part is made of the HTML part.
    :raises InvalidInput: when there is nothing to change.

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
    """Change subject and senders in an email's draft, which is made where there is none.

    :param email_id: the email.
    :param subject: a plain one, My Tokens included; what is not given stays.
    :raises InvalidInput: when there is nothing to change.

    Source: ``POST /rest/asset/v1/email/{id}/content.json``.
    """
    name = "emails.update_headers"
    form = query_pairs(
        subject=_header(name, "subject", subject),
        fromName=_header(name, "from_name", from_name),
        fromEmail=_header(name, "from_email", from_email),
        # What reading calls replyEmail is spelled so here alone.
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
    """Copy an email; the copy is a draft.

    :param email_id: the email to copy.
    :param email_name: unique in the folder's program, or in the instance.
    :param folder_id: the folder or program the copy goes into.
    :param folder_type: ``Folder`` or ``Program``.
    :param description: that of the original when not given.
    :param operational: as the original when not given.
    :returns: the copy.

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
    """Approve an email's draft, which makes it the version that is sent.

    :param email_id: an email with a draft that has from name, from address, reply-to and subject.
    :raises InvalidRequest: when there is no draft.

    Source: ``POST /rest/asset/v1/email/{id}/approveDraft.json``.
    """
    return _switch("emails.approve_draft", email_id, "approveDraft", APPROVE_ASSETS)


def unapprove(email_id: int | str) -> Call[Asset]:
    """Take back an email's approval: it becomes a draft, and nothing can send it.

    :param email_id: an approved email that no campaign sends.
    :raises InvalidRequest: when it is not approved, or in use (code 709).

    Source: ``POST /rest/asset/v1/email/{id}/unapprove.json``.
    """
    return _switch("emails.unapprove", email_id, "unapprove", APPROVE_ASSETS)


def discard_draft(email_id: int | str) -> Call[Asset]:
    """Throw away an email's draft; the approved version stays.

    :param email_id: an approved email with a draft.
    :raises InvalidRequest: when there is no draft, or nothing else (code 709).

    Source: ``POST /rest/asset/v1/email/{id}/discardDraft.json``.
    """
    return _switch("emails.discard_draft", email_id, "discardDraft", WRITE_ASSETS)


def delete(email_id: int | str) -> Call[Asset]:
    """Delete an email.

    :param email_id: an unapproved email that nothing uses.
    :raises InvalidRequest: when it is approved or in use (code 709).

    Source: ``POST /rest/asset/v1/email/{id}/delete.json``.
    """
    return _switch("emails.delete", email_id, "delete", WRITE_ASSETS)


def send_sample(
    email_id: int | str, email_address: str, *, lead_id: int | str | None = None, text_only: bool = False
) -> Call[None]:
    """Send a sample of an email to one address.

    Sends real mail, each time, so it is never repeated by itself.

    :param email_id: the email.
    :param email_address: where the sample goes.
    :param lead_id: the lead whose values fill its tokens.
    :param text_only: send the text part only.

    Source: ``POST /rest/asset/v1/email/{id}/sendSample.json``.
    """
    name = "emails.send_sample"
    form = query_pairs(
        emailAddress=text(name, "email_address", email_address),
        leadId=None if lead_id is None else numeric_id(name, "lead_id", lead_id),
        textOnly=flag(name, "text_only", text_only),
    )
    # Three shapes of the answer are documented; that it worked is all they share.
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
