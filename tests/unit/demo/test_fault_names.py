"""The names of faults that `./run up` makes programs of."""

from __future__ import annotations

from demo.faults.names import NAMES
from demo.faults.registry import FAULTS


def test_each_fault_is_named() -> None:
    """The list that loads no fault has the names of the registry, in its order."""
    assert tuple(FAULTS) == NAMES
