"""What the hooks of both platforms share: connection, drivers, and the ways to run calls."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
import threading
import time
from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from airflow.providers.common.compat.sdk import BaseHook, conf

from airflow_provider_mkt.actions.jobs import Job, JobSpec, condition_spec_of, spec_of
from airflow_provider_mkt.actions.procedure import Pages, Pause, Procedure, TaskState
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import InvalidInput, PlatformError
from airflow_provider_mkt.version_compat import local_masker

if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType

    from airflow.providers.common.compat.sdk import Connection
    from pydantic import ValidationError

    from airflow_provider_mkt.actions.campaigns import CampaignBatch
    from airflow_provider_mkt.actions.emails import Publication
    from airflow_provider_mkt.actions.leads import ChangeLog, LeadMerge
    from airflow_provider_mkt.actions.ports import (
        Audience,
        CampaignVerbs,
        EmailVerbs,
        LeadImporter,
        LeadWriter,
    )
    from airflow_provider_mkt.client.quota import DayQuota
    from airflow_provider_mkt.client.ratelimit.budget import Budget
    from airflow_provider_mkt.client.transport.classification import Failure
    from airflow_provider_mkt.client.transport.drivers import AsyncDriver, SyncDriver
    from airflow_provider_mkt.client.transport.exchange import Reply, Session
    from airflow_provider_mkt.client.transport.platform import Platform, Rate
    from airflow_provider_mkt.client.transport.retry_policy import RetryPolicy

T = TypeVar("T")

log = logging.getLogger(__name__)


def state_directory() -> Path:
    """Where budgets, locks and what tasks remember are kept on this machine (``[mkt] state_dir``)."""
    configured = conf.get("mkt", "state_dir", fallback="")
    if configured:
        return Path(configured)
    return Path(tempfile.gettempdir()) / f"airflow-provider-mkt-{os.getuid()}"


def shared_state_url() -> str | None:
    """The server that holds budgets and locks for several machines (``[mkt] shared_state_url``)."""
    return conf.get("mkt", "shared_state_url", fallback="") or None


class MarketingHook(BaseHook):
    """Base of :class:`HubSpotHook` and :class:`MarketoHook`.

    A hook resolves its connection once, on first use, and may then be used from several threads, or
    on an event loop, but not on both.

    :param conn_id: the Airflow connection.
    """

    conn_name_attr: ClassVar[str]
    default_conn_name: ClassVar[str]
    conn_type: ClassVar[str]
    hook_name: ClassVar[str]
    job_specs: ClassVar[Sequence[JobSpec]]

    def __init__(self, conn_id: str) -> None:
        super().__init__()
        self.conn_id = conn_id
        self._platform: Platform | None = None
        self._sync: SyncDriver | None = None
        self._async: AsyncDriver | None = None
        self._making = threading.Lock()
        self._mask: Callable[[str], None] | None = None
        self.policy: RetryPolicy | None = None
        self.on_refusal: Callable[[Call[Any], Failure, float], None] | None = None
        self.sleep: Callable[[float], None] = time.sleep
        self.calls = 0
        """How many blocking calls were run."""
        self.raise_if_cancelled: Callable[[], None] = _always
        """Asked before each blocking call; raises where no more is to begin."""

    # -- the account -----------------------------------------------------------------------------

    @classmethod
    @abstractmethod
    def platform_of(cls, connection: Connection, extra: Mapping[str, Any]) -> Platform:
        """The account that a connection describes.

        :raises InvalidInput: naming the field that is missing or wrong.
        """

    @property
    def platform(self) -> Platform:
        """The account. Looks the connection up on first use."""
        if self._platform is None:
            connection = self.get_connection(self.conn_id)
            self.describe(connection, connection.extra_dejson)
        return self._known()

    async def aplatform(self) -> Platform:
        """The account, looked up without blocking the event loop."""
        if self._platform is None:
            self.describe(*await async_connection(self.conn_id))
        return self._known()

    def describe(self, connection: Connection, extra: Mapping[str, Any]) -> None:
        """Take the account from a connection that was looked up already.

        :param extra: the connection's extra, decoded.
        :raises InvalidInput: naming the field that is missing or wrong.
        """
        if connection.conn_type not in (self.conn_type, None, ""):
            raise InvalidInput(
                "conn_type",
                f"connection {self.conn_id!r} is of type {connection.conn_type!r}, not {self.conn_type!r}",
            )
        try:
            self._platform = self.platform_of(connection, extra)
        except InvalidInput as error:
            raise InvalidInput(error.field, f"{error.problem} (connection {self.conn_id!r})") from None

    def _known(self) -> Platform:
        if self._platform is None:
            raise InvalidInput("conn_id", f"connection {self.conn_id!r} has not been looked up")
        return self._platform

    # -- running calls ---------------------------------------------------------------------------

    def run(self, call: Call[T]) -> T:
        """Run a call and return its result.

        :raises PlatformError: one of :mod:`airflow_provider_mkt.client.errors`.
        """
        return self.reply(call).value

    def reply(self, call: Call[T]) -> Reply[T]:
        """Run a call and return its result with how it came about."""
        from airflow_provider_mkt.client.transport.exchange import exchange

        self.raise_if_cancelled()
        with self._making:
            self.calls += 1
        driver = self._sync_driver()
        return driver.pump(exchange(call, self._link()))

    async def arun(self, call: Call[T]) -> T:
        """Run a call on an event loop. Same results and errors as :meth:`run`."""
        return (await self.areply(call)).value

    async def areply(self, call: Call[T]) -> Reply[T]:
        """Run a call on an event loop and return its result with how it came about."""
        from airflow_provider_mkt.client.transport.exchange import exchange

        await self.aplatform()
        driver = self._async_driver()
        return await driver.pump(exchange(call, self._link()))

    def iterate(self, call: Call[list[T]]) -> Iterator[T]:
        """Yield the rows of every page of a call; a page is read when its rows are asked for."""
        page: Call[list[T]] | None = call
        while page is not None:
            reply = self.reply(page)
            yield from reply.value
            page = page.next_page(reply.envelope)

    async def aiterate(self, call: Call[list[T]]) -> AsyncIterator[T]:
        """Yield the rows of every page of a call, on an event loop."""
        page: Call[list[T]] | None = call
        while page is not None:
            reply = await self.areply(page)
            for row in reply.value:
                yield row
            page = page.next_page(reply.envelope)

    def follow(self, procedure: Procedure[T]) -> T:
        """Run the calls of a flow to its end."""
        answer: Any = None
        failure: PlatformError | None = None
        try:
            while True:
                step = procedure.throw(failure) if failure is not None else procedure.send(answer)
                answer, failure = None, None
                try:
                    match step:
                        case Call():
                            answer = self.run(step)
                        case Pages(call):
                            answer = list(self.iterate(call))
                        case Pause(seconds, why):
                            if why:
                                self.log.info("Waiting %.0f s: %s", seconds, why)
                            self._sync_driver().sleep(seconds)
                except PlatformError as error:
                    failure = error
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            procedure.close()

    async def afollow(self, procedure: Procedure[T]) -> T:
        """Run the calls of a flow to its end, on an event loop."""
        answer: Any = None
        failure: PlatformError | None = None
        try:
            while True:
                step = procedure.throw(failure) if failure is not None else procedure.send(answer)
                answer, failure = None, None
                try:
                    match step:
                        case Call():
                            answer = await self.arun(step)
                        case Pages(call):
                            answer = [row async for row in self.aiterate(call)]
                        case Pause(seconds, why):
                            if why:
                                self.log.info("Waiting %.0f s: %s", seconds, why)
                            await self._async_driver().sleep(seconds)
                except PlatformError as error:
                    failure = error
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            procedure.close()

    def rate(self) -> Rate:
        """The account's limit for calls, as far as it is known."""
        from airflow_provider_mkt.client.call import Quota

        return self._budget().rate(Quota.CALLS) or self.platform.rates[Quota.CALLS]

    # -- what both platforms do ------------------------------------------------------------------

    def job_spec(self, job: Job) -> JobSpec:
        """What there is to know about a job's kind.

        :raises InvalidInput: when this platform has no such kind.
        """
        return spec_of(self.job_specs, job)

    def condition_spec(self, condition: Job) -> JobSpec:
        """How to look for a condition.

        :raises InvalidInput: when there is no such condition on this platform.
        """
        return condition_spec_of(self.condition_specs, condition)

    @property
    @abstractmethod
    def condition_specs(self) -> Sequence[JobSpec]:
        """What can be waited for beside background work."""

    @property
    @abstractmethod
    def change_log(self) -> ChangeLog:
        """How new and changed leads are told of."""

    @abstractmethod
    def day_quota(self) -> Procedure[DayQuota | None]:
        """Ask how many of the account's calls of the day are left; None where it does not say."""

    @abstractmethod
    def lead_writer(self, *, action: str, lookup_field: str, partition_name: str | None = None) -> LeadWriter:
        """How leads are written."""

    @abstractmethod
    def lead_importer(self, *, action: str, lookup_field: str, **settings: Any) -> LeadImporter:
        """How files of leads are imported in bulk.

        :param settings: of either platform; those of the other one must be empty.
        :raises InvalidInput: on a setting that the platform does not have.
        """

    @abstractmethod
    def create_campaigns(
        self, task_state: TaskState, campaigns: Sequence[Mapping[str, Any]]
    ) -> Procedure[CampaignBatch]:
        """Create the campaigns that are not there yet."""

    @property
    @abstractmethod
    def campaigns(self) -> CampaignVerbs:
        """What is done with campaigns, beside creating them."""

    @property
    @abstractmethod
    def emails(self) -> EmailVerbs:
        """What is done with emails, beside publishing them."""

    @abstractmethod
    def publish_email(
        self,
        task_state: TaskState,
        *,
        email_id: str | None,
        program_id: str | None,
        publish_at: datetime | None,
        send_now: bool,
    ) -> Procedure[Publication]:
        """Publish an email that is not published yet."""

    @property
    @abstractmethod
    def people(self) -> Audience:
        """What is done with many people, each with an outcome."""

    @abstractmethod
    def merge_leads(
        self, task_state: TaskState, winner_id: str, loser_ids: Sequence[str], *, merge_in_crm: bool
    ) -> Procedure[LeadMerge]:
        """Merge leads into one."""

    # -- life ------------------------------------------------------------------------------------

    def test_connection(self) -> tuple[bool, str]:
        """Make a request and say which account it is, what is left of its day and what is missing.

        One try, no waiting: the UI's test runs inside the API server.
        """
        from airflow_provider_mkt.client.transport.retry_policy import RetryPolicy

        self.policy = RetryPolicy.no_retry()
        try:
            return True, self.follow(self._introduce())
        except PlatformError as error:
            return False, str(error)
        finally:
            self.close()

    @abstractmethod
    def _introduce(self) -> Procedure[str]:
        """The line that tells an account."""

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """Form fields for Airflow 3.0 and 3.1, which do not read them from the provider info."""
        from airflow_provider_mkt.hooks._forms import widgets

        return widgets(cls.conn_type)

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Labels and placeholders for Airflow 3.0 and 3.1."""
        from airflow_provider_mkt.hooks._forms import behaviour

        return behaviour(cls.conn_type)

    def get_conn(self) -> Self:
        """The hook itself: it is what runs calls."""
        return self

    def for_cancellation(self) -> Self:
        """A hook for the calls of a task that is told to end: the same account, connections of its own,
        and no patience. Nothing is looked up, so the account must be known already.
        """
        from airflow_provider_mkt.client.transport.retry_policy import RetryPolicy

        other = type(self)(self.conn_id)
        other._platform, other.policy = self._known(), RetryPolicy.no_retry()
        return other

    def close(self) -> None:
        """Close the connections of blocking use."""
        if self._sync is not None:
            self._sync.close()
            self._sync = None

    async def aclose(self) -> None:
        """Close the connections of use on an event loop."""
        if self._async is not None:
            await self._async.aclose()
            self._async = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    @contextmanager
    def exclusive(self, what: str) -> Iterator[None]:
        """Let one task at a time do *what*, whichever credentials it uses: on this machine, or on all
        that share a server (``[mkt] shared_state_url``).

        :param what: names the thing, e.g. ``publish email 123``.
        """
        from filelock import FileLock, Timeout

        from airflow_provider_mkt.client.files import private_directory

        site = self.platform.account.base_url  # type: ignore[attr-defined]
        key = hashlib.sha256(f"{self.conn_type} {site} {what}".encode()).hexdigest()[:24]
        lock = FileLock(private_directory(state_directory() / "locks") / key, thread_local=False)
        try:
            lock.acquire(timeout=1)
        except Timeout:
            self.log.info("Another task is at it: %s; waiting for it to finish", what)
            lock.acquire(poll_interval=0.5)
        try:
            with self._shared_lock(key):
                yield
        finally:
            lock.release()

    # -- inside ----------------------------------------------------------------------------------

    def _shared_lock(self, key: str) -> AbstractContextManager[None]:
        if (url := shared_state_url()) is None:
            return nullcontext()
        from airflow_provider_mkt.client.ratelimit.shared_state import lock

        return lock(url, key)

    def _budget(self) -> Budget:
        from airflow_provider_mkt.client.ratelimit.budget import budget_of

        platform, place = self.platform, shared_state_url() or state_directory() / "budgets"
        return budget_of(place, platform.account_key, platform.rates, max_in_flight=platform.max_in_flight)

    def _sync_driver(self) -> SyncDriver:
        with self._making:
            if self._sync is None:
                from airflow_provider_mkt.client.transport.drivers import SyncDriver

                options = {} if self.sleep is None else {"sleep": self.sleep}
                self._sync = SyncDriver(self._budget(), **options)
            return self._sync

    def _async_driver(self) -> AsyncDriver:
        if self._async is None:
            from airflow_provider_mkt.client.transport.drivers import AsyncDriver

            self._async = AsyncDriver(self._budget())
        return self._async

    def _link(self) -> Session:
        from airflow_provider_mkt.client.transport.exchange import Session
        from airflow_provider_mkt.client.transport.retry_policy import RetryPolicy

        if self._mask is None:
            self._mask = local_masker()
        return Session(
            self.platform,
            policy=self.policy or RetryPolicy(),
            notice=self._refused,
            learn=self._budget().learn,
            on_token=self._mask,
        )

    def _refused(self, call: Call[Any], failure: Failure, wait: float) -> None:
        from airflow_provider_mkt.client.transport.classification import RetryAction

        if failure.action is RetryAction.BACK_OFF:
            self._budget().refused(call.quota, wait)
        if wait >= 1:
            self.log.info("%s; trying again in %.0f s", failure.error, wait)
        if self.on_refusal is not None:
            self.on_refusal(call, failure, wait)


def _always() -> None:
    pass


async def async_connection(conn_id: str) -> tuple[Connection, Mapping[str, Any]]:
    """Look a connection up on an event loop, its extra with it."""
    from airflow.providers.common.compat.connection import get_async_connection, get_async_extra_dejson
    from airflow.providers.common.compat.sdk import AirflowNotFoundException

    try:
        connection = await get_async_connection(conn_id)
    except AirflowNotFoundException:
        # In a test run of a DAG the asynchronous way does not see connections of the metadata database.
        from asgiref.sync import sync_to_async

        connection = await sync_to_async(BaseHook.get_connection)(conn_id)
    return connection, await get_async_extra_dejson(connection)


def account_error(error: ValidationError) -> InvalidInput:
    """The first thing that is wrong with a connection's settings, without its value."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "connection"
    return InvalidInput(field, str(first["msg"]).removeprefix("Value error, "))
