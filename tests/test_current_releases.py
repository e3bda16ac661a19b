"""Rules, Alertmanager's configuration and compose file with current releases: the tests there are, run with those.

Debian 12's releases are what `./run test` runs them with.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.suites import Suite

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

_ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "tests",
    [
        # promtool checks and runs all rules, each alert fires and clears; amtool walks the routes.
        # The lint and the mixin need no program.
        [
            "tests/rules",
            "tests/boards/test_state.py",
            "--ignore=tests/rules/test_lint.py",
            "--ignore=tests/rules/lint",
            "--ignore=tests/rules/test_mixin.py",
        ],
        # Escalation, silences, restarts, two that deliver once, secrets, and what messages look like.
        ["tests/integration/alertmanager"],
        # What Compose 2 makes of the file.
        ["tests/compose/test_compose.py"],
        # What a current node_exporter has that ours has not: said, and no failure.
        ["tests/integration/host/test_node_exporter_parity.py::test_names_left_out_are_known"],
        # Its admin console, and queries through it.
        ["tests/integration/database/test_pgbouncer.py", "tests/integration/database/test_pgbouncer_console.py"],
    ],
    ids=["rules", "alertmanager", "compose", "node_exporter", "pgbouncer"],
)
def test_what_holds_with_debian_12_holds_with_current_releases(
    current_suite: Suite, tests: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every test of these files that is short, or of every release, passes with the current programs on the PATH."""
    if not current_suite.is_current:
        pytest.skip(f"only Debian 12's releases are to be had: {current_suite.describe()}")
    environment = {**os.environ, "PATH": f"{current_suite.programs}:{os.environ['PATH']}"}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-m",
        "not long or every_release",
        "-n",
        "2",
        "--dist",
        "loadfile",
        "-q",
        "-rP",
        *tests,
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=_ROOT)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    with capsys.disabled():
        print(*(line for line in done.stdout.splitlines() if "neither have nor list" in line), sep="\n")
