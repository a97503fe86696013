"""Any request to HubSpot."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from airflow_provider_mkt.client.call import Call, Json, Quota, Replay
from airflow_provider_mkt.client.parameters import errors_name
from airflow_provider_mkt.client.raw import NAME, raw_call

_SEARCH = re.compile(r"/crm/(?:v3/objects|objects/[^/]+)/[^/]+/search/?")


def raw(
    method: str,
    path: str,
    *,
    query: Mapping[str, Any] | None = None,
    body: Any = None,
    form: Mapping[str, Any] | None = None,
    replay: Replay | str = Replay.NEVER,
    timeout: float = 30.0,
    text_response: bool = False,
) -> Call[Json]:
    """Any request, for an endpoint that has no call of its own.

    It uses the account's budget, token and retries as other calls do. It returns one page: the answer's
    ``paging`` says how to go on.

    :param method: ``GET``, ``POST``, ``PUT``, ``PATCH`` or ``DELETE``.
    :param path: path below the host, with its version and percent-encoded, as in
        ``/crm/objects/2026-03/deals``.
    :param query: query parameters; a list repeats the name, None is left out.
    :param body: JSON.
    :param form: fields of a form, in place of ``body``.
    :param replay: what to do when it is unknown whether HubSpot ran the request: ``safe`` (send again),
        ``wait`` (send again after *timeout*), ``verify`` or ``never`` (raise :class:`.OutcomeUnknown`).
    :param timeout: HubSpot's own time limit for the request in seconds, more than 0 and at most 3,600.
    :param text_response: whether the answer is a text, such as CSV, and not JSON.
    :returns: the decoded answer; None when it is empty.
    :raises InvalidInput: naming the argument that is wrong.

    Source: any method and path of the API.
    """
    with errors_name(NAME):
        search = isinstance(path, str) and _SEARCH.fullmatch(path) is not None
        return raw_call(
            method,
            path,
            query=query,
            body=body,
            form=form,
            replay=replay,
            timeout=timeout,
            text_response=text_response,
            quota=Quota.SEARCH if search else Quota.CALLS,
        )
