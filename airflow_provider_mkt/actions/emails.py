"""Emails as both platforms know them: outcomes of creating, changing and publishing them."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_mkt.actions.jobs import Job


@dataclass(frozen=True)
class Publication:
    """The outcome of publishing an email.

    :param done: whether this task published it; False when it was published or scheduled before.
    :param state: the platform's status of the email now.
    :param job: to wait for.
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
    """The outcome of changing an email.

    :param version: the version that was changed, ``live`` or ``draft``.
    :param state: the platform's status of the email.
    """

    id: str
    version: str
    state: str


@dataclass(frozen=True)
class Withdrawal:
    """The outcome of unpublishing an email.

    :param done: whether this task unpublished it; False when it was a draft before.
    :param state: the platform's status of the email now.
    """

    done: bool
    state: str
