"""The hook of a connection of either type: its account, and the ways to run calls."""

from __future__ import annotations

import copy
import hashlib
import threading
from abc import abstractmethod
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_mkt.actions.jobs import Job, JobSpec, condition_spec_of, spec_of
from airflow_provider_mkt.actions.procedure import Pages, Pause, Procedure, TaskState
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import InvalidInput, PlatformError
from airflow_provider_mkt.hooks.run_context import RunContext
from airflow_provider_mkt.hooks.state import shared_state_url, state_directory
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
    from airflow_provider_mkt.client.transport.drivers import AsyncDriver, SyncDriver
    from airflow_provider_mkt.client.transport.exchange import Reply, Session
    from airflow_provider_mkt.client.transport.platform import Failure, Platform, Rate

T = TypeVar("T")

_HOOKS = {
    "hubspot": "airflow_provider_mkt.hooks.hubspot.HubSpotHook",
    "marketo": "airflow_provider_mkt.hooks.marketo.MarketoHook",
}
"""The hook of each connection type, by name as in the provider info: both are subclasses of the one here."""


class MarketingHook(BaseHook):
    """Base of :class:`HubSpotHook` and :class:`MarketoHook`.

    A hook resolves its connection once, on first use. It may then be used from several threads or on an
    event loop, but not on both.

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
        self._lock = threading.Lock()
        self._account: tuple[Session, Budget] | None = None
        self._counter = _CallCounter()
        self._run_context = RunContext()

    def bind(self, run_context: RunContext) -> Self:
        """Return a hook of the same account that waits and reports as *run_context* says.

        The hook itself is not changed. The bound one has connections of its own, so it is closed by itself
        (it is a context manager). Both count their calls together.
        """
        bound = copy.copy(self)
        bound._sync = bound._async = bound._account = None
        bound._lock = threading.Lock()
        bound._run_context = run_context
        return bound

    @property
    def run_context(self) -> RunContext:
        """How the hook waits and reports."""
        return self._run_context

    @property
    def calls(self) -> int:
        """How many blocking calls were run by this hook, and by those bound to it."""
        return self._counter.calls

    # -- the account -----------------------------------------------------------------------------

    @classmethod
    @abstractmethod
    def platform_of(cls, connection: Connection, extra: Mapping[str, Any]) -> Platform:
        """The account that a connection describes.

        :raises InvalidInput: naming the field that is missing or wrong.
        """

    @property
    def platform(self) -> Platform:
        """The account. The connection is looked up on first use."""
        if self._platform is None:
            connection = self.get_connection(self.conn_id)
            self.describe(connection, connection.extra_dejson)
        return self._resolved()

    async def aplatform(self) -> Platform:
        """The account; the connection is looked up without blocking the event loop."""
        if self._platform is None:
            self.describe(*await async_connection(self.conn_id))
        return self._resolved()

    def describe(self, connection: Connection, extra: Mapping[str, Any]) -> None:
        """Use the account of a connection that was looked up before.

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
            self._account = None
        except InvalidInput as error:
            raise InvalidInput(error.field, f"{error.problem} (connection {self.conn_id!r})") from None

    def _resolved(self) -> Platform:
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
        """Run a call and return its result with the attempts that it took."""
        from airflow_provider_mkt.client.transport.exchange import exchange

        if self._run_context.raise_if_cancelled is not None:
            self._run_context.raise_if_cancelled()
        self._counter.add()
        driver, session = self._sync_session()
        return driver.pump(exchange(call, session))

    async def arun(self, call: Call[T]) -> T:
        """Run a call on an event loop. Same results and errors as :meth:`run`."""
        return (await self.areply(call)).value

    async def areply(self, call: Call[T]) -> Reply[T]:
        """Run a call on an event loop and return its result with the attempts that it took."""
        from airflow_provider_mkt.client.transport.exchange import exchange

        await self.aplatform()
        driver, session = self._async_session()
        return await driver.pump(exchange(call, session))

    def iterate(self, call: Call[list[T]]) -> Iterator[T]:
        """Yield the rows of every page of a call; a page is requested when its rows are needed."""
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
        """Run the calls of a procedure and return its result."""
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
                            self.run_context.sleep(seconds)
                except PlatformError as error:
                    failure = error
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            procedure.close()

    async def afollow(self, procedure: Procedure[T]) -> T:
        """Run the calls of a procedure on an event loop and return its result."""
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
                            await self._async_session()[0].sleep(seconds)
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

        session, budget = self._session()
        return budget.rate(Quota.CALLS) or session.platform.rates[Quota.CALLS]

    # -- what both platforms do ------------------------------------------------------------------

    def job_spec(self, job: Job) -> JobSpec:
        """The spec of a job's kind.

        :raises InvalidInput: when this platform has no such kind.
        """
        return spec_of(self.job_specs, job)

    def condition_spec(self, condition: Job) -> JobSpec:
        """The spec of a condition.

        :raises InvalidInput: when there is no such condition on this platform.
        """
        return condition_spec_of(self.condition_specs, condition)

    @property
    @abstractmethod
    def condition_specs(self) -> Sequence[JobSpec]:
        """The conditions that sensors can wait for."""

    @property
    @abstractmethod
    def change_log(self) -> ChangeLog:
        """How new and changed leads are listed."""

    @abstractmethod
    def day_quota(self) -> Procedure[DayQuota | None]:
        """Read the account's daily quota; None when the platform does not report it."""

    @abstractmethod
    def lead_writer(self, *, action: str, lookup_field: str, partition_name: str | None = None) -> LeadWriter:
        """How leads are written."""

    @abstractmethod
    def lead_importer(self, *, action: str, lookup_field: str, **settings: Any) -> LeadImporter:
        """How files of leads are imported in bulk.

        :param settings: options of either platform; those of the other platform must be empty.
        :raises InvalidInput: on an option that the platform does not have.
        """

    @abstractmethod
    def create_campaigns(
        self, task_state: TaskState, campaigns: Sequence[Mapping[str, Any]]
    ) -> Procedure[CampaignBatch]:
        """Create the campaigns that do not exist yet."""

    @property
    @abstractmethod
    def campaigns(self) -> CampaignVerbs:
        """The actions on campaigns, except creating them."""

    @property
    @abstractmethod
    def emails(self) -> EmailVerbs:
        """The actions on emails, except publishing them."""

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
        """Publish an email unless it is published already."""

    @property
    @abstractmethod
    def people(self) -> Audience:
        """The actions on many people, each with an outcome."""

    @abstractmethod
    def merge_leads(
        self, task_state: TaskState, winner_id: str, loser_ids: Sequence[str], *, merge_in_crm: bool
    ) -> Procedure[LeadMerge]:
        """Merge leads into one."""

    # -- Airflow's hook interface ----------------------------------------------------------------

    def test_connection(self) -> tuple[bool, str]:
        """Make a request and return whether it worked, with a line about the account or the error.

        The line names the account and the calls left today. There is one attempt and no waiting, because the
        UI's test runs inside the API server.
        """
        with self.bind(RunContext.no_retry()) as hook:
            try:
                return True, hook.follow(hook._describe_account())
            except PlatformError as error:
                return False, str(error)

    @abstractmethod
    def _describe_account(self) -> Procedure[str]:
        """One line about the account, for the connection test."""

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """The form fields of the connection, for Airflow 3.0 and 3.1, which do not read the provider info."""
        from airflow_provider_mkt.hooks._forms import widgets

        return widgets(cls.conn_type)

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """The labels and placeholders of the connection form, for Airflow 3.0 and 3.1."""
        from airflow_provider_mkt.hooks._forms import behaviour

        return behaviour(cls.conn_type)

    def get_conn(self) -> Self:
        """Return the hook itself: it is what runs calls."""
        return self

    def close(self) -> None:
        """Close the connections of blocking calls."""
        if self._sync is not None:
            self._sync.close()
            self._sync = None

    async def aclose(self) -> None:
        """Close the connections of calls on an event loop."""
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

    def exclusive(self, what: str) -> AbstractContextManager[None]:
        """Let one task at a time do *what* in this account, whichever credentials it uses.

        The lock holds on this machine, and on all machines that share a server (``[mkt] shared_state_url``).

        :param what: names the work, e.g. ``publish email 123``.
        :raises SharedStateUnavailable: when the server cannot be reached.
        """
        from airflow_provider_mkt.state.locks import exclusive_lock

        site = self.platform.account.base_url  # type: ignore[attr-defined]
        name = hashlib.sha256(f"{self.conn_type} {site} {what}".encode()).hexdigest()[:24]
        return exclusive_lock(
            state_directory() / "locks",
            shared_state_url(),
            name,
            raise_if_cancelled=lambda: self.run_context.sleep(0),
            on_wait=lambda: self.log.info("Waiting for another task to finish: %s", what),
        )

    # -- inside ----------------------------------------------------------------------------------

    def _session(self) -> tuple[Session, Budget]:
        if self._account is None:
            from airflow_provider_mkt.client.ratelimit.budget import budget_of
            from airflow_provider_mkt.client.transport.exchange import RetryPolicy, Session

            platform, mask = self.platform, local_masker()
            location = shared_state_url() or state_directory() / "budgets"
            budget = budget_of(
                location, platform.account_key, platform.rates, max_in_flight=platform.max_in_flight
            )
            session = Session(
                platform,
                policy=self._run_context.retry_policy or RetryPolicy(),
                on_failure=self._on_failure,
                learn=budget.learn,
                rates=budget.rates,
                on_token=mask,
            )
            self._account = session, budget
        return self._account

    def _sync_session(self) -> tuple[SyncDriver, Session]:
        with self._lock:
            session, budget = self._session()
            if self._sync is None:
                from airflow_provider_mkt.client.transport.drivers import SyncDriver

                self._sync = SyncDriver(budget, sleep=self._run_context.sleep)
            return self._sync, session

    def _async_session(self) -> tuple[AsyncDriver, Session]:
        session, budget = self._session()
        if self._async is None:
            from airflow_provider_mkt.client.transport.drivers import AsyncDriver

            self._async = AsyncDriver(budget)
        return self._async, session

    def _on_failure(self, call: Call[Any], failure: Failure, wait: float) -> None:
        from airflow_provider_mkt.client.transport.platform import RetryAction

        if failure.action is RetryAction.BACK_OFF:
            self._session()[1].refused(call.quota, wait)
        if wait >= 1:
            self.log.info("%s; retrying in %.0f s", failure.error, wait)
        if self.run_context.on_failure is not None:
            self.run_context.on_failure(call, failure, wait)


