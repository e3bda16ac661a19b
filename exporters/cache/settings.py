"""The `cache` section of settings.yaml."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CacheTarget:
    """One Redis or Valkey server (`redis://` or `rediss://`); exactly one of `url` and `url_file` is given."""

    name: str
    url: str | None = None
    url_file: str | None = None
