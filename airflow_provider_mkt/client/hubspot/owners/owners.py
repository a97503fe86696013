"""Owners: the users whom records are assigned to."""

from __future__ import annotations

import builtins
from typing import Annotated, Literal, NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import Call, Envelope, Replay, Route, path_params, query_pairs
from airflow_provider_mkt.client.hubspot.parameters import EmailAddress
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.paging import Cursor, after_cursor
from airflow_provider_mkt.client.parameters import TextId, between, endpoint

PAGE_MAX = 100
_READ = ("crm.objects.owners.read",)


class Owner(TypedDict):
    """An owner. ``id`` is what ``hubspot_owner_id`` of a record holds; ``userId`` is another number."""

    id: str
    type: str
    archived: bool
    createdAt: str
    updatedAt: str
    email: NotRequired[str]
    firstName: NotRequired[str]
    lastName: NotRequired[str]
    userId: NotRequired[int]
    teams: NotRequired[builtins.list[JsonDict]]


@endpoint
def list(
    *,
    email: EmailAddress | None = None,
    archived: bool = False,
    limit: Annotated[int, between(1, PAGE_MAX)] = PAGE_MAX,
    after: Cursor | None = None,
) -> Call[builtins.list[Owner]]:
    """List owners.

    :param email: return the owner with this address alone.
    :param archived: return removed owners instead.
    :param limit: rows per page, 1-100.
    :param after: cursor of the page to begin with; the first page when not given.
    :returns: one page; iterate the call for all pages.

    Source: ``GET /crm/{version}/owners``.
    """
    return Call(
        "owners.list",
        Route("GET", "owners"),
        _owners,
        Replay.SAFE,
        query=query_pairs(email=email, archived=archived or None, limit=limit, after=after),
        follow=after_cursor,
        scopes=_READ,
    )


@endpoint
def get(owner_id: TextId, *, id_property: Literal["id", "userId"] = "id") -> Call[Owner]:
    """Read an owner.

    :param owner_id: its id, or the id of the user.
    :param id_property: ``id`` or ``userId``.
    :raises NotFound: when there is none.

    Source: ``GET /crm/{version}/owners/{ownerId}``.
    """
    return Call(
        "owners.get",
        Route("GET", "owners", "/{ownerId}", path_params(ownerId=owner_id)),
        _owner,
        Replay.SAFE,
        query=query_pairs(idProperty=id_property),
        scopes=_READ,
    )


def _owner(envelope: Envelope) -> Owner:
    return cast("Owner", envelope)


def _owners(envelope: Envelope) -> builtins.list[Owner]:
    return cast("builtins.list[Owner]", envelope["results"])
