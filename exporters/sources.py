"""From the settings to the sources: which exporters there are, and what each is to watch."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, cast

from exporters.core.errors import ConfigError, Fault
from exporters.core.scrape import Source
from exporters.settings import Settings, read_settings, settings_from_environment

SETTINGS_FILE = "settings.yaml"

# Name → module; imported on use, so that a sidecar loads the libraries of its own exporter only.
EXPORTERS = {
    "database": "exporters.database.source",
    "cache": "exporters.cache.source",
    "host": "exporters.host.source",
    "synthetic": "exporters.synthetic.source",
    "browser": "exporters.synthetic.browser_source",
}


class _ExporterModule(Protocol):
    """What an exporter's package offers in `source`: the sources its part of the settings names. Raises ConfigError."""

    def sources(self, settings: Settings, settings_file: str) -> list[Source]: ...


def find_settings(settings_file: str | None) -> tuple[str, Settings]:
    """Return the settings and where they are from: the file, settings.yaml here, or a lone sidecar's environment.

    Raises ConfigError.
    """
    name = settings_file or SETTINGS_FILE
    if settings_file or Path(name).exists():
        return name, read_settings(Path(name))
    return "environment", settings_from_environment()


def load_sources(settings_file: str | None, exporters: Sequence[str]) -> list[Source]:
    """Return the sources of the named exporters (none named: all) in the settings, or of a lone sidecar's environment.

    Raises ConfigError with every fault of every section.
    """
    if unknown := [name for name in exporters if name not in EXPORTERS]:
        raise ConfigError([Fault("command line", ", ".join(unknown), f"expected exporters of: {', '.join(EXPORTERS)}")])
    name, settings = find_settings(settings_file)
    sources: list[Source] = []
    faults: list[Fault] = []
    for exporter in exporters or EXPORTERS:
        try:
            found = cast("_ExporterModule", importlib.import_module(EXPORTERS[exporter])).sources(settings, name)
        except ConfigError as error:
            faults += error.faults
            continue
        if not found and exporter in exporters:
            faults.append(Fault(name, exporter, "expected something to watch in this section"))
        sources += found
    if faults:
        raise ConfigError(faults)
    if not sources:
        raise ConfigError([Fault(name, "document", "expected at least one section with something to watch")])
    return sources
