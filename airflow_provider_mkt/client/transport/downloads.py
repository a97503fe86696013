"""Files behind an address that needs no credentials: whoever has it can read the file, so it is a secret."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING

from airflow_provider_mkt.client.errors import RequestRefused, ServerUnavailable
from airflow_provider_mkt.client.transport.drivers import CONNECT_TIMEOUT, tls
from airflow_provider_mkt.client.transport.http_client import LOGGERS, httpx
from airflow_provider_mkt.client.transport.platform import is_loopback

if TYPE_CHECKING:
    from pydantic import SecretStr

BLOCK = 1024 * 1024
READ_TIMEOUT = 60.0
"""Seconds without a byte after which a download has failed."""
_MAX_REDIRECTS = 5
_downloading: ContextVar[bool] = ContextVar("downloading", default=False)


def _is_public(record: logging.LogRecord) -> bool:
    """Keep addresses out of the HTTP library's own log: it logs each request, and redirects as headers."""
    return not _downloading.get()


def download(address: SecretStr, take: Callable[[bytes], object], *, platform: str = "") -> None:
    """Read a file, block by block. Blocks the thread. One attempt, without credentials.

    :param address: an https URL; plain http is accepted for this machine only.
    :param take: receives the bytes, in order. Its errors end the download.
    :param platform: whose file it is, for errors.
    :raises RequestRefused: when the address is none of a file.
    :raises ServerUnavailable: when the file cannot be read, e.g. because the address is not alive any more.
        No error contains the address.
    """
    for name in LOGGERS:
        logging.getLogger(name).addFilter(_is_public)
    marked = _downloading.set(True)
    try:
        failure = _read(address, take)
    finally:
        _downloading.reset(marked)
    # Raised here, so that the HTTP library's error, which has the request, is no part of it.
    if isinstance(failure, str):
        raise RequestRefused(failure, platform=platform, call="download")
    if failure is not None:
        status, reason = failure
        raise ServerUnavailable(
            f"the file cannot be read: {reason}", platform=platform, call="download", status=status
        )


def _read(address: SecretStr, take: Callable[[bytes], object]) -> tuple[int | None, str] | str | None:
    """Read a file. Returns why that failed: status and reason, or a text about the address."""
    try:
        with (
            httpx.Client(
                follow_redirects=True,
                max_redirects=_MAX_REDIRECTS,
                verify=tls(),
                timeout=httpx.Timeout(READ_TIMEOUT, connect=CONNECT_TIMEOUT),
                headers={"User-Agent": "airflow-provider-mkt"},
                event_hooks={"request": [_check]},
            ) as client,
            client.stream("GET", address.get_secret_value()) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                return answer.status_code, f"status {answer.status_code}"
            for block in answer.iter_bytes(BLOCK):
                take(block)
    except _BadAddress as bad:
        return str(bad)
    except (httpx.HTTPError, httpx.InvalidURL) as failed:
        return None, type(failed).__name__
    return None


class _BadAddress(Exception):
    """An address to which no request is sent."""


def _check(request: httpx.Request) -> None:
    """Check the address, and each that it redirects to."""
    if request.url.scheme != "https" and not is_loopback(request.url.host):
        msg = "the address of the file is not https"
        raise _BadAddress(msg)
