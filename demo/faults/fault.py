"""What a fault is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from demo.environment import Environment

# Called again and again while the fault is in force; holds in its closure what the fault needs to keep open.
Tick = Callable[[], None]


class FaultError(Exception):
    """A fault could not be entered or undone; the message says why."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`undo` needs nothing that `enter` made: it also cleans up after a holder that was killed; twice does no harm."""

    name: str
    does: str
    seen_in: str
    enter: Callable[[Environment], Tick]
    undo: Callable[[Environment], None]
    every_seconds: float = 2.0
    # What to call instead where each part of the demo is a container: taking a server away is the engine's to do.
    in_containers: str = ""


def nothing() -> None:
    """The tick of a fault that stays by itself."""


def nothing_to_undo(_environment: Environment) -> None:
    """The undo of a fault that ends with its holder."""
