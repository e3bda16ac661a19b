"""Lints the generated rules and boards, as `./run check` does; prints one finding per line."""

from __future__ import annotations

import sys

from pantrywatch.config.targets import read_targets
from tools.board_lint import check as boards
from tools.board_lint.model import read_boards
from tools.rule_lint import check as rules
from tools.rule_lint.catalogue import ROOT, read_catalogue
from tools.rule_lint.rulebook import Rulebook, read_rules


def main() -> int:
    """Return 0, or 1 with findings."""
    files, catalogue = sorted((ROOT / "alert_rules/generated").glob("*.yml")), read_catalogue()
    book, targets = Rulebook(catalogue, read_rules(files)), read_targets(ROOT / "targets.yaml")
    found = [
        *rules.without_excluded(rules.check(files, catalogue)),
        *boards.without_excluded(boards.check(read_boards(), book, targets)),
    ]
    for finding in found:
        print(finding, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
