"""Operators that send a published HubSpot email to one person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_mkt.operators._base import as_list, as_mapping, as_text, needed
from airflow_provider_mkt.operators._memory import task_memory
from airflow_provider_mkt.operators._waiting import WaitingOperator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.api.call import Call
    from airflow_provider_mkt.api.hubspot.send_statuses import SendStatus


class _SingleSendOperator(WaitingOperator):
    """Base of the operators that send one mail to one person, once.

    The mail goes out under a key made of the DAG run, the task, the recipient, the email and
    ``send_key``, of which HubSpot sends one mail: retries, lost answers and killed workers send no
    second one, another DAG run does. Use ``.expand(to=...)`` for several people.

    The address is in no log, result or link. Airflow itself shows it where it shows the task's rendered
    fields.

    :param conn_id: a connection of type ``hubspot``.
    :param email_id: the email, which must be published for this kind of sending.
    :param to: the recipient's address.
    :param send_key: part of the key: what tells two mails apart that a task sends to one person in one
        run, e.g. an order's number. With another value a cleared task sends once more.
    :param send_id: the key itself instead, unique in the account; then also other runs with the same one
        send no second mail.
    :param sender: ``Name <address>`` in place of the email's own.
    :param cc: addresses that get a copy.
    :param bcc: addresses that get a hidden copy.
    :param reply_to: addresses that answers go to.
    :param contact_properties: written to the recipient's contact; all values text.
    :param custom_properties: values for the email's template alone, any JSON.
    :returns: ``email_id``, ``job``, ``state`` (``SENT``, or ``IDEMPOTENT_IGNORE`` where an earlier
        request had sent it), and after waiting ``looks``.
    :raises AirflowFailException: when the email does not exist or is not published, or when the
        platform tells that no mail goes out, with its result, e.g. ``INVALID_TO_ADDRESS``. Without
        ``wait_for_completion`` that is known only where it answers so at once.
    """

    kind: ClassVar[str]

    template_fields: Sequence[str] = (
        "conn_id",
        "email_id",
        "to",
        "send_key",
        "send_id",
        "sender",
        "cc",
        "bcc",
        "reply_to",
        "contact_properties",
        "custom_properties",
    )

    def __init__(
        self,
        *,
        conn_id: str,
        email_id: str | int,
        to: str,
        send_key: str | None = None,
        send_id: str | None = None,
        sender: str | None = None,
        cc: Sequence[str] | str = (),
        bcc: Sequence[str] | str = (),
        reply_to: Sequence[str] | str = (),
        contact_properties: Mapping[str, str] | str | None = None,
        custom_properties: Mapping[str, Any] | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.email_id = email_id
        self.to = to
        self.send_key = send_key
        self.send_id = send_id
        self.sender = sender
        self.cc = cc
        self.bcc = bcc
        self.reply_to = reply_to
        self.contact_properties = contact_properties
        self.custom_properties = custom_properties

    def work(self, context: Context) -> dict[str, Any]:
        from airflow_provider_mkt.api.hubspot import email_sending, transactional

        endpoint = getattr(transactional, self.kind)
        email_id, to = needed("email_id", self.email_id), needed("to", self.to)
        message: dict[str, Any] = {
            "sender": as_text("sender", self.sender),
            "contact_properties": as_mapping("contact_properties", self.contact_properties or {}),
            "custom_properties": as_mapping("custom_properties", self.custom_properties or {}),
            **{field: as_list(field, getattr(self, field) or ()) for field in ("cc", "bcc", "reply_to")},
        }

        def make(send_id: str) -> Call[SendStatus]:
            call: Call[SendStatus] = endpoint(email_id, to, send_id=send_id, **message)
            return call

        ti = context["ti"]
        task = (ti.dag_id, ti.run_id, ti.task_id, str(ti.map_index))
        names = (*task, self.kind, email_id, to.lower(), as_text("send_key", self.send_key) or "")
        with self.hook_on("hubspot") as hook:
            look = hook.follow(
                email_sending.send(task_memory(context), make, names, as_text("send_id", self.send_id))
            )
        self.log.info("%s", look)
        outcome = {
            "outcome": "email_send",
            "platform": hook.conn_type,
            "email_id": email_id,
            "job": dict(look.job.to_json()),
            "state": look.word,
        }
        return self.waited(context, [look.job], outcome)


class SendTransactionalEmailOperator(_SingleSendOperator):
    """Send a transactional email to one person, once. Needs the transactional email add-on.

    For receipts, confirmations and the like, which people get whether or not they take marketing mail.

    Source: ``POST /marketing/{version}/transactional/single-email/send``.
    """

    kind = "send"


class SendSingleEmailOperator(_SingleSendOperator):
    """Send a marketing email of the single-send kind to one person, once. Needs Marketing Hub Enterprise.

    Makes the recipient a marketing contact, which the account pays for, and creates the contact where
    there is none.

    Source: ``POST /marketing/{version}/email/single-send``.
    """

    kind = "single_send"
