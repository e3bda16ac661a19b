"""PromQL series selectors: a metric and its matchers, read by a PromQL parser."""

from __future__ import annotations

from dataclasses import dataclass

import promql_parser as promql

_OPERATORS = {
    str(promql.MatchOp.Equal): "=",
    str(promql.MatchOp.NotEqual): "!=",
    str(promql.MatchOp.Re): "=~",
    str(promql.MatchOp.NotRe): "!~",
}


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric and its (label, operator, value) matchers."""

    metric: str
    matchers: tuple[tuple[str, str, str], ...]


def parse_selector(text: str) -> Selector:
    """Return the parts of a selector. Raises ValueError for invalid PromQL and for any other expression."""
    try:
        found = promql.parse(text)
    except ValueError as error:
        raise ValueError(f'expected a selector such as metric{{label="value"}}, got {text}: {error}') from None
    if not isinstance(found, promql.VectorSelector) or not found.name or not _is_plain(found):
        raise ValueError(f'expected a selector such as metric{{label="value"}} and nothing else, got {text}')
    matchers = tuple((one.name, _OPERATORS[str(one.op)], one.value) for one in found.matchers.matchers)
    return Selector(found.name, matchers)


def _is_plain(found: promql.VectorSelector) -> bool:
    return found.offset is None and found.at is None and not found.matchers.or_matchers
