"""Which exporters there are, and from the settings to the sources of each.

An exporter is a folder beside this file and an entry in components.yaml. Its `settings` module says what its section of
settings.yaml holds (`Section`) and what a sidecar without a settings file watches (`from_environment`); its `source`
module makes the sources. Both are imported on use, and only the sections of the exporters that are asked for are read:
a sidecar loads its own libraries alone, and a mistake in another section does not stop it.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from exporters.core.access import WebSettings
from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.scrape import Source
from exporters.core.settings import decode_section, require_unique_names
from exporters.core.strict_yaml import read_yaml

SETTINGS_FILE = "settings.yaml"
COMPONENTS_FILE = Path(__file__).parent / "components.yaml"

EXPORTERS: tuple[str, ...] = tuple(
    entry["job"] for entry in read_yaml(COMPONENTS_FILE)["components"] if entry["exporter"]
)


class _SettingsModule(Protocol):
    Section: Any

    def from_environment(self, environment: Mapping[str, str]) -> Any: ...


class _SourceModule(Protocol):
    def sources(self, section: Any, settings_file: str) -> list[Source]: ...


@dataclass(frozen=True, slots=True)
class ProcessSettings:
    """What every exporter process reads beside its own section; `marks_file` starts at the settings file."""

    web: WebSettings
    marks_file: Path | None


def load_sources(settings_file: str | None, exporters: Sequence[str]) -> list[Source]:
    """Return the sources of the named exporters (none named: all), from the settings file or the environment.

    Without a file named, settings.yaml in this folder; without that, the environment of a lone sidecar.
    Raises ConfigError with the problems of every section that was read.
    """
    if unknown := [name for name in exporters if name not in EXPORTERS]:
        expected = f"expected exporters of: {', '.join(EXPORTERS)}"
        raise ConfigError([ConfigProblem("command line", ", ".join(unknown), expected)])
    name, document = _document(settings_file)
    sources: list[Source] = []
    problems: list[ConfigProblem] = []
    for exporter in exporters or EXPORTERS:
        try:
            found = _sources(exporter, document, name)
        except ConfigError as error:
            problems += error.problems
            continue
        if not found and exporter in exporters:
            problems.append(ConfigProblem(name, exporter, "expected something to watch in this section"))
        sources += found
    if problems:
        raise ConfigError(problems)
    if not sources:
        raise ConfigError([ConfigProblem(name, "document", "expected at least one section with something to watch")])
    return sources


def process_settings(settings_file: str | None) -> tuple[str, ProcessSettings]:
    """Return the settings file (or `environment`), and what every process reads of it. Raises ConfigError."""
    name, document = _document(settings_file)
    web = decode_section(document, "web", WebSettings, name) or WebSettings()
    marks = decode_section(document, "marks_file", str, name)
    return name, ProcessSettings(web, Path(name).parent / marks if marks else None)


def section_type(exporter: str) -> Any:
    """Return the type of an exporter's section of settings.yaml."""
    return _settings_module(exporter).Section


def _document(settings_file: str | None) -> tuple[str, Mapping[str, Any] | None]:
    name = settings_file or SETTINGS_FILE
    if not settings_file and not Path(name).exists():
        return "environment", None
    document = read_yaml(Path(name))
    if not isinstance(document, dict):
        raise ConfigError([ConfigProblem(name, "document", "expected sections with names")])
    return name, document


def _sources(exporter: str, document: Mapping[str, Any] | None, name: str) -> list[Source]:
    module = _settings_module(exporter)
    if document is None:
        section = module.from_environment(os.environ)
    else:
        section = decode_section(document, exporter, module.Section, name)
        require_unique_names(section, exporter, name)
    if not section:
        return []
    return cast("_SourceModule", importlib.import_module(f"exporters.{exporter}.source")).sources(section, name)


def _settings_module(exporter: str) -> _SettingsModule:
    return cast("_SettingsModule", importlib.import_module(f"exporters.{exporter}.settings"))
