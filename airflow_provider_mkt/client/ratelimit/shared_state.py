"""What several machines share through a Redis or PostgreSQL server: counted calls, and locks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from airflow_provider_mkt.client.errors import InvalidInput

if TYPE_CHECKING:
    from airflow_provider_mkt.client.ratelimit.counter import Counter

SETTING = "[mkt] shared_state_url"

REDIS = frozenset({"redis", "rediss", "unix"})
POSTGRES = frozenset({"postgresql", "postgres"})


def counter(url: str, digest: str) -> Counter:
    """Where the calls of one account are counted.

    :param url: ``redis://...``, ``rediss://...`` or ``postgresql://...``.
    :param digest: names the account.
    :raises InvalidInput: when the URL is of no known kind, or its client library is not installed.
    """
    with _client_needed(url):
        if _kind(url) == "redis":
            from airflow_provider_mkt.client.ratelimit.redis import RedisCounter

            return RedisCounter(url, digest)
        from airflow_provider_mkt.client.ratelimit.postgres import PostgresCounter

        return PostgresCounter(url, digest)


def lock(url: str, name: str) -> AbstractContextManager[None]:
    """A lock that one task holds at a time, on whichever machine; entering it waits.

    :param url: as for :func:`counter`.
    :param name: names what is locked.
    :raises InvalidInput: when the URL is of no known kind, or its client library is not installed.
    """
    with _client_needed(url):
        if _kind(url) == "redis":
            from airflow_provider_mkt.client.ratelimit.redis import redis_lock

            return redis_lock(url, name)
        from airflow_provider_mkt.client.ratelimit.postgres import postgres_lock

        return postgres_lock(url, name)


def _kind(url: str) -> str:
    # The URL itself may hold a password, so no error quotes more of it than this.
    scheme = urlsplit(url).scheme.split("+")[0]
    if scheme in REDIS:
        return "redis"
    if scheme in POSTGRES:
        return "postgres"
    raise InvalidInput(SETTING, "must begin with redis://, rediss:// or postgresql://")


@contextmanager
def _client_needed(url: str) -> Iterator[None]:
    try:
        yield
    except ImportError:
        extra = _kind(url)
        raise InvalidInput(
            SETTING, f"needs a client library: pip install 'airflow-provider-mkt[{extra}]'"
        ) from None
