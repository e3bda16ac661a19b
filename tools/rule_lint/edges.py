"""Matchers on `le`: an edge that no histogram has, or only one of its two spellings, silently selects nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import promql_parser as promql

from tools.rule_lint.infer import Problem, name_of, nodes
from tools.rule_lint.rulebook import Rulebook


def problems(node: Any, book: Rulebook) -> Iterator[Problem]:
    """Yield the problems with the edges an expression selects."""
    for inner in nodes(node):
        if isinstance(inner, promql.VectorSelector):
            series = book.known(name_of(inner))
            for matcher in inner.matchers.matchers:
                if series and series.edges and matcher.name == "le" and "Not" not in str(matcher.op):
                    is_exact = str(matcher.op).endswith("Equal")
                    yield from _edge(re.escape(matcher.value) if is_exact else matcher.value, inner, series.edges)


def _edge(pattern: str, selector: Any, edges: frozenset[float]) -> Iterator[Problem]:
    # Node writes 1, Python and Prometheus 3 write 1.0.
    spellings = {edge: {f"{edge:g}".replace("inf", "+Inf"), str(edge).replace("inf", "+Inf")} for edge in edges}
    matched = {edge: [text for text in texts if re.fullmatch(pattern, text)] for edge, texts in spellings.items()}
    if not any(matched.values()):
        yield "no-edge", f"{name_of(selector)} has no bucket edge {pattern}"
    for edge, texts in matched.items():
        if texts and len(texts) < len(spellings[edge]):
            yield "no-edge", f"{name_of(selector)}: le {texts[0]} is also written {(spellings[edge] - {*texts}).pop()}"
