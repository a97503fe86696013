"""Keys of new leads that one task writes at a time, on one machine or on several.

Two writes of one new key at once make two leads where a platform does not look again before it inserts. So a
task claims the keys of a batch before the batch leaves, and others hold back the leads with these keys.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar
from uuid import uuid4

from airflow_provider_mkt.client.files import open_database, private_directory, private_file
from airflow_provider_mkt.client.forks import ForkLock
from airflow_provider_mkt.client.ratelimit.servers import (
    SHARED_STATE_WAIT,
    client_library,
    server_kind,
    wait_while_away,
)

if TYPE_CHECKING:
    from typing import LiteralString

    import psycopg

T = TypeVar("T")

AHEAD = 30.0
"""Seconds for which a claim outlasts its last renewal, in addition to those that a call may take."""

_BUSY_TIMEOUT = 30.0

_NOBODY = "-"
"""The owner of a key that rests."""

_LINE = "\n"
"""Between the keys of a group in a file. No key has it: they are digests."""


class ClaimStore(Protocol):
    """Keeps the claims of one account, by its own clock."""

    place: str
    """Names the place where the claims are; a task in another place does not see them."""
    shared: bool
    """Whether the tasks of all machines see them."""

    def claim(self, owner: str, keys: Sequence[str], life: float) -> set[str]:
        """Claim those of the keys that nobody else holds, for *life* seconds.

        :returns: the others.
        """

    def held(self, owner: str, keys: Sequence[str]) -> set[str]:
        """Return the keys that somebody else holds."""

    def expire(self, owner: str, keys: Sequence[str], seconds: float) -> None:
        """Let nobody claim keys of this owner for *seconds*; with 0, let anybody."""

    def close(self) -> None:
        """Close the connection to the store."""


class KeyClaims:
    """The claims of one try of a task. All methods but :meth:`holds` are for one thread.

    :param store: of the account.
    :param scope: what keys are compared within, e.g. the field that they are in.
    :param quiet_after: seconds for which the server may work on a call.
    :param server_wait: seconds for which a server that is away is waited for.
    :param sleep: waits; raises when the task is cancelled.
    """

    def __init__(
        self,
        store: ClaimStore,
        scope: str,
        quiet_after: float,
        *,
        server_wait: float = SHARED_STATE_WAIT,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store, self._scope, self._quiet_after = store, f"{scope}\0".encode(), quiet_after
        self._server_wait, self._sleep = server_wait, sleep
        self._owner = uuid4().hex
        self._mine: dict[str, str] = {}
        self._renewed_at = time.monotonic()
        self.place, self.shared = store.place, store.shared

    def claim(self, keys: Iterable[str]) -> set[str]:
        """Claim keys. Returns those that somebody else holds."""
        self.renew()
        names = self._names(keys)
        held = self._reach(lambda: self._store.claim(self._owner, list(names.values()), self.life))
        self._mine |= names
        if not held:
            return set()
        elsewhere = {key for key, name in names.items() if name in held}
        for key in elsewhere:
            del self._mine[key]
        return elsewhere

    def held(self, keys: Iterable[str]) -> set[str]:
        """Return the keys that somebody else holds."""
        names = self._names(keys)
        held = self._reach(lambda: self._store.held(self._owner, list(names.values())))
        return {key for key, name in names.items() if name in held}

    def release(self, keys: Iterable[str]) -> None:
        """Let others claim keys: the call that wrote them is answered."""
        self._expire(keys, 0.0)

    def rest(self, keys: Iterable[str]) -> None:
        """Let nobody write keys while the server may still work on an earlier write of them."""
        self._expire(keys, self._quiet_after)

    def holds(self, recorded_ago: float = 0.0) -> bool:
        """Whether a call that is sent now is certain to end before the claims do.

        :param recorded_ago: seconds since what stands for the claims elsewhere was renewed.
        """
        return max(time.monotonic() - self._renewed_at, recorded_ago) < AHEAD

    def renew(self) -> None:
        """Renew the claims, when it is time to."""
        now = time.monotonic()
        if now - self._renewed_at > AHEAD / 3:
            names = list(self._mine.values())
            if names:
                self._reach(lambda: self._store.claim(self._owner, names, self.life))
            self._renewed_at = now

    def close(self) -> None:
        """Close the store. Claims that were not released end by time."""
        self._store.close()

    @property
    def life(self) -> float:
        """Seconds after the last renewal for which the server may work on a call."""
        return AHEAD + self._quiet_after

    def _expire(self, keys: Iterable[str], seconds: float) -> None:
        names = [name for key in keys if (name := self._mine.pop(key, None)) is not None]
        if names:
            self._reach(lambda: self._store.expire(self._owner, names, seconds))

    def _names(self, keys: Iterable[str]) -> dict[str, str]:
        """Return what stands for each key in the store, which keeps no person's data."""
        scope, digest = self._scope, hashlib.blake2b
        return {
            key: digest(scope + key.encode("utf-8", "surrogatepass"), digest_size=9).hexdigest()
            for key in keys
        }

    def _reach(self, work: Callable[[], T]) -> T:
        return wait_while_away(work, at_most=self._server_wait, sleep=self._sleep)


