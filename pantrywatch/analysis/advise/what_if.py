"""What the planner would make of an index that does not exist: the extension hypopg, where it is installed.

https://hypopg.readthedocs.io: hypothetical indexes belong to one connection, take no locks, and only EXPLAIN sees them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from exporters.core.errors import CollectError
from exporters.core.postgres_errors import ServerError
from pantrywatch.analysis.advise.advice import Advice
from pantrywatch.analysis.advise.reading import Reader, Source

_LESS = 0.9  # of the cost before: an index that saves less is not taken for it alone


def with_costs(source: Source, found: Sequence[Advice], note: Callable[[str], None]) -> Iterator[Advice]:
    """Yield advice on one server with the planner's cost before and after, where hypopg knows it."""
    searched: dict[str, list[Advice]] = {}
    for one in found:
        if one.search:
            searched.setdefault(one.database, []).append(one)
        else:
            yield one
    for database, advice in searched.items():
        yield from _in_database(source, database, advice, note)


def _in_database(
    source: Source, database: str, found: Sequence[Advice], note: Callable[[str], None]
) -> Iterator[Advice]:
    left = list(found)
    try:
        with Reader(source, note, database.encode()) as reader:
            schema = reader.schema_of("hypopg")
            while schema and left:
                yield _with_cost(reader, schema, left[0])
                del left[0]
    except ServerError as error:
        note(f"{source.name}/{database}: hypopg: {error.error_class}: no costs of indexes")
    except CollectError as error:
        note(f"{source.name}/{database}: {error.error_class}: no costs of indexes")
    yield from left


def _with_cost(reader: Reader, schema: str, one: Advice) -> Advice:
    before = _cost(reader, one.search)
    reader.run(f"SELECT {schema}.hypopg_create_index($1)", f"CREATE INDEX ON {one.object}")
    after = _cost(reader, one.search)
    reader.run(f"SELECT {schema}.hypopg_reset()")
    evidence = f"{one.evidence}; the planner's cost of a search is {before:.0f}, and {after:.0f} with it (hypopg)"
    return replace(one, evidence=evidence, doubtful=one.doubtful or after > _LESS * before)


def _cost(reader: Reader, search: str) -> float:
    """Return the cost of a generic plan: no value of the table is needed."""
    reader.run(f"PREPARE advised AS {search}")
    nulls = ", ".join(["NULL"] * search.count("$"))
    plan = reader.run(f"EXPLAIN (FORMAT JSON) EXECUTE advised({nulls})")
    reader.run("DEALLOCATE advised")
    return float(json.loads(plan[0])[0]["Plan"]["Total Cost"])
