"""Connection forms for Airflow 3.0 and 3.1, built from the provider info that later versions read."""

from __future__ import annotations

from typing import Any

from airflow_provider_mkt.get_provider_info import get_provider_info


def _form(conn_type: str) -> dict[str, Any]:
    types = get_provider_info()["connection-types"]
    form: dict[str, Any] = next(entry for entry in types if entry["connection-type"] == conn_type)
    return form


def widgets(conn_type: str) -> dict[str, Any]:
    """The extra fields of a connection type, as WTForms fields."""
    from wtforms import BooleanField, IntegerField, PasswordField, SelectField, StringField
    from wtforms.validators import Optional

    fields: dict[str, Any] = {}
    for name, field in _form(conn_type)["conn-fields"].items():
        schema, label = field["schema"], field["label"]
        options = {"description": field["description"], "default": schema.get("default")}
        types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if "enum" in schema:
            fields[name] = SelectField(label, choices=schema["enum"], **options)
        elif "boolean" in types:
            fields[name] = BooleanField(label, **options)
        elif "integer" in types:
            fields[name] = IntegerField(label, validators=[Optional()], **options)
        elif schema.get("format") == "password":
            fields[name] = PasswordField(label, **options)
        else:
            fields[name] = StringField(label, **options)
    return fields


def behaviour(conn_type: str) -> dict[str, Any]:
    """Labels, placeholders and hidden fields of a connection type."""
    field_behaviour = _form(conn_type)["ui-field-behaviour"]
    return {
        "hidden_fields": field_behaviour["hidden-fields"],
        "relabeling": field_behaviour["relabeling"],
        "placeholders": field_behaviour["placeholders"],
    }
