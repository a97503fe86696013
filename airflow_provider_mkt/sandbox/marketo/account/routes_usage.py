"""How many calls were made, and which errors came, per day."""

from collections import Counter

from airflow_provider_mkt.sandbox.marketo.account.usage_store import DAYS
from airflow_provider_mkt.sandbox.marketo.responses import LEAD, Call, MarketoRoutes, Row, result
from airflow_provider_mkt.sandbox.server.responses import Reply

routes = MarketoRoutes(LEAD)


@routes.handle("GET", "/stats/usage.json")
async def usage_today(call: Call) -> Reply:
    return _usage(call, 1)


@routes.handle("GET", "/stats/usage/last7days.json")
async def usage_of_week(call: Call) -> Reply:
    return _usage(call, DAYS)


@routes.handle("GET", "/stats/errors.json")
async def errors_today(call: Call) -> Reply:
    return _errors(call, 1)


@routes.handle("GET", "/stats/errors/last7days.json")
async def errors_of_week(call: Call) -> Reply:
    return _errors(call, DAYS)


def _usage(call: Call, days: int) -> Reply:
    rows: list[Row] = []
    for day in call.state.usage.days(call.clock.now(), days):
        counts = call.state.usage.calls.get(day, Counter())
        users = [{"userId": user, "count": count} for user, count in sorted(counts.items())]
        rows.append({"date": day.isoformat(), "total": counts.total(), "users": users})
    return result(call, rows)


def _errors(call: Call, days: int) -> Reply:
    rows: list[Row] = []
    for day in call.state.usage.days(call.clock.now(), days):
        counts = call.state.usage.errors.get(day, Counter())
        errors = [{"errorCode": code, "count": count} for code, count in sorted(counts.items())]
        rows.append({"date": day.isoformat(), "total": counts.total(), "errors": errors})
    return result(call, rows)
