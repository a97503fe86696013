"""Operators that try emails out: variations of A/B tests, and samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators._base import (
    MarketingOperator,
    as_list,
    optional_str,
    required_str,
    to_bool,
)
from airflow_provider_mkt.operators._task_state import task_state_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.providers.common.compat.sdk import Context


class CreateABTestVariationOperator(MarketingOperator):
    """Make the B variation of a HubSpot email once: an email that has one keeps it, whatever its name.

    The variation is a draft, and an email of its own: change it with
    :class:`~airflow_provider_mkt.operators.emails.UpdateEmailOperator`. Publishing the original
    publishes both.

    :param conn_id: a connection of type ``hubspot``.
    :param email_id: the email to test, which must not be out yet; or the ``output`` of the task that made it.
    :param variation_name: name of the variation.
    :returns: ``email_id``, ``name`` and ``state`` of the variation, ``original_id``, and whether it was
        ``created`` by this task.
    :raises AirflowFailException: when there is no such email, it is a variation itself, or it can be
        tested no longer.

    Source: ``POST /marketing/{version}/emails/ab-test/create-variation``.
    """

    template_fields: Sequence[str] = ("conn_id", "email_id", "variation_name")

    def __init__(self, *, conn_id: str, email_id: str | int, variation_name: str, **kwargs: Any) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.email_id = email_id
        self.variation_name = variation_name

    def work(self, context: Context) -> dict[str, Any]:
        from airflow_provider_mkt.actions.hubspot import emails

        email_id, name = (
            required_str("email_id", self.email_id),
            required_str("variation_name", self.variation_name),
        )
        with self.hook_on("hubspot") as hook, hook.exclusive(f"variation of email {email_id}"):
            made = hook.follow(emails.create_variation(task_state_of(context), email_id, name))
        variation = made.value
        self.log.info(
            "Email %s: variation %s %s",
            email_id,
            variation.id,
            "made" if made.created else "was there already",
        )
        return {
            "outcome": "email_variation",
            "platform": hook.conn_type,
            "email_id": variation.id,
            "original_id": email_id,
            "name": variation.name,
            "state": variation.state,
            "created": made.created,
        }


class SendSampleEmailOperator(MarketingOperator):
    """Send a sample of a Marketo email, to each address once.

    Sends real mail. Nothing on the platform shows whether a sample went out, so one whose answer was
    lost, or whose worker was killed, fails the task and is not sent again by itself; clearing the task
    then sends it, and not those that went out.

    :param conn_id: a connection of type ``marketo``.
    :param email_id: the email, or the ``output`` of the task that made it; its draft, where it has one.
    :param to: one address, or a list of them.
    :param lead_id: the lead whose values fill the email's tokens.
    :param text_only: send the text part only.
    :returns: ``total``, ``sent``, ``rejected`` and ``unknown``: counts.
    :raises AirflowFailException: when a sample was refused, or what became of one is unknown; the
        others are sent first.

    Source: ``POST /rest/asset/v1/email/{id}/sendSample.json``.
    """

    template_fields: Sequence[str] = ("conn_id", "email_id", "to", "lead_id", "text_only")

    def __init__(
        self,
        *,
        conn_id: str,
        email_id: str | int,
        to: str | Sequence[str],
        lead_id: str | int | None = None,
        text_only: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.email_id = email_id
        self.to = to
        self.lead_id = lead_id
        self.text_only = text_only

    def work(self, context: Context) -> dict[str, Any]:
        from airflow_provider_mkt.actions.marketo import emails as email_actions

        email_id, addresses = required_str("email_id", self.email_id), self._addresses()
        text_only = to_bool("text_only", self.text_only)
        with self.hook_on("marketo") as hook:
            samples = hook.follow(
                email_actions.send(
                    task_state_of(context),
                    email_id,
                    addresses,
                    lead_id=optional_str("lead_id", self.lead_id),
                    text_only=text_only,
                )
            )
        outcome = {
            "outcome": "email_samples",
            "platform": hook.conn_type,
            "email_id": email_id,
            "total": len(addresses),
            "sent": len(samples.sent),
            "rejected": len(samples.rejected),
            "unknown": len(samples.unknown),
        }
        self.log.info("Email %s: %d of %d samples sent", email_id, len(samples.sent), len(addresses))
        problems = [f"to[{place}] was refused: {reason}" for place, reason in samples.rejected.items()]
        problems += [
            f"whether to[{place}] was sent a sample is unknown; clear the task to send it"
            for place in samples.unknown
        ]
        if problems:
            context["ti"].xcom_push(key="return_value", value=outcome)
            raise AirflowFailException("; ".join(problems[:5]))
        return outcome

    def _addresses(self) -> list[str]:
        given = self.to
        if isinstance(given, str) and not given.lstrip().startswith("["):
            given = [given]
        addresses = [
            required_str(f"to[{place}]", address) for place, address in enumerate(as_list("to", given))
        ]
        if not addresses:
            raise InvalidInput("to", "is empty: nobody to send a sample to")
        return list(dict.fromkeys(addresses))
