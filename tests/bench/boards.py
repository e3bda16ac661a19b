"""`./run bench boards`: how long the queries of each board take over six hours; nothing is asserted.

Each query of each panel is asked once, alone, as Grafana would at a width of 700 points, those of folded rows too.
Columns: queries, their time together, the slowest one and its panel.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import requests

from pantrywatch.native.state_dir import ROOT, State
from pantrywatch.web.client import session
from tests.boards.live import Live, Question
from tools.board_lint.model import Board, read_boards

_RANGE_SECONDS = 6 * 3600
_STEP_SECONDS = 30  # what Grafana takes for six hours at 700 points


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(prog="./run bench boards", description=__doc__)
    parser.add_argument("--prometheus", metavar="URL", help="(default: the one of the stack in the state directory)")
    options = parser.parse_args()
    state = State(Path(os.environ.get("PANTRYWATCH_STATE", ROOT / ".pantrywatch")))
    url = options.prometheus or state.addresses().url("prometheus")
    http = requests.Session() if options.prometheus else session(state.web())
    print(f"{'board':<20} {'queries':>7} {'total ms':>9} {'worst ms':>9}  worst panel")
    try:
        for board in read_boards():
            print(_row(board, Live(url, _RANGE_SECONDS, _STEP_SECONDS, http)), flush=True)
    except requests.ConnectionError:
        parser.exit(1, f"error: no Prometheus answers at {url}\n")


def _row(board: Board, live: Live) -> str:
    taken = [(_milliseconds(live, question), question.panel.title) for question in live.questions(board)]
    worst, panel = max(taken)
    return f"{board.uid:<20} {len(taken):>7} {sum(ms for ms, _ in taken):>9.0f} {worst:>9.0f}  {panel}"


def _milliseconds(live: Live, question: Question) -> float:
    start = time.perf_counter()
    live.ask(question)
    return 1e3 * (time.perf_counter() - start)


if __name__ == "__main__":
    main()
