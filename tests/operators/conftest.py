from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow_runs import Airflow, connected

from airflow_provider_mkt.sandbox.server import Sandbox


@pytest.fixture
def airflow(airflow_home: Path) -> Airflow:
    return Airflow(airflow_home)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with connected() as box:
        yield box
