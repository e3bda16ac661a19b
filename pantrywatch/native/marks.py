"""`pantrywatch mark VERSION`: records a deployment to show on the boards and in messages."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

from exporters.core.errors import ConfigError, ConfigProblem
from exporters.deployments import add_mark
from pantrywatch.native.console import say


def mark(file: Path, version: str, at: str | None) -> int:
    """Mark the version as deployed now, or at a time. Raises ConfigError for an invalid version or time."""
    timestamp_seconds = float(int(time.time())) if at is None else seconds_of(at, "--at")
    add_mark(file, version, timestamp_seconds)
    say(f"marked {version} at {time.strftime('%Y-%m-%d %H:%M:%S UTC', time.gmtime(timestamp_seconds))}")
    return 0


def seconds_of(text: str, option: str) -> float:
    """Return Unix seconds; a time without zone is in this machine's time zone. Raises ConfigError naming the option."""
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError) as error:
        expected = "expected a time such as 2026-11-24T18:30:00+01:00, or Unix seconds"
        raise ConfigError([ConfigProblem("command line", f"{option} {text}", expected)]) from error
