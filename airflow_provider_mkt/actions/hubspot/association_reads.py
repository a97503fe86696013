"""Read what records are associated with, for an export: ids and labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from airflow_provider_mkt.actions.procedure import Pages, Procedure
from airflow_provider_mkt.client.errors import InvalidInput, InvalidRequest
from airflow_provider_mkt.client.hubspot.associations import association_labels, associations
from airflow_provider_mkt.client.json_types import JsonDict

AT_ONCE = associations.READ_MAX
"""Records that one call reads."""
_NONE = "OBJECT_NOT_FOUND"
"""Category of the error for a record that has no associations, or is gone."""


def column_of(object_type: str) -> str:
    """Return the name of the column that has the associated records of a type."""
    return f"associated_{object_type}"


def check_associations(object_type: str, others: Sequence[str]) -> Procedure[None]:
    """Check that records of two types can be associated. One call for each.

    :raises InvalidInput: naming an object type that does not exist.
    """
    for other in others:
        try:
            yield association_labels.list(object_type, other)
        except InvalidRequest as refused:
            problem = f"has {other!r}, with which {object_type} cannot be associated: {refused}"
            raise InvalidInput("associations", problem) from refused


def read_associated(
    object_type: str, others: Sequence[str], ids: Sequence[str]
) -> Procedure[Mapping[str, Mapping[str, list[JsonDict]]]]:
    """Read what up to 1,000 records are associated with. A call for each type, and one for each long list.

    :returns: the values of the columns, for each record that has associations.
    :raises InvalidRequest: when they cannot be read.
    """
    found: dict[str, dict[str, list[JsonDict]]] = {}
    for other in others:
        answer: associations.AssociatedResult = yield associations.batch_read(object_type, other, ids)
        for error in answer.errors:
            if error.category != _NONE:
                raise InvalidRequest(
                    error.reason(), platform="hubspot", call="associations.batch_read", code=error.category
                )
        for row in answer.results:
            linked: Sequence[Mapping[str, object]] = row.to
            if row.after is not None:
                # From the beginning: a page may begin elsewhere when the list has changed.
                linked = yield Pages(associations.list(object_type, row.from_id, other))
            found.setdefault(row.from_id, {})[column_of(other)] = [_value(one) for one in linked]
    return found


def _value(linked: Mapping[str, object]) -> JsonDict:
    """Return one associated record as it is in the file."""
    types = linked.get("associationTypes")
    return {"id": str(linked["toObjectId"]), "types": types if isinstance(types, list) else []}
