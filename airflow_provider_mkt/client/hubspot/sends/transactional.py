"""Single sends: transactional emails and single-send marketing emails to one recipient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from airflow_provider_mkt.client.call import Call, Json, JsonBody, Quota, Replay, Route
from airflow_provider_mkt.client.hubspot.parameters import EmailAddress, TextProperties
from airflow_provider_mkt.client.hubspot.sends.send_statuses import SendStatus
from airflow_provider_mkt.client.parameters import JsonObject, NumericId, Text, endpoint


@endpoint
def send(
    email_id: NumericId,
    to: EmailAddress,
    *,
    send_id: Text | None = None,
    sender: Text | None = None,
    cc: Sequence[EmailAddress] = (),
    bcc: Sequence[EmailAddress] = (),
    reply_to: Sequence[EmailAddress] = (),
    contact_properties: TextProperties | None = None,
    custom_properties: JsonObject | None = None,
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
    message = _message(to, send_id, sender, cc, bcc, reply_to)
    body = _body(email_id, message, contact_properties, custom_properties)
    route = Route("POST", "transactional", "/single-email/send")
    return _call("transactional.send", route, body, send_id, ("transactional-email",))


@endpoint
def single_send(
    email_id: NumericId,
    to: EmailAddress,
    *,
    send_id: Text | None = None,
    sender: Text | None = None,
    cc: Sequence[EmailAddress] = (),
    bcc: Sequence[EmailAddress] = (),
    reply_to: Sequence[EmailAddress] = (),
    contact_properties: TextProperties | None = None,
    custom_properties: JsonObject | None = None,
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
    message = _message(to, send_id, sender, cc, bcc, reply_to)
    body = _body(email_id, message, contact_properties, custom_properties)
    scopes = ("transactional-email or marketing-email",)
    return _call("transactional.single_send", Route("POST", "single_send"), body, send_id, scopes)


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
    to: str,
    send_id: str | None,
    sender: str | None,
    cc: Sequence[str],
    bcc: Sequence[str],
    reply_to: Sequence[str],
) -> dict[str, Json]:
    # The dated schema requires the lists and the undated schema the recipient, so all fields are always sent.
    message: dict[str, Json] = {"to": to, "cc": [*cc], "bcc": [*bcc], "replyTo": [*reply_to]}
    if sender is not None:
        message["from"] = sender
    if send_id is not None:
        message["sendId"] = send_id
    return message


def _body(
    email_id: NumericId,
    message: dict[str, Json],
    contact_properties: Mapping[str, str] | None,
    custom_properties: Mapping[str, Json] | None,
) -> JsonBody:
    return JsonBody(
        {
            "emailId": email_id,
            "message": message,
            "contactProperties": dict(contact_properties or {}),
            "customProperties": dict(custom_properties or {}),
        }
    )
