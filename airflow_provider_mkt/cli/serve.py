"""``mkt-sandbox serve``: runs the sandbox in the foreground."""

from __future__ import annotations

import gc
import json
import shlex
import sys
from typing import TYPE_CHECKING

from airflow_provider_mkt.cli import connections
from airflow_provider_mkt.cli.exit_codes import FAILED
from airflow_provider_mkt.sandbox import Sandbox

if TYPE_CHECKING:
    import argparse

    from airflow_provider_mkt.cli.connections import SandboxConnection


def serve(options: argparse.Namespace) -> int:
    """Serve both platforms until SIGINT or SIGTERM.

    :param options: the parsed arguments.
    :returns: the exit code.
    """
    sandbox = Sandbox(
        hubspot_port=options.hubspot_port, marketo_port=options.marketo_port, latency=options.latency
    )
    _collect_rarely()
    try:
        sandbox.start()
    except OSError as error:
        sys.stderr.write(f"mkt-sandbox: cannot listen: {error.strerror or error}\n")
        return FAILED
    served = [connections.of_hubspot(sandbox), connections.of_marketo(sandbox)]
    # Printed after the signal handlers are set: whoever reads it may send a signal at once.
    sandbox.serve_forever(lambda: print(_to_json(served) if options.json else _to_text(served), flush=True))
    return 0


def _collect_rarely() -> None:
    # A collection of all objects takes a second when there are 100,000 people, and holds up every client.
    # Nearly all that the sandbox drops is free of cycles, and younger objects are collected as before.
    gc.freeze()
    first, second, _ = gc.get_threshold()
    gc.set_threshold(first, second, 100_000)


def _to_json(served: list[SandboxConnection]) -> str:
    return json.dumps({one.conn_type: {"url": f"{one.url}/", "uri": one.uri} for one in served})


def _to_text(served: list[SandboxConnection]) -> str:
    titles = {"hubspot": "HubSpot", "marketo": "Marketo"}
    pages = "\n".join(f"{titles[one.conn_type]:<9}{one.url}/" for one in served)
    exports = "\n".join(f"export {one.variable}={_quote(one.uri)}" for one in served)
    commands = "\n".join(
        f"airflow connections add {one.conn_id} --conn-uri {_quote(one.uri)}" for one in served
    )
    return (
        f"{pages}\n\n"
        f"# Connections for Airflow, in its environment:\n{exports}\n\n"
        f"# or in its database:\n{commands}\n\n"
        "Press Ctrl-C to stop."
    )


def _quote(text: str) -> str:
    quoted = shlex.quote(text)
    return quoted if quoted.startswith("'") else f"'{quoted}'"
