"""Every statement of the application takes 150 to 400 ms longer, in the server."""

from __future__ import annotations

from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from demo.environment import Environment
from demo.faults.administration import administrator
from demo.faults.fault import Tick, nothing

_TABLES = ("organizations", "contacts", "interactions", "opportunities")
# An uncorrelated subselect runs once per statement: one sleep, however many rows. With the first policy, everyone but
# the application still sees all rows at full speed.
_ON = """
DROP POLICY IF EXISTS demo_fault_others ON {table};
DROP POLICY IF EXISTS demo_fault_slow ON {table};
CREATE POLICY demo_fault_others ON {table} USING (true) WITH CHECK (true);
CREATE POLICY demo_fault_slow ON {table} AS RESTRICTIVE TO {role}
    USING ((SELECT true FROM pg_sleep(0.15 + random() * 0.25)));
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
"""
_OFF = """
ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS demo_fault_slow ON {table};
DROP POLICY IF EXISTS demo_fault_others ON {table};
"""


def enter(environment: Environment) -> Tick:
    _for_every_table(environment, sql.SQL(_ON))
    return nothing


def undo(environment: Environment) -> None:
    _for_every_table(environment, sql.SQL(_OFF))


def _for_every_table(environment: Environment, script: sql.SQL) -> None:
    role = sql.Identifier(str(conninfo_to_dict(environment.secret("app_dsn"))["user"]))
    with administrator(environment) as connection:
        for table in _TABLES:
            # Sent as one simple query, so one transaction per table: locks are held only briefly.
            connection.execute(script.format(table=sql.Identifier(table), role=role))
