"""What changed in Prometheus 3 and could touch the rules and boards, as far as it shows in their text.

Prometheus 3 normalises `le` to floats (the lint no-edge demands both spellings), leaves out a sample at the start of a
range, lets `.` match a line break, renamed holt_winters, and allows any character in names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import yaml

from tools.board_lint.model import read_boards
from tools.rule_lint.catalogue import ROOT, read_catalogue

RULES = [
    rule
    for file in sorted((ROOT / "alert_rules/generated").glob("*.yml"))
    for group in yaml.load(file.read_text(), yaml.CSafeLoader)["groups"]
    for rule in group["rules"]
]
EXPRESSIONS = [rule["expr"] for rule in RULES] + [query.expr for board in read_boards() for query in board.queries()]
_SCRAPE_MS = 15_000
_MINUTE_MS = 60_000


def test_no_function_was_renamed() -> None:
    """holt_winters is double_exponential_smoothing there; neither is known to both versions."""
    assert not [expr for expr in EXPRESSIONS if re.search("holt_winters|double_exponential_smoothing", expr)]


def test_names_need_no_quotes() -> None:
    """Every metric and label that is exported or recorded has a name that both versions read without quotes."""
    catalogue = read_catalogue()
    names = {*catalogue, *(rule["record"] for rule in RULES if "record" in rule)}
    labels = {label for series in catalogue.values() for row in series.shape for label in row.possible}
    labels |= {label for rule in RULES for label in rule.get("labels", {})}
    assert [name for name in names if not re.fullmatch(r"[a-zA-Z_:][a-zA-Z0-9_:]*", name)] == []
    assert [label for label in labels if not re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", label)] == []


def test_no_expression_tells_lines_apart() -> None:
    """No regular expression names a line break, so that it is the same whether `.` matches one or not."""
    assert not [expr for expr in EXPRESSIONS if re.search(r'~"[^"]*(\\n|\(\?[a-z]*s)', expr)]


def _within(times: Iterator[int], end: int, length: int, *, left_open: bool) -> list[int]:
    start = end - length
    return [time for time in times if (start < time if left_open else start <= time) and time <= end]


def _multiples(step: int, until: int, shift: int = 0) -> Iterator[int]:
    return iter(range(shift, until + step, step))


def _increase(samples: list[int], end: int, length: int) -> float:
    """Prometheus' increase() of a counter that grows by one a millisecond: last less first, extrapolated."""
    sampled = samples[-1] - samples[0]
    average = sampled / (len(samples) - 1)
    to_start, to_end = samples[0] - (end - length), end - samples[-1]
    # As far as the edge of the range, or half an interval where that is further away than 1.1 intervals.
    reach = [gap if gap < 1.1 * average else average / 2 for gap in (to_start, to_end)]
    return sampled * (sampled + sum(reach)) / sampled


@pytest.mark.parametrize("left_open", [False, True], ids=["Prometheus 2", "Prometheus 3"])
@pytest.mark.parametrize("offset_ms", [1, 4_999, 7_500, 14_999])
def test_five_minutes_are_five_minutes(offset_ms: int, left_open: bool) -> None:  # noqa: FBT001 - both versions
    """increase(…[5m15s]) / 1.05, as all events are counted, is what came in five minutes, wherever the scrapes fall."""
    counted = [rule["expr"] for rule in RULES if rule.get("record") == "slo:events_total:increase5m"]
    assert counted
    assert all("[5m15s]" in expr and "/ 1.05" in expr for expr in counted)
    end, length = 3_600_000 + offset_ms, 315_000
    samples = _within(_multiples(_SCRAPE_MS, end), end, length, left_open=left_open)
    assert len(samples) == 21
    assert _increase(samples, end, length) / 1.05 == pytest.approx(5 * _MINUTE_MS)


def test_a_scrape_on_the_start_of_a_range_counts_in_one_version_only() -> None:
    """Prometheus 2 sees 22 samples then, Prometheus 3 has 21: at an even pace both come to five minutes."""
    end, length = 3_600_000, 315_000
    old, new = (_within(_multiples(_SCRAPE_MS, end), end, length, left_open=left_open) for left_open in (False, True))
    assert (len(old), len(new)) == (22, 21)
    assert _increase(old, end, length) / 1.05 == pytest.approx(5 * _MINUTE_MS)
    assert _increase(new, end, length) / 1.05 == pytest.approx(5 * _MINUTE_MS)


@pytest.mark.parametrize("left_open", [False, True], ids=["Prometheus 2", "Prometheus 3"])
@pytest.mark.parametrize("offset_ms", [0, 2, 30_000, 59_999])
@pytest.mark.parametrize(("window", "values"), [("30m", 30), ("1h", 60), ("2h", 24), ("6h", 72)])
def test_short_windows_hold_each_value_once(
    window: str,
    values: int,
    offset_ms: int,
    left_open: bool,  # noqa: FBT001 - both versions
) -> None:
    """Each window's subquery takes as many values as its division expects, also when evaluated on a full minute."""
    (expr,) = (rule["expr"] for rule in RULES if rule.get("record") == f"slo:events_total:sum{window}")
    ranges = set(re.findall(r"\[(\d+)([mh]):(\d+)m\] offset 1ms\)", expr))
    assert len(ranges) == 1, "all that is summed is summed over the same minutes"
    (found,) = ranges
    scale = 5 if expr.rstrip().endswith("/ 5") else 1
    length = int(found[0]) * _MINUTE_MS * (60 if found[1] == "h" else 1)
    step = int(found[2]) * _MINUTE_MS
    end = 24 * 3_600_000 + offset_ms - 1
    taken = _within(_multiples(step, end), end, length, left_open=left_open)
    assert len(taken) == values
    # Values of five minutes, one a minute or one each five: their sum is that of the window.
    assert len(taken) * 5 * _MINUTE_MS / scale == length
