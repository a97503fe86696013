"""Where state is kept, as Airflow's configuration says (section ``[mkt]``)."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from airflow.providers.common.compat.sdk import conf


def state_directory() -> Path:
    """The directory of budgets, locks and task state on this machine (``[mkt] state_dir``)."""
    configured = conf.get("mkt", "state_dir", fallback="")
    if configured:
        return Path(configured)
    return Path(tempfile.gettempdir()) / f"airflow-provider-mkt-{os.getuid()}"


def shared_state_url() -> str | None:
    """The server that holds budgets and locks for several machines (``[mkt] shared_state_url``)."""
    return conf.get("mkt", "shared_state_url", fallback="") or None
