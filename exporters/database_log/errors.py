"""What errors are counted by: severity and class of SQLSTATE, each from a closed list, 40 series a server in all.

A class is the first two characters of SQLSTATE (PostgreSQL's documentation, appendix A). Three codes are classes of
their own: those that an administrator or the application asks for, and what follows from an error counted before.
"""

from __future__ import annotations

from collections.abc import Mapping

from exporters.core.cardinality import OTHER

MOST_SERIES = 40

# 25P02: a statement in a transaction that is aborted. 57014: cancelled, by a time limit or by who sent it. 57P01: its
# session was ended by an administrator, or by a shutdown.
OWN_CLASSES = ("25P02", "57014", "57P01")

CLASSES: Mapping[str, tuple[str, ...]] = {
    "ERROR": (
        "08", "0A", "21", "22", "23", "25", "25P02", "26", "28", "34", "38", "3D", "3F", "40", "42", "44", "53", "54",
        "55", "57", "57014", "58", "HV", "P0", "XX", OTHER,
    ),
    "FATAL": ("08", "25", "28", "3D", "53", "57", "57P01", "58", "XX", OTHER),
    "PANIC": ("53", "58", "XX", OTHER),
}  # fmt: skip
# What the log holds besides: no errors.
NOTICES = frozenset({"LOG", "WARNING", "NOTICE", "INFO", "DEBUG", *(f"DEBUG{level}" for level in range(1, 6))})

Errors = dict[str, dict[str, int]]  # severity → class → how many


def none_yet() -> Errors:
    """Return a count of nothing, with every series there can be."""
    return {severity: dict.fromkeys(classes, 0) for severity, classes in CLASSES.items()}


def class_of(severity: str, state: str) -> str:
    """Return the class of an error with this SQLSTATE; `other` for one that the list does not have."""
    known = CLASSES[severity]
    return next((one for one in (state, state[:2]) if one in known), OTHER)


def complete(saved: Mapping[str, Mapping[str, int]]) -> Errors:
    """Return what was saved, with the series of this version."""
    return {
        severity: {one: saved.get(severity, {}).get(one, 0) for one in classes} for severity, classes in CLASSES.items()
    }
