"""`pantrywatch capacity`: the command line and the settings, checked before anything is sent."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from exporters.capacity import CAPACITY_FILE, VERSION_PATTERN
from exporters.core.errors import ConfigError, ConfigProblem
from exporters.deployments import MARKS_FILE, read_marks
from pantrywatch.capacity.run import Options, run
from pantrywatch.capacity.verdict import promise_of
from pantrywatch.config.settings import read_settings
from pantrywatch.config.shared_files import shared_files
from pantrywatch.config.targets import read_targets
from pantrywatch.native.commands import state_of_installation

_BOUNDS = {"rpm": (1.0, 600_000.0), "minutes": (0.1, 60.0), "step_seconds": (2.0, 600.0)}


def capacity(options: argparse.Namespace) -> int:
    """Run what the command line asks for; returns 0 when a rate was proven. Raises ConfigError, nothing sent."""
    targets = read_targets(shared_files() / "targets.yaml")
    if options.rpm is None:
        options.rpm = targets.by_id("api-throughput").threshold
    problems = list(_problems(options))
    if problems:
        raise ConfigError(problems)
    settings_file = options.settings or shared_files() / "settings.yaml"
    settings = read_settings(settings_file).capacity
    if settings is None:
        expected = "expected the servers that may be loaded, and the requests (docs/settings.md), got no such section"
        raise ConfigError([ConfigProblem(str(settings_file), "capacity", expected)])
    if options.rpm > (most := settings.most_requests_per_minute):
        expected = f"expected at most {most:g}, `capacity.most_requests_per_minute` in {settings_file}"
        raise ConfigError([ConfigProblem("command line", "--rpm", expected)])
    file = options.file or _file_of(options)
    return run(
        Options(
            settings,
            settings_file,
            options.url,
            options.rpm,
            options.minutes * 60,
            options.step_seconds,
            options.version or _newest_version(file),
            tuple(filter(None, (file, options.textfile))),
        ),
        promise_of(targets),
    )


def _problems(options: argparse.Namespace) -> Iterator[ConfigProblem]:
    for name, (least, most) in _BOUNDS.items():
        if not least <= (value := getattr(options, name)) <= most:
            expected = f"expected a number from {least:g} to {most:g}, got {value:g}"
            yield ConfigProblem("command line", f"--{name.replace('_', '-')}", expected)
    if options.version and not re.fullmatch(VERSION_PATTERN, options.version):
        expected = "expected a version of at most 64 letters, digits and . _ + : / @ -, a letter or digit first"
        yield ConfigProblem("command line", "--version", expected)
    for name in ("file", "textfile"):
        file: Path | None = getattr(options, name)
        if file and not file.parent.is_dir():
            yield ConfigProblem("command line", f"--{name}", f"expected a file in a folder that exists, got {file}")


def _file_of(options: argparse.Namespace) -> Path:
    """Return the file next to the deployment marks. Raises ConfigError without a state directory."""
    file = state_of_installation(options, options.settings).file(CAPACITY_FILE)
    if not file.parent.is_dir():
        expected = f"expected a file: there is no {file.parent}, as no stack of these settings has been started here"
        raise ConfigError([ConfigProblem("command line", "--file", expected)])
    return file


def _newest_version(file: Path) -> str:
    try:
        marks = read_marks(file.with_name(MARKS_FILE))
    except OSError:
        marks = []
    return marks[-1].version if marks else "unknown"
