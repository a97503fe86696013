"""The table of results at the end of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from airflow_provider_mkt.cli.summary import COUNTS

if TYPE_CHECKING:
    from airflow_provider_mkt.cli.summary import DagSummary

_GAP = "   "
_NONE = "-"
_LABEL_FORMATS = {
    "lead_sync": "leads {}",
    "object_sync": "records {}",
    "campaign_batch": "campaigns {}",
    "nurture_enrollment": "enrolments {}",
    "lead_import": "rows {}",
    "list_addition": "list members {}",
    "event_attendance": "attendance {}",
    "email_mailing": "people {}",
    "campaign_update": "campaigns {}",
    "campaign_assets": "assets {}",
    "export": "{} exported",
}
_LABELS = {
    ("nurture_enrollment", "enrolled"): "enrolled",
    ("nurture_enrollment", "already_enrolled"): "enrolled before",
}
_ALWAYS = {("lead_sync", "rejected"), ("nurture_enrollment", "rejected"), ("lead_import", "rejected")}
_SHOWN_IF_NOT_ZERO = ("rejected", "unknown", "removed", "mailed_before", "already_in")
_PLATFORMS = {"hubspot": "HubSpot calls", "marketo": "Marketo calls"}


def table(dags: Sequence[DagSummary], width: int) -> str:
    """Return the table: a column for each DAG, in as many blocks as the width requires.

    :param dags: the DAGs, at least one.
    :param width: characters per line.
    """
    labels, *columns = zip(*_rows(dags), strict=True)
    first = max(map(len, labels))
    blocks: list[list[tuple[str, ...]]] = []
    left = 0
    for column in columns:
        needed = len(_GAP) + max(map(len, column))
        if not blocks or needed > left:
            blocks.append([])
            left = width - first
        blocks[-1].append(column)
        left -= needed
    return "\n\n".join(_block(labels, block) for block in blocks)


def _block(labels: Sequence[str], columns: Sequence[Sequence[str]]) -> str:
    first = max(map(len, labels))
    widths = [max(map(len, column)) for column in columns]
    lines = []
    for number, label in enumerate(labels):
        cells = [column[number] for column in columns]
        if number and all(cell == _NONE for cell in cells):
            continue
        padded = [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]
        lines.append(_GAP.join([label.ljust(first), *padded]).rstrip())
    rule = "-" * max(map(len, lines))
    return "\n".join([lines[0], rule, *lines[1:]])


def _rows(dags: Sequence[DagSummary]) -> Iterator[tuple[str, ...]]:
    yield ("", *(dag.dag_id for dag in dags))
    for outcome, names in COUNTS.items():
        counters = [dag.counts.get(outcome) for dag in dags]
        for name in names:
            optional = name in _SHOWN_IF_NOT_ZERO and (outcome, name) not in _ALWAYS
            if optional and not any(counter and counter[name] for counter in counters):
                continue
            label = _LABELS.get((outcome, name)) or _LABEL_FORMATS[outcome].format(name.replace("_", " "))
            yield (label, *(_NONE if counter is None else f"{counter[name]:,}" for counter in counters))
    for place in range(max(len(dag.emails) for dag in dags)):
        yield ("email", *(dag.emails[place] if place < len(dag.emails) else _NONE for dag in dags))
    for platform, label in _PLATFORMS.items():
        yield (label, *(_calls(dag, platform) for dag in dags))
    yield ("tasks", *(_tasks(dag) for dag in dags))
    yield ("seconds", *(f"{dag.seconds:.1f}" for dag in dags))
    yield ("result", *(dag.state for dag in dags))


def _calls(dag: DagSummary, platform: str) -> str:
    calls = dag.calls.get(platform)
    if calls is None:
        return _NONE
    return f"{calls.total:,} ({calls.refused:,} refused)" if calls.total else "0"


def _tasks(dag: DagSummary) -> str:
    if len(dag.tasks) == 1 and "success" in dag.tasks:
        return f"{dag.tasks['success']} success"
    return ", ".join(f"{count} {state}" for state, count in sorted(dag.tasks.items())) or _NONE
