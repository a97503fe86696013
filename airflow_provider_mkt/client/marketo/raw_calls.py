"""Any request to Marketo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_mkt.client.call import Call, Json, Quota, Replay
from airflow_provider_mkt.client.parameters import errors_name
from airflow_provider_mkt.client.raw import NAME, raw_call


def raw(
    method: str,
    path: str,
    *,
    query: Mapping[str, Any] | None = None,
    body: Any = None,
    form: Mapping[str, Any] | None = None,
    replay: Replay | str = Replay.NEVER,
    timeout: float = 300.0,
    text_response: bool = False,
) -> Call[Json]:
    """Any request, for an endpoint that has no call of its own.

    It uses the instance's budget, token and retries as other calls do. It returns one page: the answer's
    ``nextPageToken`` says how to go on.

    :param method: ``GET``, ``POST``, ``PUT``, ``PATCH`` or ``DELETE``.
    :param path: path below the host, percent-encoded, as in ``/rest/v1/opportunities.json``.
    :param query: query parameters; a list repeats the name, None is left out.
    :param body: JSON, for the lead database.
    :param form: fields of a form, for most assets, in place of ``body``.
    :param replay: what to do when it is unknown whether Marketo ran the request: ``safe`` (send again),
        ``wait`` (send again after *timeout*), ``verify`` or ``never`` (raise :class:`.OutcomeUnknown`).
    :param timeout: Marketo's own time limit for the request in seconds, more than 0 and at most 3,600.
        Default: the longest that is documented.
    :param text_response: whether the answer is a text, such as CSV, and not JSON.
    :returns: the decoded answer, with ``result`` and ``requestId``; None when it is empty. An answer without
        ``success`` counts by its HTTP status alone, as the user management API answers.
    :raises InvalidInput: naming the argument that is wrong.

    Source: any method and path of the API.
    """
    with errors_name(NAME):
        return raw_call(
            method,
            path,
            query=query,
            body=body,
            form=form,
            replay=replay,
            timeout=timeout,
            text_response=text_response,
            quota=Quota.CALLS,
        )
