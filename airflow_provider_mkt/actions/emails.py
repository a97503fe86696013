"""Emails as both platforms know them: outcomes of creating, changing and publishing them."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_mkt.actions.jobs import Job


@dataclass(frozen=True)
class Publication:
    """What became of an email that was to be published.

    :param done: whether this run published it; False when it was published or scheduled already.
    :param state: the platform's word for its state now.
    :param job: to wait for the outcome.
    :param scheduled_for: when it goes out, where it is scheduled.
    """

    done: bool
    state: str
    job: Job
    scheduled_for: str | None = None


@dataclass(frozen=True)
class EnsuredEmail:
    """An email that exists now.

    :param state: the platform's status of the email.
    :param created: whether this task created it, in this try or an earlier one.
    """

    id: str
    name: str
    state: str
    created: bool


@dataclass(frozen=True)
class EmailChange:
    """What became of changes to an email.

    :param version: ``live`` or ``draft``: where they are now.
    :param state: the platform's word for the email's state.
    """

    id: str
    version: str
    state: str


@dataclass(frozen=True)
class Withdrawal:
    """What became of an email that was to be taken back.

    :param done: whether this task took it back; False when it was a draft already.
    :param state: the platform's word for its state now.
    """

    done: bool
    state: str
