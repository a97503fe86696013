"""Request the links of an email, to find those that do not work."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

LINKS_MAX = 50
"""Links that are requested at most."""
_TIMEOUT = 10.0
_ALL_SECONDS = 120.0
_NO_HEAD = frozenset({403, 404, 405, 501})
"""Statuses with which servers answer a HEAD request that they do not know; a GET request then decides."""


def broken_links(links: Sequence[str], raise_if_cancelled: Callable[[], None]) -> dict[str, str]:
    """Request each link once, and return those that do not work, with the reason.

    A link that answers with a status below 400 works, after redirects. Nothing of the answer is read.

    :param links: addresses with ``http`` or ``https``.
    :param raise_if_cancelled: raises when the task was cancelled.
    """
    found: dict[str, str] = {}
    until = time.monotonic() + _ALL_SECONDS
    for number, link in enumerate(links):
        raise_if_cancelled()
        if number >= LINKS_MAX or time.monotonic() > until:
            found[link] = "not requested: too many links"
            continue
        if reason := _problem(link):
            found[link] = reason
    return found


def _problem(link: str) -> str:
    """Return why a link does not work; empty when it does."""
    status, reason = _status(link, "HEAD")
    if status in _NO_HEAD:
        status, reason = _status(link, "GET")
    if status is None:
        return reason
    return f"status {status}" if status >= 400 else ""


def _status(link: str, method: str) -> tuple[int | None, str]:
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    headers = {"User-Agent": "airflow-provider-mkt link check"}
    try:
        # Only http and https are given here.
        request = Request(link, method=method, headers=headers)  # noqa: S310
        with urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
            return int(answer.status), ""
    except HTTPError as error:
        with error:
            return error.code, ""
    except (URLError, TimeoutError, HTTPException, OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        return None, type(reason).__name__ if isinstance(reason, BaseException) else str(reason)
