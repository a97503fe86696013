"""The fixtures that the provider ships, in the Airflow home of this test run."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_provider_mkt.testing import mkt_accounts, mkt_clock, mkt_sandbox, run_dag

__all__ = ["mkt_accounts", "mkt_clock", "mkt_sandbox", "run_dag"]


@pytest.fixture(scope="session")
def mkt_airflow_home(airflow_home: Path) -> Path:
    return airflow_home
