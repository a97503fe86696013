from __future__ import annotations

from collections.abc import Iterator

import pytest
from distributed.cluster import cluster
from distributed.dags import Installation, accounts
from distributed.servers import missing


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Airflow on Celery with two workers, and the accounts that its tasks work in."""
    if absent := missing():
        pytest.skip(f"not installed: {', '.join(absent)}")
    pytest.importorskip("airflow.providers.celery", reason="the Celery provider is not installed")
    home = tmp_path_factory.mktemp("distributed")
    with accounts() as made, cluster(home, made.write, workers=("one", "two")) as service:
        yield Installation(service, made)
