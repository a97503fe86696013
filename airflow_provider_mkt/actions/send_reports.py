"""The figures of a send: how many mails were sent, delivered, bounced and dropped, and when that is final."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from airflow_provider_mkt.actions.jobs import Job, PollCache
from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.actions.send_check_table import Severity
from airflow_provider_mkt.actions.send_checks import Check
from airflow_provider_mkt.client.wording import counted, part_of, was_or_were

NOT_REPORTED = "NOT_REPORTED"
"""The reason of people who got no mail, where the platform gives none."""


@dataclass(frozen=True)
class SendFigures:
    """The figures of a send, as the platform gives them now.

    :param selected: how many people the platform chose; None where it does not tell.
    :param bounced: mails that cannot be delivered.
    :param soft_bounced: mails that could not be delivered yet; None where the platform does not tell.
    :param dropped: people who were chosen and got no mail; None where the platform does not tell.
    :param reasons: the dropped people by the platform's own reason.
    :param unsubscribed: people who unsubscribed by this mail.
    :param spam: people who reported it as spam; None where the platform does not tell.
    """

    name: str = ""
    selected: int | None = None
    sent: int = 0
    delivered: int = 0
    bounced: int = 0
    soft_bounced: int | None = None
    dropped: int | None = None
    reasons: Mapping[str, int] = field(default_factory=dict)
    opened: int = 0
    clicked: int = 0
    unsubscribed: int = 0
    spam: int | None = None


@dataclass(frozen=True)
class DroppedPerson:
    """A person who got no mail.

    :param email: the address.
    :param reason: the platform's own word.
    """

    email: str
    reason: str


class SendReports(Protocol):
    """Read the figures of sends."""

    def figures(self, job: Job) -> Procedure[SendFigures]:
        """Read the figures of one send."""

    def dropped(self, job: Job, add: Callable[[Sequence[DroppedPerson]], object]) -> Procedure[None]:
        """Read who was dropped.

        :param add: receives them, page by page.
        :raises InvalidInput: when the platform does not tell.
        """


def unchanged_for(
    cache: PollCache, counts: Sequence[int], seconds: float, *, clock: Callable[[], float] = time.time
) -> bool:
    """Tell whether figures have not changed for some time, as far as this wait has seen.

    :param cache: of the wait; a wait that starts anew counts from its first poll.
    :param seconds: that long.
    """
    now, before = clock(), cache.get("unchanged_since")
    since = before if isinstance(before, (int, float)) and cache.get("counts") == list(counts) else now
    # A time in the future is from before the clock was set back.
    since = min(since, now)
    cache["counts"], cache["unchanged_since"] = list(counts), since
    return now - since >= seconds


@dataclass(frozen=True)
class Reconciliation:
    """A send compared with its audience.

    :param audience: the people whom the email was for; None when not known.
    :param at_most: the most that may get it.
    :param unexplained: people of the audience who got no mail for no known reason; None when not known.
    """

    audience: int | None
    at_most: int | None
    unexplained: int | None


def reconcile(figures: SendFigures, audience: Mapping[str, object] | None) -> Reconciliation:
    """Compare a send with its audience: all who were sent a mail or dropped are explained.

    :param audience: of the check before the send; what the platform itself chose when None.
    """
    if audience is None:
        total, at_most, exact, expected = figures.selected, None, True, 0
    else:
        total, at_most = _count(audience.get("total")), _count(audience.get("at_most"))
        exact, excluded = audience.get("exact") is not False, audience.get("excluded")
        counts = excluded.values() if isinstance(excluded, Mapping) else ()
        expected = sum(one for one in counts if isinstance(one, int))
    if total is None or not exact:
        return Reconciliation(total, at_most, None)
    # Without the platform's own figure, those whom the check expected to be dropped.
    dropped = expected if figures.dropped is None else figures.dropped
    return Reconciliation(total, at_most, total - figures.sent - dropped)


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


@dataclass(frozen=True)
class ReportLimits:
    """What a send may be like.

    :param min_sent: the least number of mails.
    :param bounced_allowed: whether so many of the sent mails may bounce.
    :param unexplained_allowed: whether so many of the audience may be unexplained.
    :param severity: of a limit that is passed.
    """

    min_sent: int
    bounced_allowed: Callable[[int, int], bool]
    unexplained_allowed: Callable[[int, int], bool]
    severity: Severity


def findings(figures: SendFigures, compared: Reconciliation, limits: ReportLimits) -> list[Check]:
    """Return the checks of a send that was made."""
    sent, bounced = figures.sent, figures.bounced
    checks = [
        Check(
            "sent.too_few",
            limits.severity,
            sent >= limits.min_sent,
            sent,
            limits.min_sent,
            f"{counted(sent, 'mail')} {was_or_were(sent)} sent, expected: at least {limits.min_sent:,}",
        ),
        Check(
            "bounced.too_many",
            limits.severity,
            limits.bounced_allowed(bounced, sent),
            bounced,
            None,
            f"{part_of(bounced, sent, 'mail')} bounced",
        ),
    ]
    most = compared.audience if compared.at_most is None else compared.at_most
    if most is not None:
        over = max(0, sent - most)
        checks.append(
            Check(
                "sent.too_many",
                limits.severity,
                over == 0 or limits.unexplained_allowed(over, most),
                sent,
                most,
                f"{counted(sent, 'mail')} {was_or_were(sent)} sent, to an audience of at most {most:,}",
            )
        )
    if compared.unexplained is not None and compared.audience is not None:
        missing = max(0, compared.unexplained)
        checks.append(
            Check(
                "unexplained.too_many",
                limits.severity,
                limits.unexplained_allowed(missing, compared.audience),
                compared.unexplained,
                None,
                f"{part_of(missing, compared.audience, 'person')} got no mail, for no known reason",
            )
        )
    return checks
