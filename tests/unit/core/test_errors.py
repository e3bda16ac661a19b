"""Failures that are kept, to be reported again."""

from __future__ import annotations

import pytest

from exporters.core.errors import CollectError, ErrorClass


def test_a_kept_failure_holds_nothing_of_where_it_happened() -> None:
    """Its copy has class and text and no traceback; raised again and again it stays so."""
    with pytest.raises(CollectError) as caught:
        raise CollectError(ErrorClass.PROTOCOL, "too large") from ValueError("a reply")
    kept = caught.value.copy()
    for _ in range(3):
        with pytest.raises(CollectError, match="too large") as again:
            raise kept.copy()
        assert again.value.error_class is ErrorClass.PROTOCOL
    assert (kept.__traceback__, kept.__cause__, kept.__context__) == (None, None, None)
