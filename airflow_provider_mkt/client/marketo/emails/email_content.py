"""The content of emails: sections, variables and previews."""

from __future__ import annotations

from typing import Annotated, Literal

from airflow_provider_mkt.client.call import Call, Replay, path_params, query_pairs
from airflow_provider_mkt.client.marketo.requests import ShortText, asset, change
from airflow_provider_mkt.client.marketo.responses import first_row_as, only_row_as, rows_as
from airflow_provider_mkt.client.marketo.rows import Asset, CcField, EmailPreview, EmailSection, EmailVariable
from airflow_provider_mkt.client.parameters import (
    Check,
    NumericId,
    endpoint,
    path_segment,
    text,
    text_or_empty,
)

CONTENT_MAX = 900_000
"""Characters of a section or a variable: Marketo accepts bodies up to 1 MB."""

SegmentText = Annotated[ShortText, Check(path_segment)]
Content = Annotated[str, text(CONTENT_MAX)]
ContentOrEmpty = Annotated[str, text_or_empty(CONTENT_MAX)]

Version = Literal["approved", "draft"]
SectionType = Literal["Text", "DynamicContent", "Snippet"]
PreviewType = Literal["HTML", "Text"]


@endpoint
def sections(email_id: NumericId, *, status: Version | None = None) -> Call[list[EmailSection]]:
    """List the editable sections and the modules of an email.

    :param email_id: id of the email.
    :param status: version to read, ``draft`` or ``approved``; whichever exists when not given.
    :returns: the sections; empty when the email or the version does not exist.

    Source: ``GET /rest/asset/v1/email/{id}/content.json``.
    """
    query = query_pairs(status=status)
    params = path_params(id=email_id)
    return asset(
        "email_content.sections",
        "/email/{id}/content.json",
        rows_as(EmailSection),
        params=params,
        query=query,
    )


@endpoint
def update_section(
    email_id: NumericId,
    section_id: SegmentText,
    value: Content,
    *,
    section_type: SectionType = "Text",
    text_value: ContentOrEmpty | None = None,
) -> Call[Asset]:
    """Update a section of an email's draft, which is created if there is none.

    :param email_id: id of the email.
    :param section_id: ``htmlId`` of the section.
    :param value: HTML, or the id of a segmentation or a snippet, depending on *section_type*.
    :param section_type: ``Text``, ``DynamicContent`` or ``Snippet``.
    :param text_value: the plain-text version.

    Source: ``POST /rest/asset/v1/email/{id}/content/{htmlId}.json``.
    """
    form = query_pairs(type=section_type, value=value, textValue=text_value)
    return change(
        "email_content.update_section",
        "/email/{id}/content/{htmlId}.json",
        only_row_as(Asset),
        Replay.SAFE,
        params=path_params(id=email_id, htmlId=section_id),
        form=form,
    )


@endpoint
def preview(
    email_id: NumericId,
    *,
    status: Version | None = None,
    lead_id: NumericId | None = None,
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
    query = query_pairs(status=status, leadId=lead_id, type=content_type)
    params = path_params(id=email_id)
    return asset(
        "email_content.preview",
        "/email/{id}/fullContent.json",
        first_row_as(EmailPreview),
        params=params,
        query=query,
    )


@endpoint
def variables(email_id: NumericId) -> Call[list[EmailVariable]]:
    """List the variables of an email, which its template defines.

    :param email_id: id of the email.
    :returns: the variables.

    Source: ``GET /rest/asset/v1/email/{id}/variables.json``.
    """
    params = path_params(id=email_id)
    return asset(
        "email_content.variables", "/email/{id}/variables.json", rows_as(EmailVariable), params=params
    )


@endpoint
def set_variable(
    email_id: NumericId,
    variable_name: SegmentText,
    value: ContentOrEmpty,
    *,
    module_id: ShortText | None = None,
) -> Call[EmailVariable]:
    """Set a variable of an email's draft, which is created if there is none.

    :param email_id: id of the email.
    :param variable_name: name of an existing variable.
    :param value: the value; can be empty.
    :param module_id: id of the module that the variable belongs to, for module variables.

    Source: ``POST /rest/asset/v1/email/{id}/variable/{name}.json``.
    """
    return change(
        "email_content.set_variable",
        "/email/{id}/variable/{name}.json",
        only_row_as(EmailVariable),
        Replay.SAFE,
        params=path_params(id=email_id, name=variable_name),
        form=query_pairs(value=value, moduleId=module_id),
    )


@endpoint
def cc_fields() -> Call[list[CcField]]:
    """List the fields whose email addresses can receive a copy of each email.

    Source: ``GET /rest/asset/v1/email/ccFields.json``.
    """
    return asset("email_content.cc_fields", "/email/ccFields.json", rows_as(CcField))
