"""The custom objects of a new instance."""

from airflow_provider_mkt.sandbox.marketo.seed import ENROLLMENT_TYPE, MACHINE_TYPE, SEEDED_AT
from airflow_provider_mkt.sandbox.marketo.state import MarketoState


def fill(state: MarketoState) -> None:
    """Add machines of leads, with a key of one field, and enrollments, with a key of two."""
    types = state.custom_objects
    lead = {"name": "Lead", "field": "id"}
    for name, label, fields in (
        (
            MACHINE_TYPE,
            "Machine",
            (
                ("serialNumber", "Serial Number", "string", True, None),
                ("leadId", "Owner", "link", False, lead),
                ("model", "Model", "string", False, None),
                ("installedOn", "Installed On", "date", False, None),
                ("hours", "Hours", "integer", False, None),
                ("price", "Price", "currency", False, None),
                ("active", "Active", "boolean", False, None),
            ),
        ),
        (
            ENROLLMENT_TYPE,
            "Enrollment",
            (
                ("courseId", "Course Id", "string", True, None),
                ("leadId", "Student", "link", True, lead),
                ("grade", "Grade", "string", False, None),
            ),
        ),
    ):
        types.sync({"apiName": name, "displayName": label}, SEEDED_AT)
        rows: list[dict[str, object]] = [
            {"name": field, "displayName": title, "dataType": kind, "isDedupeField": key}
            | ({"relatedTo": link} if link else {})
            for field, title, kind, key, link in fields
        ]
        types.add_fields(name, rows, SEEDED_AT)
        types.approve(name, SEEDED_AT)
