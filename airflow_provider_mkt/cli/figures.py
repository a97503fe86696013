"""What a DAG run came to, in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_mkt.sandbox import Sandbox

COUNTED = {
    "lead_sync": ("created", "updated", "skipped", "rejected"),
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
    """API calls of one platform."""

    total: int = 0
    refused: int = 0

    def __sub__(self, other: Calls) -> Calls:
        return Calls(self.total - other.total, self.refused - other.refused)


@dataclass
class DagFigures:
    """One DAG's row of figures.

    :param dag_id: the DAG.
    :param counts: what was counted, by outcome: an outcome that did not occur has none.
    :param emails: state of each email that was published.
    :param rejects: task and file of every file of rejects.
    :param calls: API calls by platform.
    :param errors: last error by task.
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

    def take(self, results: Iterable[tuple[str, Mapping[str, Any]]], sandbox: Sandbox) -> None:
        """Add up what the tasks returned; the state of emails comes from the sandbox itself."""
        for task, result in results:
            outcome = result.get("outcome")
            if outcome in COUNTED:
                counter = self.counts.setdefault(str(outcome), Counter())
                for name in COUNTED[outcome]:
                    counter[name] += _count(result.get(name))
            elif outcome in _PUBLISHED:
                self.emails.append(email_state(result, sandbox))
            if outcome is not None and isinstance(result.get("rejects"), str):
                self.rejects.append((task, result["rejects"].removeprefix("file://")))


def calls_so_far(sandbox: Sandbox) -> dict[str, Calls]:
    """Calls by platform, from the sandbox's own log."""
    return {
        name: Calls(platform.calls.total, platform.calls.all.refused.total())
        for name, platform in sandbox.platforms.items()
    }


def email_state(publication: Mapping[str, Any], sandbox: Sandbox) -> str:
    """Id, state and reach of what was published, as the platform has them now."""
    job = publication.get("job") or {}
    number, told = str(job.get("id", "")), str(publication.get("state", ""))
    platform = sandbox.platforms.get(str(publication.get("platform")))
    if platform is None:
        return f"{number} {told}"
    state = platform.snapshot()
    if job.get("kind") == "email_send" and (program := _of_id(state["programs"], number)):
        if program["sentAt"] is None:
            return f"program {number} {program['status']}"
        return f"program {number} sent to {program['members']:,}"
    if (email := _of_id(state["emails"], number)) is None:
        return f"{number} {told}"
    word, sent = email.get("state") or email.get("status"), email.get("sent") or 0
    return f"{number} {word}, sent to {sent:,}" if sent else f"{number} {word}"


def _of_id(rows: Iterable[Mapping[str, Any]], number: str) -> Mapping[str, Any] | None:
    return next((row for row in rows if str(row["id"]) == number), None)


def _count(value: object) -> int:
    """A count, or the things themselves."""
    return value if isinstance(value, int) else len(value) if isinstance(value, (dict, list)) else 0
