"""What ``airflow mkt`` and ``mkt`` do."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_mkt.cli.exit_codes import FAILED, WRONG_USE

if TYPE_CHECKING:
    import argparse


def connections_test(options: argparse.Namespace) -> None:
    """Test connections as the button in Airflow's form does, here on this machine.

    :param options: ``conn_id`` has the ids.
    """
    failed = False
    for conn_id in options.conn_id:
        worked, message = test_connection(conn_id)
        failed = failed or not worked
        print(f"{conn_id}: {'OK' if worked else 'failed'}: {message}", flush=True)
    sys.exit(FAILED if failed else 0)


def check(options: argparse.Namespace) -> None:
    """Check DAG files.

    :param options: ``path`` has files and folders, and ``schema`` says to check fields too.
    """
    from airflow_provider_mkt.cli.checking import check_dag_files

    paths = [Path(one) for one in options.path]
    for path in paths:
        if not path.exists():
            sys.stderr.write(f"mkt: there is no {path}\n")
            sys.exit(WRONG_USE)
    report = check_dag_files([path.resolve() for path in paths], schema=options.schema)
    for problem in report.problems:
        print(problem)
    print(report.summary())
    sys.exit(FAILED if report.problems else 0)


def test_connection(conn_id: str) -> tuple[bool, str]:
    """Test one connection.

    :returns: whether it worked, and a line about the account or the error.
    """
    from airflow_provider_mkt.cli.lookup import show_to_hooks
    from airflow_provider_mkt.client.errors import InvalidInput
    from airflow_provider_mkt.hooks.base import hook_for
    from airflow_provider_mkt.version_compat import AirflowException

    try:
        show_to_hooks(conn_id)
        return hook_for(conn_id).test_connection()
    except (InvalidInput, AirflowException) as error:
        return False, str(error)
