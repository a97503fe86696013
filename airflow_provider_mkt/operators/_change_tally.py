"""The results of the rows of one sync that compares, and its outcome."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_mkt.operators._change_outcomes import RowDetails
    from airflow_provider_mkt.operators._change_rows import PlanSize
    from airflow_provider_mkt.sync.changes import Comparison
    from airflow_provider_mkt.sync.results import ChangesOutcome, SyncOutcome


@dataclass
class Tally:
    """The results of the rows of one run.

    :param imported: rows that were written by an import that does not tell new leads from others.
    :param kept: values that were left out, since they would have gone back.
    :param reconciled: acknowledged rows that were read back.
    :param drifted: those of them whose record differs, or is missing.
    :param details: of every row, for the file of outcomes; None when nobody wants it.
    :param sent: rows that were to be sent and have a result.
    """

    created: int = 0
    updated: int = 0
    imported: int = 0
    skipped: int = 0
    rejected: int = 0
    unknown: int = 0
    suppressed: int = 0
    removed: int = 0
    not_removed: int = 0
    kept: int = 0
    reconciled: int = 0
    drifted: int = 0
    sent: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    details: RowDetails | None = None

    def outcome(
        self,
        platform: str,
        comparison: Comparison,
        size: PlanSize,
        rest: SyncOutcome | None,
        rejects: str | None,
        outcomes: str | None,
    ) -> ChangesOutcome:
        """Return the outcome of the sync, without what only its caller knows.

        :param rest: the outcome of what was imported; None without.
        :param rejects: the file of rejected rows; None when there are none.
        :param outcomes: the file of the outcomes of all rows; None without.
        """
        from airflow_provider_mkt.sync.changes import Operation

        created = None if self.imported else self.created
        skipped, reasons = self.skipped + size.skipped, self.reasons
        if size.skipped:
            reasons["EXISTS"] += size.skipped
        as_before = (Operation.UNCHANGED, Operation.ASSUMED, Operation.DRIFTED)
        unchanged = sum(comparison.counts[one] for one in as_before)
        return {
            "outcome": "lead_sync",
            "platform": platform,
            "mode": "calls" if rest is None else rest["mode"],
            "total": comparison.total,
            "written": self.created + self.updated + self.imported,
            "created": created,
            "updated": None if created is None else self.updated,
            "unchanged": unchanged,
            "skipped": skipped,
            "rejected": self.rejected,
            "unknown": self.unknown,
            "suppressed": self.suppressed,
            "not_sent": size.by_id + size.by_key - self.sent,
            "removed": self.removed,
            "not_removed": self.not_removed,
            "kept": self.kept,
            "warned": 0 if rest is None else rest["warned"],
            "reconciled": self.reconciled,
            "drifted": self.drifted,
            "resumed": comparison.resumed,
            "reasons": dict(reasons.most_common(50)),
            "rejects": rejects,
            "warnings": None if rest is None else rest["warnings"],
            "outcomes": outcomes,
            "jobs": [] if rest is None else rest["jobs"],
            "calls": 0,
            "seconds": 0.0,
            "run": 0,
            "state": "",
            "history": "",
            "guards": [],
        }
