"""Which servers of the settings do not respond now: said at the start, by name; the monitoring starts all the same."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from exporters.core.deadline import Deadline
from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.scrape import Source, run_once
from exporters.registry import load_sources
from pantrywatch.native.console import say

_SECONDS = 10.0


def report_unreachable(settings_file: str, *, required: bool) -> None:
    """Print each server that does not respond, and each that hides something from its login.

    Raises ConfigError for those that do not respond if `required`, and for settings that cannot be used.
    """
    unreachable = []
    for source in load_sources(settings_file, []):
        with _without_log():
            missing, classes = _ask(source)
        name = f"{source.exporter}.{source.target}"
        if missing:
            unreachable.append(ConfigProblem(settings_file, name, f"expected a server that responds: {classes[0]}"))
        elif classes:
            say(f"{name}: some metrics are missing ({', '.join(classes)}); {_advice(settings_file)}")
    if unreachable and required:
        raise ConfigError(unreachable)
    for problem in unreachable:
        say(f"{problem.entry} does not respond ({problem.expected.rpartition(': ')[2]}): it is reported as down")


def _ask(source: Source) -> tuple[bool, Sequence[str]]:
    """Return whether a source is down, and the classes of its errors."""
    try:
        if source.up is None:
            return False, ()
        run = run_once(source, Deadline.after(_SECONDS))
        classes = sorted({outcome.error_class.value for outcome in run.outcomes() if outcome.error_class})
        return not run.is_up(), classes or ["timeout"] if not run.is_up() else classes
    finally:
        source.close()


def _advice(settings_file: str) -> str:
    return f"`.venv/bin/pantrywatch-exporter --settings {settings_file} validate` says what is missing"


@contextmanager
def _without_log() -> Iterator[None]:
    """Keep the exporters' own log lines away: what they say is summed up here."""
    logger = logging.getLogger("exporters")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)
