"""The calls that budget items and spend items of a campaign share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import (
    Call,
    Envelope,
    Json,
    JsonBody,
    Replay,
    Route,
    numeric_id,
    path_params,
)
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot import parameters
from airflow_provider_mkt.client.hubspot.batch import nothing
from airflow_provider_mkt.client.redaction import describe_type

READ = ("marketing.campaigns.read",)
WRITE = ("marketing.campaigns.write",)


class Line(TypedDict):
    """A budget or spend item. ``createdAt`` and ``updatedAt`` are milliseconds since 1970."""

    id: str
    name: str
    amount: float
    order: int
    description: NotRequired[str]
    createdAt: int
    updatedAt: int


@dataclass(frozen=True)
class Lines:
    """The calls about one kind of line.

    :param kind: ``budget`` or ``spend``, as the paths have it.
    :param resource: what the calls' names begin with.
    """

    kind: str
    resource: str

    def add(
        self, campaign_guid: str, name: str, amount: float, order: int, description: str | None
    ) -> Call[Line]:
        """The call that adds a line; the platform has no key that would tell a repeat."""
        call = f"{self.resource}.add"
        params = path_params(call, campaignGuid=campaign_guid)
        return Call(
            call,
            Route("POST", "campaigns", f"/{{campaignGuid}}/{self.kind}", params),
            _line,
            Replay.VERIFY,
            body=_body(call, name, amount, order, description),
            scopes=WRITE,
        )

    def get(self, campaign_guid: str, line_id: int | str) -> Call[Line]:
        """The call that reads a line."""
        call = f"{self.resource}.get"
        route = self._route(call, "GET", campaign_guid, line_id)
        return Call(call, route, _line, Replay.SAFE, scopes=READ)

    def replace(
        self,
        campaign_guid: str,
        line_id: int | str,
        name: str,
        amount: float,
        order: int,
        description: str | None,
    ) -> Call[Line]:
        """The call that writes a line anew, as a whole."""
        call = f"{self.resource}.replace"
        return Call(
            call,
            self._route(call, "PUT", campaign_guid, line_id),
            _line,
            Replay.SAFE,
            body=_body(call, name, amount, order, description),
            scopes=WRITE,
        )

    def remove(self, campaign_guid: str, line_id: int | str) -> Call[None]:
        """The call that removes a line."""
        call = f"{self.resource}.remove"
        route = self._route(call, "DELETE", campaign_guid, line_id)
        return Call(call, route, nothing, Replay.SAFE, scopes=WRITE)

    def _route(self, call: str, method: str, campaign_guid: str, line_id: int | str) -> Route:
        number = numeric_id(call, f"{self.kind}_id", line_id)
        params = path_params(call, campaignGuid=campaign_guid, lineId=number)
        return Route(method, "campaigns", f"/{{campaignGuid}}/{self.kind}/{{lineId}}", params)


def _body(call: str, name: str, amount: float, order: int, description: str | None) -> JsonBody:
    if description is not None and not isinstance(description, str):
        raise InvalidInput("description", f"must be text, not {describe_type(description)}", call=call)
    body: dict[str, Json] = {
        "name": parameters.text(call, "name", name),
        "amount": parameters.amount(call, "amount", amount),
        "order": parameters.rank(call, "order", order),
    }
    return JsonBody(body if description is None else {**body, "description": description})


def _line(envelope: Envelope) -> Line:
    return cast("Line", envelope)
