"""The application that Airflow's API server mounts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import HTMLResponse

from airflow_provider_mkt.pages.rendering import render
from airflow_provider_mkt.plugins.usage_page.accounts import AccountUse, StateReader, Task, User
from airflow_provider_mkt.plugins.usage_page.history import SHOWN_DAYS, latest_runs

if TYPE_CHECKING:
    from airflow.api_fastapi.auth.managers.base_auth_manager import BaseAuthManager

REFRESH = 10
"""Seconds after which the page reads again what it shows."""

_HEADERS = {
    "Cache-Control": "no-store",
    # The page loads nothing from elsewhere, and only Airflow itself shows it in a frame.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def create_application(title: str) -> FastAPI:
    """Return the application, which has one page and no documentation of its own.

    :param title: of the page.
    """
    from airflow.api_fastapi.core_api.security import get_user

    application = FastAPI(title=title, docs_url=None, redoc_url=None, openapi_url=None)
    reader = StateReader()

    def page(user: Any = Depends(get_user)) -> HTMLResponse:  # noqa: B008
        return HTMLResponse(_page(title, user, reader), headers=_HEADERS)

    # FastAPI reads annotations as text by the module's names, and get_user is imported here.
    application.get("/", response_class=HTMLResponse)(page)
    return application


def _page(title: str, user: Any, reader: StateReader) -> str:
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
    from airflow.utils.session import create_session

    manager = get_auth_manager()
    if not manager.is_authorized_view(access_view=AccessView.CLUSTER_ACTIVITY, user=user):
        raise HTTPException(403, "Forbidden")
    dag_ids, with_outcomes = _readable(manager, user)
    state = reader.read()
    now = datetime.now(UTC)
    with create_session() as session:
        runs = latest_runs(session, dag_ids, with_outcomes=with_outcomes, now=now)
    return render(
        "airflow_provider_mkt.plugins.usage_page",
        "usage.html",
        title=title,
        refresh=REFRESH,
        now=now,
        state=state,
        users_of=lambda account: _visible(account, dag_ids),
        runs=runs,
        days=SHOWN_DAYS,
        sees_tasks=bool(dag_ids),
        link=_link,
        moment=lambda seconds: datetime.fromtimestamp(seconds, UTC),
    )


def _readable(manager: BaseAuthManager[Any], user: Any) -> tuple[frozenset[str], bool]:
    """Return the DAGs whose tasks the user may see, and whether the user may see what they returned."""
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity

    def allowed(entity: DagAccessEntity) -> bool:
        return manager.is_authorized_dag(method="GET", access_entity=entity, user=user)

    if not allowed(DagAccessEntity.TASK_INSTANCE):
        return frozenset(), False
    return frozenset(manager.get_authorized_dag_ids(user=user, method="GET")), allowed(DagAccessEntity.XCOM)


def _visible(account: AccountUse, dag_ids: frozenset[str]) -> Sequence[User]:
    """Return who uses an account. Tasks of DAGs that the reader may not see are one row, without a name."""
    shown = [one for one in account.users if one.task is None or one.task.dag_id in dag_ids]
    others = [one for one in account.users if one.task is not None and one.task.dag_id not in dag_ids]
    if others:
        hidden = User(
            None,
            "tasks of other DAGs",
            sum(one.calls for one in others),
            sum(one.in_flight for one in others),
            sum(one.waiting for one in others),
        )
        shown.append(hidden)
    return shown


def _link(task: Task) -> str:
    from airflow.configuration import conf

    base = str(conf.get("api", "base_url", fallback="") or "").rstrip("/")
    parts = ("dags", task.dag_id, "runs", task.run_id, "tasks", task.task_id)
    mapped = f"/mapped/{task.map_index}" if task.map_index >= 0 else ""
    return f"{base}/{'/'.join(quote(part, safe='') for part in parts)}{mapped}"
