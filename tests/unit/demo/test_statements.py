"""The API's table of what it does in the database."""

from __future__ import annotations

from demo.api import dashboard, health, interactions, login, opportunities, organizations
from demo.api.database import OPERATIONS, Statement

MODULES = (dashboard, health, interactions, login, opportunities, organizations)


def test_every_statement_is_announced() -> None:
    """The table holds the operation and collection of every statement, and nothing else."""
    statements = [value for module in MODULES for value in vars(module).values() if isinstance(value, Statement)]
    assert {(each.operation, each.collection) for each in statements} == set(OPERATIONS)


def test_a_statement_is_named_for_what_it_does() -> None:
    """A statement begins with the operation it is recorded under and names its collection."""
    for module in MODULES:
        for each in (value for value in vars(module).values() if isinstance(value, Statement)):
            assert each.text.startswith(each.operation)
            assert each.collection in each.text or each.collection == "none"
