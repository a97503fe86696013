"""The page at `/`: what is in the platform now, for a person."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from starlette.responses import HTMLResponse, Response

from airflow_provider_mkt.sandbox.server.platform import Platform
from airflow_provider_mkt.sandbox.server.state import Table

_STYLE = """
:root{color-scheme:light dark;--line:#8884;--soft:#8881}
body{font:14px/1.45 system-ui,sans-serif;margin:0 auto;max-width:72rem;padding:1.2rem}
h1{font-size:1.3rem;margin:0}h2{font-size:1rem;margin:1.6rem 0 .4rem}
p{margin:.2rem 0 .6rem;opacity:.75}
dl{display:flex;flex-wrap:wrap;gap:.6rem;margin:1rem 0}
dl div{background:var(--soft);border:1px solid var(--line);border-radius:.5rem;padding:.4rem .8rem}
dt{font-size:.75rem;opacity:.7}dd{margin:0;font-variant-numeric:tabular-nums;font-weight:600}
.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:.5rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.3rem .7rem;border-bottom:1px solid var(--line);white-space:nowrap}
tr:last-child td{border-bottom:0}th{font-size:.75rem;background:var(--soft)}
td{max-width:24rem;overflow:hidden;text-overflow:ellipsis}
"""

_REFRESH = """
setInterval(async()=>{try{const r=await fetch("/",{cache:"no-store"});
const d=new DOMParser().parseFromString(await r.text(),"text/html");
document.querySelector("main").replaceWith(d.querySelector("main"))}catch(e){}},3000)
"""


def respond(platform: Platform[Any, Any]) -> Response:
    """The page of one platform."""
    tables = [*platform.tables(), _faults(platform), _fired(platform), _calls(platform)]
    html = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(platform.title)}</title><style>{_STYLE}</style>"
        f"<main><h1>{escape(platform.title)}</h1>"
        f"<p>An emulator on this machine. Nothing here reaches anybody. Control: /_sandbox/</p>"
        f"{_facts(platform)}{''.join(_table(table) for table in tables)}</main>"
        f"<script>{_REFRESH}</script></html>"
    )
    return HTMLResponse(html.encode("utf-8", "replace"), headers={"cache-control": "no-store"})


def _facts(platform: Platform[Any, Any]) -> str:
    limits, calls = platform.limits, platform.calls
    per_day = "no limit" if limits.daily.limit is None else f"of {limits.daily.limit:,}"
    ahead = f" (+{platform.clock.offset:,.0f} s)" if platform.clock.offset else ""
    facts = {
        "Clock (UTC)": f"{platform.clock.now():%Y-%m-%d %H:%M:%S}{ahead}",
        "Calls today": f"{limits.daily.used:,} {per_day}",
        "Calls in all": f"{calls.total:,}",
        "In flight / peak": f"{calls.all.in_flight} / {calls.all.peak_in_flight}",
        "Refused": ", ".join(f"{gate} {count:,}" for gate, count in limits.refused.items()) or "none",
        "Latency": f"{platform.latency:g} s",
    }
    return (
        "<dl>"
        + "".join(
            f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts.items()
        )
        + "</dl>"
    )


def _table(table: Table) -> str:
    note = f"<p>{escape(table.note)}</p>" if table.note else ""
    if not table.rows:
        return f"<h2>{escape(table.title)}</h2>{note}<p>None.</p>"
    head = "".join(f"<th>{escape(column)}</th>" for column in table.columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows
    )
    return (
        f'<h2>{escape(table.title)}</h2>{note}<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _faults(platform: Platform[Any, Any]) -> Table:
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


def _fired(platform: Platform[Any, Any]) -> Table:
    rows = [
        [str(hit.fault), hit.method, hit.path, hit.when]
        for hit in reversed(list(platform.faults.fired)[-10:])
    ]
    return Table("Faults fired, newest first", ["id", "method", "path", "when"], rows)


def _calls(platform: Platform[Any, Any]) -> Table:
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
