"""Downloads from secret addresses: without credentials, in blocks, and with the address nowhere."""

from __future__ import annotations

import asyncio
import logging
import threading
import traceback
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import SecretStr

from airflow_provider_mkt.actions.procedure import Download, Procedure
from airflow_provider_mkt.client.errors import PlatformError, RequestRefused, ServerUnavailable, TaskCancelled
from airflow_provider_mkt.client.transport import downloads
from airflow_provider_mkt.hooks.hubspot import HubSpotHook
from airflow_provider_mkt.hooks.run_context import RunContext

SECRET = "k3y-of-the-file"
CONTENT = b"0123456789" * 400_000


class _Files(BaseHTTPRequestHandler):
    """A file, and what can go wrong with it, by path."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.seen.append((self.path, self.headers.get("Authorization")))  # type: ignore[attr-defined]
        way = self.path.split("/")[1].split("?")[0]
        if way == "moved":
            self.send_response(302)
            self.send_header("Location", f"/file?key={SECRET}")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif way == "elsewhere":
            self.send_response(302)
            self.send_header("Location", f"http://files.example.com/{SECRET}")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif way == "gone":
            self.send_response(403)
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT if way == "file" else CONTENT[:1000])
            self.close_connection = way != "file"

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Files) as one:
        one.daemon_threads = True
        one.seen = []  # type: ignore[attr-defined]
        threading.Thread(target=one.serve_forever, daemon=True).start()
        yield one
        one.shutdown()


@pytest.fixture
def address(server: ThreadingHTTPServer) -> Callable[[str], SecretStr]:
    return lambda way: SecretStr(f"http://127.0.0.1:{server.server_address[1]}/{way}?key={SECRET}")


@pytest.mark.parametrize("way", ["file", "moved"])
def test_a_file_is_read_in_blocks_without_credentials(
    server: ThreadingHTTPServer,
    address: Callable[[str], SecretStr],
    way: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    blocks: list[bytes] = []
    with caplog.at_level(logging.DEBUG):
        downloads.download(address(way), blocks.append)
    assert b"".join(blocks) == CONTENT
    assert max(map(len, blocks)) <= downloads.BLOCK
    assert {authorized for _, authorized in server.seen} == {None}  # type: ignore[attr-defined]
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("way", "kind", "text"),
    [
        ("gone", ServerUnavailable, "status 403"),
        ("cut", ServerUnavailable, "RemoteProtocolError"),
        ("elsewhere", RequestRefused, "not https"),
    ],
)
def test_a_failed_download_does_not_tell_the_address(
    address: Callable[[str], SecretStr],
    way: str,
    kind: type[PlatformError],
    text: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(kind, match=text) as raised:
        downloads.download(address(way), lambda block: None, platform="hubspot")
    text = "".join(traceback.format_exception(raised.value)) + repr(raised.value)
    assert "127.0.0.1" not in text
    assert SECRET not in text + caplog.text
    assert raised.value.__context__ is None


def test_an_address_of_another_machine_must_be_https() -> None:
    with pytest.raises(RequestRefused, match="not https"):
        downloads.download(SecretStr("http://files.example.com/x"), lambda block: None)
    with pytest.raises(RequestRefused):
        downloads.download(SecretStr("no address"), lambda block: None)


def test_a_hook_runs_a_download_as_a_step_of_a_procedure(address: Callable[[str], SecretStr]) -> None:
    def steps(way: str, take: Callable[[bytes], object]) -> Procedure[str]:
        try:
            yield Download(address(way), take)
        except ServerUnavailable as error:
            return error.platform
        return "read"

    def cancelled() -> None:
        raise TaskCancelled

    hook = HubSpotHook("never looked up")
    for run in (hook.follow, lambda procedure: asyncio.run(hook.afollow(procedure))):
        blocks: list[bytes] = []
        assert run(steps("file", blocks.append)) == "read"  # type: ignore[no-untyped-call]
        assert b"".join(blocks) == CONTENT
        assert run(steps("gone", blocks.append)) == "hubspot"  # type: ignore[no-untyped-call]
    with pytest.raises(TaskCancelled):
        hook.bind(RunContext(raise_if_cancelled=cancelled)).follow(steps("file", blocks.append))
    assert SECRET not in repr(Download(address("file"), blocks.append))
