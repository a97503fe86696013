"""What it costs a sync at Marketo's limit to keep its progress in the state of its task.

The same sync with and without it. Calls are in flight while the task's thread writes the progress, so the
seconds of the writes are not those that the sync takes longer. ``progress.py``.
"""

from __future__ import annotations

import json
import subprocess
import sys

from bench import MARKETO, airflow_home, heading, line, served, write_leads

WINDOWS = 3.5

TASK = """
import json, sys, time
from airflow.sdk import DAG
from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.state.sync_progress import SharedProgress

action, source, keeps = sys.argv[1:]
seconds, whole = [], SharedProgress.save

def save(self, *given, **named):
    began = time.monotonic()
    if keeps == "True":
        whole(self, *given, **named)
    else:
        # Calls wait until what is known of them is saved.
        self._saved_at = began
    seconds.append(time.monotonic() - began)

SharedProgress.save = save
with DAG("bench", schedule=None) as dag:
    SyncLeadsOperator(task_id="task", conn_id="marketo_default", source=source, action=action)
if __name__ == "__main__":
    run = dag.test()
    (ti,) = run.get_task_instances()
    outcome = ti.xcom_pull(task_ids="task") or {}
    print("RESULT" + json.dumps([str(run.state), len(seconds), sum(seconds), outcome.get("seconds")]))
"""


def main() -> None:
    heading("action", "calls", "writes", "seconds of writes", "sync with", "sync without", "longer by")
    with served() as box, airflow_home(box) as home:
        script = home / "dags" / "bench.py"
        script.write_text(TASK)
        calls = round(MARKETO.window_calls * WINDOWS)
        source = write_leads(home / "leads.csv", calls * MARKETO.batch, MARKETO.first_name)
        for action in ("createOrUpdate", "createDuplicate"):
            taken = []
            for keeps in (False, True):
                box.control("marketo", "reset", {})
                box.control("marketo", "limits", {"latency": 0.3})
                ended = subprocess.run(
                    [sys.executable, str(script), action, source, str(keeps)],
                    capture_output=True,
                    text=True,
                    check=True,
                )
                (result,) = (one for one in ended.stdout.splitlines() if one.startswith("RESULT"))
                state, writes, spent, took = json.loads(result.removeprefix("RESULT"))
                assert state == "success", ended.stdout[-3000:]
                taken.append(took)
            without, with_progress = taken
            line(
                action,
                calls,
                writes,
                f"{spent:.2f}",
                f"{with_progress:.1f} s",
                f"{without:.1f} s",
                f"{with_progress / without - 1:.1%}",
            )


if __name__ == "__main__":
    main()
