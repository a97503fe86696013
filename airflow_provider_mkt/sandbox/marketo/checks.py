"""Checks of the types of parameters in JSON."""

from airflow_provider_mkt.sandbox.marketo.errors import wrong_type
from airflow_provider_mkt.sandbox.server.json_types import JsonObject


def check_texts(given: JsonObject, *names: str) -> None:
    """Check that parameters are text where they are given; a number is read as text."""
    for name in names:
        value = given.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, (str, int, float))):
            raise wrong_type(value, f"string ({name})")


def check_booleans(given: JsonObject, *names: str) -> None:
    """Check that parameters are true or false where they are given."""
    for name in names:
        if given.get(name) is not None and not isinstance(given[name], bool):
            raise wrong_type(given[name], f"boolean ({name})")


def object_of(given: JsonObject, name: str) -> JsonObject:
    """Return a parameter that is an object; an empty one where it is not given."""
    value = given.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise wrong_type(value, f"object ({name})")
    return value
