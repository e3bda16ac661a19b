"""What `bench installation` says of made-up measurements: the first limit, the tables, and their place in the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.bench.installation_meter import Group, Meter, Size, between
from tests.bench.installation_report import PAGE, limit, report, write


def _meter(instances: int, databases: int, group_seconds: float, other: float = 0.1, too_large: str = "") -> Meter:
    size = Size(instances, databases, 100, 330, asks_rules=instances > 1)
    meter = Meter("http://127.0.0.1:1", 1, size, 6000 + 700 * instances, 400.0, 10**8 + 4 * 10**6 * instances, 0.2)
    meter.too_large = too_large
    if size.asks_rules:
        meter.groups = {
            "api.outages": Group("api.outages", 5.0, group_seconds, ("CrmApiErrorsSudden", group_seconds)),
        } | {name: Group(name, 60.0, 60 * other, ("rule", 60 * other)) for name in map(str, range(400))}
    return meter


def _unmeasured(instances: int, databases: int, why: str) -> Meter:
    return Meter("http://127.0.0.1:1", 1, Size(instances, databases, 100, 330), too_large=why)


_SMALL = [_meter(1, 1, 0.0), _meter(1, 1, 0.0), _meter(1, 11, 0.0)]


def test_the_largest_that_holds_is_said_and_why_more_does_not() -> None:
    """Sizes between count; one without any measurement is in no table."""
    meters = [
        *_SMALL, _meter(100, 20, 0.25), _meter(300, 60, 0.75), _meter(650, 130, 1.5),
        _meter(825, 165, 2.5, too_large="9% of the evaluations of rule groups were left out"),
        _unmeasured(1000, 200, "812 of 1,200 targets were scraped within 300 s"),
    ]  # fmt: skip
    said = limit(meters).replace("\n", " ")
    assert "The largest that held has 650 instances of the API and 130 databases." in said
    assert "825 instances of the API and 165 databases are too many here: 9% of the evaluations" in said
    assert "1,000 instances" not in said
    assert "| 1,000 |" not in report(meters, 1.25)


def test_what_is_tried_next_is_between_what_holds_and_what_does_not() -> None:
    """Halfway, its rules asked and over a whole window; nothing if all hold."""
    hundred = _meter(100, 21, 0.25, too_large="too slow")
    assert between([*_SMALL, hundred]) == Size(50, 16, 100, 330)
    assert between([*_SMALL, hundred, _meter(50, 16, 0.1), _unmeasured(300, 60, "too slow")]) == Size(75, 18, 100, 330)
    assert between(_SMALL) is None
    assert "has 1 instance of the API and 11 databases. 100 instances" in limit([*_SMALL, hundred])


@pytest.mark.parametrize(
    ("seconds", "other", "said"),
    [
        ((0.5, 1.5), (0.0, 0.0), "about 1,000 instances: the group `api.outages` takes as long as its interval of 5 s"),
        ((0.5, 4.5), (0.0, 0.0), "about 320 instances: the group `api.outages`"),  # for three times, nine times as much
        ((0.5, 1.5), (0.1, 0.3), "instances: all rules together take"),
    ],
)  # fmt: skip
def test_the_first_limit_goes_on_as_the_two_largest_sizes_grew(
    seconds: tuple[float, float], other: tuple[float, float], said: str
) -> None:
    """A group alone or all rules together, whichever is used up first."""
    meters = [*_SMALL, _meter(100, 20, seconds[0], other[0]), _meter(300, 60, seconds[1], other[1])]
    found = limit(meters).replace("\n", " ")
    assert said in found
    assert "More was not tried." in found


def test_what_is_written_replaces_what_was_written(tmp_path: Path) -> None:
    """The page keeps its own text; a page without the place is refused."""
    page = tmp_path / "scale.md"
    page.write_text(PAGE.read_text())
    write("first\n", page)
    write("second\n", page)
    blocks = re.compile(r"(?<=--write`\. -->\n).*(?=<!-- Until here)", re.DOTALL)
    assert blocks.findall(page.read_text()) == ["\nsecond\n\n"]
    assert blocks.sub("", page.read_text()) == blocks.sub("", PAGE.read_text())
    page.write_text("nothing")
    with pytest.raises(ValueError, match="expected once"):
        write("third\n", page)
