"""Operators that export the subscription statuses of people from HubSpot to files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_mkt.actions.targets import RESULTS, Target
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators._parameters import optional_id, optional_keys, optional_list
from airflow_provider_mkt.operators._read_export import ReadExportOperator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from airflow_provider_mkt.actions.procedure import Procedure
    from airflow_provider_mkt.actions.reading import ColumnTypes, Reading, Span
    from airflow_provider_mkt.operators._parse_checks import Arguments, ParseCheck

_PEOPLE = ("emails", "contact_ids", "list_id")
_ONE_OF = "must be given, or contact_ids, or list_id, and only one of them"


def addresses(field: str, value: object) -> list[str]:
    """Return a list of email addresses.

    :raises InvalidInput: naming the entry that is not one, without its value.
    """
    from airflow_provider_mkt.client.hubspot.mailbox import email_address

    return [email_address(f"{field}[{index}]", one) for index, one in enumerate(optional_list(field, value))]


class ExportSubscriptionsOperator(ReadExportOperator):
    """Export which types of mail people of HubSpot get to a file: one row per person and type.

    People are given by address, by contact id, or as the members of a list. Who cannot be read has one row
    with the reason in the column ``error``. HubSpot answers for 100 people at once where the account has an
    Enterprise product and the connection the scope ``communication_preferences.statuses.batch.read``, else
    for one.

    The statuses are those at the moment of reading. HubSpot has no list of changes: with a range, all people
    are read, and those statuses are written that were set in it.

    :param conn_id: a connection of type ``hubspot``.
    :param output_path: the file to write, on any object storage. Its ending says the format.
    :param emails: addresses of people. Give exactly one of ``emails``, ``contact_ids`` and ``list_id``.
    :param contact_ids: record ids of contacts.
    :param list_id: a list of contacts.
    :param start: the first moment of the range: an aware datetime or ISO 8601 text with offset.
    :param end: the first moment after the range.
    :param since: ``last`` to begin where the run before this one ended, and to leave out what earlier runs
        have exported. The first run begins at *start*, or exports all there is. *end* is the moment when a
        run begins, unless it is given.
    :param variable: name of the Airflow Variable that keeps where that was; made of the ids of DAG and task
        when not given.
    :param overlap: seconds before the newest row of earlier runs that are read again with *since*, for rows
        that the platform shows late; 3,600 when not given.
    :param if_exists: what becomes of a file that exists: ``replace``, or ``fail``.
    :returns: :class:`.ExportOutcome`.
    :raises AirflowFailException: on an unknown list, before any status is read.

    Source: ``POST /communication-preferences/{version}/statuses/batch/read``,
    ``POST /communication-preferences/{version}/statuses/batch/unsubscribe-all/read``,
    ``GET /communication-preferences/{version}/statuses/{subscriberIdString}``,
    ``GET /communication-preferences/{version}/statuses/{subscriberIdString}/unsubscribe-all``,
    ``GET /crm/{version}/lists/{listId}/memberships`` and
    ``POST /crm/{version}/objects/contacts/batch/read``.
    """

    kind = "subscriptions"
    platform = "hubspot"
    # HubSpot gives no figure.
    late = 3600.0
    targets = (
        Target("subscriptions", "", "input"),
        Target("list", "list_id", "input"),
        Target(RESULTS, "output_path", "output"),
    )
    template_fields: Sequence[str] = (*ReadExportOperator.read_fields, *_PEOPLE)

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {
        "emails": addresses,
        "contact_ids": optional_keys,
        "list_id": optional_id,
    }

    def __init__(
        self,
        *,
        conn_id: str,
        output_path: str,
        emails: Sequence[str] | str | None = None,
        contact_ids: Sequence[str | int] | str | None = None,
        list_id: str | int | None = None,
        start: datetime | str | None = None,
        end: datetime | str | None = None,
        since: str | None = None,
        variable: str | None = None,
        overlap: float | str | None = None,
        if_exists: str = "replace",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            conn_id=conn_id,
            output_path=output_path,
            start=start,
            end=end,
            if_exists=if_exists,
            **kwargs,
        )
        self.since = since
        self.variable = variable
        self.overlap = overlap
        self.emails = emails
        self.contact_ids = contact_ids
        self.list_id = list_id

    def check_arguments(self, arguments: Arguments) -> None:
        super().check_arguments(arguments)
        arguments.one_of(*_PEOPLE, problem=_ONE_OF)

    def columns(self) -> Procedure[ColumnTypes]:
        from airflow_provider_mkt.actions.hubspot.subscription_reads import COLUMNS, check_list

        self._people()
        if (list_id := optional_id("list_id", self.list_id)) is not None:
            yield from check_list(list_id)
        return COLUMNS

    def readings(self, span: Span | None) -> Procedure[Sequence[Reading]]:
        from airflow_provider_mkt.actions.hubspot.subscription_reads import StatusReader

        emails, contact_ids, list_id = self._people()
        reader = StatusReader(span)
        if list_id is not None:
            return [reader.reading_of_list(list_id)]
        if contact_ids:
            return reader.readings_of_contacts(contact_ids)
        return (yield from reader.readings_of_emails(emails))

    def _people(self) -> tuple[list[str], list[str], str | None]:
        people = (
            addresses("emails", self.emails),
            optional_keys("contact_ids", self.contact_ids),
            optional_id("list_id", self.list_id),
        )
        if sum(1 for one in people if one) != 1:
            raise InvalidInput("emails", _ONE_OF)
        return people
