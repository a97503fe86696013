"""Connections to the sandbox, in the formats that Airflow reads."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_mkt.sandbox import Sandbox


@dataclass(frozen=True)
class SandboxConnection:
    """A connection to one platform of the sandbox.

    :param conn_id: the Airflow connection's id.
    :param conn_type: ``hubspot`` or ``marketo``.
    :param url: the platform's address.
    :param login: empty when the platform needs none.
    :param password: token or secret.
    :param extra: the connection's extra fields.
    """

    conn_id: str
    conn_type: str
    url: str
    login: str
    password: str = field(repr=False)
    extra: Mapping[str, str | bool] = field(default_factory=dict)

    @property
    def variable(self) -> str:
        """Name of the environment variable for Airflow."""
        return f"AIRFLOW_CONN_{self.conn_id.upper()}"

    @property
    def uri(self) -> str:
        """The connection as a URI."""
        parts = urlsplit(self.url)
        user = f"{quote(self.login, safe='')}:{quote(self.password, safe='')}"
        extra = {name: json.dumps(value).strip('"') for name, value in self.extra.items()}
        query = f"?{urlencode(extra)}" if extra else ""
        return f"{self.conn_type}://{user}@{parts.hostname}:{parts.port}/{parts.scheme}{query}"

    @property
    def as_json(self) -> str:
        """The connection as JSON, which keeps the types of the extra fields."""
        parts = urlsplit(self.url)
        return json.dumps(
            {
                "conn_type": self.conn_type,
                "host": parts.hostname,
                "port": parts.port,
                "schema": parts.scheme,
                "login": self.login or None,
                "password": self.password,
                "extra": dict(self.extra),
            }
        )


def of_hubspot(sandbox: Sandbox, conn_id: str = "hubspot_default") -> SandboxConnection:
    """Return a connection to the sandbox's HubSpot, with a token that has every scope."""
    from airflow_provider_mkt.sandbox.hubspot.seed import TOKEN

    return SandboxConnection(conn_id, "hubspot", sandbox.hubspot.url, "", TOKEN, {"legacy_calls": True})


def of_marketo(sandbox: Sandbox, conn_id: str = "marketo_default") -> SandboxConnection:
    """Return a connection to the sandbox's Marketo, with a user who has every permission."""
    from airflow_provider_mkt.sandbox.marketo.seed import CLIENT_ID, CLIENT_SECRET

    return SandboxConnection(conn_id, "marketo", sandbox.marketo.url, CLIENT_ID, CLIENT_SECRET)
