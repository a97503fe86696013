"""Mail to one person at a time: transactional mail, and marketing mail of the single-send kind."""

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
    """Send a published transactional email to one person. Sends real mail.

    The platform answers at once and sends later: follow the answer's ``statusId``, since an address
    that is refused shows only there. Needs the transactional email add-on.

    :param email_id: the email to send.
    :param to: the recipient's address.
    :param send_id: key of this one mail, unique in the account: the platform sends one mail per key.
        With it a lost answer is asked for again; without it the send is never repeated.
    :param sender: ``Name <address>`` in place of the email's own.
    :param cc: addresses that get a copy.
    :param bcc: addresses that get a hidden copy.
    :param reply_to: addresses that answers go to.
    :param contact_properties: written to the recipient's contact.
    :param custom_properties: values for the template alone, any JSON.
    :returns: the status to follow.
    :raises InvalidInput: on an id that is no number, a value that is no address, or an empty ``send_id``.
    :raises InvalidRequest: when the email does not exist or is not published.
    :raises PermissionDenied: without the product or the scope.

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
    """Send a published marketing email of the single-send kind to one person. Sends real mail.

    Makes the recipient a marketing contact, which the account pays for, and creates the contact where
    there is none. Needs Marketing Hub Enterprise.

    :param email_id: the email to send.
    :param to: the recipient's address.
    :param send_id: key of this one mail, unique in the account: the platform sends one mail per key.
        With it a lost answer is asked for again; without it the send is never repeated.
    :param sender: ``Name <address>`` in place of the email's own.
    :param cc: addresses that get a copy.
    :param bcc: addresses that get a hidden copy.
    :param reply_to: addresses that answers go to.
    :param contact_properties: written to the recipient's contact.
    :param custom_properties: values for the template alone, any JSON.
    :returns: the status to follow.
    :raises InvalidInput: on an id that is no number, a value that is no address, or an empty ``send_id``.
    :raises InvalidRequest: when the email does not exist, is not published or is of another kind.
    :raises PermissionDenied: without the product or the scope.

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
        # The platform exempts both from its windows and from the day.
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
    # The dated schema requires the lists and the undated one the recipient, so all are always there.
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
