"""The connection forms for Airflow 3.0 and 3.1, made from the provider info that later versions read."""

from __future__ import annotations

from typing import Any

from airflow_provider_mkt.get_provider_info import get_provider_info


def _form(conn_type: str) -> dict[str, Any]:
    types = get_provider_info()["connection-types"]
    form: dict[str, Any] = next(one for one in types if one["connection-type"] == conn_type)
    return form


def widgets(conn_type: str) -> dict[str, Any]:
    """The extra fields of a connection type as form fields."""
    from wtforms import BooleanField, IntegerField, PasswordField, SelectField, StringField
    from wtforms.validators import Optional

    fields: dict[str, Any] = {}
    for name, field in _form(conn_type)["conn-fields"].items():
        schema, label = field["schema"], field["label"]
        described = {"description": field["description"], "default": schema.get("default")}
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if "enum" in schema:
            fields[name] = SelectField(label, choices=schema["enum"], **described)
        elif "boolean" in kinds:
            fields[name] = BooleanField(label, **described)
        elif "integer" in kinds:
            fields[name] = IntegerField(label, validators=[Optional()], **described)
        elif schema.get("format") == "password":
            fields[name] = PasswordField(label, **described)
        else:
            fields[name] = StringField(label, **described)
    return fields


def behaviour(conn_type: str) -> dict[str, Any]:
    """Labels, placeholders and hidden fields of a connection type."""
    shown = _form(conn_type)["ui-field-behaviour"]
    return {
        "hidden_fields": shown["hidden-fields"],
        "relabeling": shown["relabeling"],
        "placeholders": shown["placeholders"],
    }
