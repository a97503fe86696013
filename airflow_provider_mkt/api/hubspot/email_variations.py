"""Making the B variation of an email once."""

from __future__ import annotations

from airflow_provider_mkt.api.errors import InvalidRequest, NotFound
from airflow_provider_mkt.api.flow import Flow, Memory
from airflow_provider_mkt.api.hubspot import email_tests, emails
from airflow_provider_mkt.api.once import Made, once


def create(memory: Memory, email_id: str, name: str) -> Flow[Made[emails.Email]]:
    """Make the variation of an email, unless it has one, whatever that one is called.

    :param memory: what the task's earlier tries did.
    :param email_id: the email to test.
    :param name: name of the variation.
    :returns: the variation that is there now.
    :raises NotFound: when there is no such email.
    :raises InvalidRequest: when the email is a variation itself, or can be tested no longer.
    """
    call = email_tests.create_variation(email_id, name)
    email: emails.Email = yield emails.get(email_id)
    if _is_variation(email):
        raise InvalidRequest(f"email {email_id} is the variation of another one", platform="hubspot")

    def find() -> Flow[emails.Email | None]:
        try:
            variation: emails.Email = yield email_tests.get_variation(email_id)
        except NotFound:
            return None
        return variation

    made: Made[emails.Email] = yield from once(f"variation of email {email_id}", memory, call, find)
    return made


def _is_variation(email: emails.Email) -> bool:
    testing = email.model_dump().get("testing")
    return isinstance(testing, dict) and testing.get("isAbVariation") is True
