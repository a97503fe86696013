"""API usage and API errors of the instance. Each of these calls counts as usage itself."""

from __future__ import annotations

from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.marketo.requests import read
from airflow_provider_mkt.client.marketo.responses import first_row_as, rows_as
from airflow_provider_mkt.client.marketo.rows import Errors, Usage
from airflow_provider_mkt.client.parameters import endpoint


@endpoint
def today() -> Call[Usage | None]:
    """Read today's number of API calls, in total and per API user. No endpoint returns the quota itself.

    :returns: ``date``, ``total`` and ``users``; None before the first call of the day.

    Source: ``GET /rest/v1/stats/usage.json``.
    """
    return read("usage.today", "/stats/usage.json", first_row_as(Usage), scopes=())


@endpoint
def last_7_days() -> Call[list[Usage]]:
    """Read the number of API calls of the last seven days, one row per day.

    Source: ``GET /rest/v1/stats/usage/last7days.json``.
    """
    return read("usage.last_7_days", "/stats/usage/last7days.json", rows_as(Usage), scopes=())


@endpoint
def errors_today() -> Call[Errors | None]:
    """Read today's number of API errors, in total and per error code.

    :returns: ``date``, ``total`` and ``errors``; None before the first error of the day.

    Source: ``GET /rest/v1/stats/errors.json``.
    """
    return read("usage.errors_today", "/stats/errors.json", first_row_as(Errors), scopes=())


@endpoint
def errors_last_7_days() -> Call[list[Errors]]:
    """Read the number of API errors of the last seven days, one row per day.

    Source: ``GET /rest/v1/stats/errors/last7days.json``.
    """
    return read("usage.errors_last_7_days", "/stats/errors/last7days.json", rows_as(Errors), scopes=())
