"""Whose turn it is, and what is said of the others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.core.errors import ErrorClass
from exporters.database.databases import Databases, listed
from exporters.database.statement import Row
from tests.support.properties import cases


def _rows(names: list[str], state: str = "open") -> list[Row]:
    return [((name, name.encode().hex(), state), (1.0,)) for name in names]


def _counts(databases: Databases) -> dict[tuple[str, ...], float]:
    (family,) = databases.families()
    return {labels: value for labels, value in family.samples if value}


def test_each_of_many_has_its_turn() -> None:
    """120 databases, 50 at a time: after three runs each was visited, and until then the rest is waiting."""
    databases = Databases()
    databases.update(_rows([f"d{number:03}" for number in range(120)]))
    seen: list[str] = []
    for waiting in (70, 20, 0):
        for database in databases.turn("q"):
            databases.note_tried("q", database)
            databases.note_entered(database)
            seen.append(database.name)
        assert _counts(databases).get(("waiting", ""), 0) == waiting
    assert set(seen) == {f"d{number:03}" for number in range(120)}
    assert _counts(databases) == {("visited", ""): 120}


def test_a_refusal_is_not_tried_again_soon_and_is_forgotten_once_let_in() -> None:
    """It has a class and no turn, whatever the query; gone from the server, nothing is left of it."""
    databases = Databases()
    databases.update(_rows(["a", "b"]))
    a, b = databases.turn("q")
    databases.note_refused(a, ErrorClass.AUTH)
    databases.note_entered(b)
    assert databases.turn("q") == databases.turn("other") == [b]
    assert _counts(databases) == {("visited", ""): 1, ("refused", "auth"): 1}
    databases.note_entered(a)
    assert _counts(databases) == {("visited", ""): 2}
    databases.note_refused(a, ErrorClass.AUTH)
    databases.update(_rows(["b"]))
    assert _counts(databases) == {("visited", ""): 1}


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        ((), (), ["crm", "crm_old", "rdsadmin"]),
        (("crm*",), (), ["crm", "crm_old"]),
        ((), ("rds*",), ["crm", "crm_old"]),
        (("crm*",), ("*_old",), ["crm"]),
        (("CRM",), (), []),
    ],
)
def test_patterns_choose(include: tuple[str, ...], exclude: tuple[str, ...], expected: list[str]) -> None:
    """None included means all; what is excluded stays out; capitals count."""
    databases = Databases(include, exclude)
    databases.update(_rows(["crm", "crm_old", "rdsadmin"]))
    assert [database.name for database in databases.turn("q")] == expected


def test_a_name_that_does_not_decode_is_left_alone() -> None:
    """It could be neither a label nor told from another one."""
    ((one),) = listed([(("d\N{REPLACEMENT CHARACTER}se", "64fc7365", "open"), (1.0,))])
    assert (one.state, one.stored) == ("undecodable", b"d\xfcse")


@cases(100)
@given(names=st.lists(st.text(max_size=20), unique=True), patterns=st.lists(st.text(max_size=8), max_size=3))
def test_every_database_is_in_one_state(names: list[str], patterns: list[str]) -> None:
    """The numbers add up to the databases there are, whatever their names and the patterns."""
    databases = Databases((), patterns)
    rows = _rows([name for name in names if "\N{REPLACEMENT CHARACTER}" not in name])
    databases.update(rows)
    for position, database in enumerate(databases.turn("q")):
        if position % 2:
            databases.note_refused(database, ErrorClass.AUTH)
    assert sum(_counts(databases).values()) == len(rows) if rows else databases.families() == []
