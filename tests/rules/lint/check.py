"""The lint over rule files: everything that makes a rule dead, wrong or unreadable and shows without a server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rules.lint import alerts, divisions, edges, values
from rules.lint.catalogue import Catalogue
from rules.lint.exclusions import EXCLUSIONS
from rules.lint.infer import Inference, Problem
from rules.lint.rulebook import Rule, Rulebook, read_rules


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """What is wrong with a rule; prints as one line."""

    file: str
    rule: str
    lint: str
    message: str

    def __str__(self) -> str:
        """Return file, rule, lint and message."""
        return f"{self.file}: {self.rule}: {self.lint}: {self.message}"


def check(files: Iterable[Path], catalogue: Catalogue) -> list[Finding]:
    """Return all findings in the files, without regard to exclusions, sorted."""
    book = Rulebook(catalogue, read_rules(files))
    found = [(rule, problem) for rule in book.rules for problem in _problems(rule, book)]
    found += alerts.duplicates(book.rules)
    return sorted({Finding(rule.file, rule.name, *problem) for rule, problem in found})


def without_excluded(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings for which no exclusion gives a reason."""
    return [finding for finding in findings if (finding.rule, finding.lint) not in EXCLUSIONS]


def _problems(rule: Rule, book: Rulebook) -> Iterator[Problem]:
    inference = Inference(book.known)
    inference.shape(rule.expr)
    yield from inference.problems
    yield from values.problems(rule.expr, book)
    yield from edges.problems(rule.expr, book)
    yield from divisions.problems(rule.expr, book)
    yield from alerts.problems(rule, book)
