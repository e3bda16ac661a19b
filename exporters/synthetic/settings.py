"""The `synthetic` section of settings.yaml."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SyntheticSettings:
    """The checks to run on their own schedule."""
