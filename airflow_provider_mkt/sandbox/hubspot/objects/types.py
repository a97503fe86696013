"""The object types of an account: what their records and properties are, and who may use them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from airflow_provider_mkt.sandbox.hubspot.objects.definitions import Problem
from airflow_provider_mkt.sandbox.hubspot.objects.own_properties import (
    COMPANY_PROPERTIES,
    CUSTOM_PROPERTIES,
    DEAL_PROPERTIES,
    PIPELINE,
    TICKET_PROPERTIES,
)
from airflow_provider_mkt.sandbox.hubspot.objects.store import Record, RecordStore
from airflow_provider_mkt.sandbox.hubspot.pipelines.store import PipelineStore
from airflow_provider_mkt.sandbox.hubspot.properties.store import PropertyStore
from airflow_provider_mkt.sandbox.hubspot.seed import PORTAL_ID
from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

CONTACTS, COMPANIES, DEALS, TICKETS = "contacts", "companies", "deals", "tickets"
FIRST_COMPANY, FIRST_DEAL, FIRST_TICKET = 80_000_000_001, 70_000_000_001, 60_000_000_001
_FIRST_CUSTOM_TYPE, _FIRST_CUSTOM = 7_000_001, 50_000_000_001
_WITHOUT_RECORDS = frozenset(
    (
        *("appointment", "call", "cart", "commerce_payment", "communication"),
        *("course", "deal_split", "discount", "email", "engagement", "fee"),
        *("feedback_submission", "form", "goal_target", "invoice", "lead", "line_item"),
        *("listing", "marketing_event", "meeting", "note", "order", "partner_client"),
        *("payment", "postal_mail", "product", "quote", "service", "subscription", "task"),
        *("tax", "user"),
    )
)
"""Object types of which the sandbox keeps no records."""


_CONTACT_NAMES = ("email", "firstname", "lastname")


@dataclass(slots=True)
class ObjectType:
    """One object type.

    :param id: its number, such as ``0-2``.
    :param name: the plural, as it stands in paths; of a custom object its full name.
    :param singular: as it stands in messages and in association names.
    :param schema_scope: the scope of its definition, without ``.read`` or ``.write``.
    :param required: the properties that a new record must have, at least one of each group.
    :param shown: properties that are returned when none are requested.
    :param changed: the property with the time of the last change.
    :param schema: the definition that a client gave of a custom object.
    """

    id: str
    name: str
    singular: str
    read: tuple[str, ...]
    write: tuple[str, ...]
    schema_scope: str
    store: RecordStore
    properties: PropertyStore
    required: tuple[tuple[str, ...], ...] = ()
    shown: tuple[str, ...] = ()
    changed: str = "hs_lastmodifieddate"
    schema: JsonObject = field(default_factory=dict)

    @property
    def created(self) -> str:
        """The property with the time of the creation."""
        return "hs_createdate" if self.schema else "createdate"

    @property
    def always(self) -> tuple[str, ...]:
        """The properties that every response has."""
        return self.created, "hs_object_id", self.changed

    @property
    def is_contacts(self) -> bool:
        return self.name == CONTACTS

    @property
    def noun(self) -> str:
        return self.singular.upper()

    def missing(self, values: Mapping[str, str]) -> list[tuple[str, ...]]:
        """Return the groups of required properties that a new record lacks.

        A contact can also be identified by a property with unique values.
        """
        if self.is_contacts and any(self.store.is_unique(name) for name in values):
            return []
        return [group for group in self.required if not any(values.get(name) for name in group)]


class ObjectTypes:
    """All object types of an account.

    :param contacts: the store of contacts.
    """

    def __init__(self, clock: Clock, contacts: RecordStore, pipelines: PipelineStore) -> None:
        self._clock = clock
        self._pipelines = pipelines
        self._custom = 0
        self._all: dict[str, ObjectType] = {}
        self.archived: dict[str, ObjectType] = {}
        """Custom object types that were deleted, by id."""
        scope = "crm.objects.{}"
        for number, name, singular, store, required, shown in (
            ("0-1", CONTACTS, "contact", contacts, (_CONTACT_NAMES,), _CONTACT_NAMES),
            (
                "0-2",
                COMPANIES,
                "company",
                RecordStore(clock, COMPANY_PROPERTIES, FIRST_COMPANY),
                (("name", "domain"),),
                ("domain", "name"),
            ),
            (
                "0-3",
                DEALS,
                "deal",
                RecordStore(clock, DEAL_PROPERTIES, FIRST_DEAL),
                (("dealname",), ("dealstage",)),
                ("amount", "closedate", "dealname", "dealstage", "pipeline"),
            ),
            (
                "0-5",
                TICKETS,
                "ticket",
                RecordStore(clock, TICKET_PROPERTIES, FIRST_TICKET),
                (("subject",), ("hs_pipeline_stage",)),
                ("content", "hs_pipeline", "hs_pipeline_stage", "hs_ticket_priority", "subject"),
            ),
        ):
            tickets = name == TICKETS
            self._all[number] = ObjectType(
                number,
                name,
                singular,
                ("tickets",) if tickets else (f"{scope.format(name)}.read",),
                ("tickets",) if tickets else (f"{scope.format(name)}.write",),
                "tickets" if tickets else f"crm.schemas.{name}",
                store,
                PropertyStore(clock, store, f"{singular}information", f"{singular.capitalize()} information"),
                required,
                shown,
                "lastmodifieddate" if name == CONTACTS else "hs_lastmodifieddate",
            )

    def find(self, given: str) -> ObjectType | None:
        """Return an object type by its number, its name in plural or singular, or its full name."""
        name = given.lower()
        if name in self._all:
            return self._all[name]
        return next((one for one in self._all.values() if name in _names(one)), None)

    def __getitem__(self, name: str) -> ObjectType:
        found = self.find(name)
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[ObjectType]:
        return iter(self._all.values())

    def add_custom(self, schema: JsonObject, properties: Iterable[JsonObject]) -> ObjectType:
        """Add a custom object type from a checked schema."""
        number = f"2-{_FIRST_CUSTOM_TYPE + self._custom}"
        store = RecordStore(self._clock, CUSTOM_PROPERTIES, _FIRST_CUSTOM + self._custom * 1_000_000_000)
        self._custom += 1
        full = f"p{PORTAL_ID}_{schema['name']}"
        group = f"{schema['name']}_information"
        label = str((schema.get("labels") or {}).get("singular") or schema["name"])
        own = PropertyStore(self._clock, store, group, f"{label} information")
        for one in properties:
            own.put({**one, "groupName": one.get("groupName") or group})
        made = ObjectType(
            number,
            full,
            full,
            ("crm.objects.custom.read",),
            ("crm.objects.custom.write",),
            "crm.schemas.custom",
            store,
            own,
            tuple((str(name),) for name in schema.get("requiredProperties") or ()),
            tuple(str(name) for name in (schema.get("primaryDisplayProperty"),) if name),
            schema=schema,
        )
        self._all[number] = made
        return made

    def remove(self, kind: ObjectType) -> None:
        self.archived[kind.id] = self._all.pop(kind.id)

    def pipeline_problems(
        self, kind: ObjectType, values: Mapping[str, str], record: Record | None
    ) -> list[Problem]:
        """Return what is wrong with the pipeline and the stage of a record that is written."""
        if kind.name not in PIPELINE or not any(name in values for name in PIPELINE[kind.name]):
            return []
        in_pipeline, in_stage = PIPELINE[kind.name]
        after = {**(record.properties if record is not None else {}), **values}
        pipelines = self._pipelines.of(kind.name)
        if record is None and not after.get(in_pipeline) and len(pipelines) > 1:
            # Sources say that it must be named then. Which one it would be is not documented.
            return [(in_pipeline, "REQUIRED_FIELD", f"{in_pipeline} is required")]
        chosen = pipelines.get(after.get(in_pipeline) or next(iter(pipelines)))
        if chosen is None:
            return [_not_an_option(in_pipeline, after[in_pipeline], pipelines)]
        stage = after.get(in_stage, "")
        if stage and stage not in chosen.stages:
            return [_not_an_option(in_stage, stage, chosen.stages)]
        return []

    def with_pipeline(self, kind: ObjectType, values: dict[str, str]) -> dict[str, str]:
        """Return the values of a new record, with the only pipeline where none is named."""
        if kind.name not in PIPELINE:
            return values
        first = next(iter(self._pipelines.of(kind.name)))
        return {PIPELINE[kind.name][0]: first, **values}


def has_no_records(given: str) -> bool:
    """Return whether HubSpot has an object type of which the sandbox keeps no records."""
    return _singular(given.lower()) in _WITHOUT_RECORDS


def _names(one: ObjectType) -> tuple[str, ...]:
    if one.schema:
        short = str(one.schema["name"]).lower()
        return one.name.lower(), f"p_{short}", short
    return one.name, one.singular


def _singular(name: str) -> str:
    for ending, instead in (("ies", "y"), ("xes", "x"), ("s", ""), ("", "")):
        known = name.removesuffix(ending) + instead if name.endswith(ending) else ""
        if known in _WITHOUT_RECORDS:
            return known
    return name


def _not_an_option(name: str, value: str, options: Iterable[str]) -> Problem:
    return name, "INVALID_OPTION", f"{value} was not one of the allowed options: [{', '.join(options)}]"
