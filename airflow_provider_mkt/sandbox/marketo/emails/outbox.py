"""The outbox: who got which email, and who did not for which reason."""

from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.server.outbox import OutboxRow


def rows(state: MarketoState) -> list[OutboxRow]:
    """Return all emails and all people who were dropped, by run and then by time."""
    mails = sorted([*state.outbox, *state.dropped], key=lambda one: (one.run.id, one.at))
    return [
        OutboxRow(
            str(one.lead_id),
            one.address or None,
            str(one.email_id),
            one.at.timestamp(),
            one.outcome,
            one.reason,
            one.subject or None,
        )
        for one in mails
    ]