class _CallCounter:
    """Counts calls of several threads."""

    def __init__(self) -> None:
        self.calls = 0
        self._lock = threading.Lock()

    def add(self) -> None:
        with self._lock:
            self.calls += 1


def hook_for(conn_id: str) -> MarketingHook:
    """The hook of a connection to either platform.

    :raises InvalidInput: when the connection has another type, or does not describe an account.
    """
    connection = BaseHook.get_connection(conn_id)
    return _hook_of(conn_id, connection, connection.extra_dejson)


async def ahook_for(conn_id: str) -> MarketingHook:
    """The hook of a connection to either platform, looked up without blocking the event loop."""
    connection, extra = await async_connection(conn_id)
    return _hook_of(conn_id, connection, extra)


def _hook_of(conn_id: str, connection: Connection, extra: Mapping[str, Any]) -> MarketingHook:
    if connection.conn_type not in _HOOKS:
        raise InvalidInput(
            "conn_id",
            f"connection {conn_id!r} is of type {connection.conn_type!r}; needed is hubspot or marketo",
        )
    module, _, name = _HOOKS[connection.conn_type].rpartition(".")
    hook_class: type[MarketingHook] = getattr(import_module(module), name)
    hook = hook_class(conn_id)
    hook.describe(connection, extra)
    return hook


async def async_connection(conn_id: str) -> tuple[Connection, Mapping[str, Any]]:
    """Look up a connection and its decoded extra on an event loop."""
    from airflow.providers.common.compat.connection import get_async_connection, get_async_extra_dejson
    from airflow.providers.common.compat.sdk import AirflowNotFoundException

    try:
        connection = await get_async_connection(conn_id)
    except AirflowNotFoundException:
        # In dag.test() the asynchronous look-up does not see connections of the metadata database.
        from asgiref.sync import sync_to_async

        connection = await sync_to_async(BaseHook.get_connection)(conn_id)
    return connection, await get_async_extra_dejson(connection)


def account_error(error: ValidationError) -> InvalidInput:
    """The first error in a connection's settings, without the value."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "connection"
    return InvalidInput(field, str(first["msg"]).removeprefix("Value error, "))
