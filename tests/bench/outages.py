"""`./run bench outages`: seconds from a hard fault of the demo to the first message about it, at normal speed.

Each fault has a stack of its own and is repeated there, each time at another moment between two scrapes. It goes on
until its alert is in the inbox; the next one begins when the last is resolved, so that no message waits for its group.
Nothing is asserted: tests/rules/test_outages.py holds the arithmetic. Each takes about two minutes, api-errors twenty.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from demo.gameday.stack import FiredAlert, Stack, running
from pantrywatch.native.addresses import Addresses

_ALERTS = {
    "database-frozen": FiredAlert("CrmDatabaseDown", "critical"),
    "database-stopped": FiredAlert("CrmDatabaseDown", "critical"),
    "cache-frozen": FiredAlert("CrmCacheDown", "high"),
    "cache-stopped": FiredAlert("CrmCacheDown", "high"),
    "application-frozen": FiredAlert("CrmApiDown", "critical"),
    "application-stopped": FiredAlert("CrmApiDown", "critical"),
    "api-errors": FiredAlert("CrmApiErrorsSudden", "critical"),
}
# A rate over five minutes of an application that has just started is one over less.
_WARM_UP_SECONDS = 90.0
_SCRAPE_SECONDS = 15.0
# Alertmanager drops a group that is over within 30 s; until then a new alert waits for the group's interval.
_GROUP_GONE_SECONDS = 35.0
_LOOK_SECONDS = 0.5
_MOST_SECONDS = {"told": 300.0, "resolved": 1800.0}


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(prog="./run bench outages", description=__doc__)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=f"(default: {' '.join(_ALERTS)})")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--port-offset", type=int, default=5000)
    given = parser.parse_args()
    print(f"{'fault':<20} {'alert':<20} {'median s':>8} {'longest s':>9}  all", flush=True)
    for fault in given.faults or _ALERTS:
        taken = _measured(fault, given.times, Addresses(given.port_offset))
        each = " ".join(f"{seconds:.0f}" for seconds in taken)
        figures = f"{statistics.median(taken):>8.0f} {max(taken):>9.0f}"
        print(f"{fault:<20} {_ALERTS[fault].alert:<20} {figures}  {each}", flush=True)


def _measured(fault: str, times: int, addresses: Addresses) -> list[float]:
    with (
        tempfile.TemporaryDirectory(prefix="pantrywatch-bench-") as folder,
        running(Path(folder) / "state", addresses, 1, threading.Event()) as stack,
    ):
        stack.pause(_WARM_UP_SECONDS)
        return [_once(stack, fault) for _ in range(times)]


def _once(stack: Stack, fault: str) -> float:
    alert = _ALERTS[fault]
    stack.pause(random.uniform(0, _SCRAPE_SECONDS))
    begin = time.time()
    stack.fault("on", fault)
    _wait(stack, lambda: _told(stack, alert, begin) is not None, "told")
    seconds = _told(stack, alert, begin)
    stack.fault("off", fault)
    _wait(stack, lambda: any(alert in arrival.resolved for arrival in stack.arrivals(begin)), "resolved")
    stack.pause(_GROUP_GONE_SECONDS)
    assert seconds is not None
    print(f"  {fault}: {seconds:.1f} s", file=sys.stderr, flush=True)
    return seconds


def _told(stack: Stack, alert: FiredAlert, begin: float) -> float | None:
    """Return the seconds until the first message that names the alert as firing, or None."""
    return next((arrival.at - begin for arrival in stack.arrivals(begin) if alert in arrival.firing), None)


def _wait(stack: Stack, condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _MOST_SECONDS[what]
    while not condition():
        assert time.monotonic() < deadline, f"not {what} in {_MOST_SECONDS[what]:g} s"
        stack.pause(_LOOK_SECONDS)


if __name__ == "__main__":
    main()
