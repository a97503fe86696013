"""The sensor that waits for new and changed leads."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_mkt.actions.targets import RESULTS, Target
from airflow_provider_mkt.client.wording import counted
from airflow_provider_mkt.hooks.watermarks import default_name
from airflow_provider_mkt.operators._files import as_path, write_rows
from airflow_provider_mkt.operators._output_formats import check_json_lines
from airflow_provider_mkt.operators._parameters import as_list, optional_list, optional_str, required_str
from airflow_provider_mkt.sensors._arguments import time_or_run_start
from airflow_provider_mkt.sensors._condition import ConditionSensor
from airflow_provider_mkt.sensors._watermark import Reading, Watermark, Window
from airflow_provider_mkt.version_compat import conf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from airflow.sdk import Context

    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators._parse_checks import ParseCheck


class LeadChangesSensor(ConditionSensor):
    """Wait until leads are created or changed, and report each change once across DAG runs.

    The watermark is kept in an Airflow Variable, which outlives restarts and DAG runs. It moves when the task
    succeeds; a task that is retried or cleared reads its own window again. So every change is reported at
    least once. It is reported again only in that case, when two runs read at the same time, or when more than
    10,000 changes happen within ``late`` seconds.

    Rows that arrive late are found: the last ``late`` seconds are read again, without the changes that were
    reported before. A poll goes on from the newest known change, by one or two calls. While few changes are
    known, each poll also reads those seconds again; while many are, that happens less often, every quarter of
    the platform's usual delay at least (30 minutes on Marketo, 4 on HubSpot).

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type selects the platform.
    :param fields: REST names of the fields whose changes count; new leads always do. Marketo needs them;
        HubSpot reports changes of any field, by ``lastmodifieddate``.
    :param list_id: Marketo: only leads of this static list, which has fewer than 10,000.
    :param since: where to start when there is no watermark; the DAG run's start when not given.
    :param variable: name of the Airflow Variable; made of the ids of DAG and task when not given.
    :param leads_path: a file on any object storage for the leads, as JSON Lines: ``id`` and ``new`` (HubSpot:
        created within the window). When not given, they are only counted.
    :param late: seconds within which the platform reports a change; 7,200 on Marketo and 900 on HubSpot when
        not given.
    :param deferrable: wait in the triggerer instead of in a worker.
    :param poke_interval: seconds between two polls. Default: the interval of the condition.
    :param max_poll_failure_time: how long polls may go on failing before the sensor fails, in seconds.
    :returns: ``platform``, ``since``, ``until`` (the latest change), ``new`` and ``changed`` (leads), ``ids``
        of the first 100 of them, and ``leads``, the path of the file with all.
    :raises AirflowFailException: when the platform has no such field, or polls cannot work.
    :raises AirflowSensorTimeout: after ``timeout`` seconds; with ``soft_fail`` the task is skipped instead.

    Source: HubSpot ``POST /crm/{version}/objects/contacts/search``; Marketo
    ``GET /rest/v1/activities/pagingtoken.json`` and ``GET /rest/v1/activities/leadchanges.json``.
    """

    targets = (
        Target("leads", "", "input"),
        Target("list", "list_id"),
        Target(RESULTS, "leads_path", "output"),
    )

    condition = "leads_changed"
    template_fields: Sequence[str] = ("conn_id", "fields", "list_id", "since", "variable", "leads_path")

    _window: Window | None = None

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {"fields": optional_list}

    def __init__(
        self,
        *,
        conn_id: str,
        fields: Sequence[str] | str | None = None,
        list_id: str | int | None = None,
        since: datetime | str | None = None,
        variable: str | None = None,
        leads_path: str | None = None,
        late: float | None = None,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poke_interval: timedelta | float | None = None,
        max_poll_failure_time: float = 600.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            conn_id=conn_id,
            deferrable=deferrable,
            poke_interval=poke_interval,
            max_poll_failure_time=max_poll_failure_time,
            **kwargs,
        )
        self.fields = fields
        self.list_id = list_id
        self.since = since
        self.variable = variable
        self.leads_path = leads_path
        self.late = late

    def arguments(self, context: Context, hook: MarketingHook) -> Mapping[str, object]:
        check_json_lines("leads_path", as_path("leads_path", self.leads_path))
        window = self._read_from(context, hook)
        return {
            "since": window.since.isoformat(),
            "known": sorted(window.known),
            "fields": self._fields(),
            "list_id": optional_str("list_id", self.list_id),
            "newest": window.newest.isoformat() if window.newest else None,
            "read_at": window.read_at,
        }

    def finish(self, context: Context, result: dict[str, object]) -> dict[str, object]:
        """Read and write all changes, and only then move the watermark."""
        path = as_path("leads_path", self.leads_path)
        with self.hook() as hook:
            window, watermark = self._read_from(context, hook), self._watermark(context, hook)
            reading = Reading(window)
            log = hook.change_log
            call = hook.follow(log.read(window.since, self._fields(), optional_str("list_id", self.list_id)))
            leads = reading.leads(hook.iterate(call))
            count = write_rows(path, leads) if path else sum(1 for _ in leads)
            late = timedelta(seconds=log.late if self.late is None else self.late)
            platform = hook.conn_type
        since = reading.next_since(late)
        watermark.advance(since, reading.known(since), reading.newest)
        self.log.info("Found %s: %s new, %s changed", counted(count, "lead"), reading.new, reading.changed)
        return {
            "platform": platform,
            "since": window.since.isoformat(),
            "until": (reading.newest or window.since).isoformat(),
            "new": reading.new,
            "changed": reading.changed,
            "ids": reading.first,
            "leads": path,
        }

    def _fields(self) -> list[str]:
        if self.fields in (None, "", "None"):
            return []
        return [
            required_str(f"fields[{index}]", one) for index, one in enumerate(as_list("fields", self.fields))
        ]

    def _read_from(self, context: Context, hook: MarketingHook) -> Window:
        if self._window is None:
            first = time_or_run_start(context, "since", self.since)
            self._window = self._watermark(context, hook).begin(context["ti"].run_id, first)
        return self._window

    def _watermark(self, context: Context, hook: MarketingHook) -> Watermark:
        name = optional_str("variable", self.variable) or default_name(context, "lead_changes")
        return Watermark(name, hook.account_id())
