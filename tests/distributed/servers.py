"""A PostgreSQL and a Redis server of the tests' own, on free ports of the loopback."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from shared_servers import free_port

START_TIMEOUT = 60.0
NEEDED = ("initdb", "postgres", "redis-server")


def missing() -> list[str]:
    """The programs that are needed and not installed."""
    names = [name for name in NEEDED if shutil.which(name) is None]
    if os.getuid() == 0 and _account() is None:
        names.append("a user named postgres, because PostgreSQL does not run as root")
    return names


@contextmanager
def redis_server(home: Path) -> Iterator[str]:
    """Run a Redis server that keeps nothing on disk. Gives its URL without a database's number."""
    port = free_port()
    command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(home)]
    with _running(command, home / "redis.log", lambda: _answers(port)):
        yield f"redis://127.0.0.1:{port}"


@contextmanager
def postgres_server(home: Path, *databases: str) -> Iterator[str]:
    """Run a PostgreSQL server with these databases. Gives its address: host and port."""
    import psycopg

    port, account = free_port(), _account() if os.getuid() == 0 else None
    # Not below the folder of the test run: another run that starts closes it to other users.
    with tempfile.TemporaryDirectory(prefix="mkt-postgres-") as folder:
        data = Path(folder)
        if account is not None:
            os.chown(data, account.pw_uid, account.pw_gid)
        made = subprocess.run(
            ["initdb", "-D", str(data), "-U", "airflow", "--auth=trust", "--no-sync", "-E", "UTF8"],
            **_run_as(account),
            cwd=data,
            capture_output=True,
            text=True,
            check=False,
        )
        assert made.returncode == 0, made.stderr[-2000:]
        options = {
            "port": port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": 300,
            # Nobody needs the data after the tests.
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
        }
        command = ["postgres", "-D", str(data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        with _running(
            command,
            home / "postgres.log",
            lambda: _answers(port),
            account=account,
            cwd=data,
            end=signal.SIGQUIT,
        ):
            address = f"127.0.0.1:{port}"

            def create() -> bool:
                with suppress(psycopg.OperationalError):
                    with psycopg.connect(
                        f"postgresql://airflow@{address}/postgres", autocommit=True
                    ) as connection:
                        for name in databases:
                            connection.execute(f'CREATE DATABASE "{name}"')
                    return True
                return False

            _until(create, "PostgreSQL does not let anybody in")
            yield address


def end_group(process: subprocess.Popen[bytes], *signals: int) -> None:
    """Send signals to a process and all that it started, one after another until it has ended."""
    for number in signals:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=15)
            return


@contextmanager
def _running(
    command: list[str],
    log: Path,
    ready: Callable[[], bool],
    *,
    account: pwd.struct_passwd | None = None,
    cwd: Path | None = None,
    end: int = signal.SIGTERM,
) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=cwd,
            **_run_as(account),
        )
    try:
        _until(lambda: ready() or process.poll() is not None, f"{command[0]} did not start")
        assert process.poll() is None, log.read_text()[-2000:]
        yield
    finally:
        end_group(process, end, signal.SIGKILL)


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2):
        return True
    return False


def _until(condition: Callable[[], bool], problem: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while not condition():
        assert time.monotonic() < deadline, problem
        time.sleep(0.05)


def _run_as(account: pwd.struct_passwd | None) -> dict[str, Any]:
    """The arguments that make a process that of a user."""
    if account is None:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _account() -> pwd.struct_passwd | None:
    with suppress(KeyError):
        return pwd.getpwnam("postgres")
    return None
