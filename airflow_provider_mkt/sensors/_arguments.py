"""How the sensors read their templated arguments, beside what the operators have for that."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.operators._base import as_list, as_time, required_str

if TYPE_CHECKING:
    from datetime import datetime

    from airflow.providers.common.compat.sdk import Context

IDS_MAX = 3_000
"""Leads that one sensor waits for: their ids are kept with the trigger."""
_CLOCKS_APART = timedelta(seconds=90)


def as_count(field: str, value: Any) -> int:
    """A templated count: a whole number, or text of one; at least 1.

    :raises InvalidInput: when it is anything else.
    """
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidInput(field, f"must be a whole number of 1 or more, not {describe_type(value)}")
    return value


def as_ids(field: str, value: Any) -> list[str]:
    """A templated list of ids, each once.

    :raises InvalidInput: when it is none, or too long.
    """
    ids = [required_str(f"{field}[{index}]", one) for index, one in enumerate(as_list(field, value))]
    if len(ids) > IDS_MAX:
        raise InvalidInput(field, f"has {len(ids):,} ids; at most {IDS_MAX:,}")
    return list(dict.fromkeys(ids))


def time_or_run_start(context: Context, field: str, value: Any) -> datetime:
    """A templated time; when the DAG run began where it is not given.

    :raises InvalidInput: when it is no time, or one without offset.
    """
    moment = as_time(field, value)
    if moment is not None:
        return moment
    began = context["dag_run"].start_date
    if began is None:
        raise InvalidInput(field, "is missing, and the DAG run does not tell when it began")
    return began - _CLOCKS_APART
