"""Reads of the submissions of forms, for exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.actions.reading import Reading, ReadRow, Span
from airflow_provider_mkt.client.call import Call, Envelope, Pairs
from airflow_provider_mkt.client.errors import InvalidInput, NotFound
from airflow_provider_mkt.client.hubspot.forms import form_submissions, forms
from airflow_provider_mkt.client.hubspot.forms.form_submissions import CONTACT, Submission
from airflow_provider_mkt.client.hubspot.forms.forms import Form
from airflow_provider_mkt.client.hubspot.parameters import from_epoch_milliseconds
from airflow_provider_mkt.client.paging import after_cursor, with_next

_FIRST: Mapping[str, str] = {
    "conversionId": "",
    "submittedAt": "datetime",
    "formId": "",
    "formName": "",
    "pageUrl": "",
}
VALUES = "values"


def columns(fields: Sequence[str]) -> dict[str, str]:
    """Return the columns of a file of submissions with their types.

    :param fields: fields of forms that get a column each.
    :raises InvalidInput: when a field has the name of another column.
    """
    for name in fields:
        if name in _FIRST or name == VALUES:
            raise InvalidInput("fields", f"has {name}, which is the name of another column")
    return {**_FIRST, **dict.fromkeys(fields, ""), VALUES: "json"}


def forms_of(form_ids: Sequence[object]) -> Procedure[list[Form]]:
    """Read the forms whose submissions are exported.

    :param form_ids: ids of forms, which may be archived; all that are not archived when empty.
    :raises InvalidInput: naming a form that does not exist.
    """
    if form_ids:
        found = []
        for form_id in dict.fromkeys(str(one) for one in form_ids):
            found.append((yield from _form(form_id)))
        return found
    page: Call[list[Form]] | None = forms.list(form_types=("all",))
    every: list[Form] = []
    while page is not None:
        rows: list[Form]
        rows, page = yield with_next(page)
        every += rows
    return every


def submission_reading(form: Form, fields: Sequence[str], span: Span | None) -> Reading:
    """Return what reads the submissions of a form, the newest first, until those before the range.

    :param span: the range of the time of submission; None for all.
    """

    def rows(page: Sequence[Submission]) -> Procedure[Sequence[ReadRow]]:
        yield from ()
        found = []
        for one in page:
            at = from_epoch_milliseconds(one["submittedAt"])
            if span is None or span.start <= at < span.end:
                found.append(ReadRow(_values(one, form, fields), at, one["conversionId"]))
        return found

    def following(call: Call[list[Submission]], envelope: Envelope) -> Pairs | None:
        page: Sequence[Submission] = envelope["results"]
        if span is not None and all(from_epoch_milliseconds(one["submittedAt"]) < span.start for one in page):
            return None
        return after_cursor(call, envelope)

    return Reading(replace(form_submissions.list(form["id"]), follow=following), rows, key="conversionId")


def _form(form_id: str) -> Procedure[Form]:
    for archived in (False, True):
        try:
            form: Form = yield forms.get(form_id, archived=archived)
        except NotFound:
            continue
        return form
    raise InvalidInput("form_ids", f"has {form_id}, which is no form of the account")


def _values(one: Submission, form: Form, fields: Sequence[str]) -> dict[str, object]:
    given: dict[str, str] = {}
    for value in one["values"]:
        # A field of a contact has priority over one of the same name of another object.
        if value["name"] not in given or value.get("objectTypeId", CONTACT) == CONTACT:
            given[value["name"]] = value["value"]
    return {
        "conversionId": one["conversionId"],
        "submittedAt": one["submittedAt"],
        "formId": form["id"],
        "formName": form["name"],
        "pageUrl": one.get("pageUrl"),
        **{name: given.get(name) for name in fields},
        VALUES: one["values"],
    }
