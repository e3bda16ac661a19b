"""The curves of `./run bench growth`: what was measured is where the axes say."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from tests.bench.growth_plot import Curve, Subject, plot

_SVG = "{http://www.w3.org/2000/svg}"
_SUBJECT = Subject(
    "tables",
    [
        Curve("pantrywatch", [(60, 40.0, 45.0), (10_000, 90.0, 50.0)]),
        Curve("a <peer>", [(60, 50.0, 22.0), (10_000, 2_000.0, 268.0)]),
    ],
)


def _circles(drawn: ET.Element, graph: int, color: str) -> list[tuple[float, float]]:
    group = drawn.findall(f"{_SVG}g")[graph]
    found = [one for one in group.findall(f"{_SVG}circle") if one.get("class") == color]
    return [(float(one.get("cx", "")), float(one.get("cy", ""))) for one in found]


def test_every_point_is_where_its_size_and_cost_are() -> None:
    """Larger sizes are further right and higher costs further up, by the same distance for the same factor."""
    drawn = ET.fromstring(plot([_SUBJECT]))  # noqa: S314 - our own
    cpu, memory = (_circles(drawn, graph, "ours") for graph in (0, 1))
    peer = _circles(drawn, 0, "peer")
    assert cpu[0][0] < cpu[1][0] == memory[1][0]
    assert cpu[0][1] > cpu[1][1] > peer[1][1]
    texts = {
        one.text: float(one.get("y", "")) - 4 for one in drawn.iter(f"{_SVG}text") if one.get("text-anchor") == "end"
    }
    assert texts["10"] - texts["100"] == texts["100"] - texts["1,000"]
    assert texts["10"] > cpu[0][1] > texts["100"] > peer[1][1] > texts["10,000"]


def test_a_size_of_zero_and_a_subject_without_a_peer_are_drawn() -> None:
    """No processes more are the left edge, and checks have one curve: nothing is divided by zero."""
    drawn = ET.fromstring(plot([Subject("processes", [Curve("pantrywatch", [(0, 9.0, 28.0), (1_000, 9.0, 28.0)])])]))  # noqa: S314
    assert [x for x, _ in _circles(drawn, 0, "ours")] == [48.0, 268.0]
    assert _circles(drawn, 0, "peer") == []


def test_the_curves_are_readable_on_a_dark_page() -> None:
    """Every color of the light page has another one for a dark page, and names are text, not markup."""
    text = plot([_SUBJECT])
    light, dark = text.split("prefers-color-scheme: dark")
    assert all(name in light and name in dark for name in (".ours", ".peer", ".axis", "line {", "text {"))
    assert "a &lt;peer&gt;" in text
