"""The commands of ``airflow mkt``, from Airflow 3.2 on.

Airflow loads this module with every ``airflow`` command, so it imports only what describes commands. The
script ``mkt`` has the same commands on every Airflow.
"""

from __future__ import annotations

from airflow.cli.cli_config import ActionCommand, Arg, CLICommand, GroupCommand, lazy_load_command

SCHEMA = "also read each connection's fields, and check those that mappings name; makes reading calls"


def get_mkt_commands() -> list[CLICommand]:
    """Return the group ``mkt``."""
    commands = "airflow_provider_mkt.cli.commands"
    test = ActionCommand(
        name="test",
        help="Test connections: account, calls left today, permissions that are missing",
        func=lazy_load_command(f"{commands}.connections_test"),
        args=(Arg(("conn_id",), help="ids of connections", nargs="+"),),  # type: ignore[no-untyped-call]
    )
    check = ActionCommand(
        name="check",
        help="Check DAG files: what is wrong with the arguments of this provider's tasks",
        func=lazy_load_command(f"{commands}.check"),
        args=(
            Arg(("path",), help="DAG files, or folders of them", nargs="+"),  # type: ignore[no-untyped-call]
            Arg(("--schema",), help=SCHEMA, action="store_true"),  # type: ignore[no-untyped-call]
        ),
    )
    connections = GroupCommand(
        name="connections", help="Connections of type hubspot and marketo", subcommands=(test,)
    )
    return [GroupCommand(name="mkt", help="HubSpot and Marketo Engage", subcommands=(connections, check))]
