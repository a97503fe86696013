"""Email assets."""

from __future__ import annotations

from typing import Any

from airflow_provider_mkt.api.call import Call, Pairs, Replay, Route, numeric_id, path_params, query_pairs
from airflow_provider_mkt.api.marketo.answers import first, the_one

_TIMEOUT = 300.0


def get(email_id: int | str, *, status: str | None = None) -> Call[dict[str, Any] | None]:
    """Read one email.

    :param email_id: its id.
    :param status: ``draft`` or ``approved`` to read that version; whichever is there otherwise.
    :returns: the email, or None when there is none, or none of that version.

    Source: ``GET /rest/asset/v1/email/{id}.json``.
    """
    name = "emails.get"
    return Call(
        name,
        Route("GET", "asset", "/email/{id}.json", _id(name, email_id)),
        first,
        Replay.SAFE,
        _TIMEOUT,
        query=query_pairs(status=status),
        scopes=("Read-Only Assets",),
    )


def approve_draft(email_id: int | str) -> Call[dict[str, Any]]:
    """Approve an email's draft, which makes it the version that is sent.

    :param email_id: an email with a draft that has from name, from address, reply-to and subject.
    :raises InvalidRequest: when there is no draft.

    Source: ``POST /rest/asset/v1/email/{id}/approveDraft.json``.
    """
    name = "emails.approve_draft"
    return Call(
        name,
        Route("POST", "asset", "/email/{id}/approveDraft.json", _id(name, email_id)),
        the_one,
        Replay.VERIFY,
        _TIMEOUT,
        scopes=("Approve Assets",),
    )


def _id(name: str, email_id: int | str) -> Pairs:
    return path_params(name, id=numeric_id(name, "email_id", email_id))
