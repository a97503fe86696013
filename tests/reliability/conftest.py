from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from distributed.servers import redis_server
from reliability.waits import shorten


@pytest.fixture(autouse=True)
def quick(airflow_home: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Short waits; what is waited for stays the same."""
    shorten(monkeypatch)


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str | None]:
    """A Redis server; None where the program is not installed."""
    if shutil.which("redis-server") is None:
        yield None
    else:
        with redis_server(tmp_path_factory.mktemp("redis")) as url:
            yield f"{url}/0"
