"""The list of exporters, and how each one's sources are built from the settings.

An exporter is a folder next to this file and an entry in components.yaml. Its `settings` module defines its section of
settings.yaml (`Section`) and what a sidecar without a settings file watches (`from_environment`); its `source` module
builds the sources. Both are imported on use, and only the sections of the requested exporters are read: a sidecar loads
only its own libraries, and a mistake in another section does not stop it.
"""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

from exporters.core.errors import ConfigError, ConfigProblem, ProblemList
from exporters.core.problem_text import short_key, suggestion
from exporters.core.renamed_keys import renamed
from exporters.core.scrape import Source
from exporters.core.settings import decode_section
from exporters.core.strict_yaml import line_at, read_document

if TYPE_CHECKING:
    from exporters.core.access import WebSettings

SETTINGS_FILE = "settings.yaml"
COMPONENTS_FILE = Path(__file__).parent / "components.yaml"

# Read only by `pantrywatch`: a mistake in these keys does not stop an exporter.
OTHER_KEYS = (
    "environment", "data_sources", "application", "capacity", "exclude", "notifications", "report", "advise",
    "prometheus", "scale", "holidays", "kubernetes",
)  # fmt: skip
_OF_EVERY_PROCESS = ("web", "marks_file")

# By the layout of the file: to read it as YAML took a twentieth of the CPU until a sidecar's port is open.
EXPORTERS = tuple(
    re.findall(r"^  - job: (\w+)\n    exporter: true$", COMPONENTS_FILE.read_text(encoding="utf-8"), re.MULTILINE)
)
# In the order of settings.yaml: whoever reads the file names the same keys, so that a problem is reported once.
SETTINGS_KEYS = (*OTHER_KEYS[:3], *EXPORTERS, *OTHER_KEYS[3:], *_OF_EVERY_PROCESS)


class _SettingsModule(Protocol):
    Section: Any

    def from_environment(self, environment: Mapping[str, str]) -> Any: ...


class _SourceModule(Protocol):
    def sources(self, section: Any, settings_file: str) -> list[Source]: ...


class ProcessSettings(NamedTuple):
    """What every exporter process reads besides its own section; `marks_file` is relative to the settings file."""

    web: WebSettings | None
    marks_file: Path | None


def load_sources(settings_file: str | None, exporters: Sequence[str]) -> list[Source]:
    """Return the sources of the named exporters (all if none is named), from the settings file or the environment.

    If no file is named, settings.yaml in the working directory is used; without that, the environment of a standalone
    sidecar. None where the settings have an application alone: Prometheus scrapes that itself. Raises ConfigError with
    the problems of every section read, including `web` and `marks_file`.
    """
    _require_known(exporters)
    name, document, problems = _document(settings_file)
    sources: list[Source] = []
    found = ProblemList(problems)
    for exporter in exporters or EXPORTERS:
        with found.collecting():
            of_exporter = _sources(exporter, document, name)
            if not of_exporter and exporter in exporters:
                raise ConfigError(
                    [ConfigProblem(name, exporter, "expected something to watch in this section, got nothing")]
                )
            sources += of_exporter
    with found.collecting():
        _process_settings(name, document)
    if not found.problems and not sources and not (document or {}).get("application"):
        expected = f"expected something to watch in at least one section of {', '.join(EXPORTERS)}"
        found.problems.append(ConfigProblem(name, "document", expected))
    found.raise_if_any()
    return sources


def process_settings(settings_file: str | None) -> tuple[str, ProcessSettings]:
    """Return the settings file (or `environment`) and the settings every process reads. Raises ConfigError."""
    name, document, problems = _document(settings_file)
    ProblemList(problems).raise_if_any()
    return name, _process_settings(name, document)


def _process_settings(name: str, document: Mapping[str, Any] | None) -> ProcessSettings:
    found = ProblemList()
    web, marks = None, None
    with found.collecting():
        web = _web_settings(document, name)
    with found.collecting():
        marks = decode_section(document, "marks_file", str, name)
    found.raise_if_any()
    return ProcessSettings(web, Path(name).parent / marks if marks else None)


def _web_settings(document: Mapping[str, Any] | None, name: str) -> WebSettings | None:
    if not document or document.get("web") is None:
        return None
    # Loaded where there is such a section: its records take a fiftieth of the CPU until a sidecar's port is open.
    from exporters.core.access import WebSettings  # noqa: PLC0415

    return cast("WebSettings | None", decode_section(document, "web", WebSettings, name))


def _require_known(exporters: Sequence[str]) -> None:
    expected = f"expected exporters of: {', '.join(EXPORTERS)}"
    ProblemList(
        ConfigProblem("command line", name, expected + suggestion(name, EXPORTERS))
        for name in exporters
        if name not in EXPORTERS
    ).raise_if_any()


def sections_not_read(settings_file: str | None) -> list[str]:
    """Return the keys of the settings file that no exporter reads: only `pantrywatch` does."""
    _, document, _ = _document(settings_file)
    return [key for key in document or {} if key not in (*EXPORTERS, *_OF_EVERY_PROCESS)]


def _document(settings_file: str | None) -> tuple[str, Mapping[str, Any] | None, list[ConfigProblem]]:
    """Return file name, document, and the problems that do not prevent reading the rest of the file."""
    name = settings_file or SETTINGS_FILE
    if not settings_file and not Path(name).exists():
        return "environment", None, []
    document, problems = read_document(Path(name))
    if not isinstance(document, dict):
        expected = ConfigProblem(name, "document", "expected sections with names, got none")
        raise ConfigError([*problems, expected])
    return name, document, [*problems, *_unknown_keys(name, document)]


def _unknown_keys(name: str, document: Mapping[str, Any]) -> Iterator[ConfigProblem]:
    """Yield each key that is not a section; a renamed key is left to `pantrywatch`, which reads it."""
    for key in document:
        if key not in SETTINGS_KEYS and renamed(key) is None:
            known = f"{suggestion(key, SETTINGS_KEYS)}: expected one of {', '.join(SETTINGS_KEYS)}"
            expected = f"unknown key {short_key(key)}{known}"
            yield ConfigProblem(name, "document", expected, line_at(document, key))


def _sources(exporter: str, document: Mapping[str, Any] | None, name: str) -> list[Source]:
    module = _settings_module(exporter)
    if document is None:
        section = module.from_environment(os.environ)
    else:
        section = decode_section(document, exporter, module.Section, name)
    if not section:
        return []
    return cast("_SourceModule", importlib.import_module(f"exporters.{exporter}.source")).sources(section, name)


def _settings_module(exporter: str) -> _SettingsModule:
    return cast("_SettingsModule", importlib.import_module(f"exporters.{exporter}.settings"))
