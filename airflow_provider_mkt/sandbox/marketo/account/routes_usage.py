"""Usage and errors per day."""

from collections import Counter

from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.account.usage_store import DAYS
from airflow_provider_mkt.sandbox.marketo.responses import LEAD, MarketoRequest, MarketoRoutes, Row, result

routes = MarketoRoutes(LEAD)


@routes.handle("GET", "/stats/usage.json")
async def usage_today(request: MarketoRequest) -> Response:
    return _usage(request, 1)


@routes.handle("GET", "/stats/usage/last7days.json")
async def usage_of_week(request: MarketoRequest) -> Response:
    return _usage(request, DAYS)


@routes.handle("GET", "/stats/errors.json")
async def errors_today(request: MarketoRequest) -> Response:
    return _errors(request, 1)


@routes.handle("GET", "/stats/errors/last7days.json")
async def errors_of_week(request: MarketoRequest) -> Response:
    return _errors(request, DAYS)


def _usage(request: MarketoRequest, days: int) -> Response:
    rows: list[Row] = []
    for day in request.state.usage.days(request.clock.now(), days):
        counts = request.state.usage.calls.get(day, Counter())
        users = [{"userId": user, "count": count} for user, count in sorted(counts.items())]
        rows.append({"date": day.isoformat(), "total": counts.total(), "users": users})
    return result(request, rows)


def _errors(request: MarketoRequest, days: int) -> Response:
    rows: list[Row] = []
    for day in request.state.usage.days(request.clock.now(), days):
        counts = request.state.usage.errors.get(day, Counter())
        errors = [{"errorCode": code, "count": count} for code, count in sorted(counts.items())]
        rows.append({"date": day.isoformat(), "total": counts.total(), "errors": errors})
    return result(request, rows)
