"""Sending samples of an email, none twice."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from airflow_provider_mkt.api.errors import InvalidRequest, OutcomeUnknown, PlatformError
from airflow_provider_mkt.api.flow import Flow, Memory
from airflow_provider_mkt.api.marketo import emails


@dataclass
class Samples:
    """What became of samples, by their places in the list of addresses.

    :param sent: by this task, in this try or an earlier one.
    :param rejected: refused, with the platform's reason.
    :param unknown: those whose answers were lost; they are not sent again by themselves.
    """

    sent: list[int] = field(default_factory=list)
    rejected: dict[int, str] = field(default_factory=dict)
    unknown: list[int] = field(default_factory=list)


def send(
    memory: Memory,
    email_id: str,
    addresses: Sequence[str],
    *,
    lead_id: str | None = None,
    text_only: bool = False,
    clock: Callable[[], float] = time.time,
) -> Flow[Samples]:
    """Send a sample to each address once.

    Nothing on the platform shows whether a sample went out. So each is remembered before it is asked
    for, and one whose answer was lost, or whose worker was killed, is reported and not sent again;
    once that was said, running the task again is a person's decision and sends it.

    :param memory: what the task's earlier tries did.
    :param email_id: the email.
    :param addresses: where the samples go.
    :param lead_id: the lead whose values fill the email's tokens.
    :param text_only: send the text part only.
    """
    calls = [
        emails.send_sample(email_id, address, lead_id=lead_id, text_only=text_only) for address in addresses
    ]
    samples, told = Samples(), []
    for place, (address, call) in enumerate(zip(addresses, calls, strict=True)):
        key = f"sample of {email_id} {hashlib.sha256(address.strip().lower().encode()).hexdigest()[:16]}"
        mark = memory.get(key)
        state = mark if isinstance(mark, Mapping) else {}
        if state.get("done"):
            samples.sent.append(place)
            continue
        if state and not state.get("told"):
            samples.unknown.append(place)
            told.append(key)
            continue
        memory.set(key, {"asked": clock()})
        try:
            yield call
        except OutcomeUnknown:
            samples.unknown.append(place)
            told.append(key)
        except InvalidRequest as refused:
            memory.set(key, None)
            samples.rejected[place] = refused.message
        except PlatformError:
            memory.set(key, mark)
            raise
        else:
            memory.set(key, {"done": True})
            samples.sent.append(place)
    for key in told:
        # Not before all is done: an error that came later makes the task try again by itself.
        memory.set(key, {"asked": clock(), "told": True})
    return samples
