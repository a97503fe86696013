"""The leads of a new instance, its custom fields and its form."""

from airflow_provider_mkt.sandbox.marketo.activities.activity_types import NEW_LEAD
from airflow_provider_mkt.sandbox.marketo.folders.models import FolderRef
from airflow_provider_mkt.sandbox.marketo.leads.store import Partition
from airflow_provider_mkt.sandbox.marketo.lists.models import Form
from airflow_provider_mkt.sandbox.marketo.seed import (
    DEFAULT_PARTITION,
    DEFAULT_PROGRAM,
    EMEA_PARTITION,
    FORM,
    INTEGER_KEY,
    MEMBER_FIELD,
    SEEDED_AT,
    STRING_KEY,
)
from airflow_provider_mkt.sandbox.marketo.state import MarketoState

_PEOPLE = (
    ("anna.berg@example.com", "Anna", "Berg", 1),
    ("ben.ito@example.com", "Ben", "Ito", 1),
    ("carla.neri@example.com", "Carla", "Neri", 1),
    ("david.osei@example.com", "David", "Osei", 1),
    ("elif.kaya@example.com", "Elif", "Kaya", 2),
)


def fill(state: MarketoState) -> None:
    """Add custom fields, five leads in two partitions, and a form."""
    state.leads.partitions += [
        Partition(1, DEFAULT_PARTITION, "The default for new leads"),
        Partition(2, EMEA_PARTITION),
    ]
    state.leads.schema.add_custom(STRING_KEY, "Customer Number", "string")
    state.leads.schema.add_custom(INTEGER_KEY, "Loyalty Id", "integer")
    state.member_schema.add_custom(MEMBER_FIELD, "Seat Choice", "string")
    for number, (email, first, last, partition_id) in enumerate(_PEOPLE, 1):
        partition = next(one for one in state.leads.partitions if one.id == partition_id)
        lead = state.leads.insert(
            {
                "email": email,
                "firstName": first,
                "lastName": last,
                STRING_KEY: f"C-{number:04}",
                INTEGER_KEY: 70_000 + number,
            },
            partition,
            SEEDED_AT,
        )
        attributes: dict[str, object] = {"Source Type": "New person", "Created Date": "2025-01-06"}
        state.log.add(NEW_LEAD, lead.id, SEEDED_AT, attributes)
    program = FolderRef(DEFAULT_PROGRAM, "Program")
    state.forms[FORM] = Form(
        FORM,
        "Newsletter Sign-up",
        program,
        SEEDED_AT,
        SEEDED_AT,
        ("email", "firstName", "lastName", STRING_KEY),
        (MEMBER_FIELD,),
        DEFAULT_PROGRAM,
    )
