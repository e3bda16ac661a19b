"""What could not be read is no value: a check that needs it ends, whatever it does with it."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import pytest

from exporters.core.unreadable import UNREADABLE


@pytest.mark.parametrize(
    "use",
    [
        lambda it: f"{it:g}",
        lambda it: f"{it}",
        lambda it: it < 1,
        lambda it: it > 1,
        lambda it: sorted([1, it]),
        lambda it: max(it, 1),
        lambda it: it + 1,
        lambda it: 1 - it,
        lambda it: 2 * it,
        lambda it: sum([1, it]),
        lambda it: 1 / it,
        lambda it: -it,
        lambda it: it % 60,
        list,
        lambda it: "a" in it,
        len,
        lambda it: it[0],
        lambda it: it["name"],
        int,
        float,
        range,
        lambda it: it.name,
        lambda it: it(),
        dict,
        operator.itemgetter(0),
    ],
)
def test_every_use_ends_the_check(use: Callable[[Any], Any]) -> None:
    """It raises what the decoder knows as touching an entry that could not be read."""
    with pytest.raises(AttributeError) as raised:
        use(UNREADABLE)
    assert raised.value.obj is UNREADABLE


def test_it_may_be_looked_for() -> None:
    """It equals itself only, and can be an element."""
    assert [one == UNREADABLE for one in (UNREADABLE, 1, None)] == [True, False, False]
    assert len({UNREADABLE, UNREADABLE}) == 1
