"""Import every module of the installed wheel. What only an extra brings may be missing."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import airflow_provider_mkt

# Imported by watchers on Airflow 3.3 and later only.
NEWER = {"airflow.triggers.shared_stream"}
OPTIONAL = {"duckdb", "openlineage", "psycopg", "pyarrow", "redis", "wtforms"}

imported = 0
for module in pkgutil.walk_packages(airflow_provider_mkt.__path__, "airflow_provider_mkt."):
    try:
        importlib.import_module(module.name)
    except ModuleNotFoundError as error:
        if error.name not in NEWER and (error.name or "").partition(".")[0] not in OPTIONAL:
            raise
    else:
        imported += 1
sys.stdout.write(f"{imported} modules imported\n")
