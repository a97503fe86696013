"""Libraries that only an extra of the provider installs."""

from __future__ import annotations

from typing import Any, Literal

from airflow_provider_mkt.client.errors import InvalidInput


def arrow_library(field: str, purpose: str, *, extra: Literal["duckdb", "files"] = "files") -> Any:
    """Return the module ``pyarrow``.

    :param field: the parameter that needs it.
    :param purpose: how the error begins, e.g. ``Parquet files need``.
    :param extra: the extra of the provider that installs it.
    :raises InvalidInput: when it is not installed.
    """
    try:
        import pyarrow
    except ImportError:
        raise InvalidInput(
            field, f"{purpose} a library: pip install 'airflow-provider-mkt[{extra}]'"
        ) from None
    return pyarrow
