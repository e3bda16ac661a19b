"""How a command ends: its exit code, and its report of an invalid configuration."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from exporters.core import logs
from exporters.core.errors import ConfigError
from exporters.core.strict_yaml import with_lines


def run_command(action: Callable[[], int]) -> int:
    """Return the action's exit code; 2 after printing every configuration problem, 130 after Ctrl-C.

    A file that cannot be read or written (a folder has its name, it is another user's, the disk is full) is such a
    problem: it is named.
    """
    logs.setup()
    try:
        return action()
    except ConfigError as error:
        for problem in with_lines(error.problems):
            print(f"error: {problem}", file=sys.stderr)
        return 2
    except OSError as error:
        if not isinstance(error.filename, str | os.PathLike):  # not a file: a connection, say
            raise
        names = " and ".join(f"{name}" for name in (error.filename, error.filename2) if name)
        print(f"error: {names}: {error.strerror}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
