"""The address and the secrets of a connection, checked."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from pydantic import SecretStr

from airflow_provider_mkt.client.errors import InvalidInput


def base_url(host: str, *, port: int | None = None, scheme: str | None = None) -> str:
    """Build the base URL of a host, without a trailing slash.

    :param host: a host name or an http(s) URL.
    :param port: used when *host* has none.
    :param scheme: used when *host* has none; ``https`` by default.
    :raises InvalidInput: when it is not a host, or plain HTTP to another machine, which would send the
        credentials unencrypted.
    """
    text = host.strip()
    if "://" not in text:
        text = f"{(scheme or 'https').strip()}://{text}"
    try:
        parts = urlsplit(text)
    except ValueError:
        raise InvalidInput("host", "has an invalid IP address in brackets") from None
    try:
        name, own_port = parts.hostname, parts.port
    except ValueError:
        raise InvalidInput("host", "has a port that is not a number") from None
    if any(character.isspace() for character in text):
        raise InvalidInput("host", "has a space in it")
    if (
        parts.scheme not in {"http", "https"}
        or not name
        or parts.query
        or parts.fragment
        or "@" in parts.netloc
    ):
        raise InvalidInput("host", "must be a host name or an http(s) URL without query and user")
    if parts.scheme == "http" and not is_loopback(name):
        raise InvalidInput("host", "plain http is accepted for this machine only; use https")
    netloc = parts.netloc if own_port is not None or port is None else f"{parts.netloc}:{port}"
    return f"{parts.scheme}://{netloc}{parts.path.rstrip('/')}"


def is_loopback(name: str) -> bool:
    """Whether a host name is this machine."""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def stripped_secret(secret: SecretStr) -> SecretStr:
    """Strip the white space that pasting puts around a secret.

    :raises ValueError: when the secret is empty or has white space inside, as two pasted lines have.
    """
    text = secret.get_secret_value().strip()
    if not text or not text.isprintable() or any(character.isspace() for character in text):
        msg = "must be one line without spaces"
        raise ValueError(msg)
    return SecretStr(text)
