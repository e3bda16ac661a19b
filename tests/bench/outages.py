"""`./run bench outages`: seconds from a hard fault of the demo to the first message about it, at normal speed.

Each time has a stack of its own, and the fault begins at another moment between two scrapes: on the same stack a second
outage within a quarter of an hour would wait for the group of the first, up to group_interval. Nothing is asserted:
tests/rules/test_outages.py holds the arithmetic. A time takes about three minutes.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import threading
import time
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
# Each exporter has been scraped, and the application has an ordinary rate.
_WARM_UP_SECONDS = 60.0
_SCRAPE_SECONDS = 15.0
_LOOK_SECONDS = 0.5
_MOST_SECONDS = 300.0


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
    return [_once(fault, addresses) for _ in range(times)]


def _once(fault: str, addresses: Addresses) -> float:
    alert = _ALERTS[fault]
    with (
        tempfile.TemporaryDirectory(prefix="pantrywatch-bench-") as folder,
        running(Path(folder) / "state", addresses, 1, threading.Event()) as stack,
    ):
        stack.pause(_WARM_UP_SECONDS + random.uniform(0, _SCRAPE_SECONDS))
        begin = time.time()
        stack.fault("on", fault)
        while (seconds := _told(stack, alert, begin)) is None:
            assert time.time() - begin < _MOST_SECONDS, f"no message in {_MOST_SECONDS:g} s"
            stack.pause(_LOOK_SECONDS)
        stack.fault("off", fault)
    print(f"  {fault}: {seconds:.1f} s", file=sys.stderr, flush=True)
    return seconds


def _told(stack: Stack, alert: FiredAlert, begin: float) -> float | None:
    """Return the seconds until the first message that names the alert as firing, or None."""
    return next((arrival.at - begin for arrival in stack.arrivals(begin) if alert in arrival.firing), None)


if __name__ == "__main__":
    main()
