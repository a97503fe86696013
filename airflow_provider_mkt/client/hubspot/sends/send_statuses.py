"""Statuses of single sends."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from airflow_provider_mkt.client.call import Call, Replay, Route, path_params
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.parameters import endpoint


class SendStatus(BaseModel):
    """The status of a single send.

    :param status: PENDING, PROCESSING, COMPLETE or CANCELED.
    :param sendResult: result of the send; only SENT means that the email was sent.
    """

    model_config = ConfigDict(extra="allow")

    statusId: str
    status: str
    sendResult: str | None = None
    requestedAt: str | None = None
    startedAt: str | None = None
    completedAt: str | None = None
    message: str | None = None
    eventId: JsonDict | None = None


@endpoint
def get(status_id: str) -> Call[SendStatus]:
    """Read the status of a single send.

    :param status_id: ``statusId`` from the response of the send.
    :raises NotFound: when the send does not exist.

    Source: ``GET /marketing/v3/email/send-statuses/{statusId}``.
    """
    return Call(
        "send_statuses.get",
        Route("GET", "send_statuses", "/{statusId}", path_params(statusId=status_id)),
        SendStatus.model_validate,
        Replay.SAFE,
        # HubSpot documents no scope for this call; assume that the scopes for sending are sufficient.
        scopes=("transactional-email or marketing-email",),
    )
