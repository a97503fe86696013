"""The process that ``mkt-sandbox run`` starts; it runs :mod:`.in_airflow`."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path


def _exit_with_the_parent() -> None:
    """Kill the process group when the parent command is gone, which closes our standard input."""
    # Not through sys.stdin, whose lock must be free when Python exits.
    while os.read(0, 1):
        pass
    os.killpg(0, signal.SIGKILL)


def main() -> None:
    """Run the DAGs of a request.

    The arguments are the file descriptor of the event pipe and the request as JSON.
    """
    threading.Thread(target=_exit_with_the_parent, daemon=True).start()
    request = json.loads(sys.argv[2])
    # After the thread is started: importing Airflow takes seconds, and the parent may end meanwhile.
    from airflow_provider_mkt.cli.in_airflow import EventWriter, run

    run(
        EventWriter(int(sys.argv[1])),
        Path(request["file"]),
        request["dag_ids"],
        request["conf"],
        default_answer=request["default_answer"],
        answers=request["answers"],
    )


if __name__ == "__main__":
    main()
