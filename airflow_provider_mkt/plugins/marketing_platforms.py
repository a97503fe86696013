"""The plugin that adds the page *Marketing platforms* to Airflow.

Every Airflow process loads it, so it imports nothing but Airflow's own class and configuration. The API
server imports the page itself when somebody opens it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow.configuration import conf

if TYPE_CHECKING:
    from airflow.plugins_manager import AirflowPlugin
else:
    try:
        from airflow.sdk.plugins_manager import AirflowPlugin
    except ImportError:  # before Airflow 3.2
        from airflow.plugins_manager import AirflowPlugin

NAME = "Marketing platforms"
PREFIX = "/marketing-platforms"
"""The path of the page's own application below Airflow's."""
ROUTE = "marketing-platforms"
"""The page's place in the UI is ``/plugin/`` and this."""


class LazyApplication:
    """An ASGI application that is imported when its first request comes."""

    def __init__(self) -> None:
        self._application: Callable[..., Awaitable[None]] | None = None

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        if self._application is None:
            # The import takes a moment, which the API server's other requests do not wait for.
            self._application = await asyncio.to_thread(_create_application)
        await self._application(scope, receive, send)


def _create_application() -> Callable[..., Awaitable[None]]:
    from airflow_provider_mkt.plugins.usage_page.application import create_application

    return create_application(NAME)


def _page_is_on() -> bool:
    # Airflow 3.0 shows no external views.
    return hasattr(AirflowPlugin, "external_views") and bool(
        conf.getboolean("mkt", "usage_page", fallback=True)
    )


def _below_airflow(path: str) -> str:
    return urlsplit(conf.get("api", "base_url", fallback="") or "").path.rstrip("/") + path


class MarketingPlatformsPlugin(AirflowPlugin):
    """Adds the page to the menu *Browse*. ``[mkt] usage_page`` turns it off."""

    name = "marketing_platforms"
    if _page_is_on():
        fastapi_apps = [{"app": LazyApplication(), "url_prefix": PREFIX, "name": NAME}]
        external_views = [
            {
                "name": NAME,
                "href": _below_airflow(f"{PREFIX}/"),
                "destination": "nav",
                "category": "browse",
                "url_route": ROUTE,
            }
        ]
