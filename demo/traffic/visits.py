"""`python -m demo.traffic.visits`: somebody with a real Chromium visits the demo's page, a minute after each visit.

With `--once EQUIPMENT` one visit alone, whose beacons tools/record_beacons.py keeps.
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Sequence
from random import Random

from demo.environment import ConfigurationError, current, exit_on_sigterm
from demo.traffic.equipment import EQUIPMENT
from demo.traffic.visit import visit
from exporters.browser.settings import find_chromium
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError

_LONGEST_SECONDS = 90.0
_REPRESENTATIVES = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Visit until stopped; a visit that fails is one line in the log. Returns 2 without a browser or an address."""
    parser = argparse.ArgumentParser(prog="python -m demo.traffic.visits", description=__doc__)
    parser.add_argument("--every", type=float, default=60.0, metavar="SECONDS")
    parser.add_argument("--once", choices=EQUIPMENT, metavar="EQUIPMENT")
    options = parser.parse_args(arguments)
    exit_on_sigterm()
    try:
        url = current().url
    except ConfigurationError as error:
        print(f"demo.visits: {error}", file=sys.stderr)
        return 2
    binary = find_chromium()
    if binary is None:
        print("demo.visits: no chromium on the PATH", file=sys.stderr)
        return 2
    if options.once:
        visit(binary, url, EQUIPMENT[options.once], 1, Deadline.after(_LONGEST_SECONDS))
        return 0
    _go_on(binary, url, options.every)
    return 0


def _go_on(binary: str, url: str, every_seconds: float) -> None:
    random, never = Random(), threading.Event()
    while not never.wait(every_seconds):
        equipment, number = random.choice(list(EQUIPMENT.values())), random.randint(1, _REPRESENTATIVES)
        try:
            visit(binary, url, equipment, number, Deadline.after(_LONGEST_SECONDS))
        except (CollectError, TimeoutError) as error:
            print(f"demo.visits: {error}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
