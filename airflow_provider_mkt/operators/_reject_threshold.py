"""How many records may be rejected before a task fails."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.redaction import describe_type


@dataclass(frozen=True)
class RejectThreshold:
    """A number of records, or a share of all, that may be rejected.

    :param count: at most this number; None for no such limit.
    :param share: at most this share (0-1) of all; None for no such limit.
    """

    count: int | None = None
    share: float | None = None

    @classmethod
    def of(cls, field: str, value: object) -> RejectThreshold:
        """Read a templated limit: 10, 0.05, ``"10"``, ``"5%"``, or None for no limit.

        :raises InvalidInput: on any other value.
        """
        if value is None or value in ("", "None"):
            return cls()
        if isinstance(value, str):
            value = _number(field, value.strip())
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return cls(count=value)
        if isinstance(value, float) and 0 <= value <= 1:
            return cls(share=value)
        raise InvalidInput(
            field, f"must be a whole number, or a share from 0 to 1, not {describe_type(value)}"
        )

    def allows(self, rejected: int, total: int) -> bool:
        """Whether *rejected* of *total* are allowed."""
        if self.count is not None:
            return rejected <= self.count
        if self.share is not None:
            # 29 of 100 are 29 %, though 0.29 * 100 comes out a little below 29.
            return rejected <= self.share * total + 1e-6
        return True

    def __str__(self) -> str:
        if self.count is not None:
            return str(self.count)
        return f"{self.share:.2%}" if self.share is not None else "any number"


def _number(field: str, text: str) -> int | float:
    try:
        if text.endswith("%"):
            return float(text[:-1]) / 100
        return int(text) if text.isdigit() else float(text)
    except ValueError:
        raise InvalidInput(field, f"must be a number or a percentage, not {describe_type(text)}") from None
