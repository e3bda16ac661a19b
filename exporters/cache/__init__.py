"""The cache exporter: Redis and Valkey servers, under the metric names of redis_exporter."""

from __future__ import annotations

from exporters.cache.address import address_of
from exporters.cache.source import CacheSource
from exporters.core.errors import ConfigError, Fault
from exporters.core.scrape import Source
from exporters.settings import Settings


def sources(settings: Settings, settings_file: str) -> list[Source]:
    """Return one source for each server in the settings. Raises ConfigError with every fault."""
    found: list[Source] = []
    faults: list[Fault] = []
    for index, target in enumerate(settings.cache):
        try:
            found.append(CacheSource(target.name, address_of(target, f"cache[{index}]", settings_file)))
        except ConfigError as error:
            faults += error.faults
    if faults:
        raise ConfigError(faults)
    return found
