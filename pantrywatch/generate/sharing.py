"""Boards in Grafana's form for sharing: whoever imports one is asked for the data source, and where the runbooks are.

As "Export for sharing externally" writes it: https://grafana.com/docs/grafana/latest/dashboards/share-dashboards-panels/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# The oldest release that the boards are written for (tools/board_lint/schema.yaml).
_GRAFANA = "11.0.0"
_SOURCE = "DS_PROMETHEUS"
_PANELS = {
    "bargauge": "Bar gauge",
    "heatmap": "Heatmap",
    "stat": "Stat",
    "state-timeline": "State timeline",
    "table": "Table",
    "timeseries": "Time series",
}


def for_sharing(board: Mapping[str, Any]) -> dict[str, Any]:
    """Return a board with `__inputs`, `__elements` and `__requires`; its queries are those of the board."""
    variables = [_asked(variable) for variable in board["templating"]["list"]]
    constants = [one for one in board["templating"]["list"] if one["type"] == "constant"]
    return {
        "__inputs": [_source(), *(_constant(one) for one in constants)],
        "__elements": {},
        "__requires": list(_required(board)),
        **board,
        "templating": {"list": variables},
    }


def _asked(variable: Mapping[str, Any]) -> dict[str, Any]:
    """Return a variable whose value is that of an input, if it has one."""
    if variable["type"] == "datasource":
        return {**variable, "current": {"selected": False, "text": "Prometheus", "value": f"${{{_SOURCE}}}"}}
    if variable["type"] == "constant":
        value = f"${{{_input_of(variable)}}}"
        chosen = {"selected": False, "text": value, "value": value}
        return {**variable, "query": value, "current": chosen, "options": [chosen]}
    return dict(variable)


def _source() -> dict[str, Any]:
    return {
        "name": _SOURCE,
        "label": "Prometheus",
        "description": "The Prometheus with the rules of pantrywatch.",
        "type": "datasource",
        "pluginId": "prometheus",
        "pluginName": "Prometheus",
    }


def _constant(variable: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": _input_of(variable),
        "type": "constant",
        "label": variable["label"],
        "value": variable["query"],
        "description": variable["description"],
    }


def _input_of(variable: Mapping[str, Any]) -> str:
    return f"VAR_{variable['name'].upper()}"


def _required(board: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    yield {"type": "grafana", "id": "grafana", "name": "Grafana", "version": _GRAFANA}
    yield {"type": "datasource", "id": "prometheus", "name": "Prometheus", "version": "1.0.0"}
    for kind in sorted(set(_kinds(board["panels"]))):
        yield {"type": "panel", "id": kind, "name": _PANELS[kind], "version": ""}


def _kinds(panels: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the kinds of panels, also of those in collapsed rows."""
    for panel in panels:
        if panel["type"] == "row":
            yield from _kinds(panel.get("panels", []))
        else:
            yield panel["type"]
