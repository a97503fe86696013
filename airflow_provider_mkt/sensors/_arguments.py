"""Templated arguments of sensors."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.client.wording import counted
from airflow_provider_mkt.operators._parameters import as_list, as_time, required_str

if TYPE_CHECKING:
    from datetime import datetime

    from airflow.sdk import Context

IDS_MAX = 3_000
"""Most leads that one sensor waits for: their ids are stored with the trigger."""
_CLOCKS_APART = timedelta(seconds=90)


def as_count(field: str, value: object) -> int:
    """Read a templated count: a whole number of 1 or more, or its text.

    :raises InvalidInput: when it is anything else.
    """
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidInput(field, f"must be a whole number of 1 or more, not {describe_type(value)}")
    return value


def as_ids(field: str, value: object) -> list[str]:
    """Read a templated list of ids, each once.

    :raises InvalidInput: when it is not a list of ids, or too long.
    """
    ids = [required_str(f"{field}[{index}]", one) for index, one in enumerate(as_list(field, value))]
    if len(ids) > IDS_MAX:
        raise InvalidInput(field, f"has {counted(len(ids), 'id')}; at most {IDS_MAX:,}")
    return list(dict.fromkeys(ids))


def time_or_run_start(context: Context, field: str, value: object) -> datetime:
    """Read a templated time; the DAG run's start when not given.

    :raises InvalidInput: when it is not a time with an offset.
    """
    moment = as_time(field, value)
    if moment is not None:
        return moment
    began = context["dag_run"].start_date
    if began is None:
        raise InvalidInput(field, "is missing, and the DAG run has no start date")
    return began - _CLOCKS_APART
