"""The commands `pantrywatch settings`: check a settings file as a whole, and bring an older one up to date."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from exporters.core.decoder import substituted
from exporters.core.errors import ConfigError, ConfigProblem, ProblemList
from exporters.core.findings import print_findings
from exporters.core.problem_text import suggestion
from exporters.core.settings import secret_from
from exporters.core.strict_yaml import line_at, read_document, read_text, with_lines
from exporters.registry import load_sources
from pantrywatch.application.report import look_at
from pantrywatch.config.application import require_access
from pantrywatch.config.migration import migrate
from pantrywatch.config.settings import Settings, read_settings
from pantrywatch.config.targets import read_targets
from pantrywatch.generate.alertmanager.secrets import require_delivery
from pantrywatch.generate.vmalert import require_evaluator
from pantrywatch.web.config_files import require_valid

_ANSWER_SECONDS = 10.0  # for each server


def validate_settings(file: Path, targets_file: Path) -> int:
    """Check every section of the file and every file it refers to, without using the network.

    Returns 0. Raises ConfigError with every problem.
    """
    problems = ProblemList()
    settings = None
    with problems.collecting():
        settings = read_settings(file)
    with problems.collecting():
        for source in load_sources(str(file), []):
            source.close()
    if settings is not None:
        _check_files(settings, file, problems)
        problems.problems += _unknown_targets(settings, file, targets_file)
    found = with_lines(problems.problems)
    known = {problem.entry for problem in found}
    found += [problem for problem in with_lines(list(_unreadable_files(file))) if problem.entry not in known]
    ProblemList(found).raise_if_any()
    sys.stdout.write(f"{file}: ok\n")
    return 0


def validate_installation(file: Path, targets_file: Path) -> int:
    """Check the file as `validate_settings` does, then what it names, and print what is missing and what would help.

    Servers: rights and extensions; the application: which targets its metrics can feed. Returns 0, or 1 if something is
    missing, or 2 for a fault. Raises ConfigError with every problem of the file.
    """
    validate_settings(file, targets_file)
    code = int(print_findings(load_sources(str(file), []), _ANSWER_SECONDS))
    settings = read_settings(file)
    if said := settings.source_of_requests():
        sys.stdout.write(f"{said}\n")
    application = settings.application
    if application is None or not application.endpoints:
        return code
    seen = look_at(application, read_targets(targets_file), file)
    sys.stdout.write(f"{seen.text}\n")
    return max(code, 0 if seen.is_ok else 1)


def migrate_settings(file: Path) -> int:
    """Print the file in this version's form, and the changes on standard error. Raises ConfigError."""
    migrated = migrate(read_text(file), str(file))
    sys.stdout.write(migrated.text)
    for change in migrated.changes or ("nothing to change",):
        sys.stderr.write(f"{file}: {change}\n")
    return 0


def _check_files(settings: Settings, file: Path, problems: ProblemList) -> None:
    with problems.collecting():
        if settings.notifications is not None:
            require_delivery(settings.notifications, file)
    with problems.collecting():
        require_access(settings.accesses(), str(file))
    with problems.collecting():
        require_evaluator(settings.scale, str(file))
    with problems.collecting():
        if settings.web is not None:
            require_valid(settings.web, str(file))


def _unreadable_files(file: Path) -> Iterator[ConfigProblem]:
    """Yield each `…_file` that cannot be read, also in entries with other problems; nothing if it is not YAML."""
    try:
        document, _ = read_document(file)
    except ConfigError:
        return
    for entry, path in _named_files(document, ""):
        try:
            secret_from(None, substituted(path), entry.removesuffix("_file"), str(file))
        except ConfigError as error:
            yield from error.problems


def _named_files(node: Any, entry: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _named_files(item, f"{entry}[{index}]")
    for key, value in node.items() if isinstance(node, dict) else ():
        place = f"{entry}.{key}".lstrip(".")
        if isinstance(value, str) and key.endswith("_file") and key != "marks_file":
            yield place, value
        yield from _named_files(value, place)


def _unknown_targets(settings: Settings, file: Path, targets_file: Path) -> list[ConfigProblem]:
    """Return the checks and the exclusions that name an undocumented target."""
    known = [target.id for target in read_targets(targets_file).targets]
    document, _ = read_document(file)
    found = []
    for entry, target in _named_targets(settings):
        if target not in known:
            expected = f"expected the id of a target in targets.yaml, got {target!r}"
            text = expected + suggestion(target, known)
            found.append(ConfigProblem(str(file), entry, text, line_at(document, entry)))
    return found


def _named_targets(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield the entry and the target of everything that names one."""
    for name, section in (("synthetic", settings.synthetic), ("browser", settings.browser)):
        for index, check in enumerate(section.checks if section else ()):
            if check.target:
                yield f"{name}.checks[{index}].target", check.target
    for index, exclusion in enumerate(settings.exclude):
        for number, target in enumerate(exclusion.targets):
            yield f"exclude[{index}].targets[{number}]", target
