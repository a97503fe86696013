"""The process that ``mkt-sandbox run`` starts; see ``in_airflow`` for what it does."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path


def _end_with_the_command() -> None:
    """Leave nothing behind when the command was killed: its end closes our standard input."""
    # Not through sys.stdin, whose lock must be free when Python itself ends.
    while os.read(0, 1):
        pass
    os.killpg(0, signal.SIGKILL)


def main() -> None:
    """Read what to do from the arguments: the pipe's descriptor and a JSON order."""
    threading.Thread(target=_end_with_the_command, daemon=True).start()
    order = json.loads(sys.argv[2])
    # Importing Airflow takes seconds, in which the command may end already.
    from airflow_provider_mkt.cli.in_airflow import Teller, run

    run(Teller(int(sys.argv[1])), Path(order["file"]), order["dag_ids"], order["conf"])


if __name__ == "__main__":
    main()
