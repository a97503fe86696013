"""The hook of a connection of either type: its account, and the ways to run calls."""

from __future__ import annotations

import asyncio
import copy
import hashlib
import threading
from abc import abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from airflow_provider_mkt.actions.procedure import AllOf, Download, Pages, Pause, Procedure
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import (
    InvalidInput,
    InvalidRequest,
    PermissionDenied,
    PlatformError,
    QuotaExhausted,
    SendRefused,
    TaskCancelled,
)
from airflow_provider_mkt.client.sending_calls import can_send
from airflow_provider_mkt.client.wording import platform_name
from airflow_provider_mkt.hooks._lineage import HookLineage
from airflow_provider_mkt.hooks._platform_actions import PlatformActions
from airflow_provider_mkt.hooks._settings import checked_extra, digest_of_settings, send_settings
from airflow_provider_mkt.hooks.run_context import RunContext
from airflow_provider_mkt.hooks.state import (
    kept_answers_of,
    known_accounts,
    sends_allowed,
    shared_state_url,
    shared_state_wait,
    state_directory,
)
from airflow_provider_mkt.version_compat import BaseHook, async_connection, local_masker

if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType

    from airflow.sdk import Connection
    from pydantic import SecretStr

    from airflow_provider_mkt.client.ratelimit.budget import Budget
    from airflow_provider_mkt.client.transport.drivers import AsyncDriver, SyncDriver
    from airflow_provider_mkt.client.transport.exchange import Reply, Session
    from airflow_provider_mkt.client.transport.platform import Failure, FoundAccount, Platform, Rate
    from airflow_provider_mkt.hooks._kept_answers import KeptAnswers

T = TypeVar("T")

_HOOKS = {
    "hubspot": "airflow_provider_mkt.hooks.hubspot.HubSpotHook",
    "marketo": "airflow_provider_mkt.hooks.marketo.MarketoHook",
}
"""The hook of each connection type, by name as in the provider info: both are subclasses of the one here."""


