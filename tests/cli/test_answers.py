"""The thread that answers the tasks which wait for a person."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from airflow_provider_mkt.version_compat import HUMAN_IN_THE_LOOP

# The main thread imports a model of Airflow, and is held up in it until the thread has SQLAlchemy's lock.
SCRIPT = """
import sys, threading
from importlib.machinery import PathFinder
from sqlalchemy import event
from sqlalchemy.orm import Mapper
from airflow_provider_mkt.cli import answers

answers._POLL_INTERVAL = 0.01
thread = answers.AnsweringThread(print, None, {})
held_up, has_lock = threading.Event(), threading.Event()
event.listen(Mapper, "before_configured", lambda: thread.is_alive() and has_lock.set(), insert=True)

class HeldUp:
    def find_spec(self, name, path=None, target=None):
        if name != "airflow.models.backfill":
            return None
        spec = PathFinder.find_spec(name, path, target)
        whole = spec.loader.exec_module
        def slowly(module):
            if thread.is_alive():
                held_up.set()
                has_lock.wait(5)
            whole(module)
        spec.loader.exec_module = slowly
        return spec

sys.meta_path.insert(0, HeldUp())
answer_all = thread._answer_all
thread._answer_all = lambda: held_up.is_set() and answer_all()
thread.start()
import airflow.models.backfill
thread.stop()
print("ended")
"""


@pytest.mark.skipif(not HUMAN_IN_THE_LOOP, reason="no task waits for a person")
def test_the_first_query_and_an_import_of_the_main_thread_do_not_wait_for_each_other(
    airflow_home: Path,
) -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1:] == ["ended"], done.stderr[-2000:]
