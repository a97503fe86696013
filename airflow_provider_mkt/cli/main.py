"""The command ``mkt-sandbox``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from airflow_provider_mkt import __version__
from airflow_provider_mkt.cli.exit_codes import FAILED, INTERRUPTED

_SANDBOX_MODULES = ("jinja2", "python_multipart", "starlette", "uvicorn")
"""What the extra ``sandbox`` installs."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = _parser().parse_args(arguments)
    if missing := [module for module in _SANDBOX_MODULES if find_spec(module) is None]:
        sys.stderr.write(
            f"mkt-sandbox: not installed: {', '.join(missing)}. "
            "Run: pip install 'airflow-provider-mkt[sandbox]'\n"
        )
        return FAILED
    try:
        # Each command imports what it needs, so that --help is fast.
        if options.command == "serve":
            from airflow_provider_mkt.cli.serve import serve

            return serve(options)
        from airflow_provider_mkt.cli.run import run

        return run(options)
    except KeyboardInterrupt:
        sys.stderr.write("mkt-sandbox: stopped\n")
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mkt-sandbox",
        description="HubSpot and Marketo Engage on this machine, to try DAGs with. No real account is used.",
    )
    parser.add_argument("--version", action="version", version=f"mkt-sandbox {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    _add_run(commands.add_parser("run", help="run a file's DAGs against the sandbox", description=_RUN))
    _add_serve(commands.add_parser("serve", help="run the sandbox until Ctrl-C", description=_SERVE))
    return parser


_RUN = """\
Runs every DAG of a file in real Airflow and prints the results. Airflow uses a temporary home and
database; your own Airflow is not changed. Your accounts are not used: every connection of type hubspot
or marketo in the environment points to the sandbox. Retries wait 1 second, whatever their retry_delay;
sensors and waiting operators poll every second; Marketo's exports take seconds, not minutes.
A task that waits for a person gets its answer from --approve, --reject or --answer. Without one the run
ends with exit code 3, and says which task waits.
"""
_SERVE = """\
Runs the sandbox of both platforms in the foreground and prints its connections, ready to paste.
"""


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="DAG file")
    parser.add_argument(
        "--dag-id", action="append", default=[], metavar="ID", help="run only this DAG; repeatable"
    )
    parser.add_argument(
        "--param",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a DAG parameter, as JSON or else as text; repeatable",
    )
    for platform in ("hubspot", "marketo"):
        parser.add_argument(
            f"--{platform}-conn-id",
            action="append",
            default=[],
            metavar="ID",
            help=f"another connection id of your DAGs, in addition to {platform}_default; repeatable",
        )
    _add_answers(parser)
    parser.add_argument("--keep", action="store_true", help="keep the run's directory with its database")
    parser.add_argument("--log", type=Path, metavar="FILE", help="file for Airflow's log")
    parser.add_argument(
        "--timeout",
        type=_positive,
        default=900.0,
        metavar="SECONDS",
        help="stop the run after this time (default: %(default)g)",
    )
    _add_latency(parser)


def _add_answers(parser: argparse.ArgumentParser) -> None:
    together = parser.add_mutually_exclusive_group()
    for option in ("Approve", "Reject"):
        together.add_argument(
            f"--{option.lower()}",
            dest="default_answer",
            action="store_const",
            const=option,
            help=f"answer {option!r} to every task that waits for a person",
        )
    parser.add_argument(
        "--answer",
        action="append",
        default=[],
        metavar="TASK_ID=OPTION",
        help="the answer to one task that waits for a person; repeatable",
    )


def _add_serve(parser: argparse.ArgumentParser) -> None:
    for platform in ("hubspot", "marketo"):
        parser.add_argument(
            f"--{platform}-port",
            type=_port,
            default=0,
            metavar="N",
            help="port; 0 selects a free one (default: 0)",
        )
    _add_latency(parser)
    parser.add_argument("--json", action="store_true", help="print one line of JSON instead")


def _add_latency(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--latency",
        type=_not_negative,
        default=0.0,
        metavar="SECONDS",
        help="duration of each call to the platforms (default: %(default)g)",
    )


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not 0 <= number < float("inf"):
        msg = f"{text!r} is not a number of seconds"
        raise argparse.ArgumentTypeError(msg)
    return number


_not_negative = _number


def _positive(text: str) -> float:
    if number := _number(text):
        return number
    msg = "must be more than 0"
    raise argparse.ArgumentTypeError(msg)


def _port(text: str) -> int:
    if text.isdecimal() and int(text) < 65_536:
        return int(text)
    msg = f"{text!r} is not a port"
    raise argparse.ArgumentTypeError(msg)


if __name__ == "__main__":
    sys.exit(main())
