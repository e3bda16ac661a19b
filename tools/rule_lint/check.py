"""The lint over rule files: everything that makes a rule dead, wrong or unreadable, found without a server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.rule_lint import alerts, divisions, doubled, edges, lasting, names, values
from tools.rule_lint.catalogue import Catalogue
from tools.rule_lint.exclusions import EXCLUSIONS
from tools.rule_lint.infer import Inference, Problem
from tools.rule_lint.rulebook import Rule, Rulebook, read_rules

# Every lint, with its requirement.
LINTS = {
    "unknown-metric": "a metric is exported, recorded by a rule, or promised in targets.yaml",
    "unknown-label": "a label that is compared, kept or shown is one the series have",
    "nothing-selected": "some series can pass the matchers",
    "no-join": "series of both sides of an operation can have equal labels",
    "ambiguous-join": "what is compared tells the series of a side apart, or the operation says group_left",
    "bare-counter": "a counter is inside rate, increase, resets or changes, or only its presence matters",
    "rated-gauge": "a gauge, or a sum of counters, is not inside them",
    "short-range": "a range holds at least four samples",
    "beyond-retention": "a range is not longer than samples are kept",
    "unguarded-division": "a denominator cannot be 0, see divisions.py",
    "averaged-ratio": "no quantile and no ratio is averaged",
    "no-edge": "a bucket's edge exists and is matched in both spellings",
    "stale-timestamp": "timestamp() of an instant vector is not compared with times it cannot have",
    "gone-in-newer": "a metric that newer PostgreSQL lacks comes with its replacement",
    "new-function": "Prometheus 2.42 knows every function",
    "no-condition": "an alert compares something",
    "short-for": "an alert waits for two evaluations",
    "missing-label": "an alert has every label that routing and inhibition compare",
    "value-in-label": "no label changes with the value",
    "missing-text": "an alert has every text, and its runbook and board exist",
    "duplicate": "no two rules produce the same series",
    "kept-in-alerts": "a rule that reads itself looks back over a gap of ten minutes",
    "hiding-fallback": "a fallback to 0 stands only where the label that tells bad from good is",
    "counted-twice": "a sum counts a server once, also where a second exporter watches it",
    "half-named": "the series of a subquery all have the name of a metric, or none does",
    "settable-pace": "a window over what runs at a pace of the settings is chosen by that pace",
    "slow-group": "a group is evaluated at least every five minutes",
}


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A problem of a rule; prints as one line."""

    file: str
    rule: str
    lint: str
    message: str

    def __str__(self) -> str:
        """Return file, rule, lint and message."""
        return f"{self.file}: {self.rule}: {self.lint}: {self.message}"


def check(files: Iterable[Path], catalogue: Catalogue) -> list[Finding]:
    """Return all findings in the files, ignoring exclusions, sorted."""
    book = Rulebook(catalogue, read_rules(files))
    found = [(rule, problem) for rule in book.rules for problem in _problems(rule, book)]
    found += alerts.duplicates(book.rules)
    return sorted({Finding(rule.file, rule.name, *problem) for rule, problem in found})


def without_excluded(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings without an exclusion."""
    return [finding for finding in findings if (finding.rule, finding.lint) not in EXCLUSIONS]


def expression_problems(expression: Any, book: Rulebook) -> Iterator[Problem]:
    """Yield the problems of a parsed expression, in a rule or elsewhere, such as in a panel."""
    inference = Inference(book.known)
    inference.shape(expression)
    yield from inference.problems
    yield from values.problems(expression, book)
    yield from edges.problems(expression, book)
    yield from divisions.problems(expression, book)
    yield from doubled.problems(expression)
    yield from lasting.fallbacks(expression)
    yield from names.problems(expression)


def _problems(rule: Rule, book: Rulebook) -> Iterator[Problem]:
    yield from expression_problems(rule.expr, book)
    yield from alerts.problems(rule, book)
    yield from lasting.problems(rule)
