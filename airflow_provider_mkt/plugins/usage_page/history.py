"""What the latest tasks did, from Airflow's run history."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.plugins.usage_page.accounts import Task

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SHOWN_DAYS = 7
SHOWN = 20
"""How many tasks of a kind are shown."""

KINDS: Mapping[str, Sequence[str]] = {
    "Syncs": ("SyncLeadsOperator", "SyncObjectsOperator", "SyncListOperator"),
    "Imports": ("ImportLeadsOperator", "PushLeadsOperator", "SubmitFormOperator"),
    "Exports": (
        "ExportActivitiesOperator",
        "ExportCampaignReportsOperator",
        "ExportCustomObjectsOperator",
        "ExportDeletedLeadsOperator",
        "ExportEmailEventsOperator",
        "ExportEventParticipationsOperator",
        "ExportFormSubmissionsOperator",
        "ExportLeadsOperator",
        "ExportListMembersOperator",
        "ExportObjectsOperator",
        "ExportProgramMembersOperator",
        "ExportSubscriptionsOperator",
    ),
    "Sends": (
        "PublishEmailOperator",
        "SendTransactionalEmailOperator",
        "SendSingleEmailOperator",
        "SendEmailToPeopleOperator",
        "SendSampleEmailOperator",
        "ScheduleEmailProgramOperator",
        "ScheduleCampaignOperator",
        "RequestCampaignOperator",
        "EnrollNurtureOperator",
        "EnrollSequenceOperator",
        "EnrollWorkflowOperator",
    ),
}
"""The operators of each kind, by class name: the run history has no more of a task's class."""

_COUNTS = (
    "total",
    "written",
    "created",
    "updated",
    "unchanged",
    "skipped",
    "added",
    "already_in",
    "removed",
    "rows",
    "windows",
    "enrolled",
    "already_enrolled",
    "requested",
    "sent",
    "mailed",
    "mailed_before",
    "unknown",
)
"""Counts of the outcomes, in the order in which they are shown."""


@dataclass(frozen=True)
class TaskRun:
    """The latest try of one task instance.

    :param counts: from its outcome; None when it has none, or the reader may not read XComs.
    :param rejected: rejected records or items.
    """

    task: Task
    operator: str
    state: str
    started: datetime | None
    seconds: float | None
    counts: str | None
    rejected: int | None


def latest_runs(
    session: Session, dag_ids: Collection[str], *, with_outcomes: bool, now: datetime
) -> dict[str, list[TaskRun]]:
    """Return the latest tasks of each kind, the newest first.

    :param dag_ids: the DAGs that the reader may see.
    :param with_outcomes: whether the reader may see what the tasks returned.
    """
    return {
        kind: _runs(session, dag_ids, operators, with_outcomes=with_outcomes, now=now) if dag_ids else []
        for kind, operators in KINDS.items()
    }


def _runs(
    session: Session,
    dag_ids: Collection[str],
    operators: Sequence[str],
    *,
    with_outcomes: bool,
    now: datetime,
) -> list[TaskRun]:
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance as TI
    from airflow.models.xcom import XComModel
    from sqlalchemy import and_, select

    # The index on run_after bounds what is read, however old the history is.
    query = (
        select(
            TI.dag_id,
            TI.run_id,
            TI.task_id,
            TI.map_index,
            TI.operator,
            TI.state,
            TI.start_date,
            TI.duration,
            XComModel.value,
        )
        .join(DagRun, and_(DagRun.dag_id == TI.dag_id, DagRun.run_id == TI.run_id))
        .outerjoin(
            XComModel,
            and_(
                XComModel.dag_id == TI.dag_id,
                XComModel.run_id == TI.run_id,
                XComModel.task_id == TI.task_id,
                XComModel.map_index == TI.map_index,
                XComModel.key == "return_value",
            ),
        )
        .where(
            DagRun.run_after >= now - timedelta(days=SHOWN_DAYS),
            TI.operator.in_(operators),
            TI.dag_id.in_(dag_ids),
            TI.start_date.is_not(None),
        )
        .order_by(TI.start_date.desc())
        .limit(SHOWN)
    )
    return [_task_run(row, with_outcome=with_outcomes) for row in session.execute(query)]


def _task_run(row: Any, *, with_outcome: bool) -> TaskRun:
    outcome = _outcome(row.value) if with_outcome else {}
    counts = [
        f"{name.replace('_', ' ')} {value:,}"
        for name in _COUNTS
        if isinstance(value := outcome.get(name), int) and not isinstance(value, bool)
    ]
    rejected = outcome.get("rejected")
    return TaskRun(
        Task(row.dag_id, row.run_id, row.task_id, row.map_index),
        row.operator,
        str(row.state or "no status"),
        row.start_date,
        row.duration,
        ", ".join(counts) or None,
        len(rejected) if isinstance(rejected, dict) else rejected if isinstance(rejected, int) else None,
    )


def _outcome(value: object) -> Mapping[str, Any]:
    """Return what a task returned. An XCom backend may keep something else in the database."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}
