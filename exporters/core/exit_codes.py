"""How a command ends: its exit code, and its report of an invalid configuration."""

from __future__ import annotations

import sys
from collections.abc import Callable

from exporters.core import logs
from exporters.core.errors import ConfigError
from exporters.core.strict_yaml import with_lines


def run_command(action: Callable[[], int]) -> int:
    """Return the action's exit code; 2 after printing every configuration problem, 130 after Ctrl-C."""
    logs.setup()
    try:
        return action()
    except ConfigError as error:
        for problem in with_lines(error.problems):
            print(f"error: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
