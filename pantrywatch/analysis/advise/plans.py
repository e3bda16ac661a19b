"""What the planner does with a heavy statement, whatever its parameters: its generic plan.

As with the option GENERIC_PLAN of EXPLAIN, but from PostgreSQL 13 on, and for a single statement: that option needs the
simple protocol, which takes several. https://www.postgresql.org/docs/current/sql-prepare.html: it is planned and never
run. As it is a text of the application, only what reads tables is planned, with functions of pg_catalog.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from exporters.core.errors import CollectError, ErrorClass
from exporters.core.postgres_errors import ServerError
from pantrywatch.analysis.advise.advice import Advice, qualified
from pantrywatch.analysis.advise.catalog import Server
from pantrywatch.analysis.advise.reading import Reader, Source
from pantrywatch.analysis.advise.workload import qualified_text

_KINDS = ("statement", "create-index")
_MOST_PLANS = 10  # of one server
_MOST_STEPS = 5  # of one plan
_MOST_TEXT = 20_000  # as catalog.yaml reads it: a longer one is cut
_PARAMETERS = "SELECT cardinality(parameter_types)::text FROM pg_prepared_statements WHERE name = 'advised'"
_SCANS = {
    "Seq Scan": "sequential scan of {place}",
    "Index Scan": "index scan of {place} by {index}",
    "Index Only Scan": "index scan of {place} by {index}",
    "Bitmap Heap Scan": "bitmap scan of {place}",
    "Sort": "sort",
    "Hash Join": "hash join",
    "Merge Join": "merge join",
    "Nested Loop": "nested loop",
}


def with_plans(sources: Sequence[Source], servers: Iterable[Server], found: Sequence[Advice]) -> list[Advice]:
    """Return the advice, with the plan of the heaviest statement that it is about in its evidence."""
    known = {server.name: server for server in servers}
    plans: dict[str, str] = {}
    for source in sources:
        wanted = [one for one in found if one.server == source.name and one.kind in _KINDS and one.statements]
        if server := known.get(source.name):
            plans |= dict(_plans(source, server, wanted[:_MOST_PLANS]))
    return [replace(one, evidence=f"{one.evidence}; {plans[one.id]}") if one.id in plans else one for one in found]


def _plans(source: Source, server: Server, wanted: Iterable[Advice]) -> Iterator[tuple[str, str]]:
    for one in wanted:
        if text := _text(server, one):
            yield one.id, _plan(source, one.database, text)


def _text(server: Server, one: Advice) -> str | None:
    """Return the heaviest statement of advice as it can be planned, None if it cannot."""
    about = [known for known in server.statements if known.queryid in one.statements and known.database == one.database]
    databases = [database for database in server.databases if database.name == one.database]
    text = max(about, key=lambda known: known.seconds).text if about else ""
    return qualified_text(databases[0], text) if databases and 0 < len(text) < _MOST_TEXT else None


def _plan(source: Source, database: str, text: str) -> str:
    try:
        with Reader(source, lambda _: None, database.encode()) as reader:
            reader.run(f"PREPARE advised AS {text}")
            (count,) = reader.run(_PARAMETERS)
            values = f"({', '.join(['NULL'] * int(count))})" if int(count) else ""
            (plan,) = reader.run(f"EXPLAIN (VERBOSE, FORMAT JSON) EXECUTE advised{values}")
        root = json.loads(plan)[0]["Plan"]
    except ServerError as error:
        advised = ": GRANT SELECT on its tables to the role" if error.error_class is ErrorClass.PERMISSION else ""
        return f"its plan is not known: {error.error_class}{advised}"
    except CollectError as error:
        return f"its plan is not known: {error.error_class}"
    steps = list(dict.fromkeys(_steps(root)))
    more = f" and {len(steps) - _MOST_STEPS} more" if len(steps) > _MOST_STEPS else ""
    return (
        f"its generic plan: {', '.join(steps[:_MOST_STEPS]) or root['Node Type']}{more}, cost {root['Total Cost']:.0f}"
    )


def _steps(node: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is worth knowing of a plan in words, scans of whole tables first."""
    below = [step for child in node.get("Plans", ()) for step in _steps(child)]
    words = _SCANS.get(node["Node Type"])
    place = qualified(node.get("Schema", ""), node.get("Relation Name", ""))
    own = [words.format(place=place, index=node.get("Index Name"))] if words else []
    yield from sorted((*own, *below), key=lambda step: not step.startswith("sequential"))
