"""`kill -9` of what a highly available pair is made of, one at a time, while an alert fires."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import pytest
import requests

from pantrywatch.scheduler.questions import clock_of
from pantrywatch.web.prometheus import Prometheus
from tests.soak.pair import SCRAPE_SECONDS, Pair, Server, pair
from tests.support.servers import wait_until

_SEED = 20261130
_KINDS = ("prometheus", "alertmanager", "store")
_SAMPLE = 2  # of each, in `./run test long`
_KILLS = {"prometheus": 100, "alertmanager": 100, "store": 50}  # the store writes what it has before it is killed again
_RUNS = {
    "evaluating": ("prometheus", _SEED), "notifying": ("alertmanager", _SEED), "keeping": ("store", _SEED),
    "keeps-again": ("store", _SEED + 1),
}  # fmt: skip
_LONGEST_AWAY_SECONDS = 2.0
_LONGEST_STEP_SECONDS = 2 * SCRAPE_SECONDS + 0.5  # one scrape is missing
# What VictoriaMetrics has accepted and not yet written when it is killed: up to 10 s were seen, less than a scrape
# interval at normal speed.
_NOT_WRITTEN_SECONDS = 13.0
_Record = Callable[[str, str], None]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Pair]:
    """A pair of its own, in the middle of an outage that both Alertmanagers know of."""
    with pair(tmp_path) as found:
        wait_until(lambda: found.is_whole() and bool(found.messages("firing")), 120, "the outage is notified")
        yield found


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_sample_of_kills_loses_nothing(running: Pair, record_property: _Record) -> None:
    """As below, for a few of each."""
    _kill_again_and_again(running, _KINDS, _SAMPLE, _SEED, record_property)


@pytest.mark.soak
@pytest.mark.timeout(1500)
@pytest.mark.parametrize(("kind", "seed"), _RUNS.values(), ids=_RUNS)
def test_no_kill_loses_an_alert_or_a_sample(running: Pair, kind: str, seed: int, record_property: _Record) -> None:
    """Of 100 kills, twice 50 of the store: the alert is always there, once, and never resolved in between.

    A message has no second copy, silences survive, and the store lacks at most one scrape in a row; a kill of the store
    itself takes what it had not written yet.
    """
    _kill_again_and_again(running, [kind], _KILLS[kind], seed, record_property)


@dataclass(slots=True)
class _Watch:
    """Looks all the time whether some Alertmanager has the alert, and under how many names."""

    pair: Pair
    lost: list[float] = field(default_factory=list)
    names: set[tuple[tuple[str, str], ...]] = field(default_factory=set)
    looks: int = 0
    _end: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        threading.Thread(target=self._look, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()

    def _look(self) -> None:
        while not self._end.wait(0.2):
            found = [labels for one in self.pair.servers["alertmanager"] for labels in one.alerts()]
            self.looks += 1
            self.names |= {tuple(sorted(labels.items())) for labels in found}
            if not found:
                self.lost.append(time.time())


def _kill_again_and_again(running: Pair, kinds: Sequence[str], kills: int, seed: int, record: _Record) -> None:
    dice = random.Random(seed)
    victims = [kind for kind in kinds for _ in range(kills)]
    dice.shuffle(victims)
    _silence(running.servers["alertmanager"][0])
    wait_until(lambda: all(map(_silences, running.servers["alertmanager"])), 60, "both have the silence")
    wait_until(lambda: running.kept_seconds() > _NOT_WRITTEN_SECONDS + SCRAPE_SECONDS, 60, "the store has a past")
    killed: list[tuple[str, float]] = []
    with _Watch(running) as watch:
        for kind in victims:
            victim = dice.choice(running.servers[kind])
            if kind == "store":
                wait_until(lambda: running.store.runs_seconds() > _NOT_WRITTEN_SECONDS, 60, "it has written")
            killed.append((kind, time.time()))
            victim.kill()
            time.sleep(dice.uniform(0, _LONGEST_AWAY_SECONDS))  # how long it is away, not what is waited for
            victim.start()
            wait_until(running.is_whole, 120, f"all is as before the kill of {kind}")
    assert (watch.lost, len(watch.names)) == ([], 1)
    assert running.messages("resolved") == []
    (labels,) = map(dict, watch.names)
    assert labels["cluster"] == "crm"
    assert "replica" not in labels
    # By whom it reaches, too: after a quarter of an hour it also goes to the second on call.
    copies = Counter((message["channel"], message["to"]) for message in running.messages("firing"))
    assert set(copies.values()) == {1}, copies
    assert all(map(_silences, running.servers["alertmanager"]))
    _recover(running)
    _require_whole_series(running, killed, record)
    record("kills", f"{kills} each of {', '.join(kinds)}; {watch.looks} looks at the alert")


def _recover(running: Pair) -> None:
    """End the outage: it is notified once on each channel, and the store answers for this installation alone."""
    running.database.up = True
    wait_until(lambda: bool(running.messages("resolved")), 120, "the end is notified")
    answers = {name: Prometheus(f"{running.store.url}?extra_label=cluster={name}") for name in ("crm", "other")}
    assert clock_of(answers["crm"]) > 0
    wait_until(lambda: _value(answers["crm"]) == "1", 60, "the store has it")
    assert _value(answers["other"]) is None


def _value(store: Prometheus) -> str | None:
    found = store.data("query", [("query", "pg_up")])["result"]
    assert len(found) <= 1
    return str(found[0]["value"][1]) if found else None


def _require_whole_series(running: Pair, killed: Sequence[tuple[str, float]], record: _Record) -> None:
    """No two scrapes in a row are missing, but for those that the store had not written before a kill of its own."""
    times = [at for at, _ in running.samples("pg_up")]
    values = [value for _, value in running.samples("made_total")]
    assert values == sorted(values), "a counter fell"
    of_store = [at for kind, at in killed if kind == "store"]
    steps = [(start, end) for start, end in pairwise(times) if end - start > _LONGEST_STEP_SECONDS]
    missing = [at for start, end in steps for at in _scrapes_between(start, end)]
    unexplained = [at for at in missing if not any(0 <= kill - at <= _NOT_WRITTEN_SECONDS for kill in of_store)]
    longest = max(end - start for start, end in pairwise(times))
    record("longest step in the store", f"{longest:.1f} s, of {SCRAPE_SECONDS} s; {len(times)} samples")
    record(
        "scrapes missing in the store", f"{len(missing)} before {len(of_store)} kills of its own, {unexplained} else"
    )
    assert unexplained == []
    assert longest < _NOT_WRITTEN_SECONDS + _LONGEST_STEP_SECONDS
    assert times[0] < killed[0][1] < times[-1]


def _scrapes_between(start: float, end: float) -> list[float]:
    count = round((end - start) / SCRAPE_SECONDS)
    return [start + number * SCRAPE_SECONDS for number in range(1, count)]


def _silence(alertmanager: Server) -> None:
    window = {"startsAt": "2026-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z"}
    matcher = {"name": "alertname", "value": "Other", "isRegex": False}
    document: dict[str, Any] = {"matchers": [matcher], "createdBy": "me", "comment": "known", **window}
    requests.post(f"{alertmanager.url}/api/v2/silences", json=document, timeout=10).raise_for_status()


def _silences(alertmanager: Server) -> bool:
    answer = alertmanager.get("/api/v2/silences")
    return answer is not None and any(one["comment"] == "known" for one in answer.json())
