"""The `cache` section of settings.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CacheTarget:
    """One Redis or Valkey server (`redis://` or `rediss://`); exactly one of `url` and `url_file` is given.

    The files are for TLS: who signed the server's certificate (default: the system's authorities), and the client's
    own certificate and key where the server asks for one.
    """

    name: str
    url: str | None = None
    url_file: str | None = None
    ca_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None

    def __post_init__(self) -> None:
        """Raise ValueError saying what was expected."""
        if not self.name:
            raise ValueError("expected a name")
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("expected certificate_file and key_file together")


Section = tuple[CacheTarget, ...]


def from_environment(environment: Mapping[str, str]) -> Section:
    """Return the one server, named `default`, of PANTRYWATCH_CACHE_URL or the file PANTRYWATCH_CACHE_URL_FILE."""
    url, url_file = environment.get("PANTRYWATCH_CACHE_URL"), environment.get("PANTRYWATCH_CACHE_URL_FILE")
    return (CacheTarget("default", url, url_file),) if url or url_file else ()
