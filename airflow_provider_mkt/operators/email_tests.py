"""Operators that test emails: variations of A/B tests, and samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.hooks.state import task_state_of
from airflow_provider_mkt.operators._base import MarketingOperator
from airflow_provider_mkt.operators._parameters import as_list, optional_str, required_str, to_bool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.operators.outcomes import EmailSamplesOutcome, EmailVariationOutcome

_MAX_PROBLEMS = 5
"""Problems that an error lists at most."""


class CreateABTestVariationOperator(MarketingOperator):
    """Create the B variation of a HubSpot email once. A variation that exists is kept, whatever its name.

    The variation is a draft, and an email of its own:
    :class:`~airflow_provider_mkt.operators.emails.UpdateEmailOperator` changes it. Publishing the original
    publishes both.

    :param conn_id: a connection of type ``hubspot``.
    :param email_id: the email to test, not yet published; or the ``output`` of the task that created it.
    :param variation_name: name of the variation.
    :returns: :class:`.EmailVariationOutcome`: ``email_id``, ``name`` and ``state`` of the variation,
        ``original_id``, and whether it was ``created`` by this task.
    :raises AirflowFailException: when there is no such email, it is a variation itself, or it can no longer
        be tested.

    Source: ``POST /marketing/{version}/emails/ab-test/create-variation``.
    """

    template_fields: Sequence[str] = ("conn_id", "email_id", "variation_name")

    def __init__(self, *, conn_id: str, email_id: str | int, variation_name: str, **kwargs: Any) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.email_id = email_id
        self.variation_name = variation_name

    def run_action(self, context: Context) -> EmailVariationOutcome:
        from airflow_provider_mkt.actions.hubspot import emails

        email_id = required_str("email_id", self.email_id)
        name = required_str("variation_name", self.variation_name)
        with self.hook_on("hubspot") as hook, hook.exclusive(f"variation of email {email_id}"):
            ensured = hook.follow(emails.create_variation(task_state_of(context), email_id, name))
        variation = ensured.value
        self.log.info(
            "%s variation %s of email %s", "Created" if ensured.created else "Found", variation.id, email_id
        )
        return {
            "outcome": "email_variation",
            "platform": hook.conn_type,
            "email_id": variation.id,
            "original_id": email_id,
            "name": variation.name,
            "state": variation.state,
            "created": ensured.created,
        }


class SendSampleEmailOperator(MarketingOperator):
    """Send a sample of a Marketo email, once to each address.

    Sends real mail. The platform does not show whether a sample was sent. So a sample whose answer was
    lost, or whose worker was killed, fails the task and is not sent again by itself. Clearing the task sends
    it, and does not repeat the samples that were sent.

    :param conn_id: a connection of type ``marketo``.
    :param email_id: the email, or the ``output`` of the task that created it; its draft where it has one.
    :param to: one address, or a list of them.
    :param lead_id: the lead whose values fill the email's tokens.
    :param text_only: send the text part only.
    :returns: :class:`.EmailSamplesOutcome`: ``total``, ``sent``, ``rejected`` and ``unknown`` (counts).
    :raises AirflowFailException: when a sample was rejected, or the outcome of one is unknown; the others
        are sent first.

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

    def run_action(self, context: Context) -> EmailSamplesOutcome:
        from airflow_provider_mkt.actions.marketo import emails

        email_id, addresses = required_str("email_id", self.email_id), self._addresses()
        text_only = to_bool("text_only", self.text_only)
        with self.hook_on("marketo") as hook:
            samples = hook.follow(
                emails.send(
                    task_state_of(context),
                    email_id,
                    addresses,
                    lead_id=optional_str("lead_id", self.lead_id),
                    text_only=text_only,
                )
            )
        outcome: EmailSamplesOutcome = {
            "outcome": "email_samples",
            "platform": hook.conn_type,
            "email_id": email_id,
            "total": len(addresses),
            "sent": len(samples.sent),
            "rejected": len(samples.rejected),
            "unknown": len(samples.unknown),
        }
        self.log.info("Sent %d of %d samples of email %s", len(samples.sent), len(addresses), email_id)
        # Addresses are named by their index: they belong to people.
        problems = [f"to[{index}] was rejected: {reason}" for index, reason in samples.rejected.items()]
        problems += [
            f"to[{index}]: it is unknown whether a sample was sent; clear the task to send one"
            for index in samples.unknown
        ]
        if problems:
            context["ti"].xcom_push(key="return_value", value=outcome)
            raise AirflowFailException("; ".join(problems[:_MAX_PROBLEMS]))
        return outcome

    def _addresses(self) -> list[str]:
        to = self.to
        if isinstance(to, str) and not to.lstrip().startswith("["):
            to = [to]
        addresses = [required_str(f"to[{index}]", address) for index, address in enumerate(as_list("to", to))]
        if not addresses:
            raise InvalidInput("to", "is empty: give at least one address")
        return list(dict.fromkeys(addresses))