def claim_store(directory: Path, server_url: str | None, account: str) -> ClaimStore:
    """Open the claims of an account.

    :param directory: where the claims of this machine are.
    :param server_url: the Redis or PostgreSQL server that machines share; None when there is only this one.
    :param account: names the account.
    :raises InvalidInput: when the URL has another scheme, or its client library is not installed.
    """
    name = hashlib.sha256(account.encode()).hexdigest()[:24]
    if server_url is None:
        return FileClaims(directory / f"{name}.db")
    kind, library = (
        (RedisClaims, "redis") if server_kind(server_url) == "redis" else (PostgresClaims, "psycopg")
    )
    with client_library(server_url):
        import_module(library)
    return kind(server_url, name)


_COPY_GROUP = """
INSERT INTO claimed (owner, until, life, keys) SELECT owner, until, life, ? FROM claimed WHERE number = ?
"""


class _Group(NamedTuple):
    """Keys that were claimed together: as a rule those of one call."""

    owner: str
    keys: list[str]


class FileClaims:
    """Claims in a SQLite file, for the processes of one machine.

    A row is a group of keys, which costs a tenth of a row for each key. A key is in one group at most. The
    keys of a group never change, and its number is never used again, so each process remembers the groups
    that it has read.

    A claim that ends later than it can by the clock is shortened: the clock was set back.

    :param path: the file; created when missing.
    """

    def __init__(self, path: Path) -> None:
        private_directory(path.parent)
        holds = "the keys of new leads that tasks are writing now"
        self._database = open_database(private_file(path), holds, timeout=_BUSY_TIMEOUT)
        self._lock = ForkLock()
        # What a power failure loses is of processes that it ended. A journal that is kept is not made anew
        # for each change.
        self._database.executescript(
            "PRAGMA synchronous=OFF; PRAGMA journal_mode=PERSIST; BEGIN IMMEDIATE;"
            "CREATE TABLE IF NOT EXISTS claimed (number INTEGER PRIMARY KEY AUTOINCREMENT,"
            " owner TEXT NOT NULL, until REAL NOT NULL, life REAL NOT NULL, keys TEXT NOT NULL);"
            "CREATE TABLE IF NOT EXISTS place (name TEXT NOT NULL); COMMIT"
        )
        new = "INSERT INTO place SELECT ? WHERE NOT EXISTS (SELECT 1 FROM place)"
        self._database.execute(new, (uuid4().hex,))
        self.shared = False
        (self.place,) = self._database.execute("SELECT name FROM place").fetchone()
        self._groups: dict[int, _Group] = {}
        """The groups of the file when it was read last, by number."""
        self._group_of: dict[str, int] = {}
        """The number of the group of each key in them."""

    def claim(self, owner: str, keys: Sequence[str], life: float) -> set[str]:
        with self._changing() as now:
            if self._group_of.keys().isdisjoint(keys):
                self._insert(owner, now + life, life, keys)
                return set()
            held = self._held(owner, keys)
            renew = "UPDATE claimed SET until = ?, life = ? WHERE owner = ?"
            self._database.execute(renew, (now + life, life, owner))
            if new := [key for key in keys if key not in self._group_of]:
                self._insert(owner, now + life, life, new)
            return held

    def held(self, owner: str, keys: Sequence[str]) -> set[str]:
        with self._changing():
            return self._held(owner, keys)

    def expire(self, owner: str, keys: Sequence[str], seconds: float) -> None:
        with self._changing() as now:
            groups = {self._group_of[key] for key in keys if key in self._group_of}
            own = {number: group for number in groups if (group := self._groups[number]).owner == owner}
            if not own:
                return
            expired = set(keys)
            for number, group in own.items():
                if left := [key for key in group.keys if key not in expired]:
                    self._database.execute(_COPY_GROUP, (_LINE.join(left), number))
                self._database.execute("DELETE FROM claimed WHERE number = ?", (number,))
            if seconds:
                mine = [key for group in own.values() for key in group.keys if key in expired]
                self._insert(_NOBODY, now + seconds, seconds, mine)

    def close(self) -> None:
        self._database.close()

    @contextmanager
    def _changing(self) -> Iterator[float]:
        """Change the file in the block, as the only one. Yields the time, with the groups read anew."""
        with self._lock, self._database:
            self._database.execute("BEGIN IMMEDIATE")
            now = time.time()
            self._read(now)
            yield now

    def _read(self, now: float) -> None:
        """Read the groups that are new, and delete those that have ended."""
        there = set()
        found = self._database.execute("SELECT number, owner, until, life FROM claimed").fetchall()
        for number, owner, until, life in found:
            if until <= now:
                self._database.execute("DELETE FROM claimed WHERE number = ?", (number,))
                continue
            if until > now + life:
                shorten = "UPDATE claimed SET until = ? WHERE number = ?"
                self._database.execute(shorten, (now + life, number))
            there.add(number)
            if number not in self._groups:
                find = "SELECT keys FROM claimed WHERE number = ?"
                (text,) = self._database.execute(find, (number,)).fetchone()
                self._groups[number] = group = _Group(owner, text.split(_LINE))
                self._group_of.update(dict.fromkeys(group.keys, number))
        for number in self._groups.keys() - there:
            for key in self._groups.pop(number).keys:
                if self._group_of[key] == number:
                    del self._group_of[key]

    def _insert(self, owner: str, until: float, life: float, keys: Sequence[str]) -> None:
        # The group is read from the file when it is needed: until the end of the block it may be undone.
        insert = "INSERT INTO claimed (owner, until, life, keys) VALUES (?, ?, ?, ?)"
        self._database.execute(insert, (owner, until, life, _LINE.join(keys)))

    def _held(self, owner: str, keys: Sequence[str]) -> set[str]:
        """Return the keys that somebody else holds."""
        group_of, groups = self._group_of, self._groups
        return {key for key in keys if key in group_of and groups[group_of[key]].owner != owner}


