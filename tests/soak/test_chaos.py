"""Fault upon fault at PostgreSQL and Redis: every scrape is answered in time, and nothing is left behind."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.soak.faults import FAULTS, Fault
from tests.soak.scrapers import Answer, Scraper, scrapers
from tests.soak.world import UP, World, world
from tests.support.servers import wait_until

_SEED = 20261128
_SAMPLE = 10  # faults in `./run test long`, besides the first to be suspected of keeping memory
_LARGE = ("endless reply", "oversized reply")
_SEEN_SECONDS = 45.0  # two scrapes of the patient scraper, and a start of the server
_Record = Callable[[str, str | int], None]  # what pytest-xdist can send to another process


@dataclass(frozen=True, slots=True)
class Footprint:
    """What the exporter holds."""

    descriptors: int
    threads: int
    connections: dict[str, int]
    memory_bytes: int

    def back_to(self, before: Footprint) -> bool:
        """Return whether it holds no more than before; of memory a fifth more at most."""
        return (
            self.descriptors <= before.descriptors
            and self.threads <= before.threads
            and all(self.connections[side] <= count for side, count in before.connections.items())
            and self.memory_bytes <= before.memory_bytes * 1.2
        )


def _footprint(of: World) -> Footprint:
    process = of.exporter.process
    return Footprint(process.num_fds(), process.num_threads(), of.server_connections(), process.memory_info().rss)


@pytest.fixture
def shaken(tmp_path: Path) -> Iterator[World]:
    """A world of its own."""
    with world(tmp_path) as made:
        yield made


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_sample_of_faults_leaves_nothing_behind(shaken: World, record_property: _Record) -> None:
    """As below, for some faults that a fixed seed draws."""
    large = [fault for fault in FAULTS if fault.name in _LARGE]
    others = [fault for fault in FAULTS if fault.name not in _LARGE]
    _shake(shaken, [*large, *random.Random(_SEED).sample(others, _SAMPLE)], record_property)


@pytest.mark.soak
@pytest.mark.timeout(1500)
def test_every_fault_leaves_nothing_behind(shaken: World, record_property: _Record) -> None:
    """Every fault twice: no late answer, no class internal, every server up again, and the exporter as at the start."""
    dice = random.Random(_SEED)
    order = [fault for _ in range(2) for fault in dice.sample(FAULTS, len(FAULTS))]
    _shake(shaken, order, record_property)


def test_the_table_has_thirty_kinds_of_faults() -> None:
    """No two are called the same, and each side has its own."""
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 30
    assert {side for fault in FAULTS for side in fault.at} == UP.keys()


def _shake(of: World, faults: Sequence[Fault], record: _Record) -> None:
    with scrapers(of.exporter) as running:
        _wait_until_well(running, "at the start", 60)
        # The first seconds of a process are not its footprint: every query has run, every library is loaded.
        begin = time.monotonic()
        wait_until(lambda: all(len(one.since(begin)) >= 10 for one in running), 60, "ten scrapes of each page")
        before = _footprint(of)
        for fault in faults:
            _play(of, fault, running)
        _wait_until_well(running, "at the end", 90, without_errors=True)
        _note(running, before, record)
    wait_until(lambda: _footprint(of).back_to(before), 40, f"as before: {before}, now {_footprint(of)}")
    record("footprint at the end", str(_footprint(of)))
    _judge(of, running)


def _play(of: World, fault: Fault, running: Sequence[Scraper]) -> None:
    print(fault.name)  # shown where the test fails
    with fault.apply(of):
        began = time.monotonic()
        for scraper in running:
            is_hit = scraper.side in fault.at
            up, says = (fault.up, fault.says) if is_hit else (1, None)
            what = f"{UP[scraper.side]} is {up} under {fault.name}, class {says}"
            _wait_for(scraper, began, what, partial(_fits, up, says))
    _wait_until_well(running, f"after {fault.name}", _SEEN_SECONDS)


def _fits(up: int | None, says: str | None, answer: Answer) -> bool:
    return up in {None, answer.up} and (says is None or says in answer.classes.values())


def _wait_until_well(running: Sequence[Scraper], when: str, seconds: float, *, without_errors: bool = False) -> None:
    began = time.monotonic()
    for scraper in running:
        what = f"{UP[scraper.side]} is 1 {when}"
        _wait_for(
            scraper, began, what, lambda answer: answer.up == 1 and not (without_errors and answer.classes), seconds
        )


def _wait_for(
    scraper: Scraper, began: float, what: str, fits: Callable[[Answer], bool], seconds: float = _SEEN_SECONDS
) -> None:
    try:
        wait_until(lambda: any(map(fits, scraper.since(began))), seconds, what)
    except AssertionError as error:
        error.add_note(f"timeout {scraper.timeout_seconds} s: {scraper.since(began)[-2:]}")
        raise


def _note(running: Sequence[Scraper], before: Footprint, record: _Record) -> None:
    """Keep what was measured, for the page with the last result."""
    answers = [answer for scraper in running for answer in scraper.answers]
    record("scrapes", len(answers))
    for scraper in running:
        slowest = max(answer.seconds for answer in scraper.answers)
        record(f"slowest {scraper.side}, timeout {scraper.timeout_seconds:g} s", f"{slowest:.2f} s")
    record("largest resident memory", f"{max(answer.memory_bytes for answer in answers) / 2**20:.0f} MiB")
    record("footprint at the start", str(before))
    classes = Counter(found for answer in answers for found in answer.classes.values())
    record("classes", str(dict(classes.most_common())))


def _judge(of: World, running: Sequence[Scraper]) -> None:
    answers = [answer for scraper in running for answer in scraper.answers]
    assert [answer for answer in answers if answer.wrong] == []
    assert [answer for answer in answers if "internal" in answer.classes.values()] == []
    assert "Traceback" not in of.exporter.log.read_text()
