"""Servers that hold budgets and locks for several machines (``[mkt] shared_state_url``)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from airflow_provider_mkt.client.errors import InvalidInput

SETTING = "[mkt] shared_state_url"

_KINDS = {
    "redis": "redis",
    "rediss": "redis",
    "unix": "redis",
    "postgresql": "postgres",
    "postgres": "postgres",
}


def server_kind(url: str) -> str:
    """``redis`` or ``postgres``.

    :raises InvalidInput: when the URL has another scheme.
    """
    # SQLAlchemy's spelling, with a driver, is what other settings of Airflow hold.
    scheme = urlsplit(url).scheme.split("+")[0]
    if scheme not in _KINDS:
        # The URL may hold a password, so the error does not quote it.
        raise InvalidInput(SETTING, "must begin with redis://, rediss:// or postgresql://")
    return _KINDS[scheme]


@contextmanager
def client_library(url: str) -> Iterator[None]:
    """Turn a failing import of the server's client library into an error that says how to install it.

    :raises InvalidInput: when the library is not installed, or the URL has another scheme.
    """
    extra = server_kind(url)
    try:
        yield
    except ImportError:
        raise InvalidInput(
            SETTING, f"needs a client library: pip install 'airflow-provider-mkt[{extra}]'"
        ) from None