class MarketingHook(PlatformActions, BaseHook):
    """Base of :class:`HubSpotHook` and :class:`MarketoHook`.

    A hook resolves its connection once, on first use. It may then be used from several threads or on an
    event loop, but not on both.

    :param conn_id: the Airflow connection.
    """

    conn_name_attr: ClassVar[str]
    default_conn_name: ClassVar[str]
    hook_name: ClassVar[str]

    def __init__(self, conn_id: str) -> None:
        super().__init__()
        self.conn_id = conn_id
        self._platform: Platform | None = None
        self._sync: SyncDriver | None = None
        self._async: AsyncDriver | None = None
        self._lock = threading.Lock()
        self._account: tuple[Session, Budget] | None = None
        self._account_id = ""
        self.settings_digest = ""
        """Is equal for connections with the same settings. Contains no secret."""
        self._lost_locks: list[list[PlatformError]] = []
        self._checks: list[Callable[[], None]] = []
        self._counter = _CallCounter()
        self._run_context = RunContext()
        self._allow_sends = True
        self._max_recipients: int | None = None
        self._lineage: HookLineage | None = HookLineage()
        self.pages: dict[str, str] = {}
        """Addresses in the platform's own application that were in answers, by ``label id``."""

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

    def connection_warnings(self) -> Sequence[str]:
        """What a task's log says once about the settings of the connection, which must be known."""
        return ()

    @property
    def run_context(self) -> RunContext:
        """How the hook waits and reports."""
        return self._run_context

    def without_warnings(self) -> Self:
        """Log nothing about the connection: the task's log has it already. Returns the hook."""
        self._counter.warned = True
        return self

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
            settings = checked_extra(self.conn_type, connection, extra)
            self._platform = self.platform_of(connection, settings)
            self.settings_digest = digest_of_settings(connection, settings)
            self._allow_sends, self._max_recipients = send_settings(settings)
            self._account, self._account_id = None, ""
        except InvalidInput as error:
            raise InvalidInput(error.field, f"{error.problem} (connection {self.conn_id!r})") from None

    def _resolved(self) -> Platform:
        if self._platform is None:
            raise InvalidInput("conn_id", f"connection {self.conn_id!r} has not been looked up")
        return self._platform

    def account_id(self) -> str:
        """Name the account, the same for all credentials that lead to it. State and locks are kept under it.

        Where the connection does not tell it, it is read with one call and remembered for the credentials.

        :raises PlatformError: when it has to be read, and cannot be for another reason than a permission.
        """
        if not self._account_id:
            self._account_id = self._remembered_account()
        if not self._account_id:
            self._remember_account(self.follow(self._read_account()))
        return self._account_id

    async def aaccount_id(self) -> str:
        """Name the account, without blocking the event loop. See :meth:`account_id`."""
        await self.aplatform()
        if not self._account_id:
            self._account_id = await asyncio.to_thread(self._remembered_account)
        if not self._account_id:
            read = await self.afollow(self._read_account())
            await asyncio.to_thread(self._remember_account, read)
        return self._account_id

    def _read_account(self) -> Procedure[FoundAccount]:
        """Read the account's name. Where the platform refuses that, the credentials count as an account."""
        from airflow_provider_mkt.client.transport.platform import FoundAccount

        call = self.platform.find_account()
        unknown = FoundAccount(self.platform.account_key)
        try:
            found: FoundAccount = unknown if call is None else (yield call)
        except (PermissionDenied, InvalidRequest) as error:
            self.log.warning("%s. So other credentials of this account count as another account", error)
            return unknown
        return found

    def _remembered_account(self) -> str:
        if self.platform.find_account() is None:
            return self.platform.account_key
        remembered = known_accounts().get(self.platform.account_key)
        return remembered if isinstance(remembered, str) else ""

    def _remember_account(self, found: FoundAccount) -> None:
        key, accounts = self.platform.account_key, known_accounts()
        accounts.set(key, found.name)
        accounts.set(_ui_host_of(key), found.ui_host)
        self._account_id = found.name

    # -- the platform's own pages ----------------------------------------------------------------

    def known_account_name(self) -> str:
        """Name the account as people know it, as far as it is known without a call; empty otherwise."""
        if not self._account_id:
            self._account_id = self._remembered_account()
        return self.account_name() if self._account_id else ""

    def where(self, *, may_ask: bool = False) -> str:
        """Name the account, as far as it is known, and the connection, for a log. Does not raise for a call.

        :param may_ask: read an account that is not known yet. There is one attempt.
        """
        account = self.known_account_name()
        if not account and may_ask and not self._account_id:
            with suppress(PlatformError):
                self._read_account_once()
                account = self.account_name()
        of_account = f" account {account}" if account else ""
        return f"{platform_name(self.conn_type)}{of_account}, connection {self.conn_id!r}"

    def ui_host(self) -> str:
        """The host of the account's pages in the platform's own application; empty when the platform does
        not tell it.

        It is read together with the account's name, and remembered for the credentials.

        :raises PlatformError: when it has to be read, and cannot be. There is one attempt.
        """
        if self.platform.find_account() is None:
            return ""
        key = _ui_host_of(self.platform.account_key)
        host = known_accounts().get(key)
        if not isinstance(host, str):
            host = self._read_account_once().ui_host
        return host

    def _read_account_once(self) -> FoundAccount:
        with self.bind(RunContext.no_retry()) as hook:
            found = hook.follow(hook._read_account())
        self._remember_account(found)
        return found

    def without_lineage(self) -> Self:
        """Report nothing to Airflow's hook lineage: an operator tells more about itself. Returns the hook."""
        self._lineage = None
        return self

    def _note(self, call: Call[Any], answer: object, *, may_ask: bool = True) -> None:
        self.note_pages(call, answer)
        if self._lineage is not None:
            self._lineage.report(self, call, may_ask=may_ask)

    def note_pages(self, call: Call[Any], answer: object) -> None:
        """Keep the addresses of pages that the answer to a call tells, in :attr:`pages`."""

    # -- sends -----------------------------------------------------------------------------------

    @abstractmethod
    def account_name(self) -> str:
        """Name the account as people know it: HubSpot's portal id, Marketo's munchkin id. Empty when unknown.

        :raises PlatformError: when it has to be read, and cannot be for another reason than a permission.
        """

    @property
    def max_recipients(self) -> int | None:
        """The most people that one send of this connection may reach; None when it sets no limit."""
        _ = self.platform
        return self._max_recipients

    def raise_if_sends_are_off(self) -> None:
        """Check that mail may be sent with this connection, and in this Airflow.

        :raises SendRefused: when ``allow_sends`` is off, on the connection or in ``[mkt]``.
        """
        _ = self.platform
        if not self._allow_sends:
            where = f"connection {self.conn_id!r} (its field allow_sends)"
        elif not sends_allowed():
            where = "this Airflow ([mkt] allow_sends)"
        else:
            return
        raise SendRefused(
            f"sends are switched off for {where}; nothing was sent", platform=self.conn_type, code="sends.off"
        )

    def _check(self, call: Call[Any]) -> None:
        if can_send(self.conn_type, call):
            self.raise_if_sends_are_off()

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
        self.raise_if_lock_lost()
        self._check(call)
        self._counter.add()
        driver, session = self._sync_session()
        reply = driver.pump(exchange(call, session))
        self._note(call, reply.value)
        return reply

    async def arun(self, call: Call[T]) -> T:
        """Run a call on an event loop. Same results and errors as :meth:`run`."""
        return (await self.areply(call)).value

    async def areply(self, call: Call[T]) -> Reply[T]:
        """Run a call on an event loop and return its result with the attempts that it took."""
        from airflow_provider_mkt.client.transport.exchange import exchange

        await self.aplatform()
        self._check(call)
        driver, session = self._async_session()
        reply = await driver.pump(exchange(call, session))
        self._note(call, reply.value, may_ask=False)
        return reply

    def iterate(self, call: Call[list[T]]) -> Iterator[T]:
        """Yield the rows of every page of a call; a page is requested when its rows are needed."""
        page: Call[list[T]] | None = call
        while page is not None:
            reply = self.reply(page)
            yield from reply.value
            page = page.next_page(reply.envelope)

    async def aiterate(self, call: Call[list[T]]) -> AsyncIterator[T]:
        """Yield the rows of every page of a call, on an event loop."""
        async for row in _all_rows(call, self.areply):
            yield row

    def follow(self, procedure: Procedure[T], *, keep: bool = False) -> T:
        """Run the calls of a procedure and return its result.

        :param keep: keep the answers for :meth:`recall`.
        """
        if keep:
            procedure = self._kept_answers().keep(procedure)
        answer: Any = None
        failure: PlatformError | TaskCancelled | None = None
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
                        case AllOf(calls):
                            answer = self._all_of(calls)
                        case Pause(seconds, why):
                            if why:
                                self.log.info("Waiting %.0f s: %s", seconds, why)
                            self.run_context.sleep(seconds)
                        case Download(address, take):
                            self._download(address, take)
                except (PlatformError, TaskCancelled) as error:
                    failure = error
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            procedure.close()

    def recall(self, procedure: Procedure[T], max_age: float) -> T | None:
        """Return the result of a procedure without a call; None when it was not kept on this machine.

        None as well where the procedure fails with what was kept: the platform is to be read again.

        :param max_age: seconds since the answers came, at most.
        """
        return self._kept_answers().recall(procedure, max_age)

    def _kept_answers(self) -> KeptAnswers:
        from airflow_provider_mkt.hooks._kept_answers import KeptAnswers

        return KeptAnswers(kept_answers_of(self.platform.account_key))

    async def afollow(
        self,
        procedure: Procedure[T],
        *,
        reply: Callable[[Call[Any]], Awaitable[Reply[Any]]] | None = None,
        pause: Callable[[Pause], Awaitable[None]] | None = None,
    ) -> T:
        """Run the calls of a procedure on an event loop and return its result.

        :param reply: runs a call; :meth:`areply` when None.
        :param pause: waits; for the seconds of the pause when None.
        """
        run = reply or self.areply
        answer: Any = None
        failure: PlatformError | None = None
        try:
            while True:
                step = procedure.throw(failure) if failure is not None else procedure.send(answer)
                answer, failure = None, None
                try:
                    match step:
                        case Call():
                            answer = (await run(step)).value
                        case Pages(call):
                            answer = [row async for row in _all_rows(call, run)]
                        case AllOf(calls):
                            answer = await asyncio.gather(*(_value_or_error(run, one) for one in calls))
                        case Pause(seconds, why):
                            if why:
                                self.log.info("Waiting %.0f s: %s", seconds, why)
                            await (asyncio.sleep(seconds) if pause is None else pause(step))
                        case Download(address, take):
                            await asyncio.to_thread(self._download, address, take)
                except PlatformError as error:
                    failure = error
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            procedure.close()

    def _download(self, address: SecretStr, take: Callable[[bytes], object]) -> None:
        from airflow_provider_mkt.client.transport.downloads import download

        if self._run_context.raise_if_cancelled is not None:
            self._run_context.raise_if_cancelled()
        download(address, take, platform=self.conn_type)

    def _all_of(self, calls: Sequence[Call[Any]]) -> list[Any]:
        def run(call: Call[Any]) -> object:
            try:
                return self.run(call)
            except PlatformError as error:
                return error

        with ThreadPoolExecutor(len(calls), thread_name_prefix="mkt-calls-at-once") as threads:
            return list(threads.map(run, calls))

    def quota_resets_at(self, error: QuotaExhausted) -> datetime:
        """When the daily quota resets (UTC). Asks the platform once where its refusal does not say so."""
        from datetime import UTC, datetime

        if error.estimated:
            with self.bind(RunContext.no_retry()) as hook:
                try:
                    quota = hook.follow(hook.day_quota())
                except PlatformError:
                    quota = None
            if quota is not None and quota.resets_at > datetime.now(UTC):
                return quota.resets_at
        return error.resets_at

    def rate(self) -> Rate:
        """The account's limit for calls, as far as it is known."""
        from airflow_provider_mkt.client.call import Quota

        session, budget = self._session()
        return budget.rate(Quota.CALLS) or session.platform.rates[Quota.CALLS]

    def _noting_day(self, read: Procedure[T]) -> Procedure[T]:
        """Read the daily quota, and note it for people."""
        from airflow_provider_mkt.client.quota import DayQuota

        quota = yield from read
        user = self._session()[0].user
        if user is not None and isinstance(quota, DayQuota):
            user.day_read(quota.left, quota.limit, quota.resets_at.timestamp())
        return quota

    # -- Airflow's hook interface ----------------------------------------------------------------

    def test_connection(self) -> tuple[bool, str]:
        """Make a request and return whether it worked, with a line about the account or the error.

        The line names the account and the calls left today, and says when sends are switched off. There is
        one attempt and no waiting, because the UI's test runs inside the API server.
        """
        with self.bind(RunContext.no_retry()).without_warnings() as hook:
            try:
                line = hook.follow(hook._describe_account())
            except PlatformError as error:
                return False, str(error)
            try:
                hook.raise_if_sends_are_off()
            except SendRefused:
                line = f"{line.rstrip('.')}. Sends are switched off"
            return True, line

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

    @contextmanager
    def exclusive(self, what: str) -> Iterator[None]:
        """Let one task at a time do *what* in this account, whichever credentials it uses.

        The lock holds on this machine, and on all machines that share a server (``[mkt] shared_state_url``).

        When the server was away so long that another task may have got the lock, this hook runs no more
        calls: they raise :class:`LockLost`.

        :param what: names the work, e.g. ``publish email 123``.
        :raises SharedStateUnavailable: when the server cannot be reached for minutes
            (``[mkt] shared_state_wait``).
        """
        from airflow_provider_mkt.state.locks import exclusive_lock

        name = hashlib.sha256(f"{self.account_id()} {what}".encode()).hexdigest()[:24]
        lost: list[PlatformError] = []
        with exclusive_lock(
            state_directory() / "locks",
            shared_state_url(),
            name,
            raise_if_cancelled=lambda: self.run_context.sleep(0),
            on_wait=lambda: self.log.info("Waiting for another task to finish: %s", what),
            on_lost=lost.append,
            server_wait=shared_state_wait(),
        ):
            self._lost_locks.append(lost)
            try:
                yield
            finally:
                self._lost_locks.remove(lost)

    def raise_if_lock_lost(self) -> None:
        """Raise when another task may have got a lock that this hook holds.

        :raises LockLost: then.
        """
        for lost in self._lost_locks:
            if lost:
                raise lost[0]
        for check in self._checks:
            check()

    @contextmanager
    def checked_by(self, check: Callable[[], None]) -> Iterator[None]:
        """Run no call unless *check* allows it.

        :param check: raises when no call may be sent any more. It must not block.
        """
        self._checks.append(check)
        try:
            yield
        finally:
            self._checks.remove(check)

    # -- inside ----------------------------------------------------------------------------------

    def _session(self) -> tuple[Session, Budget]:
        if self._account is None:
            from airflow_provider_mkt.client.ratelimit.budget import budget_of
            from airflow_provider_mkt.client.transport.exchange import RetryPolicy, Session
            from airflow_provider_mkt.hooks.activity import account_user

            platform, mask = self.platform, local_masker()
            location = shared_state_url() or state_directory() / "budgets"
            own_budget = budget_of(
                location,
                platform.account_key,
                platform.rates,
                max_in_flight=platform.max_in_flight,
                account_quotas=platform.account_quotas,
                accounts=known_accounts() if platform.account_quotas else None,
            )
            budget = own_budget.low_priority if self._run_context.low_priority else own_budget
            session = Session(
                platform,
                policy=self._run_context.retry_policy
                or RetryPolicy(max_shared_state_wait=shared_state_wait()),
                on_failure=self._on_failure,
                learn=budget.learn,
                rates=budget.rates,
                on_token=mask,
                account_found=budget.account_found,
                user=account_user(self),
            )
            self._account = session, budget
        return self._account

    def _sync_session(self) -> tuple[SyncDriver, Session]:
        with self._lock:
            session, budget = self._session()
            if self._counter.first_warning():
                for warning in self.connection_warnings():
                    self.log.warning("%s (connection %r)", warning, self.conn_id)
            if self._sync is None:
                from airflow_provider_mkt.client.transport.drivers import SyncDriver

                self._sync = SyncDriver(budget, sleep=self._sleep)
            return self._sync, session

    def _sleep(self, seconds: float) -> None:
        """Wait within a call, which is not sent again when it may not be any more."""
        self._run_context.sleep(seconds)
        for check in self._checks:
            check()

    def _async_session(self) -> tuple[AsyncDriver, Session]:
        session, budget = self._session()
        # A hook that nobody closed may have been used on a loop that is gone.
        if self._async is None or self._async.loop is not asyncio.get_running_loop():
            from airflow_provider_mkt.client.transport.drivers import AsyncDriver

            self._async = AsyncDriver.shared(budget)
        return self._async, session

    def _on_failure(self, call: Call[Any], failure: Failure, wait: float) -> None:
        from airflow_provider_mkt.client.transport.platform import RetryAction

        if failure.action is RetryAction.BACK_OFF:
            self._session()[1].refused(call.quota, wait)
        if wait >= 1:
            self.log.info("%s; retrying in %.0f s", failure.error, wait)
        if self.run_context.on_failure is not None:
            self.run_context.on_failure(call, failure, wait)


def _ui_host_of(account_key: str) -> str:
    return f"{account_key} pages"


async def _all_rows(
    call: Call[list[T]], reply: Callable[[Call[list[T]]], Awaitable[Reply[list[T]]]]
) -> AsyncIterator[T]:
    page: Call[list[T]] | None = call
    while page is not None:
        answer = await reply(page)
        for row in answer.value:
            yield row
        page = page.next_page(answer.envelope)


async def _value_or_error(run: Callable[[Call[Any]], Awaitable[Reply[Any]]], call: Call[Any]) -> object:
    try:
        return (await run(call)).value
    except PlatformError as error:
        return error


class _CallCounter:
    """Counts calls of several threads, and notes whether the warnings were logged."""

    def __init__(self) -> None:
        self.calls = 0
        self.warned = False
        self._lock = threading.Lock()

    def add(self) -> None:
        with self._lock:
            self.calls += 1

    def first_warning(self) -> bool:
        """Whether the connection's warnings are still to be logged; only the first call returns True."""
        with self._lock:
            first, self.warned = not self.warned, True
        return first


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
    hook = hook_class(conn_id).without_lineage()
    hook.describe(connection, extra)
    return hook
