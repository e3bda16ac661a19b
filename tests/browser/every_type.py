"""A board with a panel of every type that the page draws, and some that it cannot."""

from __future__ import annotations

from typing import Any

_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_LIMITS = {"mode": "absolute", "steps": [{"color": "green", "value": None}, {"color": "red", "value": 2}]}


def _panel(kind: str, title: str, *queries: dict[str, Any], **more: Any) -> dict[str, Any]:
    defaults = {"unit": "s", "noValue": "nothing, because", "thresholds": _LIMITS} | more.pop("defaults", {})
    targets = [{"datasource": _SOURCE, "refId": "ABC"[at], "range": True} | query for at, query in enumerate(queries)]
    return {"type": kind, "title": title, "description": f"About {title}.", "targets": targets,
            "fieldConfig": {"defaults": defaults, "overrides": more.pop("overrides", [])}, **more}  # fmt: skip


def _query(expr: str, legend: str = "", **more: Any) -> dict[str, Any]:
    return {"expr": expr, "legendFormat": legend, **more}


_ROOM = 'room_seconds{route=~"$route"}'
_SPENT = "sum by (le) (rate(spent_seconds_bucket[$__rate_interval]))"
_NOW: dict[str, Any] = {"instant": True, "range": False}
_LINES = {"custom": {"thresholdsStyle": {"mode": "dashed"}, "fillOpacity": 10}}
_LEGEND = {"legend": {"showLegend": True, "displayMode": "table", "calcs": ["lastNotNull", "max"]}}
_UP = [{"type": "value", "options": {"0": {"text": "down", "color": "red"}, "1": {"text": "up", "color": "green"}}}]
_TRANSFORMED = [
    {"id": "merge", "options": {}},
    {"id": "organize", "options": {
        "includeByName": {"route": True, "Value #A": True, "Value #B": True},
        "indexByName": {"route": 0, "Value #A": 1, "Value #B": 2},
        "renameByName": {"route": "Route", "Value #A": "Now", "Value #B": "Most"},
    }},
]  # fmt: skip
_LINKED = {
    "matcher": {"id": "byName", "options": "Now"},
    "properties": [
        {"id": "custom.cellOptions", "value": {"type": "gauge"}},
        {
            "id": "links",
            "value": [{"title": "there", "url": "/d/other?var-r=${__data.fields.route}&${__url_time_range}"}],
        },
    ],
}

PANELS = [
    _panel("timeseries", "lines", _query(_ROOM, "{{route}}"), defaults=_LINES, options=_LEGEND),
    _panel("timeseries", "bars", _query("sum(room_seconds)", "all"), defaults={"custom": {"drawStyle": "bars"}}),
    _panel("timeseries", "holes", _query("room_up == 1", "up"), timeFrom="50m", defaults=_LINES),
    _panel("stat", "numbers", _query(_ROOM, "{{route}}"), options={"graphMode": "area", "textMode": "value_and_name"}),
    _panel("bargauge", "gauges", _query(_ROOM, "{{route}}"), defaults={"min": 0, "max": 4}),
    _panel(
        "table", "rows", _query("room_seconds", format="table", **_NOW),
        _query("max_over_time(room_seconds[$__range])", format="table", **_NOW),
        transformations=_TRANSFORMED, overrides=[_LINKED], options={"sortBy": [{"displayName": "Most", "desc": True}]},
    ),
    _panel("state-timeline", "states", _query("room_up", "{{route}}"), defaults={"mappings": _UP, "unit": "none"}),
    _panel("heatmap", "spread", _query(_SPENT, "{{le}}", format="heatmap")),
    _panel("alertlist", "alerts", options={"stateFilter": {"firing": True}}),
    _panel("text", "words", options={"mode": "markdown", "content": "**Bold** `$route` [to](/d/crm-slo) <b>no</b>"}),
]  # fmt: skip

ODD = [
    _panel("timeseries", "empty", _query("nobody_has_this")),
    _panel("table", "empty now", _query("nobody_has_this", format="table", **_NOW)),
    _panel("timeseries", "broken", _query("rate(")),
    _panel("nodeGraph", "unknown", _query("up")),
]

_EVENTS = [
    {"name": "Down", "enable": True, "datasource": _SOURCE, "iconColor": "red", "expr": "room_up == 0"},
    {"name": "Deployments", "enable": True, "datasource": _SOURCE, "iconColor": "blue", "useValueForTime": True,
     "expr": "max by (version) (deployed_seconds) * 1000", "titleFormat": "Deployed {{version}}"},
]  # fmt: skip
_ROUTE = {
    "type": "query", "name": "route", "label": "Route", "multi": True, "includeAll": True, "allValue": ".+", "sort": 1,
    "query": {"query": "label_values(room_seconds, route)"}, "current": {"value": ["$__all"]},
}  # fmt: skip


def board(uid: str, panels: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a board of the panels, three in a line, the last line in a closed row."""
    placed = [
        panel | {"id": at + 1, "gridPos": {"x": at % 3 * 8, "y": at // 3 * 8, "w": 8, "h": 8}}
        for at, panel in enumerate(panels)
    ]
    folded = {"type": "row", "title": "Folded", "collapsed": True, "id": 99,
              "gridPos": {"x": 0, "y": 90, "w": 24, "h": 1},
              "panels": [panels[0] | {"id": 100, "gridPos": {"x": 0, "y": 91, "w": 24, "h": 8}}]}  # fmt: skip
    return {
        "uid": uid, "title": uid, "description": "A board.", "time": {"from": "now-30m", "to": "now"}, "refresh": "",
        "annotations": {"list": _EVENTS}, "panels": [*placed, folded],
        "templating": {"list": [{"type": "datasource", "name": "datasource", "query": "prometheus"}, _ROUTE]},
    }  # fmt: skip
