"""The sandbox in the foreground, and the connections that it prints."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterator

import httpx
import psutil
import pytest
from airflow.sdk import Connection
from commands import start, wait_for

from airflow_provider_mkt.hooks.base import MarketingHook
from airflow_provider_mkt.hooks.hubspot import HubSpotHook
from airflow_provider_mkt.hooks.marketo import MarketoHook


@pytest.fixture
def served() -> Iterator[subprocess.Popen[str]]:
    process = start("serve", "--json")
    yield process
    process.kill()
    wait_for(process)


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_the_printed_uris_work_with_both_hooks(served: subprocess.Popen[str]) -> None:
    printed = json.loads(first_line(served))
    for hook, name in ((HubSpotHook("one"), "hubspot"), (MarketoHook("two"), "marketo")):
        connection = Connection.from_uri(printed[name]["uri"], conn_id=hook.conn_id)
        assert connection.conn_type == name
        assert (connection.host, connection.schema) == ("127.0.0.1", "http")
        assert printed[name]["url"] == f"http://127.0.0.1:{connection.port}/"
        assert "<html" in httpx.get(printed[name]["url"]).text
        assert_works(hook, connection)
        if name == "hubspot":
            assert connection.extra_dejson == {"legacy_calls": "true"}
            assert hook.platform.account.legacy_calls is True  # type: ignore[attr-defined]


def assert_works(hook: MarketingHook, connection: Connection) -> None:
    hook.describe(connection, connection.extra_dejson)
    works, message = hook.test_connection()
    assert works, message


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_and_leaves_no_process(
    served: subprocess.Popen[str], number: signal.Signals
) -> None:
    port = int(json.loads(first_line(served))["hubspot"]["url"].rpartition(":")[2].strip("/"))
    processes = [psutil.Process(served.pid), *psutil.Process(served.pid).children(recursive=True)]
    served.send_signal(number)
    run = wait_for(served)
    assert (run.code, run.stderr) == (0, "")
    assert not psutil.wait_procs(processes, timeout=60)[1]
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/")


def test_it_prints_commands_that_can_be_pasted() -> None:
    process = start("serve")
    lines = [first_line(process) for _ in range(10)]
    process.send_signal(signal.SIGTERM)
    text = "".join(lines) + wait_for(process).stdout
    for name in ("hubspot", "marketo"):
        (uri,) = re.findall(rf"^export AIRFLOW_CONN_{name.upper()}_DEFAULT='({name}://\S+)'$", text, re.M)
        assert f"airflow connections add {name}_default --conn-uri '{uri}'\n" in text
    assert re.search(r"^HubSpot +http://127\.0\.0\.1:\d+/$", text, re.M)


def test_a_port_in_use_is_reported(served: subprocess.Popen[str]) -> None:
    port = json.loads(first_line(served))["hubspot"]["url"].rpartition(":")[2].strip("/")
    other = wait_for(start("serve", "--hubspot-port", port))
    assert other.code == 1
    assert other.stderr == "mkt-sandbox: cannot listen: Address already in use\n"
