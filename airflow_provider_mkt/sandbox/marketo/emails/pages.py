"""Emails and their sends in the state and on the pages: who got what, and who did not and why."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice

from airflow_provider_mkt.sandbox.marketo.emails.models import Mail, Run
from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.marketo.tables import MAX_ROWS, table
from airflow_provider_mkt.sandbox.marketo.times import lead_time
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import Link, Table

RUN_COLUMNS = ("id", "name", "startedAt", "qualified", "sent", "delivered", "bounced", "dropped", "state")
MAIL_COLUMNS = ["at", "lead", "address", "email", "subject", "outcome", "reason"]


def snapshot(state: MarketoState) -> JsonObject:
    return {"emails": _emails(state), "sends": [run_row(one) for one in state.runs]}


def tables(state: MarketoState) -> list[Table]:
    return [
        table("Emails", ("id", "name", "status", "sent", "samples"), _emails(state), "email"),
        runs_table(state.runs),
    ]


def _emails(state: MarketoState) -> list[JsonObject]:
    sent = Counter(mail.email_id for mail in state.outbox)
    samples = Counter(mail.email_id for mail in state.samples)
    return [
        {
            "id": one.id,
            "name": one.name,
            "status": one.status,
            "sent": sent[one.id],
            "samples": samples[one.id],
        }
        for one in state.emails.values()
    ]


def run_row(run: Run) -> JsonObject:
    """Return what a run did. `sent` counts all emails that left, whatever became of them."""
    left = sum(run.outcomes[outcome] for outcome in ("sent", "delivered", "bounced"))
    return {
        "id": run.id,
        "name": run.name,
        "program": run.program_id,
        "campaign": run.campaign_id,
        "startedAt": lead_time(run.started_at),
        "endedAt": lead_time(run.ended_at) if run.ended_at else None,
        "qualified": run.qualified,
        "sent": left,
        "delivered": run.outcomes["delivered"],
        "bounced": run.outcomes["bounced"],
        "dropped": dict(run.dropped),
        "refused": run.refused or None,
        "aborted": run.aborted,
    }


def runs_table(runs: Sequence[Run]) -> Table:
    """Return a table of runs, the newest last."""
    rows = []
    for run in runs[-MAX_ROWS:]:
        row = run_row(run)
        reasons = ", ".join(f"{reason} {count}" for reason, count in run.dropped.items())
        state = "aborted" if run.aborted else "ended" if run.ended_at else "running"
        if run.refused:
            state = f"did not run: {run.refused}"
        rows.append(row | {"name": _owner(run), "dropped": reasons or "0", "state": state})
    return table("Sends", RUN_COLUMNS, rows, total=len(runs))


def _owner(run: Run) -> Link:
    """Return the name of a run, which leads to its campaign or program."""
    if run.campaign_id is not None:
        return Link(run.name, "campaign", run.campaign_id)
    return Link(run.name, "program", run.program_id or 0)


def mails_table(state: MarketoState, wanted: Callable[[Mail], bool]) -> list[Table]:
    """Return a table of the last emails, and one of the last people who got none."""
    return [
        _mails("Who got an email", state.outbox, wanted),
        _mails("Who got none, and why", state.dropped, wanted),
    ]


def _mails(title: str, mails: Sequence[Mail], wanted: Callable[[Mail], bool]) -> Table:
    newest = islice(filter(wanted, reversed(mails)), MAX_ROWS)
    rows: list[list[str]] = [
        [
            lead_time(one.at),
            Link(str(one.lead_id), "lead", one.lead_id),
            one.address,
            Link(str(one.email_id), "email", one.email_id),
            one.subject,
            one.outcome,
            one.reason or "",
        ]
        for one in newest
    ]
    return Table(title, list(MAIL_COLUMNS), rows, f"The newest first, {MAX_ROWS} at most")


def _email_page(state: MarketoState, number: str) -> list[Table]:
    email = state.emails.get(int(number)) if number.isdigit() else None
    if email is None:
        return []
    version = email.approved or email.draft
    facts = {"name": email.name, "status": email.status, "subject": version.subject if version else ""}
    facts["operational"] = str(bool(version and version.operational)).lower()
    rows = [[name, value] for name, value in facts.items()]
    return [
        Table(f"Email {email.id}", ["property", "value"], rows),
        *mails_table(state, lambda mail: mail.email_id == email.id),
    ]


DETAILS = {"email": _email_page}
