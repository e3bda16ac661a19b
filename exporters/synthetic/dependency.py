"""What a check connects to, as a part of the application: the label that connects of several checks are compared by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from exporters.core.checks.check import CheckSettings

Dependency = Literal["frontend", "api", "pooler", "database", "cache", "third-party", "other"]

_BY_TARGET: dict[str, Dependency] = {
    "frontend-availability": "frontend",
    "api-availability": "api",
    "system-availability": "api",
    "db-availability": "database",
    "integration-error-rate": "third-party",
}
_BY_KIND: dict[str, Dependency] = {"sql": "database", "redis": "cache", "journey": "api"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectingCheck(CheckSettings):
    """The settings of a check that connects over TCP."""

    dependency: Annotated[
        Dependency | None,
        "What it connects to, a label of its connects; default: what its target or its kind says, else `other`.",
    ] = None

    def connects_to(self) -> Dependency:
        """Return what it connects to."""
        return self.dependency or _BY_TARGET.get(self.target) or _BY_KIND.get(self.kind, "other")
