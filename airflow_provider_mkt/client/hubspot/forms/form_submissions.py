"""Submissions of forms: who filled out which form, and with what. These calls have no dated path."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import Annotated, NotRequired, TypedDict, cast

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
from airflow_provider_mkt.client.hubspot.parameters import epoch_milliseconds
from airflow_provider_mkt.client.paging import Cursor, after_cursor
from airflow_provider_mkt.client.parameters import (
    NumericId,
    PathText,
    UtcTime,
    between,
    encodable,
    endpoint,
    mapping,
)
from airflow_provider_mkt.client.redaction import describe_type

PAGE_MAX = 50
FIELDS_MAX = 1000
CONTACT = "0-1"
_READ = ("forms or forms-uploaded-files",)


class SubmittedValue(TypedDict):
    name: str
    value: str
    objectTypeId: NotRequired[str]


class Submission(TypedDict):
    """A submission. ``submittedAt`` is in milliseconds since the epoch; the submitter may have set it."""

    conversionId: str
    submittedAt: int
    values: builtins.list[SubmittedValue]
    pageUrl: NotRequired[str]


class Submitted(TypedDict):
    """What the form shows or opens after it was filled out."""

    inlineMessage: NotRequired[str]
    redirectUri: NotRequired[str]


@endpoint
def list(
    form_id: PathText,
    *,
    limit: Annotated[int, between(1, PAGE_MAX)] = PAGE_MAX,
    after: Cursor | None = None,
) -> Call[builtins.list[Submission]]:
    """List the submissions of a form, the newest first. There is no filter by time.

    The values of a field for files are links, which need the scope ``forms-uploaded-files``.

    :param form_id: id of the form.
    :param limit: rows per page, 1-50.
    :param after: cursor of the page to begin with; the first page when not given.
    :returns: one page of submissions; iterate the call for all pages.
    :raises InvalidInput: when *limit* is out of range.
    :raises NotFound: when the form does not exist.

    Source: ``GET /form-integrations/v1/submissions/forms/{formId}``.
    """
    return Call(
        "form_submissions.list",
        Route("GET", "form_submissions", "/submissions/forms/{formId}", path_params(formId=form_id)),
        _rows,
        Replay.SAFE,
        query=query_pairs(limit=limit, after=after),
        follow=after_cursor,
        scopes=_READ,
    )


@endpoint
def submit(
    portal_id: NumericId,
    form_id: PathText,
    fields: Mapping[str, str],
    *,
    submitted_at: UtcTime | None = None,
    context: Mapping[str, object] | None = None,
    legal_consent: Mapping[str, object] | None = None,
) -> Call[Submitted]:
    """Fill out a form for one person: create or update the contact, and start what waits for the form.

    Nothing distinguishes a second submission from the first, so it is not sent again after a lost answer.
    The call goes to HubSpot's host for forms, within the rate limit of the account.

    :param portal_id: id of the account.
    :param form_id: id of the form.
    :param fields: values by the names of contact properties, as text.
    :param submitted_at: when the form was filled out (timezone-aware), at most a month ago; now when not
        given.
    :param context: ``hutk``, ``ipAddress``, ``pageUri``, ``pageName`` ... in HubSpot's own format.
    :param legal_consent: consent, or legitimate interest, in HubSpot's own format; required by forms with
        options of consent.
    :returns: the message or the address that the form shows.
    :raises InvalidInput: when there are no fields or more than 1,000, or a value is not text.
    :raises InvalidRequest: when HubSpot rejects the submission.

    Source: ``POST /submissions/v3/integration/secure/submit/{portalId}/{formId}``.
    """
    body: dict[str, Json] = {"fields": _fields(fields)}
    if submitted_at is not None:
        body["submittedAt"] = str(epoch_milliseconds(submitted_at))
    if context is not None:
        body["context"] = mapping("context", context)
    if legal_consent is not None:
        body["legalConsentOptions"] = mapping("legal_consent", legal_consent)
    return Call(
        "form_submissions.submit",
        Route(
            "POST",
            "form_submit",
            "/secure/submit/{portalId}/{formId}",
            path_params(portalId=portal_id, formId=form_id),
        ),
        lambda envelope: cast("Submitted", envelope),
        Replay.NEVER,
        body=JsonBody(body),
        scopes=("forms",),
    )


def _fields(fields: Mapping[str, object]) -> builtins.list[Json]:
    given = mapping("fields", fields)
    if not 1 <= len(given) <= FIELDS_MAX:
        raise InvalidInput("fields", f"has {len(given)} entries; 1 to {FIELDS_MAX}")
    for name, value in given.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise InvalidInput(f"fields.{name}", f"must be text, not {describe_type(value)}")
        encodable(f"fields.{name}", value)
    return [{"objectTypeId": CONTACT, "name": name, "value": value} for name, value in given.items()]


def _rows(envelope: Envelope) -> builtins.list[Submission]:
    return cast("builtins.list[Submission]", envelope["results"])
