"""The counts of a DAG run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_mkt.sandbox import Sandbox
    from airflow_provider_mkt.sandbox.server.json_types import JsonObject

COUNTS = {
    "lead_sync": ("created", "updated", "skipped", "rejected"),
    "object_sync": ("written", "skipped", "rejected"),
    "campaign_batch": ("created", "existing", "rejected"),
    "nurture_enrollment": ("enrolled", "already_enrolled", "rejected", "unknown"),
    "lead_import": ("imported", "skipped", "rejected"),
    "list_addition": ("added", "already_in", "rejected", "unknown"),
    "event_attendance": ("recorded", "rejected"),
    "email_mailing": ("mailed", "mailed_before", "rejected", "unknown"),
    "campaign_update": ("updated",),
    "campaign_assets": ("added", "removed", "rejected"),
    "export": ("rows",),
}
_PUBLISHED = ("email_publication", "email_program_schedule")


@dataclass(frozen=True)
class Calls:
    """API calls to one platform.

    :param refused: calls that exceeded a limit of the platform.
    """

    total: int = 0
    refused: int = 0

    def __sub__(self, other: Calls) -> Calls:
        return Calls(self.total - other.total, self.refused - other.refused)


@dataclass
class DagSummary:
    """The results of one DAG run.

    :param seconds: duration of the run.
    :param tasks: number of tasks by state.
    :param counts: counts by outcome; an outcome that did not occur is missing.
    :param emails: the state of each published email.
    :param rejects: task and path of each rejects file.
    :param calls: API calls by platform.
    :param errors: the last error by task; that of the run itself under an empty name.
    :param failed: names of failed tasks.
    """

    dag_id: str
    state: str = "not run"
    seconds: float = 0.0
    tasks: Counter[str] = field(default_factory=Counter)
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    emails: list[str] = field(default_factory=list)
    rejects: list[tuple[str, str]] = field(default_factory=list)
    calls: dict[str, Calls] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def add_results(self, results: Iterable[tuple[str, JsonObject]], sandbox: Sandbox) -> None:
        """Add the results of tasks. The state of emails is read from the sandbox."""
        for task, result in results:
            outcome = result.get("outcome")
            if outcome in COUNTS:
                counter = self.counts.setdefault(str(outcome), Counter())
                for name in COUNTS[outcome]:
                    counter[name] += _count_of(result.get(name))
            elif outcome in _PUBLISHED:
                self.emails.append(email_state(result, sandbox))
            if outcome is not None and isinstance(result.get("rejects"), str):
                self.rejects.append((task, result["rejects"].removeprefix("file://")))


def count_calls(sandbox: Sandbox) -> dict[str, Calls]:
    """Count the calls by platform, from the sandbox's own log."""
    return {
        name: Calls(platform.calls.total, platform.calls.all.refused.total())
        for name, platform in sandbox.platforms.items()
    }


def email_state(publication: JsonObject, sandbox: Sandbox) -> str:
    """Return id, state and number of recipients of a published email, as the sandbox has them now."""
    job = publication.get("job") or {}
    number, reported = str(job.get("id", "")), str(publication.get("state", ""))
    platform = sandbox.platforms.get(str(publication.get("platform")))
    if platform is None:
        return f"{number} {reported}"
    state = platform.snapshot()
    if job.get("kind") == "email_send" and (program := _find(state["programs"], number)):
        if program["sentAt"] is None:
            return f"program {number} {program['status']}"
        return f"program {number} sent to {program['members']:,}"
    if (email := _find(state["emails"], number)) is None:
        return f"{number} {reported}"
    status, sent = email.get("state") or email.get("status"), email.get("sent") or 0
    return f"{number} {status}, sent to {sent:,}" if sent else f"{number} {status}"


def _find(rows: Iterable[JsonObject], number: str) -> JsonObject | None:
    return next((row for row in rows if str(row["id"]) == number), None)


def _count_of(value: object) -> int:
    """Return a count that is given as a number or as a collection."""
    return value if isinstance(value, int) else len(value) if isinstance(value, (dict, list)) else 0
