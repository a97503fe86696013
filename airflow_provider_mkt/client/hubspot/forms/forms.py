"""Definitions of forms. Every version profile calls them at v3, since their dated paths are in beta."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import (
    Call,
    Envelope,
    Json,
    JsonBody,
    Replay,
    Route,
    path_params,
    query_pairs,
)
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.batch import nothing
from airflow_provider_mkt.client.hubspot.parameters import PageSize
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.paging import Cursor, after_cursor
from airflow_provider_mkt.client.parameters import (
    PathText,
    endpoint,
    items_or_empty,
    mapping,
    required_str,
)

PAGE_MAX = 100
"""HubSpot documents no maximum; public clients ask for as many."""
FormType = Literal["hubspot", "captured", "flow", "blog_comment"]
_SCOPES = ("forms",)
_PARTS = ("formType", "fieldGroups", "configuration", "displayOptions", "legalConsentOptions")
"""What a whole definition has beside its name."""


class Form(TypedDict):
    """A form. Its parts are in HubSpot's own format."""

    id: str
    name: str
    formType: str
    createdAt: str
    updatedAt: str
    archived: bool
    archivedAt: NotRequired[str]
    fieldGroups: builtins.list[JsonDict]
    configuration: JsonDict
    displayOptions: JsonDict
    legalConsentOptions: JsonDict


@endpoint
def list(
    *,
    form_types: Annotated[Sequence[Literal[FormType, "all"]], items_or_empty(5)] = (),
    archived: bool = False,
    limit: PageSize = PAGE_MAX,
    after: Cursor | None = None,
) -> Call[builtins.list[Form]]:
    """List forms.

    :param form_types: any of ``hubspot``, ``captured``, ``flow``, ``blog_comment`` and ``all``; those of
        HubSpot's form editor when empty.
    :param archived: archived forms instead of the others.
    :param limit: rows per page, 1-100.
    :param after: cursor of the page to begin with; the first page when not given.
    :returns: one page of forms; iterate the call for all pages.
    :raises InvalidInput: when a form type is unknown, or *limit* is out of range.

    Source: ``GET /marketing/v3/forms``.
    """
    return Call(
        "forms.list",
        Route("GET", "forms"),
        _rows,
        Replay.SAFE,
        query=query_pairs(formTypes=form_types or None, archived=archived or None, limit=limit, after=after),
        follow=after_cursor,
        scopes=_SCOPES,
    )


@endpoint
def get(form_id: PathText, *, archived: bool = False) -> Call[Form]:
    """Read a form.

    :param form_id: id of the form.
    :param archived: read an archived form.
    :raises NotFound: when it does not exist.

    Source: ``GET /marketing/v3/forms/{formId}``.
    """
    return Call(
        "forms.get",
        _route("GET", form_id),
        _form,
        Replay.SAFE,
        query=query_pairs(archived=archived or None),
        scopes=_SCOPES,
    )


@endpoint
def create(definition: Mapping[str, object]) -> Call[Form]:
    """Create a form. Names are not unique, so a retry can create a duplicate.

    :param definition: the form in HubSpot's own format: ``name``, ``formType``, ``fieldGroups``,
        ``configuration``, ``displayOptions`` and ``legalConsentOptions``.
    :returns: the form, with its id.
    :raises InvalidInput: when a part of the definition is missing.
    :raises InvalidRequest: when HubSpot rejects the definition.

    Source: ``POST /marketing/v3/forms``.
    """
    return _write("forms.create", Route("POST", "forms"), _whole(definition), Replay.VERIFY)


@endpoint
def replace(form_id: PathText, definition: Mapping[str, object]) -> Call[Form]:
    """Replace the definition of a form completely.

    :param form_id: id of the form.
    :param definition: the whole form, as :func:`get` returns it.
    :returns: the form.
    :raises InvalidInput: when a part of the definition is missing.
    :raises NotFound: when it does not exist.

    Source: ``PUT /marketing/v3/forms/{formId}``.
    """
    return _write("forms.replace", _route("PUT", form_id), _whole(definition), Replay.SAFE)


@endpoint
def update(form_id: PathText, changes: Mapping[str, object]) -> Call[Form]:
    """Update parts of a form.

    :param form_id: id of the form.
    :param changes: any of ``name``, ``fieldGroups``, ``configuration``, ``displayOptions``,
        ``legalConsentOptions`` and ``archived``; each replaces the whole part.
    :returns: the form.
    :raises InvalidInput: when *changes* is empty.
    :raises NotFound: when it does not exist.

    Source: ``PATCH /marketing/v3/forms/{formId}``.
    """
    body = mapping("changes", changes)
    if not body:
        raise InvalidInput("changes", "is empty: at least one part is required")
    return _write("forms.update", _route("PATCH", form_id), body, Replay.SAFE)


@endpoint
def archive(form_id: PathText) -> Call[None]:
    """Archive a form. HubSpot deletes it for good after three months.

    :param form_id: id of the form.

    Source: ``DELETE /marketing/v3/forms/{formId}``.
    """
    return Call("forms.archive", _route("DELETE", form_id), nothing, Replay.SAFE, scopes=_SCOPES)


def _route(method: str, form_id: str) -> Route:
    return Route(method, "forms", "/{formId}", path_params(formId=form_id))


def _whole(definition: Mapping[str, object]) -> dict[str, Json]:
    body = mapping("definition", definition)
    required_str("definition.name", body.get("name", ""))
    for part in _PARTS:
        if body.get(part) is None:
            raise InvalidInput(f"definition.{part}", "is missing: a form requires it")
    return body


def _write(call: str, route: Route, body: dict[str, Json], replay: Replay) -> Call[Form]:
    return Call(call, route, _form, replay, body=JsonBody(body), scopes=_SCOPES)


def _form(envelope: Envelope) -> Form:
    return cast("Form", envelope)


def _rows(envelope: Envelope) -> builtins.list[Form]:
    return cast("builtins.list[Form]", envelope["results"])
