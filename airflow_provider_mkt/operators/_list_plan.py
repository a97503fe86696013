"""The plan of a change of a static list: what a dry run returns, and what a later run is held to."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from airflow_provider_mkt.client.errors import PlatformError
from airflow_provider_mkt.client.wording import counted
from airflow_provider_mkt.operators._files import result_path, write_rows
from airflow_provider_mkt.sync.guards import broken
from airflow_provider_mkt.sync.plan import ListPlanOutcome, masked
from airflow_provider_mkt.version_compat import AirflowFailException

if TYPE_CHECKING:
    from airflow_provider_mkt.operators._list_diff import ListDiff
    from airflow_provider_mkt.sync.changes import ChangeRun, Comparison
    from airflow_provider_mkt.sync.guards import GuardResult

STATUSES = (
    *("added", "already_in", "removed", "already_out"),
    *("not_found", "suppressed", "rejected", "unknown", "not_sent"),
)
REASONS_MAX = 50
_PAGE = {"hubspot": 250, "marketo": 300}
_SAMPLE = 10


class ListPlan:
    """What is done with a list, as people see it.

    :param diff: decides it.
    """

    def __init__(self, diff: ListDiff) -> None:
        self._diff = diff
        self._log = diff.writing.operator.log

    def _digest_of_plan(self, comparison: Comparison) -> str:
        numbers = (comparison.manifest, self._diff.digest, self._diff.decided.digest, self._list_digest)
        return hashlib.blake2b(repr(numbers).encode(), digest_size=16).hexdigest()

    @property
    def _source_digest(self) -> str:
        return f"{self._diff.digest % 2**128:032x}"

    @cached_property
    def _list_digest(self) -> str:
        digest = 0
        for person in self._diff.members:
            digest += int.from_bytes(hashlib.blake2b(str(person).encode(), digest_size=16).digest())
        return f"{digest % 2**128:032x}"

    def check(self, comparison: Comparison) -> None:
        """Check that what would be done is what was planned.

        A try that was killed has done a part of it. The next one continues when the source is the same.
        """
        plan = self._diff.options.plan
        if plan is None:
            return
        state = self._diff.writing.task_state
        if (plan["account"], plan["list_id"]) != (self._diff.hook.account_id(), self._diff.list.id):
            what = "it is of another account or list"
        elif comparison.manifest + 1 != plan["run"]:
            what = "another run has changed the state"
        elif self._source_digest != plan["source_digest"]:
            what = "the source has changed"
        elif state.get("plan") == plan["plan"]:
            return
        elif self._list_digest != plan["list_digest"]:
            what = "the list has changed"
        elif self._digest_of_plan(comparison) != plan["plan"]:
            what = "people were created or deleted, their consent or the settings have changed"
        else:
            state.set("plan", str(plan["plan"]))
            return
        raise AirflowFailException(f"The plan cannot be applied: {what} since it was made. Nothing was sent")

    def outcome(self, run: ChangeRun, comparison: Comparison, guards: list[GuardResult]) -> ListPlanOutcome:
        """Return what would be done, and write rows of each kind to a file."""
        decided, problems = self._diff.decided, broken(guards)
        counts = Counter(decided.counts)
        create = counts.pop("created", 0)
        counts["added"] += create
        counts["removed"], counts["suppressed"] = self._diff.to_remove, len(self._diff.held_back)
        unreadable = sum(comparison.reasons.values())
        counts["rejected"] += len(self._diff.refused_rows) + unreadable
        counts["suppressed"] -= counts.pop("held back and removed", 0)
        others = sum(counts[one] for one in ("added", "not_found", "rejected"))
        counts["already_in"] = self._diff.rows - len(self._diff.held_back) - others
        calls = self._cost(create)
        rate = self._diff.hook.rate()
        self._log.info(
            "Nothing is sent: this is a dry run. It would take %s. %s",
            counted(calls, "call"),
            "; ".join(problems) or "All limits are kept",
        )
        path = result_path(self._diff.writing.context, "plan")
        write_rows(path, self._sample(run))
        reasons = (
            Counter(row.code for row in (*self._diff.held_back, *self._diff.refused_rows))
            + comparison.reasons
        )
        reasons.update(code for code, _ in decided.several.values())
        if counts["not_found"]:
            reasons["NOT_FOUND"] = counts["not_found"]
        return ListPlanOutcome(
            outcome="list_sync_plan",
            platform=self._diff.platform,
            account=self._diff.hook.account_id(),
            list_id=self._diff.list.id,
            list_name=self._diff.list.name,
            plan=self._digest_of_plan(comparison),
            source_digest=self._source_digest,
            list_digest=self._list_digest,
            state=self._diff.folder,
            run=comparison.manifest + 1,
            rows=self._diff.rows,
            members=len(self._diff.members),
            ok=not problems,
            problems=problems,
            counts={name: counts[name] for name in STATUSES if counts[name]},
            reasons=dict(reasons.most_common(REASONS_MAX)),
            to_add=counts["added"],
            to_create=create,
            to_remove=self._diff.to_remove,
            calls=calls,
            minutes=round(calls / rate.calls * rate.seconds / 60, 4),
            calls_left=self._calls_left(),
            guards=guards,
            no_removals=self._diff.no_removals,
            path=path,
        )

    def _cost(self, create: int) -> int:
        """Return how many calls it takes: reading the list again, looking people up, and changing it."""
        counts = self._diff.decided.counts
        one_call = self._diff.addition().chunk_max
        searched = (
            len(self._diff.decided.ids) + len(self._diff.decided.missing) + len(self._diff.decided.several)
        )
        parts = [
            (len(self._diff.members), _PAGE[self._diff.platform]),
            (searched, self._diff.batch),
            (create, self._diff.writing.writer.batch_max),
            (counts["added"] + create, one_call),
            (self._diff.to_remove, one_call),
        ]
        if self._diff.options.consent:
            parts.append((self._diff.rows, self._diff.batch))
        return sum(-(-count // size) for count, size in parts)

    def _calls_left(self) -> int | None:
        try:
            quota = self._diff.hook.follow(self._diff.hook.day_quota())
        except PlatformError:
            return None
        return None if quota is None else quota.left

    def _sample(self, run: ChangeRun) -> Iterator[dict[str, object]]:
        """Yield rows of each kind, their keys masked."""
        shown: Counter[str] = Counter()
        for one in run.to_send():
            what = self._diff.outcome_of(one)
            shown[what] += 1
            if shown[what] <= _SAMPLE and what != "already_in":
                yield {"row": one.row and one.row.number, "outcome": what, "key": masked(one.match_key)}
        if not self._diff.no_removals:
            gone = (
                one
                for one in run.to_remove()
                if self._diff.decided.gone.get(one.n) in self._diff.decided.to_remove
            )
            for one in islice(gone, _SAMPLE):
                yield {"row": None, "outcome": "removed", "key": masked(one.match_key)}
        for person in self._diff.decided.others[:_SAMPLE]:
            yield {"row": None, "outcome": "removed", "id": str(person)}
        for row in self._diff.held_back[:_SAMPLE]:
            yield {"row": row.number, "outcome": "suppressed", "code": row.code}
