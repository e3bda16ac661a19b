"""The demo's own database, healthy: its seed, the statements of its API, and what sales staff ask of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

from demo.api import dashboard, interactions, login, opportunities, organizations
from demo.api.database import Statement
from demo.seed.load import load
from tests.support.planted.records import Step
from tests.support.planted.running import application_dsn, use
from tests.support.planted.truth import Truth
from tests.support.servers import Postgres

_SCALE = 0.2  # 20,000 interactions
_TABLES = ("users", "organizations", "opportunities", "contacts", "products")

NEAR_MISSES = (
    Truth("drop-index", ("public.users_email_key",), "logs in by a full read of 40 rows, but keeps a constraint"),
    Truth("drop-index", ("public.interactions_by_opportunity",), "partial, and used"),
    Truth("drop-index", ("public.organizations_by_name",), "serves the unfiltered list"),
    Truth("create-index", ("public.users(email)",), "exists"),
)
DOUBTFUL = (
    Truth("create-index", ("public.organizations(name)",), "trigrams would serve the search, of 1,000 rows"),
    Truth("statement", ("ILIKE",), "a third of all time, which is little"),
)


def fill(server: Postgres) -> None:
    """Seed it and use it."""
    with psycopg.connect(application_dsn(server), autocommit=True, connect_timeout=5) as connection:
        load(connection, _SCALE, datetime.now().astimezone())
        keys = {table: _keys(connection, table) for table in _TABLES}
    use(server, [*_api(keys), *_staff(keys)])


def _keys(connection: psycopg.Connection, table: str) -> list[str]:
    statement = sql.SQL("SELECT id::text FROM {} ORDER BY id LIMIT 200").format(sql.Identifier(table))
    found = connection.execute(statement).fetchall()
    return [row[0] for row in found]


def _api(keys: Mapping[str, list[str]]) -> Iterator[Step]:
    """Yield every statement of the demo's API."""
    for module, table in (
        (login, "users"), (organizations, "organizations"), (dashboard, "users"), (opportunities, "opportunities"),
        (interactions, "organizations"),
    ):  # fmt: skip
        for statement in vars(module).values():
            if isinstance(statement, Statement):
                yield Step(60, statement.text, _parameters(keys, table))


def _parameters(keys: Mapping[str, list[str]], table: str) -> Callable[[int], dict[str, Any]]:
    def parameters(number: int) -> dict[str, Any]:
        one = {name: found[number * 7 % len(found)] for name, found in keys.items()}
        return {
            "id": one[table], "user": one["users"], "organization": one["organizations"], "contact": one["contacts"],
            "owner": one["users"] if number % 2 else None, "segment": None, "priority": None, "limit": 25, "offset": 0,
            "pattern": f"%{number}%", "email": f"user{number}@example.com", "kind": "CALL", "minutes": 5,
            "outcome": "reached", "notes": "", "follow_up": None, "sentiment": 3,
            "stage": "proposal", "probability": 50, "closed": False,
        }  # fmt: skip

    return parameters


def _staff(keys: Mapping[str, list[str]]) -> Iterator[Step]:
    """Yield what reports and other pages ask: each index of the demo has a reader."""
    for statement, table in (
        ("SELECT count(*) FROM interactions WHERE contact_id = %s", "contacts"),
        ("SELECT count(*) FROM interactions WHERE opportunity_id = %s", "opportunities"),
        ("SELECT product_id, quantity FROM opportunity_products WHERE opportunity_id = %s", "opportunities"),
        ("SELECT sum(quantity) FROM opportunity_products WHERE product_id = %s", "products"),
        ("SELECT count(*) FROM interactions WHERE user_id = %s AND created_at > now() - interval '2 days'", "users"),
    ):
        yield Step(60, statement, lambda number, found=keys[table]: (found[number * 7 % len(found)],))
    yield Step(
        60, "SELECT user_id, max(created_at) FROM interactions WHERE created_at > now() - interval '2 days' GROUP BY 1"
    )
    yield Step(60, "SELECT name FROM organizations WHERE industry_segment = 'Healthcare' AND priority_level = 'A'")
