"""How many calls the instance has used, and which errors it gave. Each question is a call itself."""

from __future__ import annotations

from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.marketo.requests import read
from airflow_provider_mkt.client.marketo.responses import first_as, rows_as
from airflow_provider_mkt.client.marketo.rows import Errors, Usage


def today() -> Call[Usage | None]:
    """Read today's calls, in all and per API user. The quota itself is not told by any endpoint.

    :returns: ``date``, ``total`` and ``users``; None when there were none yet.

    Source: ``GET /rest/v1/stats/usage.json``.
    """
    return read("usage.today", "/stats/usage.json", first_as(Usage), scopes=())


def last_7_days() -> Call[list[Usage]]:
    """Read the calls of the last seven days, a row per day.

    Source: ``GET /rest/v1/stats/usage/last7days.json``.
    """
    return read("usage.last_7_days", "/stats/usage/last7days.json", rows_as(Usage), scopes=())


def errors_today() -> Call[Errors | None]:
    """Read today's errors, in all and per code.

    :returns: ``date``, ``total`` and ``errors``; None when there were none yet.

    Source: ``GET /rest/v1/stats/errors.json``.
    """
    return read("usage.errors_today", "/stats/errors.json", first_as(Errors), scopes=())


def errors_last_7_days() -> Call[list[Errors]]:
    """Read the errors of the last seven days, a row per day.

    Source: ``GET /rest/v1/stats/errors/last7days.json``.
    """
    return read("usage.errors_last_7_days", "/stats/errors/last7days.json", rows_as(Errors), scopes=())
