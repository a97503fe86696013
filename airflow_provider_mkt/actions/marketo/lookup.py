"""Look up Marketo assets that may not exist."""

from __future__ import annotations

from typing import TypeVar

from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import NotFound

T = TypeVar("T")

_NO_RECORD_FOUND = "702"


def find_or_none(call: Call[T | None]) -> Procedure[T | None]:
    """Run a lookup and return None where the asset does not exist.

    Marketo reports a missing asset either as an empty result or as error 702.

    :param call: the lookup.
    :returns: the asset, or None.
    :raises NotFound: with any code other than 702.
    """
    try:
        answer: T | None = yield call
    except NotFound as error:
        if error.code != _NO_RECORD_FOUND:
            raise
        return None
    return answer
