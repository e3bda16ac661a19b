"""A migration dropped an index: who asks for the interactions of an organization reads all of them."""

from __future__ import annotations

from demo.environment import Environment
from demo.faults.administration import administrator
from demo.faults.fault import Tick, nothing

_INDEX = "interactions_by_organization"


def enter(environment: Environment) -> Tick:
    with administrator(environment) as connection:
        connection.execute(f"DROP INDEX IF EXISTS {_INDEX}")
    return nothing


def undo(environment: Environment) -> None:
    """As in demo/seed/indexes.sql."""
    with administrator(environment) as connection:
        connection.execute(
            f"CREATE INDEX IF NOT EXISTS {_INDEX} ON interactions (organization_id, interaction_date DESC)"
        )
