"""What rules and boards are checked against is what the receiver exports."""

from __future__ import annotations

from exporters.core.exposition import render
from exporters.rum.metrics import HISTOGRAMS
from tests.unit.rum.wire import Server, beacon, request
from tools.rule_lint.lost import lost


def test_every_recorded_histogram_is_exported() -> None:
    """After a load and a change of route each recorded family is on the page, with its type, labels and edges."""
    server = Server()
    vitals = {"lcp": 900, "fid": 8, "cls": 0.02, "fcp": 700, "ttfb": 90, "inp": 60, "load": 1200}
    actions = [{"name": "search", "duration": 300}, {"name": "form", "duration": 400}]
    server.send(request(beacon(vitals=vitals, actions=actions)))
    server.send(request(beacon(navigation="soft", vitals={"route_change": 250})))
    page = render(server.metrics.families()).decode()
    missing = [one for one in lost({"rum": page}) if one.startswith(tuple(f"Family(name='{n}'" for n in HISTOGRAMS))]
    assert missing == []
