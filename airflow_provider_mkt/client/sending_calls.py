"""Which calls can send mail to people: what a connection that must not send never runs.

A call is here when it sends, when it puts people into something that sends, or when it turns such a thing on.
A change of a record is not here, although an account's own automation may answer it with mail.
"""

from __future__ import annotations

from typing import Any

from airflow_provider_mkt.client.call import Call

SENDING_CALLS: dict[str, frozenset[str]] = {
    "hubspot": frozenset(
        {
            "emails.publish",
            "flows.create",
            "flows.replace",
            "legacy.enrol_in_nurture",
            "sequences.enrol",
            "transactional.send",
            "transactional.single_send",
            "workflows.enrol",
        }
    ),
    "marketo": frozenset(
        {
            "campaigns.activate",
            "campaigns.request",
            "campaigns.schedule",
            "emails.send_sample",
            "programs.approve",
        }
    ),
}
"""Names of the calls, by platform."""

_RAW = "raw"


def can_send(platform: str, call: Call[Any]) -> bool:
    """Whether a call can send mail.

    A request without a name (``raw``) counts as one that can, unless it only reads: nothing is known of it.

    :param platform: ``hubspot`` or ``marketo``.
    """
    if call.name == _RAW:
        return call.route.method != "GET"
    return call.name in SENDING_CALLS[platform]
