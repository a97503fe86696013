"""What writes the records of an object type, and associates them with others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.operators._lead_source import LeadSource
from airflow_provider_mkt.operators._lead_writing import LeadWriting, open_claims
from airflow_provider_mkt.operators._parameters import as_list, optional_str, required_str
from airflow_provider_mkt.sync.links import RecordLinks

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_mkt.actions.leads import KnownFields
    from airflow_provider_mkt.actions.ports import LeadImporter, LeadWriter, ObjectWriter
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators._base import CancellableOperator
    from airflow_provider_mkt.operators._bulk_sync import BulkOperator
    from airflow_provider_mkt.operators._lead_source import RepeatableSource, Source
    from airflow_provider_mkt.operators._lead_writing import WriteOptions
    from airflow_provider_mkt.state.claims import KeyClaims
    from airflow_provider_mkt.sync.links import LinkRule
    from airflow_provider_mkt.sync.results import ObjectSyncOutcome, SyncOutcome
    from airflow_provider_mkt.sync.rows import LeadRows

_KEYS = frozenset({"to", "by", "column", "label", "missing"})
_MISSING = ("reject", "write")


def association_rules(
    associate: object, object_type: str, free_mail_domains: Sequence[str], null_values: Sequence[str]
) -> list[LinkRule]:
    """Return which records the rows are associated with.

    :raises InvalidInput: naming the part of ``associate`` that is wrong.
    """
    from airflow_provider_mkt.actions.hubspot.objects import ObjectAssociation
    from airflow_provider_mkt.sync.links import LinkRule

    rules: list[LinkRule] = []
    for index, one in enumerate(as_list("associate", associate)):
        field = f"associate[{index}]"
        if not isinstance(one, Mapping):
            raise InvalidInput(field, f"must be a mapping, not {describe_type(one)}")
        for key in one:
            if key not in _KEYS:
                raise InvalidInput(field, f"has a key other than {', '.join(sorted(_KEYS))}")
        missing = one.get("missing", "reject")
        if missing not in _MISSING:
            raise InvalidInput(f"{field}.missing", f"must be one of {', '.join(_MISSING)}")
        association = ObjectAssociation(
            object_type,
            required_str(f"{field}.to", one.get("to")),
            required_str(f"{field}.by", one.get("by", "id")),
            optional_str(f"{field}.label", one.get("label")),
        )
        skipped = frozenset(domain.strip().lower() for domain in free_mail_domains)
        rules.append(
            LinkRule(
                association,
                required_str(f"{field}.column", one.get("column")),
                missing,
                skipped if association.by == "domain" else frozenset(),
                frozenset(null_values),
            )
        )
    return rules


class Associations:
    """What the rows of a sync that compares are associated with.

    :param hook: runs calls.
    :param rules: which records.
    :param search_wait: seconds for which records are searched for again that the search does not show.
    """

    def __init__(self, hook: MarketingHook, rules: Sequence[LinkRule], *, search_wait: float) -> None:
        from airflow_provider_mkt.actions.hubspot.records import RECORD_ID

        self._hook, self.rules = hook, rules
        self.links = RecordLinks(
            hook.follow,
            rules,
            None,
            record_id=RECORD_ID,
            search_wait=search_wait,
            sleep=hook.run_context.sleep,
        )

    def prepare(self) -> None:
        """Check what is given. Few calls.

        :raises InvalidInput: naming the part of ``associate`` that is wrong.
        """
        prepare_rules(self._hook, self.rules)

    def of(self, source: Source) -> Source:
        """Return a source, with the records that its rows are associated with."""
        return _LinkedSource(source, self.links)

    def calls(self, rows: int, batch_max: int) -> int:
        """Return how many calls it takes at most to find those of some rows and to associate them."""
        return sum(-(-rows // batch_max) + -(-rows // rule.association.batch_max) for rule in self.rules)


@dataclass(frozen=True)
class _LinkedSource:
    source: Source
    links: RecordLinks

    def open(self, stack: ExitStack, key: str | None, known_fields: KnownFields) -> LeadRows:
        opened = self.source.open(stack, key, known_fields)
        return replace(opened, rows=self.links.rows(opened.rows), links=self.links)


def prepare_rules(hook: MarketingHook, rules: Sequence[LinkRule]) -> None:
    """Check which records the rows are to be associated with.

    :raises InvalidInput: naming the part of ``associate`` that is wrong.
    """
    for index, rule in enumerate(rules):
        try:
            hook.follow(rule.association.prepare())
        except InvalidInput as error:
            raise InvalidInput(f"associate[{index}].{error.field}", error.problem) from error


class ObjectSource:
    """Reads the records of a task, and finds those that they are associated with.

    :param source: reads the rows.
    :param hook: runs calls.
    :param writer: of the records.
    :param rules: which records they are associated with.
    :param search_wait: seconds for which records are searched for again that the search does not show.
    """

    def __init__(
        self,
        source: LeadSource,
        hook: MarketingHook,
        writer: LeadWriter,
        rules: Sequence[LinkRule],
        *,
        search_wait: float,
    ) -> None:
        self._source, self._hook, self._writer, self._rules = source, hook, writer, rules
        self._search_wait = search_wait
        self.links: RecordLinks | None = None

    def open(self, stack: ExitStack, key: str | None, known_fields: KnownFields) -> LeadRows:
        from airflow_provider_mkt.actions.hubspot.objects import ObjectWriter as HubSpotWriter
        from airflow_provider_mkt.actions.hubspot.records import RECORD_ID

        prepare_rules(self._hook, self._rules)
        opened = self._source.open(stack, key, known_fields)
        writer = self._writer
        finder = writer if isinstance(writer, HubSpotWriter) and writer.found_by is not None else None
        if not self._rules and finder is None:
            return opened
        self.links = RecordLinks(
            self._hook.follow,
            self._rules,
            finder,
            record_id=RECORD_ID,
            search_wait=self._search_wait,
            sleep=self._hook.run_context.sleep,
        )
        rows, links = self.links.rows(opened.rows), self.links if self._rules else None
        return replace(opened, rows=rows, links=links)


class ObjectWriting(LeadWriting):
    """Writes the records of one task.

    :param object_type: of the records.
    """

    noun = "record"

    def __init__(
        self,
        operator: CancellableOperator,
        context: Context,
        hook: MarketingHook,
        writer: ObjectWriter,
        options: WriteOptions,
        about: Sequence[object],
    ) -> None:
        self.object_type = writer.object_type
        super().__init__(operator, context, hook, writer, options, about)

    def _open_claims(self, stack: ExitStack) -> KeyClaims | None:
        # A key can be of several fields, and its values are those of one object type.
        if not self.writer.quiet_after:
            return None
        return open_claims(self.hook, self.object_type, self.writer.quiet_after, stack)

    def run_in_bulk(
        self, operator: BulkOperator, importer: LeadImporter, source: RepeatableSource, *, choose: bool
    ) -> SyncOutcome:
        """Write the records of a source in bulk, or by calls where that is faster and may be chosen.

        :raises AirflowFailException: when more records were rejected than allowed.
        """
        from airflow_provider_mkt.operators._bulk_sync import BulkSync

        with self.hook, self.hook.exclusive(f"task {self.task}"):
            outcome = self.of_finished_try()
            if outcome is None:
                outcome = BulkSync.of(operator, self, importer, source).run(choose=choose)
                outcome = self.of_objects(outcome)
                self.finish(outcome)
        self.fail_if_rejected(outcome)
        return outcome

    def by_calls(self, source: Source) -> SyncOutcome:
        """Write the records of a source by calls, and associate them."""
        return self.of_objects(super().by_calls(source))

    def of_objects(self, outcome: SyncOutcome) -> ObjectSyncOutcome:
        """Return the outcome of a sync as that of records of an object type."""
        return {
            **outcome,
            "outcome": "object_sync",
            "object_type": self.object_type,
            "associations": outcome.get("associations", []),
        }
