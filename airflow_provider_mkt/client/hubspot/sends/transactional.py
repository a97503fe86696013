"""Single sends: transactional emails and single-send marketing emails to one recipient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_mkt.client.call import Call, JsonBody, Quota, Replay, Route, numeric_id
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.mailbox import address, addresses
from airflow_provider_mkt.client.hubspot.sends.send_statuses import SendStatus
from airflow_provider_mkt.client.redaction import describe_type


def send(
    email_id: int | str,
    to: str,
    *,
    send_id: str | None = None,
    sender: str | None = None,
    cc: Sequence[str] = (),
    bcc: Sequence[str] = (),
    reply_to: Sequence[str] = (),
    contact_properties: Mapping[str, str] | None = None,
    custom_properties: Mapping[str, Any] | None = None,
) -> Call[SendStatus]:
    """Send a published transactional email to one recipient. Sends real email.

    HubSpot responds immediately and sends later: poll ``send_statuses.get`` with the response's ``statusId``,
    since only that reports a rejected address. Needs the transactional email add-on.

    :param email_id: id of the email to send.
    :param to: the recipient's email address.
    :param send_id: idempotency key, unique in the account: HubSpot sends one email per key. With it the call
        is safe to retry; without it the call is never retried.
    :param sender: ``Name <address>`` instead of the email's own sender.
    :param cc: email addresses that get a copy.
    :param bcc: email addresses that get a blind copy.
    :param reply_to: email addresses for replies.
    :param contact_properties: properties to set on the recipient's contact.
    :param custom_properties: values for the email template only, any JSON.
    :returns: the send status to poll.
    :raises InvalidInput: when *email_id* is not a number, a value is not an email address, or *send_id* is
        empty.
    :raises InvalidRequest: when the email does not exist or is not published.
    :raises PermissionDenied: when the product or the scope is missing.

    Source: ``POST /marketing/{version}/transactional/single-email/send``.
    """
    name = "transactional.send"
    message = _message(name, to, send_id, sender, cc, bcc, reply_to)
    body = _body(name, email_id, message, contact_properties, custom_properties)
    route = Route("POST", "transactional", "/single-email/send")
    return _call(name, route, body, send_id, ("transactional-email",))


def single_send(
    email_id: int | str,
    to: str,
    *,
    send_id: str | None = None,
    sender: str | None = None,
    cc: Sequence[str] = (),
    bcc: Sequence[str] = (),
    reply_to: Sequence[str] = (),
    contact_properties: Mapping[str, str] | None = None,
    custom_properties: Mapping[str, Any] | None = None,
) -> Call[SendStatus]:
    """Send a published single-send marketing email to one recipient. Sends real email.

    Makes the recipient a marketing contact, which HubSpot bills, and creates the contact if it does not
    exist. Needs Marketing Hub Enterprise.

    :param email_id: id of the email to send.
    :param to: the recipient's email address.
    :param send_id: idempotency key, unique in the account: HubSpot sends one email per key. With it the call
        is safe to retry; without it the call is never retried.
    :param sender: ``Name <address>`` instead of the email's own sender.
    :param cc: email addresses that get a copy.
    :param bcc: email addresses that get a blind copy.
    :param reply_to: email addresses for replies.
    :param contact_properties: properties to set on the recipient's contact.
    :param custom_properties: values for the email template only, any JSON.
    :returns: the send status to poll.
    :raises InvalidInput: when *email_id* is not a number, a value is not an email address, or *send_id* is
        empty.
    :raises InvalidRequest: when the email does not exist, is not published or is of another type.
    :raises PermissionDenied: when the product or the scope is missing.

    Source: ``POST /marketing/{version}/email/single-send``.
    """
    name = "transactional.single_send"
    message = _message(name, to, send_id, sender, cc, bcc, reply_to)
    body = _body(name, email_id, message, contact_properties, custom_properties)
    scopes = ("transactional-email or marketing-email",)
    return _call(name, Route("POST", "single_send"), body, send_id, scopes)


def _call(
    name: str, route: Route, body: JsonBody, send_id: str | None, scopes: tuple[str, ...]
) -> Call[SendStatus]:
    return Call(
        name,
        route,
        SendStatus.model_validate,
        Replay.NEVER if send_id is None else Replay.SAFE,
        body=body,
        # HubSpot counts these calls neither in its rate-limit window nor in the daily limit.
        quota=Quota.FREE,
        scopes=scopes,
    )


def _message(
    call: str,
    to: str,
    send_id: str | None,
    sender: str | None,
    cc: Sequence[str],
    bcc: Sequence[str],
    reply_to: Sequence[str],
) -> dict[str, Any]:
    # The dated schema requires the lists and the undated schema the recipient, so all fields are always sent.
    message: dict[str, Any] = {
        "to": address(call, "to", to),
        "cc": addresses(call, "cc", cc),
        "bcc": addresses(call, "bcc", bcc),
        "replyTo": addresses(call, "reply_to", reply_to),
    }
    for field, key, value in (("sender", "from", sender), ("send_id", "sendId", send_id)):
        if value is None:
            continue
        if not isinstance(value, str) or not value.strip():
            raise InvalidInput(field, f"must be text, not {describe_type(value)}", call=call)
        message[key] = value
    return message


def _body(
    call: str,
    email_id: int | str,
    message: dict[str, Any],
    contact_properties: Mapping[str, str] | None,
    custom_properties: Mapping[str, Any] | None,
) -> JsonBody:
    for field, given in (
        ("contact_properties", contact_properties),
        ("custom_properties", custom_properties),
    ):
        if given is not None and not isinstance(given, Mapping):
            raise InvalidInput(field, f"must be a mapping, not {describe_type(given)}", call=call)
    for property_name, value in (contact_properties or {}).items():
        if not isinstance(value, str):
            where = f"contact_properties.{property_name}"
            raise InvalidInput(where, f"must be text, not {describe_type(value)}", call=call)
    return JsonBody(
        {
            "emailId": numeric_id(call, "email_id", email_id),
            "message": message,
            "contactProperties": dict(contact_properties or {}),
            "customProperties": dict(custom_properties or {}),
        }
    )
