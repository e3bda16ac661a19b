"""Label sets of vectors: which labels the series of an expression have, as far as they are known in advance."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

# One instance belongs to one job and is one server: if `instance` is compared, these add nothing.
_WITH_INSTANCE = frozenset({"job", "server"})


@dataclass(frozen=True, slots=True)
class Row:
    """Series of one origin: labels all have (`certain`), labels some may have, and values known in advance.

    `varying` labels distinguish series of the same row. An `unbounded` row may have any label.
    """

    certain: frozenset[str] = frozenset()
    possible: frozenset[str] = frozenset()
    fixed: frozenset[tuple[str, str]] = frozenset()
    varying: frozenset[str] = frozenset()
    unbounded: bool = False

    @classmethod
    def of(cls, certain: Iterable[str], optional: Iterable[str] = (), fixed: Mapping[str, str] | None = None) -> Row:
        """Return a row with these labels."""
        always, known = frozenset(certain) | frozenset(fixed or {}), fixed or {}
        return cls(always, always | frozenset(optional), frozenset(known.items()), always - frozenset(known))

    def may_have(self, label: str) -> bool:
        """Return whether some series can have the label."""
        return self.unbounded or label in self.possible

    def value(self, label: str) -> str | None:
        """Return the one value the label has on every series, or None if unknown."""
        return dict(self.fixed).get(label)

    def told_apart_by(self, labels: Iterable[str]) -> Row:
        """Return the row with the knowledge that these labels identify its series."""
        return replace(self, varying=self.varying & frozenset(labels))

    def keep(self, labels: Collection[str]) -> Row:
        """Return the row with no other labels than these."""
        kept = frozenset(labels)
        fixed = frozenset((label, value) for label, value in self.fixed if label in kept)
        possible = kept if self.unbounded else self.possible & kept
        return Row(self.certain & kept, possible, fixed, self.varying & kept)

    def drop(self, labels: Collection[str]) -> Row:
        """Return the row without these labels."""
        fixed = frozenset((label, value) for label, value in self.fixed if label not in labels)
        gone = frozenset(labels)
        return Row(self.certain - gone, self.possible - gone, fixed, self.varying - gone, self.unbounded)

    def put(self, label: str, value: str | None, *, certain: bool = True) -> Row:
        """Return the row with a label set: to a known value, or to one that differs from series to series."""
        row = self.drop([label])
        if value == "":
            return row
        more = frozenset([label])
        return Row(
            row.certain | more if certain else row.certain,
            row.possible | more,
            row.fixed if value is None else row.fixed | {(label, value)},
            row.varying | more if value is None else row.varying,
            row.unbounded,
        )


Shape = frozenset[Row]
UNKNOWN: Shape = frozenset({Row(unbounded=True)})
SINGLE: Shape = frozenset({Row()})


def select(row: Row, label: str, operator: str, value: str) -> Row | None:
    """Return the part of the row that a matcher selects, or None if nothing can pass it."""
    positive = operator in ("=", "=~")
    if (known := row.value(label)) is not None:
        return row if _matches(operator, value, known) == positive else None
    if _matches(operator, value, "") == positive:
        # Series without the label pass; for an exact empty value only those.
        if operator == "=":
            return None if label in row.certain else row.drop([label])
        return row
    if not row.may_have(label):
        return None
    return row.put(label, value if operator == "=" else None)


def _matches(operator: str, value: str, text: str) -> bool:
    return text == value if operator in ("=", "!=") else re.fullmatch(value, text) is not None


@dataclass(frozen=True, slots=True)
class Matching:
    """How the sides of a binary operation are compared: `on` these labels, or on all but these."""

    labels: frozenset[str] = frozenset()
    on: bool = False

    def of(self, row: Row) -> Row:
        """Return the part of the row that is compared."""
        return row.keep(self.labels) if self.on else row.drop(self.labels)

    def fits(self, left: Row, right: Row) -> bool:
        """Return whether a series of one row can have the same compared labels as one of the other."""
        one, other = self.of(left), self.of(right)
        values = dict(other.fixed)
        return (
            all(other.may_have(label) for label in one.certain)
            and all(one.may_have(label) for label in other.certain)
            and all(values.get(label, value) == value for label, value in one.fixed)
        )

    def confused(self, row: Row) -> frozenset[str]:
        """Return the labels that distinguish series of the row although they are not compared."""
        compared = self.of(row)
        left_out = row.varying - compared.possible
        return left_out - _WITH_INSTANCE if "instance" in compared.certain else left_out