_REDIS_CLAIM = """
local held = {}
for number, key in ipairs(KEYS) do
    local claim = redis.call('GET', key)
    local owner, life = string.match(claim or '', '^(%S+) (%d+)$')
    if owner and owner ~= ARGV[1] then
        -- The server's clock may have been set back.
        if redis.call('PTTL', key) > tonumber(life) then redis.call('PEXPIRE', key, life) end
        held[#held + 1] = number
    elseif tonumber(ARGV[2]) > 0 then
        redis.call('SET', key, ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[2])
    end
end
return held
"""

_REDIS_EXPIRE = """
for _, key in ipairs(KEYS) do
    local owner = string.match(redis.call('GET', key) or '', '^%S+')
    if owner == ARGV[1] and tonumber(ARGV[3]) > 0 then
        redis.call('SET', key, ARGV[2] .. ' ' .. ARGV[3], 'PX', ARGV[3])
    elseif owner == ARGV[1] then
        redis.call('DEL', key)
    end
end
"""


class RedisClaims:
    """Claims in Redis, which deletes them when they end.

    :param url: the server.
    :param account: names the account.
    """

    def __init__(self, url: str, account: str) -> None:
        from airflow_provider_mkt.client.ratelimit.redis import connect

        self._client = connect(url)
        self._claim = self._client.register_script(_REDIS_CLAIM)
        self._expire = self._client.register_script(_REDIS_EXPIRE)
        self._prefix = f"mkt:{{{account}}}:claim:"
        self.place, self.shared = "server", True

    def claim(self, owner: str, keys: Sequence[str], life: float) -> set[str]:
        return self._claimed(owner, keys, int(life * 1000))

    def held(self, owner: str, keys: Sequence[str]) -> set[str]:
        return self._claimed(owner, keys, 0)

    def expire(self, owner: str, keys: Sequence[str], seconds: float) -> None:
        self._run(self._expire, keys, owner, _NOBODY, int(seconds * 1000))

    def close(self) -> None:
        self._client.close()

    def _claimed(self, owner: str, keys: Sequence[str], life: int) -> set[str]:
        return {keys[number - 1] for number in self._run(self._claim, keys, owner, life)}

    def _run(self, script: Callable[..., Any], keys: Sequence[str], *arguments: object) -> Any:
        from airflow_provider_mkt.client.ratelimit.redis import reach

        return reach(lambda: script(keys=[f"{self._prefix}{key}" for key in keys], args=list(arguments)))


