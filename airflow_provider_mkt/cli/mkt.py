"""The script ``mkt``: the commands of ``airflow mkt``, which Airflow has from 3.2 on, on every version."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from airflow_provider_mkt import __version__


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. It ends with :class:`SystemExit`, whose code is 1 when something is wrong."""
    options = _parser().parse_args(arguments)
    if options.command == "check":
        # Airflow logs a traceback of each file, and the command says what is wrong in a line.
        os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "CRITICAL")
    from airflow_provider_mkt.cli import commands

    run = commands.check if options.command == "check" else commands.connections_test
    run(options)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mkt", description="HubSpot and Marketo Engage in Airflow.")
    parser.add_argument("--version", action="version", version=f"mkt {__version__}")
    groups = parser.add_subparsers(dest="command", required=True, metavar="command")
    connections = groups.add_parser("connections", help="connections of type hubspot and marketo")
    actions = connections.add_subparsers(dest="action", required=True, metavar="action")
    test = actions.add_parser("test", help=TEST_HELP)
    test.add_argument("conn_id", nargs="+", help="ids of connections")
    check = groups.add_parser("check", help=CHECK_HELP)
    check.add_argument("path", nargs="+", help="DAG files, or folders of them")
    check.add_argument("--schema", action="store_true", help=SCHEMA_HELP)
    return parser


TEST_HELP = "test connections: account, calls left today, permissions that are missing"
CHECK_HELP = "check DAG files: what is wrong with the arguments of this provider's tasks"
SCHEMA_HELP = "also read each connection's fields, and check those that mappings name; makes reading calls"

if __name__ == "__main__":
    sys.exit(main())
