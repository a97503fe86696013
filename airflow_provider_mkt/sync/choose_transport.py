"""Which way a sync takes: one call for each batch, or the platform's bulk import."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_mkt.client.transport.platform import Rate
from airflow_provider_mkt.sync.report import spoken


@dataclass(frozen=True)
class Way:
    """The way that was chosen.

    :param bulk: whether it is the bulk import.
    :param why: for people.
    """

    bulk: bool
    why: str


def faster_way(
    leads: int,
    *,
    batch_max: int,
    rate: Rate,
    left_of_day: int | None,
    bulk_after: float,
) -> Way:
    """The faster way by what the account's limits allow.

    How long a platform takes for an import is documented nowhere and differs from hour to hour; what calls
    take at least is arithmetic.

    :param leads: how many there are.
    :param batch_max: leads of one call.
    :param rate: the account's limit.
    :param left_of_day: calls that the day has left; None where the platform does not say.
    :param bulk_after: seconds of calls after which an import is taken to be faster.
    """
    calls = -(-leads // batch_max)
    seconds = calls / rate.calls * rate.seconds
    sum_ = f"{leads:,} leads are {calls:,} calls, {spoken(seconds)} at the account's limit"
    if left_of_day is not None and calls > left_of_day:
        return Way(True, f"{sum_}, and the day has {max(0, left_of_day):,} left")
    if seconds > bulk_after:
        return Way(True, f"{sum_}, more than {spoken(bulk_after)}")
    return Way(False, sum_)
