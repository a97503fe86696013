"""Operators that test emails: variations of A/B tests, and samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_mkt.actions.targets import Target
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.wording import part_of
from airflow_provider_mkt.hooks.state import task_digest, task_state_of
from airflow_provider_mkt.operators._base import MarketingOperator, push_outcome
from airflow_provider_mkt.operators._parameters import as_list, optional_str, required_str, to_bool
from airflow_provider_mkt.version_compat import AirflowFailException

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import Context

    from airflow_provider_mkt.operators._parse_checks import ParseCheck
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

    targets = (Target("email_draft", "email_id", "output"),)

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
            ensured = hook.follow(emails.create_variation(task_state_of(context, hook), email_id, name))
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


def _addresses(name: str, value: object) -> list[str]:
    """Return the addresses that samples go to, each once in lower case or upper."""
    if isinstance(value, str) and not value.lstrip().startswith("["):
        value = [value]
    addresses = [required_str(f"{name}[{index}]", one) for index, one in enumerate(as_list(name, value))]
    if not addresses:
        raise InvalidInput(name, "is empty: give at least one address")
    each: dict[str, str] = {}
    for address in addresses:
        each.setdefault(address.lower(), address)
    return list(each.values())


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

    targets = (Target("email_draft", "email_id", "input"),)

    template_fields: Sequence[str] = ("conn_id", "email_id", "to", "lead_id", "text_only")

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {"to": _addresses}

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

        email_id, addresses = required_str("email_id", self.email_id), _addresses("to", self.to)
        text_only = to_bool("text_only", self.text_only)
        # Airflow may consider a running worker dead and start the next try beside it.
        lock = f"samples of {task_digest(context)}"
        with self.hook_on("marketo") as hook, hook.exclusive(lock):
            samples = hook.follow(
                emails.send(
                    task_state_of(context, hook),
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
        self.log.info("Sent %s of email %s", part_of(len(samples.sent), len(addresses), "sample"), email_id)
        # Addresses are named by their index: they belong to people.
        problems = [f"to[{index}] was rejected: {reason}" for index, reason in samples.rejected.items()]
        problems += [
            f"to[{index}]: {f'the platform answered {answer}; ' if answer else ''}it is unknown whether a "
            "sample was sent; clear the task to send one"
            for index, answer in samples.unknown.items()
        ]
        if problems:
            push_outcome(context, outcome)
            raise AirflowFailException("; ".join(problems[:_MAX_PROBLEMS]))
        return outcome
