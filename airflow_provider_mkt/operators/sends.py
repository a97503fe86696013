"""Operators that send a published HubSpot email to one person, or to many, one mail each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators._base import as_list, as_mapping, optional_str, required_str
from airflow_provider_mkt.operators._member_action import PeopleOperator
from airflow_provider_mkt.operators._task_state import task_state_of
from airflow_provider_mkt.operators._waiting import WaitingOperator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.actions.members import MemberAction
    from airflow_provider_mkt.client.call import Call
    from airflow_provider_mkt.client.hubspot.sends.send_statuses import SendStatus


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
        request had sent it), and after waiting ``job_states``.
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
        from airflow_provider_mkt.actions.hubspot import sends
        from airflow_provider_mkt.client.hubspot.sends import transactional

        endpoint = getattr(transactional, self.kind)
        email_id, to = required_str("email_id", self.email_id), required_str("to", self.to)
        message = _message(self, "cc", "bcc", "reply_to")

        def make(send_id: str) -> Call[SendStatus]:
            call: Call[SendStatus] = endpoint(email_id, to, send_id=send_id, **message)
            return call

        names = (
            *_task(context),
            self.kind,
            email_id,
            to.lower(),
            optional_str("send_key", self.send_key) or "",
        )
        with self.hook_on("hubspot") as hook:
            look = hook.follow(
                sends.send(task_state_of(context), make, names, optional_str("send_id", self.send_id))
            )
        self.log.info("%s", look)
        outcome = {
            "outcome": "email_send",
            "platform": hook.conn_type,
            "email_id": email_id,
            "job": dict(look.job.to_json()),
            "state": look.raw_status,
        }
        return self.wait_for_jobs(context, [look.job], outcome)


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


class SendEmailToPeopleOperator(PeopleOperator):
    """Send a published email to many people, one mail to each, and tell what became of every one.

    Each mail goes out under a key made of the DAG run, the task, the email, ``send_key`` and the
    address, of which HubSpot sends one: retries, lost answers, killed workers and clearing the task send
    nobody a second one, another DAG run does. To try those again to whom no mail went out, give the
    rejects file as ``leads_path``, with another ``send_key``.

    Asking what became of a mail counts against the account's limits, sending it does not: 10,000 people
    take some ten minutes.

    :param email_id: the email, which must be published for this kind of sending; or the ``output`` of the
        task that made it.
    :param leads: addresses.
    :param leads_path: instead of ``leads``: a file with a column of them, ``email`` as a rule.
    :param kind: ``transactional``, which needs the transactional email add-on, or ``marketing``, which needs
        Marketing Hub Enterprise and makes marketing contacts of the recipients, whom the account pays for.
    :param send_key: part of the keys: with another value everybody gets one more mail.
    :param sender: ``Name <address>`` in place of the email's own.
    :param reply_to: addresses that answers go to.
    :param contact_properties: written to every recipient's contact; all values text.
    :param custom_properties: values for the email's template alone, any JSON.
    :param poll_interval: how often to ask what became of the mails, in seconds.
    :param result_timeout: for how long, in seconds. A mail of which nothing is known then counts as unknown.
    :returns: ``total``, ``mailed``, ``mailed_before``, ``rejected`` and ``unknown`` (counts), ``reasons``
        (the platform's results, e.g. ``INVALID_TO_ADDRESS``, to counts) and ``rejects``.
    :raises AirflowFailException: when the email does not exist or is not published, when more mails than
        allowed did not go out, or when it was not told in time what became of some.

    Source: ``POST /marketing/{version}/transactional/single-email/send``,
    ``POST /marketing/{version}/email/single-send`` and
    ``GET /marketing/v3/email/send-statuses/{statusId}``.
    """

    template_fields: Sequence[str] = (
        *PeopleOperator.people_fields,
        "email_id",
        "kind",
        "send_key",
        "sender",
        "reply_to",
        "contact_properties",
        "custom_properties",
    )

    def __init__(
        self,
        *,
        email_id: str | int,
        kind: str = "transactional",
        send_key: str | None = None,
        sender: str | None = None,
        reply_to: Sequence[str] | str = (),
        contact_properties: Mapping[str, str] | str | None = None,
        custom_properties: Mapping[str, Any] | str | None = None,
        poll_interval: float = 10.0,
        result_timeout: float = 600.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.email_id = email_id
        self.kind = kind
        self.send_key = send_key
        self.sender = sender
        self.reply_to = reply_to
        self.contact_properties = contact_properties
        self.custom_properties = custom_properties
        self.poll_interval = poll_interval
        self.result_timeout = result_timeout

    def work(self, context: Context) -> dict[str, Any]:
        self._names = _task(context)
        return super().work(context)

    def member_action(self) -> MemberAction:
        from airflow_provider_mkt.actions.hubspot import sends as send_actions
        from airflow_provider_mkt.client.hubspot.sends import transactional

        self.hook_on("hubspot")
        email_id, kind = required_str("email_id", self.email_id), required_str("kind", self.kind)
        endpoints = {"transactional": transactional.send, "marketing": transactional.single_send}
        if kind not in endpoints:
            raise InvalidInput("kind", f"must be one of {', '.join(endpoints)}")
        message = _message(self, "reply_to")

        def make(address: str, send_id: str) -> Call[SendStatus]:
            return endpoints[kind](email_id, address, send_id=send_id, **message)

        # For its checks alone, so that nobody gets a mail when the message is wrong.
        make("somebody@example.com", "checked")
        return send_actions.mailing(
            (*self._names, kind, email_id, optional_str("send_key", self.send_key) or ""),
            make,
            poll_interval=self.poll_interval,
            timeout=self.result_timeout,
        )


def _task(context: Context) -> tuple[str, str, str, str]:
    """What tells this task of this DAG run from every other."""
    ti = context["ti"]
    return ti.dag_id, ti.run_id, ti.task_id, str(ti.map_index)


def _message(operator: Any, *address_fields: str) -> dict[str, Any]:
    """The parts of a message as the calls take them."""
    return {
        "sender": optional_str("sender", operator.sender),
        "contact_properties": as_mapping("contact_properties", operator.contact_properties or {}),
        "custom_properties": as_mapping("custom_properties", operator.custom_properties or {}),
        **{field: as_list(field, getattr(operator, field) or ()) for field in address_fields},
    }
