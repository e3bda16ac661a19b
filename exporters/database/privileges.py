"""What the monitoring role may see: checked first, so that a missing privilege is reported and never read as zero."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Privileges:
    """Requirement → the server's answer: None for a missing one, version and schema for an extension."""

    answers: dict[str, str | None]

    def granted(self, requirement: str) -> bool:
        """Return whether the requirement is met."""
        return self.answers.get(requirement) is not None

    def reported(self, needed: Collection[str]) -> Privileges:
        """Return these without what is missing and not needed."""
        return Privileges({text: answer for text, answer in self.answers.items() if answer or text in needed})

    def demand(self, requirements: Iterable[str]) -> None:
        """Return if all are met. Raises CollectError: permission, or version for a missing extension."""
        for requirement in requirements:
            if not self.granted(requirement):
                missing = ErrorClass.VERSION if requirement.startswith("extension:") else ErrorClass.PERMISSION
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
    tests = [_TESTS[kind].format(name=name) for kind, _, name in (text.partition(":") for text in names)]
    query = f"SELECT {', '.join(tests) or 'NULL'}"
    result = connection.select(query, deadline, statement_seconds=2.0, lock_seconds=0.25)
    cells = [result.get_value(0, column) for column in range(len(names))]
    return Privileges(
        {name: None if cell is None else bytes(cell).decode() for name, cell in zip(names, cells, strict=True)}
    )
