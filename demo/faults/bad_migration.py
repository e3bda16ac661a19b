"""A migration renamed a table that the application still uses."""

from __future__ import annotations

from demo.environment import Environment
from demo.faults.administration import administrator
from demo.faults.fault import Tick, nothing

_ON = "ALTER TABLE IF EXISTS opportunities RENAME TO opportunities_migrated"
_OFF = "ALTER TABLE IF EXISTS opportunities_migrated RENAME TO opportunities"


def enter(environment: Environment) -> Tick:
    with administrator(environment) as connection:
        connection.execute(_ON)
    return nothing


def undo(environment: Environment) -> None:
    with administrator(environment) as connection:
        connection.execute(_OFF)
