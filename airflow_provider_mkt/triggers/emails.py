"""The trigger for ``AssetWatcher`` on emails that were sent."""

from __future__ import annotations

from airflow_provider_mkt.triggers._watching import POLL_INTERVAL, WatcherTrigger


class EmailsSentTrigger(WatcherTrigger):
    """Fires when emails were sent to their audience.

    HubSpot: marketing emails that were published; automated ones are not among them. Marketo: email programs
    whose start has passed while they were approved. Their status does not say when the last mail is out.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param poll_interval: seconds between two polls.

    Source: HubSpot ``GET /marketing/{version}/emails``; Marketo ``GET /rest/asset/v1/programs.json``.
    """

    feed = "emails_sent"

    def __init__(self, conn_id: str, *, poll_interval: float = POLL_INTERVAL) -> None:
        super().__init__(conn_id, poll_interval, {})
