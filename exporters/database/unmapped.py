"""What `validate` reports about the tables of the application that queries read: what to map, and what to grant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from exporters.core.scrape import Finding
from exporters.database.privileges import DENIED, HIDDEN, Privileges
from exporters.database.queries import Query


@dataclass(slots=True)
class _Table:
    """A table as the settings name it: real column → key of the settings and the server's answer."""

    schema: str
    name: str
    key: str
    columns: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    queries: list[str] = field(default_factory=list)

    @property
    def exists(self) -> bool:
        return any(answer is not None for _, answer in self.columns.values())

    def finding(self, role: str) -> Finding:
        """Return whether all columns can be read, with the keys to set and the statements to run if not."""
        what = f"business table {self.key}: {self.schema}.{self.name} (for {', '.join(self.queries)})"
        remedies = list(self._remedies(role))
        return Finding(not remedies, what, "\n".join(remedies))

    def _remedies(self, role: str) -> Iterator[str]:
        if not self.exists:
            yield f"name the table, or one of its columns that exists: business: {{tables: {{{self.key}: NAME}}}}"
            return
        for column, (key, answer) in self.columns.items():
            if answer is None:
                yield f"name the column, {column} does not exist: business: {{columns: {{{key}: NAME}}}}"
        if denied := [f'"{column}"' for column, (_, answer) in self.columns.items() if answer == DENIED]:
            yield f'GRANT USAGE ON SCHEMA "{self.schema}" TO {role};'
            yield f'GRANT SELECT ({", ".join(denied)}) ON "{self.schema}"."{self.name}" TO {role};'
        if any(answer == HIDDEN for _, answer in self.columns.values()):
            yield f'CREATE POLICY {role} ON "{self.schema}"."{self.name}" FOR SELECT TO {role} USING (true);'


def unmapped(privileges: Privileges, queries: Sequence[Query], role: str) -> Iterator[Finding]:
    """Yield one finding for each table of the application, whether it can be read or not."""
    for table in _tables(privileges.answers, queries).values():
        yield table.finding(role)


def _tables(answers: Mapping[str, str | None], queries: Sequence[Query]) -> dict[str, _Table]:
    tables: dict[str, _Table] = {}
    for query in queries:
        for requirement in (text for text in query.requires if text.startswith("column:")):
            real, _, key = requirement.removeprefix("column:").partition("=")
            schema, name, column = real.split(".")
            table = tables.setdefault(f"{schema}.{name}", _Table(schema, name, key.partition(".")[0]))
            table.columns[column] = (key, answers.get(requirement))
            if query.name not in table.queries:
                table.queries.append(query.name)
    return tables
