"""The page at `/`: the state of the platform and its calls, for a person."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

from starlette.responses import HTMLResponse, Response

from airflow_provider_mkt.pages.charts import CallChart, windows
from airflow_provider_mkt.pages.rendering import render
from airflow_provider_mkt.sandbox.server.platform import AnyPlatform
from airflow_provider_mkt.sandbox.server.state import Table

INTERVALS = 30
"""Bars of the chart of calls."""


def respond(platform: AnyPlatform, query: bytes = b"") -> Response:
    """Return the page of a platform, or that of the one thing which the query names."""
    named = parse_qsl(query.decode("latin-1"))
    details = platform.details(*named[0]) if named else []
    tables = details or [*platform.tables(), _faults(platform), _fired(platform), _calls(platform)]
    html = render(
        "airflow_provider_mkt.sandbox.server",
        "page.html",
        refresh=3,
        title=platform.title,
        figures=_figures(platform),
        chart=_chart(platform),
        tables=tables,
        is_part=bool(details),
    )
    return HTMLResponse(html.encode("utf-8", "replace"), headers={"cache-control": "no-store"})


def _figures(platform: AnyPlatform) -> dict[str, str]:
    limits, calls = platform.limits, platform.calls
    per_day = "no limit" if limits.daily.limit is None else f"of {limits.daily.limit:,}"
    ahead = f" (+{platform.clock.offset:,.0f} s)" if platform.clock.offset else ""
    return {
        "Clock (UTC)": f"{platform.clock.now():%Y-%m-%d %H:%M:%S}{ahead}",
        "Calls today": f"{limits.daily.used:,} {per_day}",
        "Calls in all": f"{calls.total:,}",
        "In flight / peak": f"{calls.all.in_flight} / {calls.all.peak_in_flight}",
        "Refused": ", ".join(f"{gate} {count:,}" for gate, count in limits.refused.items()) or "none",
        "Latency": f"{platform.latency:g} s",
    }


def _chart(platform: AnyPlatform) -> CallChart:
    calls, rate, now = platform.calls, platform.limits.rate, platform.clock.time()
    seconds = max(rate.seconds, 1.0)
    return CallChart(
        seconds,
        rate.limit,
        windows(calls.by_second, now=now, seconds=seconds, number=INTERVALS),
        windows(calls.refused_by_second, now=now, seconds=seconds, number=INTERVALS),
    )


def _faults(platform: AnyPlatform) -> Table:
    rows = [
        [
            str(fault.id),
            fault.method or "any",
            fault.path,
            fault.when,
            json.dumps(fault.answer, default=str) if fault.answer else f"slow by {fault.delay:g} s",
            f"{fault.fired} of {'∞' if fault.times is None else fault.times}",
        ]
        for fault in platform.faults.waiting
    ]
    return Table("Faults waiting", ["id", "method", "path", "when", "answer", "fired"], rows)


def _fired(platform: AnyPlatform) -> Table:
    rows = [
        [str(hit.fault), hit.method, hit.path, hit.when]
        for hit in reversed(list(platform.faults.fired)[-10:])
    ]
    return Table("Faults fired, newest first", ["id", "method", "path", "when"], rows)


def _calls(platform: AnyPlatform) -> Table:
    rows = [
        [
            method,
            route,
            f"{counter.total:,}",
            ", ".join(f"{status or 'cut'}: {count:,}" for status, count in sorted(counter.by_status.items())),
            f"{sum(counter.refused.values()):,}",
            str(counter.peak_in_flight),
        ]
        for (method, route), counter in sorted(platform.calls.routes.items())
    ]
    return Table("Calls", ["method", "route", "calls", "by status", "refused", "peak in flight"], rows)
