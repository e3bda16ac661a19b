"""The generated boards as records: their panels, queries, variables and links."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
GENERATED = ROOT / "dashboards/generated"
Json = dict[str, Any]

# $name, ${name}, ${name:format} or [[name]], as Grafana reads them.
_REFERENCE = re.compile(r"\$(\w+)|\$\{(\w+)(?:[:.][^}]*)?\}|\[\[(\w+)(?::\w+)?\]\]")


@dataclass(frozen=True, slots=True)
class Query:
    """One query of a panel, an annotation or a variable."""

    where: str
    expr: str
    source: Json


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel that is not a row; `folded` is set inside a closed row."""

    source: Json
    folded: bool = False

    @property
    def title(self) -> str:
        """Its title."""
        return str(self.source.get("title", ""))

    @property
    def type(self) -> str:
        """Its plugin."""
        return str(self.source["type"])

    @property
    def defaults(self) -> Json:
        """The defaults for all its fields."""
        found: Json = self.source.get("fieldConfig", {}).get("defaults", {})
        return found

    @property
    def overrides(self) -> list[Json]:
        """The overrides for some of its fields."""
        found: list[Json] = self.source.get("fieldConfig", {}).get("overrides", [])
        return found

    def queries(self) -> list[Query]:
        """Return its queries."""
        return [Query(self.title, target.get("expr", ""), target) for target in self.source.get("targets", [])]

    def properties(self, identity: str) -> Iterator[Any]:
        """Yield the values of a property: the default first, then those of overrides."""
        if identity in self.defaults:
            yield self.defaults[identity]
        for override in self.overrides:
            yield from (each["value"] for each in override["properties"] if each["id"] == identity)

    def links(self) -> list[str]:
        """Return the URLs of its links and those of its values."""
        groups = [self.source.get("links", []), *self.properties("links")]
        return [link["url"] for group in groups for link in group]


@dataclass(frozen=True, slots=True)
class Board:
    """One board as Grafana reads it."""

    source: Json
    folder: str = ""
    panels: list[Panel] = field(default_factory=list)

    @property
    def uid(self) -> str:
        """Its uid."""
        return str(self.source.get("uid", ""))

    def variables(self) -> list[Json]:
        """Return its variables."""
        found: list[Json] = self.source.get("templating", {}).get("list", [])
        return found

    def annotations(self) -> list[Query]:
        """Return the queries of its annotations."""
        found: list[Json] = self.source.get("annotations", {}).get("list", [])
        return [Query(f"annotation {each['name']}", each.get("expr", ""), each) for each in found]

    def queries(self) -> list[Query]:
        """Return the queries of its panels and annotations."""
        return [*self.annotations(), *(query for panel in self.panels for query in panel.queries())]


def board_of(source: Json, folder: str = "") -> Board:
    """Return the record of a board's JSON."""
    return Board(source, folder, list(_panels(source.get("panels", []), folded=False)))


def read_boards() -> list[Board]:
    """Return the generated boards, sorted by uid."""
    files = sorted(GENERATED.rglob("*.json"), key=lambda file: file.name)
    return [board_of(json.loads(file.read_text()), file.parent.name) for file in files]


def references(texts: Iterable[str]) -> set[str]:
    """Return the names of the variables that the texts use."""
    return {next(filter(None, match)) for text in texts for match in _REFERENCE.findall(text)}


def substituted(text: str, values: Json) -> str:
    """Return the text with the given variables replaced by their values."""

    def value(match: re.Match[str]) -> str:
        name = next(filter(None, match.groups()))
        return str(values.get(name, match[0]))

    return _REFERENCE.sub(value, text)


def texts(source: Any) -> Iterator[str]:
    """Yield every text in a piece of JSON."""
    match source:
        case str():
            yield source
        case dict():
            for value in source.values():
                yield from texts(value)
        case list():
            for value in source:
                yield from texts(value)


def _panels(sources: Iterable[Json], *, folded: bool) -> Iterator[Panel]:
    for source in sources:
        if source["type"] == "row":
            yield from _panels(source.get("panels", []), folded=True)
        else:
            yield Panel(source, folded)
