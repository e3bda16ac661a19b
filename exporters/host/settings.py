"""The `host` section of settings.yaml."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HostSettings:
    """What to measure of this machine."""

    name: str = "local"
