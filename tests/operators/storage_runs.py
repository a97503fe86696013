"""Exports on machines that share the output's storage and Airflow's task state, and nothing else."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
import s3fs  # type: ignore[import-untyped]
import workers
from aiobotocore.session import AioSession  # type: ignore[import-untyped]
from airflow.sdk.io import attach
from moto.server import ThreadedMotoServer

BUCKET = "exports"
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1"}
_SESSION = AioSession()
"""Reads the description of S3 before processes are forked: that takes most of the time of a short task."""


class TaskStateStore:
    """A task state store that outlasts the machine, as Airflow's does, in a folder.

    :param folder: created when it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)

    def get(self, key: str) -> Any:
        path = self._path(key)
        return json.loads(path.read_text("utf-8")) if path.exists() else None

    def set(self, key: str, value: Any) -> None:
        text = json.dumps(value)
        assert len(text.encode()) <= 65_535
        new = self._folder / "new"
        new.write_text(text, "utf-8")
        new.replace(self._path(key))

    def delete(self, key: str) -> None:
        self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / hashlib.sha256(key.encode()).hexdigest()


class OnMachine:
    """A task on a machine of its own.

    :param folder: the machine's own state.
    :param endpoint: of the S3 server.
    :param make: makes the operator, in the machine's process.
    """

    def __init__(self, folder: Path, endpoint: str, make: Callable[[], Any]) -> None:
        self._folder, self._endpoint, self._make = folder, endpoint, make
        folder.mkdir(mode=0o700, exist_ok=True)

    def execute(self, context: dict[str, Any]) -> Any:
        self._prepare()
        return self._execute(self._make(), context)

    def _prepare(self) -> None:
        os.environ["AIRFLOW__MKT__STATE_DIR"] = str(self._folder)
        attach_s3(self._endpoint)

    def _execute(self, operator: Any, context: dict[str, Any]) -> Any:
        context["task_state_store"] = TaskStateStore(
            self._folder.parent / f"task state of {context['ti'].run_id}"
        )
        return operator.execute(context)

    def on_kill(self) -> None:
        """Nothing is done: these tests kill the process."""


class SeveralOnMachine(OnMachine):
    """Tasks on a machine of their own, one after another; what each has returned, or its error.

    A process of its own for each would make its own client of S3, which takes longer than a small task.

    :param make: makes the operators, each with the id of its DAG run.
    """

    def __init__(self, folder: Path, endpoint: str, make: Callable[[], Sequence[tuple[str, Any]]]) -> None:
        super().__init__(folder, endpoint, make)

    def execute(self, context: dict[str, Any]) -> Any:
        self._prepare()
        return [self._ended(run, operator) for run, operator in self._make()]

    def _ended(self, run: str, operator: Any) -> dict[str, Any]:
        try:
            return {"result": self._execute(operator, workers.context(run=run))}
        except Exception as error:
            return {"error": f"{type(error).__name__}: {error}"}


def attach_s3(endpoint: str) -> None:
    """Let the paths of this process on S3 be on a server."""
    # A path without a connection takes both: a part of its methods know what is attached.
    os.environ |= {"AWS_ENDPOINT_URL": endpoint, **_CREDENTIALS}
    attach("s3", fs=s3fs.S3FileSystem(session=_SESSION, skip_instance_cache=True))


@contextmanager
def s3_server() -> Iterator[str]:
    """An S3 server on this machine, with one bucket; its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = client_of(endpoint)
    asyncio.run(_read_description(endpoint))
    try:
        client.create_bucket(Bucket=BUCKET)
        yield endpoint
    finally:
        client.close()
        server.stop()


async def _read_description(endpoint: str) -> None:
    client = _SESSION.create_client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    async with client:
        pass


def files_under(endpoint: str, prefix: str) -> dict[str, bytes]:
    """The files of the bucket whose names begin so, with their content."""
    client = client_of(endpoint)
    try:
        found = client.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        return {one["Key"]: client.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read() for one in found}
    finally:
        client.close()


def client_of(endpoint: str) -> Any:
    return boto3.client(
        "s3", endpoint_url=endpoint, aws_access_key_id="a", aws_secret_access_key="b", region_name="us-east-1"
    )
