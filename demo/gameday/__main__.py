"""`./run gameday`: plays every fault of the demo on a stack of its own, and checks the alerts."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from demo.gameday.command import Plan, gameday
from exporters.core.exit_codes import run_command
from pantrywatch.native.addresses import Addresses
from pantrywatch.native.state_dir import ROOT


def main() -> int:
    """Return the exit code: 0 all as expected, 1 otherwise, 2 for a fault that does not exist."""
    parser = argparse.ArgumentParser(prog="./run gameday", description=__doc__)
    default_state = os.environ.get("PANTRYWATCH_STATE", str(ROOT / ".pantrywatch"))
    parser.add_argument("faults", nargs="*", metavar="FAULT", help="(default: all)")
    parser.add_argument(
        "--quiet", type=float, metavar="MINUTES", help="minutes without a fault (default: 10, or 0 with FAULT)"
    )
    parser.add_argument(
        "--speed", type=int, default=15, choices=range(1, 31), metavar="N", help="(default: 15; 1: by office hours)"
    )
    parser.add_argument("--port-offset", type=int, default=10000, metavar="N", help="(default: %(default)s)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the matrix as a page")
    parser.add_argument("--state", default=default_state, type=Path, metavar="DIR", help="(default: %(default)s)")
    options = parser.parse_args()
    quiet = options.quiet if options.quiet is not None else 0.0 if options.faults else 10.0
    plan = Plan(Addresses(options.port_offset), options.speed, quiet, options.faults, options.write)
    return run_command(lambda: gameday(options.state.resolve() / "gameday", plan))


if __name__ == "__main__":
    sys.exit(main())