_POSTGRES_SCHEMA = """
CREATE TABLE IF NOT EXISTS mkt_claims (account TEXT NOT NULL, key TEXT NOT NULL, owner TEXT NOT NULL,
    until DOUBLE PRECISION NOT NULL, life DOUBLE PRECISION NOT NULL, PRIMARY KEY (account, key))
"""

_POSTGRES_FOLLOW_CLOCK = """
UPDATE mkt_claims SET until = extract(epoch FROM clock_timestamp()) + life
WHERE account = %(account)s AND key = ANY(%(keys)s)
    AND until > extract(epoch FROM clock_timestamp()) + life
"""

# In the order of the keys, so that two tasks do not wait for each other.
_POSTGRES_CLAIM = """
INSERT INTO mkt_claims AS claims
SELECT %(account)s, key, %(owner)s, extract(epoch FROM clock_timestamp()) + %(life)s, %(life)s
FROM unnest(%(keys)s::text[]) AS key ORDER BY key
ON CONFLICT (account, key) DO UPDATE
SET owner = excluded.owner, until = excluded.until, life = excluded.life
WHERE claims.owner = excluded.owner OR claims.until <= extract(epoch FROM clock_timestamp())
RETURNING key
"""

_POSTGRES_HELD = """
SELECT key FROM mkt_claims WHERE account = %(account)s AND key = ANY(%(keys)s)
    AND owner <> %(owner)s AND until > extract(epoch FROM clock_timestamp())
"""

_POSTGRES_REST = """
UPDATE mkt_claims
SET owner = %(nobody)s, until = extract(epoch FROM clock_timestamp()) + %(life)s, life = %(life)s
WHERE account = %(account)s AND key = ANY(%(keys)s) AND owner = %(owner)s
"""

_POSTGRES_RELEASE = """
DELETE FROM mkt_claims WHERE account = %(account)s AND key = ANY(%(keys)s) AND owner = %(owner)s
"""

_POSTGRES_CLEAN = """
DELETE FROM mkt_claims
WHERE account = %(account)s AND until <= extract(epoch FROM clock_timestamp())
"""


class PostgresClaims:
    """Claims in a table of PostgreSQL.

    :param url: the server.
    :param account: names the account.
    """

    def __init__(self, url: str, account: str) -> None:
        from airflow_provider_mkt.client.ratelimit.postgres import PostgresConnection

        self._account = account
        self._connection = PostgresConnection(url, self._prepare)
        self.place, self.shared = "server", True

    def claim(self, owner: str, keys: Sequence[str], life: float) -> set[str]:
        self._run(_POSTGRES_FOLLOW_CLOCK, keys)
        mine = {key for (key,) in self._run(_POSTGRES_CLAIM, keys, owner=owner, life=life)}
        return set(keys) - mine

    def held(self, owner: str, keys: Sequence[str]) -> set[str]:
        self._run(_POSTGRES_FOLLOW_CLOCK, keys)
        return {key for (key,) in self._run(_POSTGRES_HELD, keys, owner=owner)}

    def expire(self, owner: str, keys: Sequence[str], seconds: float) -> None:
        statement = _POSTGRES_REST if seconds else _POSTGRES_RELEASE
        self._run(statement, keys, owner=owner, life=seconds, nobody=_NOBODY)

    def close(self) -> None:
        self._connection.close()

    def _run(self, statement: LiteralString, keys: Sequence[str], **values: object) -> list[tuple[str]]:
        parameters: Mapping[str, object] = {"account": self._account, "keys": list(keys), **values}

        def run(connection: psycopg.Connection[Any]) -> list[tuple[str]]:
            cursor = connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

        return self._connection.transaction(run)

    def _prepare(self, connection: psycopg.Connection[Any]) -> None:
        from airflow_provider_mkt.client.ratelimit.postgres import advisory_lock_id

        # Two that create one table at the same moment would fail.
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (advisory_lock_id("mkt_claims"),))
        connection.execute(_POSTGRES_SCHEMA)
        connection.execute(_POSTGRES_CLEAN, {"account": self._account})
