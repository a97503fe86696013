"""Of two runs of a sync only one sends, with nothing but files that are created exclusively."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from change_tools import Memory

from airflow_provider_mkt.sync.changes import Holder, Lease, LeaseLost
from airflow_provider_mkt.sync.changes import lease as lease_module
from airflow_provider_mkt.sync.changes.lease import BEAT_INTERVAL, LIFE, VALID_FOR, hold_lease
from airflow_provider_mkt.sync.changes.object_files import LocalFiles

NEVER = 3600.0


class Clock:
    """Seconds of one machine, which pass only when it waits."""

    def __init__(self, wait: Callable[[], object] = lambda: None) -> None:
        self.now, self._wait = 1_000.0, wait

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self._wait()


@pytest.fixture(autouse=True)
def no_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    """No beats but those that a test writes."""
    monkeypatch.setattr(lease_module.Lease, "_keep", lambda self: self._finished.wait(NEVER))


def killed(files: Memory, who: str = "run 1") -> Lease:
    """A lease whose holder was killed: nobody renews or releases it."""
    clock = Clock()
    return lease_module._take(files, Holder(who, "machine 1"), clock.sleep, print, clock)


def taken(files: Memory, clock: Clock, **holder: str) -> list[str]:
    """Take the lease, and return whom this run has waited for."""
    waited: list[str] = []
    with hold_lease(
        files, Holder("run 2", **holder), sleep=clock.sleep, on_wait=waited.append, clock=clock
    ) as lease:
        lease.check()
    return waited


def test_a_released_lease_is_taken_at_once() -> None:
    files, clock = Memory(), Clock()
    for _ in range(3):
        assert taken(files, clock) == []
    assert clock.now == 1_000.0
    # Nothing is left but the end of the last term.
    assert files.names("lease") == ["lease/00000003-released.json"]


def test_the_lease_of_a_killed_run_is_taken_after_its_life_and_the_holder_is_named() -> None:
    files, clock = Memory(), Clock()
    killed(files)
    (waited,) = taken(files, clock)
    assert waited.startswith("run 1 on machine 1, since 20")
    assert LIFE <= clock.now - 1_000.0 <= LIFE + 2 * lease_module.POLL_INTERVAL


@pytest.mark.parametrize("times", [1, 2])
def test_a_holder_whose_beat_is_replaced_before_it_is_read_is_named(
    monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    files, clock = Memory(), Clock()
    holder = killed(files)
    read, left = files.read, [None] * times

    def replaced(name: str) -> bytes:
        if left:
            left.pop()
            holder.beat()
        return read(name)

    monkeypatch.setattr(files, "read", replaced)
    (waited,) = taken(files, clock)
    assert waited.startswith("run 1 on machine 1, since 20")


def test_a_clock_that_is_set_back_neither_shortens_nor_prolongs_a_lease(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files, clock = Memory(), Clock()
    killed(files)
    for shift in (-86_400.0, 86_400.0):
        real = time.time()
        monkeypatch.setattr(time, "time", lambda real=real, shift=shift: real + shift)
        before = clock.now
        taken(files, clock)
        assert clock.now - before == pytest.approx(LIFE if shift < 0 else 0, abs=5)


def test_a_holder_that_beats_is_waited_for() -> None:
    files = Memory()
    holder = killed(files)

    def beat() -> None:
        if clock.now < 1_000 + 10 * LIFE:
            holder.beat()
        else:
            holder._thread.start()
            holder.release()

    clock = Clock(beat)
    taken(files, clock)
    assert 10 * LIFE <= clock.now - 1_000 < 11 * LIFE


def test_a_holder_that_is_not_heard_of_stops_before_another_run_may_take_its_lease() -> None:
    files, clock = Memory(), Clock()
    lease = lease_module._take(files, Holder("run 1"), clock.sleep, print, clock)
    clock.sleep(VALID_FOR)
    lease.check()
    clock.sleep(1)
    with pytest.raises(LeaseLost, match="was not renewed for 41 s"):
        lease.check()
    assert VALID_FOR < LIFE
    # It stays lost, also when the storage is back.
    clock.now -= VALID_FOR
    with pytest.raises(LeaseLost):
        lease.check()


def test_a_holder_finds_that_another_run_has_its_lease() -> None:
    files, clock = Memory(), Clock()
    holder = killed(files)
    with hold_lease(files, Holder("run 2", "machine 2"), sleep=clock.sleep, clock=clock):
        holder.beat()
        with pytest.raises(LeaseLost, match=r"run 2 on machine 2, since 20.* has taken the lease"):
            holder.check()


def test_a_failed_beat_is_not_one() -> None:
    class Away(Memory):
        def create(self, name: str, data: bytes) -> None:
            if "-00000001" in name:
                raise ConnectionError
            super().create(name, data)

    files, clock = Away(), Clock()
    lease = lease_module._take(files, Holder("run 1"), clock.sleep, print, clock)
    clock.sleep(BEAT_INTERVAL)
    with pytest.raises(ConnectionError):
        lease.beat()
    clock.sleep(VALID_FOR - BEAT_INTERVAL + 1)
    with pytest.raises(LeaseLost):
        lease.check()


def test_a_run_that_took_the_lease_of_a_slow_one_waits_until_that_one_must_have_stopped() -> None:
    class Slow(Memory):
        """The holder's beat arrives at the moment at which its lease is taken."""

        def create(self, name: str, data: bytes) -> None:
            if name == "lease/00000002-00000000.json":
                holder.beat()
                assert holder._lost is None
            super().create(name, data)

    files, clock = Slow(), Clock()
    holder = killed(files)
    taken(files, clock)
    assert clock.now - 1_000 >= 2 * LIFE


def test_a_term_that_was_over_before_this_run_created_it_is_not_held() -> None:
    class Meanwhile(Memory):
        """Another run holds and releases term 2 between two calls of this one."""

        between = True

        def create(self, name: str, data: bytes) -> None:
            if self.between and name == "lease/00000002-00000000.json":
                self.between = False
                taken(self, Clock(), place="here")
            super().create(name, data)

    files = Meanwhile()
    lease_module._take(files, Holder("run 1", place="here"), Clock().sleep, print, Clock())
    clock = Clock()
    taken(files, clock, place="here")
    assert files.names("lease")[-1] == "lease/00000003-released.json"


@pytest.mark.parametrize(("place", "waits"), [("here", False), ("there", True), ("", True)])
def test_a_killed_run_of_a_place_that_only_one_run_can_be_in_is_not_waited_for(
    place: str, waits: bool
) -> None:
    files, clock = Memory(), Clock()
    lease_module._take(files, Holder("run 1", place="here"), clock.sleep, print, clock)
    taken(files, clock, place=place)
    assert (clock.now - 1_000 >= LIFE) == waits


def test_only_one_of_many_runs_holds_the_lease(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease_module, "POLL_INTERVAL", 0.001)
    inside, most, done = [], 0, []

    def run(number: int) -> None:
        nonlocal most
        for _ in range(5):
            with hold_lease(LocalFiles(tmp_path), Holder(f"run {number}")) as lease:
                inside.append(number)
                most = max(most, len(inside))
                lease.check()
                time.sleep(0.001)
                inside.remove(number)
                done.append(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, len(done)) == (1, 20)
