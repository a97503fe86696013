"""Watermarks: how far a sensor or an export has read, kept from one DAG run to the next.

A watermark is an Airflow Variable. Nothing else in Airflow 3.0 to 3.3 outlives DAG runs, workers and
machines, is the same for scheduled, manual and asset-triggered runs, and can be viewed and reset by a person.
(XComs of earlier runs are ordered by logical date, which manual runs do not have, and are deleted with their
runs. The state store of a task is deleted with its run, and that of an asset exists in 3.3 only.)
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from airflow.sdk import Variable

from airflow_provider_mkt.client.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Context

_NAME_MAX = 250


class KeptWatermark:
    """The Variable of a watermark: a JSON object.

    :param name: of the Variable.
    :param description: what it says, for people.
    """

    def __init__(self, name: str, description: str) -> None:
        if len(name) > _NAME_MAX:
            name = f"{name[: _NAME_MAX - 17]}_{hashlib.sha256(name.encode()).hexdigest()[:16]}"
        self.name = name
        self._description = description

    def read(self) -> dict[str, Any] | None:
        """Return what is kept; None where the Variable does not exist.

        :raises InvalidInput: when it is not a JSON object.
        """
        try:
            kept = Variable.get(self.name, default=None, deserialize_json=True)
        except ValueError:
            raise self.not_a_watermark() from None
        if kept is not None and not isinstance(kept, dict):
            raise self.not_a_watermark()
        return kept

    def write(self, kept: Mapping[str, Any]) -> None:
        """Keep a JSON object."""
        Variable.set(self.name, dict(kept), description=self._description, serialize_json=True)

    def check(self, what: str, kept: object, own: str) -> None:
        """Check that the watermark is of the right account, or of the right rows.

        :param what: ``account``, or empty for rows.
        :param kept: what the watermark is of.
        :param own: what it has to be of.
        :raises InvalidInput: when they differ.
        """
        if kept != own:
            one, other = (f"{what} {name}".strip() for name in (kept, own))
            raise InvalidInput(
                "variable",
                f"Airflow Variable {self.name} is the watermark of {one}, not of {other}; give another "
                "variable, or delete it to start again",
            )

    def not_a_watermark(self) -> InvalidInput:
        """Return the error for a Variable with other content."""
        problem = f"Airflow Variable {self.name} is not a watermark; delete it to start again"
        return InvalidInput("variable", problem)


def default_name(context: Context, kind: str) -> str:
    """Return the name of the Variable of a task.

    :param kind: what the watermark is of, e.g. ``lead_changes``.
    """
    ti = context["ti"]
    index = f"__{ti.map_index}" if ti.map_index is not None and ti.map_index >= 0 else ""
    return f"mkt_{kind}__{ti.dag_id}__{ti.task_id}{index}"
