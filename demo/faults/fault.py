"""The record of a fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from demo.environment import Environment

# Called repeatedly while the fault is active; its closure holds whatever the fault must keep open.
Tick = Callable[[], None]


class FaultError(Exception):
    """A fault could not be started or undone; the message says why."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`undo` needs no state of `enter`: it also cleans up after a killed holder. It is idempotent."""

    name: str
    does: str
    seen_in: str
    enter: Callable[[Environment], Tick]
    undo: Callable[[Environment], None]
    every_seconds: float = 2.0
    # The command to use instead in containers: stopping a server is up to the container engine.
    in_containers: str = ""


def nothing() -> None:
    """The tick of a fault that persists by itself."""


def nothing_to_undo(_environment: Environment) -> None:
    """The undo of a fault that ends with its holder."""
