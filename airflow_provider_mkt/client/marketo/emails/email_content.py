"""The content of emails: sections, variables and previews."""

from __future__ import annotations

from typing import Literal, get_args

from airflow_provider_mkt.client.call import Call, Pairs, Replay, numeric_id, path_params, query_pairs
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.marketo.requests import (
    asset,
    change,
    maybe_one_of,
    maybe_text,
    one_of,
    optional_text,
    place,
    text,
)
from airflow_provider_mkt.client.marketo.responses import first_as, one_as, rows_as
from airflow_provider_mkt.client.marketo.rows import Asset, CcField, EmailPreview, EmailSection, EmailVariable

# Marketo accepts bodies up to 1 MB.
LONGEST = 900_000

Version = Literal["approved", "draft"]
SectionType = Literal["Text", "DynamicContent", "Snippet"]
PreviewType = Literal["HTML", "Text"]


def sections(email_id: int | str, *, status: Version | None = None) -> Call[list[EmailSection]]:
    """List the editable sections and the modules of an email.

    :param email_id: id of the email.
    :param status: version to read, ``draft`` or ``approved``; whichever exists when not given.
    :returns: the sections; empty when the email or the version does not exist.

    Source: ``GET /rest/asset/v1/email/{id}/content.json``.
    """
    name = "email_content.sections"
    query = query_pairs(status=maybe_one_of(name, "status", status, get_args(Version)))
    params = place(name, "email_id", email_id)
    return asset(name, "/email/{id}/content.json", rows_as(EmailSection), params=params, query=query)


def update_section(
    email_id: int | str,
    section_id: str,
    value: str,
    *,
    section_type: SectionType = "Text",
    text_value: str | None = None,
) -> Call[Asset]:
    """Update a section of an email's draft, which is created if there is none.

    :param email_id: id of the email.
    :param section_id: ``htmlId`` of the section.
    :param value: HTML, or the id of a segmentation or a snippet, depending on *section_type*.
    :param section_type: ``Text``, ``DynamicContent`` or ``Snippet``.
    :param text_value: the plain-text version.

    Source: ``POST /rest/asset/v1/email/{id}/content/{htmlId}.json``.
    """
    name = "email_content.update_section"
    form = query_pairs(
        type=one_of(name, "section_type", section_type, get_args(SectionType)),
        value=text(name, "value", value, at_most=LONGEST),
        textValue=optional_text(name, "text_value", text_value, at_most=LONGEST),
    )
    return change(
        name,
        "/email/{id}/content/{htmlId}.json",
        one_as(Asset),
        Replay.SAFE,
        params=_inside(name, email_id, "section_id", section_id, "htmlId"),
        form=form,
    )


def preview(
    email_id: int | str,
    *,
    status: Version | None = None,
    lead_id: int | str | None = None,
    content_type: PreviewType | None = None,
) -> Call[EmailPreview | None]:
    """Read a preview of an email as it would be sent.

    :param email_id: id of the email.
    :param status: version to read, ``draft`` or ``approved``; the approved version if it exists, when not
        given.
    :param lead_id: id of the lead to render it for; also needs the permission Read-Only Lead.
    :param content_type: ``HTML`` (default) or ``Text``.
    :returns: its ``content``, or None when the email or the version does not exist.

    Source: ``GET /rest/asset/v1/email/{id}/fullContent.json``.
    """
    name = "email_content.preview"
    query = query_pairs(
        status=maybe_one_of(name, "status", status, get_args(Version)),
        leadId=None if lead_id is None else numeric_id(name, "lead_id", lead_id),
        type=maybe_one_of(name, "content_type", content_type, get_args(PreviewType)),
    )
    params = place(name, "email_id", email_id)
    return asset(name, "/email/{id}/fullContent.json", first_as(EmailPreview), params=params, query=query)


def variables(email_id: int | str) -> Call[list[EmailVariable]]:
    """List the variables of an email, which its template defines.

    :param email_id: id of the email.
    :returns: the variables.

    Source: ``GET /rest/asset/v1/email/{id}/variables.json``.
    """
    name = "email_content.variables"
    params = place(name, "email_id", email_id)
    return asset(name, "/email/{id}/variables.json", rows_as(EmailVariable), params=params)


def set_variable(
    email_id: int | str, variable_name: str, value: str, *, module_id: str | None = None
) -> Call[EmailVariable]:
    """Set a variable of an email's draft, which is created if there is none.

    :param email_id: id of the email.
    :param variable_name: name of an existing variable.
    :param value: the value; can be empty.
    :param module_id: id of the module that the variable belongs to, for module variables.

    Source: ``POST /rest/asset/v1/email/{id}/variable/{name}.json``.
    """
    name = "email_content.set_variable"
    given = optional_text(name, "value", value, at_most=LONGEST)
    if given is None:
        raise InvalidInput("value", "is missing", call=name)
    return change(
        name,
        "/email/{id}/variable/{name}.json",
        one_as(EmailVariable),
        Replay.SAFE,
        params=_inside(name, email_id, "variable_name", variable_name, "name"),
        form=query_pairs(value=given, moduleId=maybe_text(name, "module_id", module_id)),
    )


def cc_fields() -> Call[list[CcField]]:
    """List the fields whose email addresses can receive a copy of each email.

    Source: ``GET /rest/asset/v1/email/ccFields.json``.
    """
    return asset("email_content.cc_fields", "/email/ccFields.json", rows_as(CcField))


def _inside(call: str, email_id: int | str, field: str, value: str, name: str) -> Pairs:
    checked = path_params(call, **{field: text(call, field, value)})
    return (*place(call, "email_id", email_id), *((name, one) for _, one in checked))
