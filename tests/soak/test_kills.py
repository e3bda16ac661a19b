"""`kill -9` upon `kill -9` of what `./run up` runs: each comes back, and at the end nothing is left."""

from __future__ import annotations

import os
import random
import signal
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from pantrywatch.native.state_dir import State
from pantrywatch.native.supervisor import Component, Supervisor
from tests.e2e import stack as stacks
from tests.support.servers import wait_until

_SEED = 20261128
_KILLS = 200
_SAMPLE = 10  # in `./run test long`
_BACK_SECONDS = 60.0
_AT_ONCE = (1, 1, 1, 1, 2, 3)  # now and then several die together, as when memory runs out
_Record = Callable[[str, str], None]


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[stacks.Stack]:
    """A stack of its own, up."""
    with stacks.started(tmp_path / "state", stacks.free_offset()) as running:
        stacks.wait_until_up(running)
        yield running


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_sample_of_kills_is_healed(stack: stacks.Stack, record_property: _Record) -> None:
    """As below, for a few."""
    _kill_again_and_again(stack, _SAMPLE, record_property)


@pytest.mark.soak
@pytest.mark.timeout(1500)
def test_every_component_comes_back_however_often_it_is_killed(stack: stacks.Stack, record_property: _Record) -> None:
    """200 kills by process id: each component runs again, `status` is content, and `up` ends with nothing left."""
    _kill_again_and_again(stack, _KILLS, record_property)


def _kill_again_and_again(stack: stacks.Stack, kills: int, record: _Record) -> None:
    supervisor, dice = Supervisor(State(stack.state)), random.Random(_SEED)
    seconds: list[float] = []
    killed: Counter[str] = Counter()
    while len(seconds) < kills:
        victims = dice.sample(_running(supervisor), min(dice.choice(_AT_ONCE), kills - len(seconds)))
        began = time.monotonic()
        for victim in victims:
            _kill(stack, victim)
        for victim in victims:
            wait_until(lambda: _is_back(supervisor, victim), _BACK_SECONDS, f"{victim.name} is back")  # noqa: B023 - called here
            seconds.append(time.monotonic() - began)
            killed[victim.name] += 1
    wait_until(lambda: stack.run("status").returncode == 0, 120, "`status` finds all targets up")
    record("kills", str(dict(killed.most_common())))
    record("seconds until back", f"median {statistics.median(seconds):.1f}, longest {max(seconds):.1f}")
    stack.process.send_signal(signal.SIGINT)
    assert stack.process.wait(stacks.STOP_SECONDS) == 0
    assert stacks.processes_of(stack.state) == []


def _running(supervisor: Supervisor) -> list[Component]:
    """Return what runs, once all that should does."""
    found: list[Component] = []

    def all_run() -> bool:
        found[:] = supervisor.components()
        return bool(found) and all(component.running for component in found)

    wait_until(all_run, _BACK_SECONDS, "every component runs")
    return found


def _kill(stack: stacks.Stack, component: Component) -> None:
    """Kill a component that this test's stack has started, and nothing else."""
    process = psutil.Process(component.pid)
    assert stack.process.pid in {parent.pid for parent in process.parents()}
    os.kill(process.pid, signal.SIGKILL)


def _is_back(supervisor: Supervisor, before: Component) -> bool:
    return any(
        now.name == before.name and now.running and now.pid not in {0, before.pid} for now in supervisor.components()
    )
