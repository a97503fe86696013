"""What became of a mail to one person."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from airflow_provider_mkt.client.call import Call, Replay, Route, path_params


class SendStatus(BaseModel):
    """Where one mail is.

    :param status: PENDING, PROCESSING, COMPLETE or CANCELED.
    :param sendResult: why it ended as it did; SENT alone means that the mail went out.
    """

    model_config = ConfigDict(extra="allow")

    statusId: str
    status: str
    sendResult: str | None = None
    requestedAt: str | None = None
    startedAt: str | None = None
    completedAt: str | None = None
    message: str | None = None
    eventId: dict[str, Any] | None = None


def get(status_id: str) -> Call[SendStatus]:
    """Read what became of a send.

    :param status_id: the ``statusId`` that the send was answered with.
    :raises NotFound: when there is no such send.

    Source: ``GET /marketing/v3/email/send-statuses/{statusId}``.
    """
    name = "send_statuses.get"
    return Call(
        name,
        Route("GET", "send_statuses", "/{statusId}", path_params(name, statusId=status_id)),
        SendStatus.model_validate,
        Replay.SAFE,
        # Documented nowhere; whoever may send can be expected to ask.
        scopes=("transactional-email or marketing-email",),
    )
