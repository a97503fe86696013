"""Claims of keys: one owner at a time, in a file, in Redis and in PostgreSQL; they end with their owner."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from workers import Forked, until

from airflow_provider_mkt.state import claims
from airflow_provider_mkt.state.claims import ClaimStore, FileClaims, KeyClaims, claim_store

pytestmark = pytest.mark.usefixtures("closed_redis_clients")

URLS = {
    "file": None,
    "redis": os.environ.get("MKT_TEST_REDIS", "redis://127.0.0.1:6379/0"),
    "postgres": os.environ.get("MKT_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test"),
}


def reachable(kind: str) -> bool:
    import psycopg
    import redis

    try:
        if kind == "redis":
            redis.Redis.from_url(str(URLS[kind]), socket_timeout=3).ping()
        elif kind == "postgres":
            psycopg.connect(str(URLS[kind]), connect_timeout=3).close()
    except (redis.RedisError, psycopg.Error):
        return False
    return True


@pytest.fixture(params=URLS)
def kind(request: pytest.FixtureRequest) -> str:
    if not reachable(request.param):
        pytest.skip(f"no server at {URLS[request.param]}")
    return str(request.param)


@pytest.fixture
def store(kind: str, tmp_path: Path) -> Iterator[Callable[[], ClaimStore]]:
    """Opens the claims of one account, as another process would."""
    account, opened = uuid4().hex, list[ClaimStore]()

    def open_again() -> ClaimStore:
        opened.append(claim_store(tmp_path, URLS[kind], account))
        return opened[-1]

    yield open_again
    for one in opened:
        one.close()


def claiming(store: ClaimStore, quiet_after: float = 0.2, scope: str = "email") -> KeyClaims:
    return KeyClaims(store, scope, quiet_after)


class TestClaims:
    def test_one_owner_at_a_time(self, store: Callable[[], ClaimStore]) -> None:
        first, second = claiming(store()), claiming(store())
        assert first.claim(["a", "b"]) == set()
        assert second.claim(["b", "c"]) == {"b"}
        assert first.claim(["a", "b", "c"]) == {"c"}
        assert second.held(["a", "b", "c", "d"]) == {"a", "b"}
        first.release(["a", "b"])
        assert second.claim(["a", "b", "c"]) == set()
        assert first.held(["a", "b", "c"]) == {"a", "b", "c"}

    def test_only_the_owner_releases(self, store: Callable[[], ClaimStore]) -> None:
        first, second = store(), store()
        assert first.claim("one", ["a"], 30.0) == set()
        second.expire("two", ["a"], 0.0)
        assert second.held("two", ["a"]) == {"a"}

    def test_equal_keys_of_other_fields_do_not_meet(self, store: Callable[[], ClaimStore]) -> None:
        first, second = claiming(store()), claiming(store(), scope="customId")
        assert first.claim(["a"]) == set()
        assert second.claim(["a"]) == set()

    def test_a_key_whose_outcome_is_unknown_rests_for_everybody(
        self, store: Callable[[], ClaimStore]
    ) -> None:
        first, second = claiming(store(), quiet_after=1.0), claiming(store())
        first.claim(["a", "b"])
        began = time.monotonic()
        first.rest(["a"])
        assert second.claim(["a", "b"]) == {"a", "b"}
        assert first.claim(["a", "b"]) == {"a"}
        until(lambda: not second.claim(["a"]), 10)
        assert time.monotonic() - began >= 0.9

    def test_claims_end_with_an_owner_that_was_killed(
        self, store: Callable[[], ClaimStore], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(claims, "AHEAD", 0.5)
        claiming(store(), quiet_after=0.3).claim(["a"])
        began, other = time.monotonic(), claiming(store())
        assert other.claim(["a"]) == {"a"}
        until(lambda: not other.claim(["a"]), 10)
        assert time.monotonic() - began >= 0.7

    def test_an_owner_that_lives_keeps_its_claims(
        self, store: Callable[[], ClaimStore], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(claims, "AHEAD", 1.0)
        owner, other = claiming(store(), quiet_after=0.5), claiming(store())
        owner.claim(["a"])
        for _ in range(25):
            time.sleep(0.1)
            owner.renew()
            assert owner.holds()
            assert other.held(["a"]) == {"a"}

    def test_a_call_does_not_leave_after_the_claims(
        self, store: Callable[[], ClaimStore], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        owner = claiming(store())
        owner.claim(["a"])
        assert owner.holds()
        monkeypatch.setattr(claims, "AHEAD", 0.0)
        assert not owner.holds()
        owner.renew()
        monkeypatch.undo()
        assert owner.holds()


def claim_and_release(store: Callable[[], ClaimStore], journal: Path) -> None:
    """Claim and release keys again and again, and write down when they are held."""
    mine = claiming(store(), quiet_after=1.0)
    keys = [f"k{number}" for number in range(40)]
    # What all processes write to one file that is opened for appending keeps its order.
    lines = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for _ in range(60):
        for key in set(keys) - mine.claim(keys):
            os.write(lines, f"{key} in\n".encode())
            os.write(lines, f"{key} out\n".encode())
            mine.release([key])


def test_processes_never_hold_a_key_at_once(store: Callable[[], ClaimStore], tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    processes = [Forked(lambda: claim_and_release(store, journal)) for _ in range(3)]
    assert [process.end() for process in processes] == [{"result": None}] * 3
    inside = Counter[str]()
    for line in journal.read_text().splitlines():
        key, way = line.split()
        inside[key] += 1 if way == "in" else -1
        assert inside[key] in (0, 1)
    assert len(inside) == 40


@pytest.mark.parametrize("hours", [1, 24])
def test_a_clock_that_is_set_back_does_not_keep_claims(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    monkeypatch.setattr(claims, "AHEAD", 0.3)
    claiming(FileClaims(tmp_path / "claims.db"), quiet_after=0.1).claim(["a"])
    real: Any = time.time
    monkeypatch.setattr(time, "time", lambda: real() - hours * 3600)
    other = claiming(FileClaims(tmp_path / "claims.db"))
    assert other.claim(["a"]) == {"a"}
    until(lambda: not other.claim(["a"]), 5)


def test_a_place_is_named_by_what_sees_the_claims(store: Callable[[], ClaimStore], tmp_path: Path) -> None:
    assert store().place == store().place
    assert FileClaims(tmp_path / "a.db").place != FileClaims(tmp_path / "b.db").place
