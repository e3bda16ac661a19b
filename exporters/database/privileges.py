"""What the monitoring role may see: checked first, so that a missing privilege is reported and never read as zero."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.database.connection import Connection
from exporters.database.queries import LATEST

# pg_has_role() and has_function_privilege() raise errors for names that the server does not know; these return NULL.
_TESTS = {
    "role": "(SELECT CASE WHEN pg_has_role(oid, 'USAGE') THEN 'yes' END FROM pg_roles WHERE rolname = '{name}')",
    "function": "(SELECT 'yes' WHERE has_function_privilege(to_regprocedure('{name}'), 'EXECUTE'))",
    "extension": (
        "(SELECT extversion || ' ' || quote_ident(nspname) FROM pg_extension"
        " JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = '{name}')"
    ),
}
# Whether a column exists, whether the role may read it, and whether policies of row security hide rows from it: with
# any policy but one that shows it all rows, what it counts would be too few, or zero. Those of other roles are ignored.
_COLUMN = (
    "(SELECT CASE"
    " WHEN NOT has_schema_privilege(n.oid, 'USAGE') THEN '{denied}'"
    " WHEN NOT has_column_privilege(c.oid, a.attnum, 'SELECT') THEN '{denied}'"
    " WHEN row_security_active(c.oid) AND EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid"
    " AND NOT p.polpermissive AND {concerns}) THEN '{hidden}'"
    " WHEN row_security_active(c.oid) AND NOT EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid"
    " AND p.polpermissive AND pg_get_expr(p.polqual, p.polrelid) = 'true' AND {concerns}) THEN '{hidden}'"
    " ELSE 'yes' END FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid"
    " JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = '{schema}' AND c.relname = '{table}'"
    " AND a.attname = '{column}' AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v', 'm', 'f', 'p'))"
)
# A policy that the server applies to what the role reads.
_CONCERNS = (
    "p.polcmd IN ('r', '*') AND EXISTS (SELECT FROM unnest(p.polroles) AS r WHERE r = 0 OR pg_has_role(r, 'USAGE'))"
)
DENIED = "denied"
HIDDEN = "hidden"


class Privileges(NamedTuple):
    """Requirement → the server's answer: None for a missing one, version and schema for an extension.

    A column that exists and may not be read has the answer `denied`, one whose rows policies hide `hidden`.
    """

    answers: dict[str, str | None]

    def granted(self, requirement: str) -> bool:
        """Return whether the requirement is met."""
        return self.answers.get(requirement) not in (None, DENIED, HIDDEN)

    def reported(self, needed: Collection[str]) -> Privileges:
        """Return these without what is missing and not needed."""
        return Privileges({text: answer for text, answer in self.answers.items() if answer or text in needed})

    def demand(self, requirements: Iterable[str]) -> None:
        """Return if all are met. Raises CollectError: permission, or version for a missing extension or column."""
        for requirement in requirements:
            if not self.granted(requirement):
                is_absent = self.answers.get(requirement) is None and requirement.startswith(("extension:", "column:"))
                missing = ErrorClass.VERSION if is_absent else ErrorClass.PERMISSION
                raise CollectError(missing, f"missing {requirement}")

    def extension(self, requirements: Iterable[str]) -> tuple[str, str]:
        """Return schema (quoted) and version of the extension among these; `public` and the latest if there is none."""
        for requirement in requirements:
            if requirement.startswith("extension:") and (answer := self.answers.get(requirement)):
                version, _, schema = answer.partition(" ")
                return schema, version
        return "public", LATEST


def read_privileges(connection: Connection, requirements: Iterable[str], deadline: Deadline) -> Privileges:
    """Ask the server, in one round trip of catalog lookups. Raises CollectError."""
    names = list(requirements)
    tests = [_test(text) for text in names]
    query = f"SELECT {', '.join(tests) or 'NULL'}"
    result = connection.select(query, deadline, statement_seconds=2.0, lock_seconds=0.25)
    cells = [result.get_value(0, column) for column in range(len(names))]
    return Privileges(
        {name: None if cell is None else bytes(cell).decode() for name, cell in zip(names, cells, strict=True)}
    )


def _test(requirement: str) -> str:
    kind, _, name = requirement.partition(":")
    if kind != "column":
        return _TESTS[kind].format(name=name)
    schema, table, column = name.partition("=")[0].split(".")  # none contains a dot or a quotation mark: settings.py
    return _COLUMN.format(denied=DENIED, hidden=HIDDEN, concerns=_CONCERNS, schema=schema, table=table, column=column)
