"""`python -m demo.traffic`: requests at a rate that follows the time of day, whatever the API returns."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from random import Random

from demo.environment import ConfigurationError, Environment, current, exit_on_sigterm
from demo.flags import Flags
from demo.traffic.representative import Representative
from demo.traffic.rhythm import active_representatives, share_of_peak

EVERYBODY = 20
_REPORT_SECONDS = 60.0


class Driver:
    """Open loop: arrivals follow the clock, not the responses; one is dropped if everybody is busy."""

    def __init__(self, environment: Environment, clock: Callable[[], datetime] = datetime.now) -> None:
        flags = Flags(environment.optional_path("DEMO_FAULT_DIR"))
        self._peak_rate = environment.rate
        self._clock = clock
        self._random = Random()
        self._idle = {
            number: Representative(number, environment.url, environment.beacons_url, flags)
            for number in range(1, EVERYBODY + 1)
        }
        self._lock = threading.Lock()
        self.outcomes: Counter[str] = Counter()

    def run(self, stop: threading.Event) -> None:
        """Send requests until stopped."""
        report_at = time.monotonic() + _REPORT_SECONDS
        with ThreadPoolExecutor(EVERYBODY, "representative") as threads:
            while not stop.wait(self._random.expovariate(self.rate())):
                self._arrive(threads)
                if time.monotonic() > report_at:
                    report_at += _REPORT_SECONDS
                    self._report()

    def rate(self) -> float:
        """Requests per second at this time of day."""
        return self._peak_rate * share_of_peak(self._clock())

    def _arrive(self, threads: ThreadPoolExecutor) -> None:
        working = active_representatives(self.rate(), EVERYBODY)
        with self._lock:
            free = [number for number in self._idle if number <= working]
            if not free:
                self.outcomes["dropped"] += 1
                return
            number = self._random.choice(free)
            representative = self._idle.pop(number)
        threads.submit(representative.act).add_done_callback(lambda done: self._return(number, representative, done))

    def _return(self, number: int, representative: Representative, done: Future[int]) -> None:
        status = done.result()
        with self._lock:
            self._idle[number] = representative
            self.outcomes[f"{status // 100}xx" if status else "no answer"] += 1

    def _report(self) -> None:
        with self._lock:
            counts = " ".join(f"{name.replace(' ', '_')}={count}" for name, count in sorted(self.outcomes.items()))
            self.outcomes.clear()
        print(f"demo.traffic: rate={self.rate():.1f} {counts}", flush=True)


def main() -> int:
    try:
        driver = Driver(current())
    except ConfigurationError as error:
        print(f"demo.traffic: {error}", file=sys.stderr)
        return 2
    exit_on_sigterm(at_once=True)
    driver.run(threading.Event())
    return 0


if __name__ == "__main__":
    sys.exit(main())
