"""Whether a sync sends calls or uses the platform's bulk import."""

from __future__ import annotations

from typing import Literal, NamedTuple

from airflow_provider_mkt.client.transport.platform import Rate
from airflow_provider_mkt.client.wording import counted
from airflow_provider_mkt.sync.results import format_seconds

Transport = Literal["calls", "bulk"]


class Choice(NamedTuple):
    """A transport, and why it was chosen."""

    transport: Transport
    reason: str


def choose_transport(
    leads: int,
    *,
    batch_max: int,
    rate: Rate,
    calls_left: int | None,
    bulk_after: float,
) -> Choice:
    """Choose the faster transport by what the account's limits allow.

    How long a platform takes for an import is documented nowhere and differs from hour to hour; the shortest
    time for the calls can be computed.

    :param leads: number of leads.
    :param batch_max: leads of one call.
    :param rate: the account's limit.
    :param calls_left: calls that are left today; None when the platform does not report them.
    :param bulk_after: seconds of calls after which an import is taken to be faster.
    """
    calls = -(-leads // batch_max)
    seconds = calls / rate.calls * rate.seconds
    are = "is" if leads == 1 else "are"
    what = f"{counted(leads, 'lead')} {are} {counted(calls, 'call')}"
    reason = f"{what}, {format_seconds(seconds)} at the account's limit"
    if calls_left is not None and calls > calls_left:
        return Choice("bulk", f"{reason}, and the day has {max(0, calls_left):,} left")
    if seconds > bulk_after:
        return Choice("bulk", f"{reason}, more than {format_seconds(bulk_after)}")
    return Choice("calls", reason)
