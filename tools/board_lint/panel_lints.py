"""Lints of a single panel: title, description, unit, text for no data, colors, legend."""

from __future__ import annotations

from collections.abc import Iterator

from tools.board_lint.model import Json, Panel

_LEGEND = {"timeseries", "state-timeline"}
_OF_NOW = {"stat", "bargauge", "gauge"}
_WITH_SCALE = {"bargauge", "gauge"}
_SMALL_RATIO, _DECIMALS = "percentunit", 3
# Grafana's default thresholds for a panel without its own.
_FACTORY_STEPS = [(None, "green"), (80, "red")]
_SHORTEST = 40
# With 1440 pixels a column has 58 of them; a letter takes ten.
_CHARACTERS_A_COLUMN = 10
Problem = tuple[str, str]


def problems(panel: Panel, units: frozenset[str]) -> Iterator[Problem]:
    """Yield lint and message of each problem; `units` are the allowed ones."""
    yield from _texts(panel)
    yield from _datasource(panel)
    if not panel.source.get("targets"):
        yield "panel-no-targets", "asks nothing"
    yield from _units(panel, units)
    yield from _colors(panel)
    yield from _legend(panel)
    yield from _scale(panel)
    yield from _now(panel)
    yield from _table(panel)


def _texts(panel: Panel) -> Iterator[Problem]:
    if not panel.title:
        yield "panel-title-description", "has no title"
    if len(panel.source.get("description", "")) < _SHORTEST:
        yield "panel-title-description", "has no description: what it shows, which values are good, what to do"
    if not panel.defaults.get("noValue"):
        yield "panel-no-value", "has no text that explains an empty panel"
    room = _CHARACTERS_A_COLUMN * panel.source["gridPos"]["w"]
    if panel.type == "stat" and len(panel.defaults.get("noValue", "")) > room:
        yield "panel-room", f"its text for no data has room for {room} characters: it is written as large as fits"


def _datasource(panel: Panel) -> Iterator[Problem]:
    for source in (panel.source, *panel.source.get("targets", [])):
        if source.get("datasource") != {"type": "prometheus", "uid": "${datasource}"}:
            yield "panel-datasource", f"expected ${{datasource}}: {source.get('refId', 'the panel')}"


def _units(panel: Panel, units: frozenset[str]) -> Iterator[Problem]:
    if "unit" not in panel.defaults:
        yield "panel-units", "has no unit"
    found = [*panel.properties("unit"), *_units_in(panel.source.get("options", {}))]
    for unit in found:
        if unit not in units:
            yield "panel-units", f"{unit} is not an allowed unit (units.py)"
    for decimals in panel.properties("decimals"):
        if decimals > _DECIMALS:
            yield "panel-decimals", f"shows {decimals} decimals"


def _units_in(options: Json) -> Iterator[str]:
    for key in ("cellValues", "yAxis"):
        if "unit" in options.get(key, {}):
            yield options[key]["unit"]


def _colors(panel: Panel) -> Iterator[Problem]:
    for thresholds in panel.properties("thresholds"):
        steps = [(step["value"], step["color"]) for step in thresholds["steps"]]
        values = [value for value, _ in steps[1:]]
        if steps == _FACTORY_STEPS:
            yield "panel-colors", "has the colors that Grafana gives where nobody chose any"
        if steps[0][0] is not None or None in values or values != sorted(set(values)):
            yield "panel-colors", f"limits are not in order: {[value for value, _ in steps]}"
    for mappings in panel.properties("mappings"):
        if any(not result.get("text") for mapping in mappings for result in _results(mapping)):
            yield "panel-colors", "a state is told by its color alone"


def _results(mapping: Json) -> Iterator[Json]:
    options = mapping["options"]
    yield from ([options["result"]] if "result" in options else options.values())


def _legend(panel: Panel) -> Iterator[Problem]:
    targets = panel.source.get("targets", [])
    if panel.type in ("table", "heatmap") or not targets:
        return
    several = len(targets) > 1 or any("{{" in target.get("legendFormat", "") for target in targets)
    if several and any(not target.get("legendFormat") for target in targets):
        yield "panel-legend", "several series, and not each has a name"
    if several and panel.type in _LEGEND and not panel.source["options"]["legend"]["showLegend"]:
        yield "panel-legend", "several series without a legend"


def _scale(panel: Panel) -> Iterator[Problem]:
    low, high = panel.defaults.get("min"), panel.defaults.get("max")
    if panel.type in _WITH_SCALE and (low is None or high is None):
        yield "panel-scale", "bars without a minimum and a maximum"
    if low is not None and high is not None and low >= high:
        yield "panel-scale", f"from {low} to {high}"
    drawn = panel.defaults.get("custom", {})
    if drawn.get("stacking", {}).get("mode") == "percent":
        yield "panel-scale", "stacked to 100 %: a rise of all looks like nothing"
    is_stacked = drawn.get("stacking", {}).get("mode") == "normal"
    if is_stacked and drawn.get("drawStyle") == "line" and drawn.get("lineWidth"):
        yield "panel-stack", "stacked with lines: that of a series at zero covers the others in its color"
    if drawn.get("spanNulls"):
        yield "panel-scale", "draws a line over missing data"


def _now(panel: Panel) -> Iterator[Problem]:
    """The last value of a range may be old, if the series has ended; only a small graph next to it shows that."""
    graph = panel.source.get("options", {}).get("graphMode", "none")
    if panel.type not in _OF_NOW or graph != "none":
        return
    if not all(target.get("instant") for target in panel.source.get("targets", [])):
        yield "panel-now", "expected an instant query: the last value of a range stays after the series has ended"


def _table(panel: Panel) -> Iterator[Problem]:
    """Columns are renamed before overrides and sorting apply: an unknown column name does nothing."""
    if panel.type != "table":
        return
    if panel.defaults.get("links"):
        yield "table-links", "links of the whole table make every cell a link: give them to a column"
    columns: set[str] = set()
    for transformation in panel.source.get("transformations", []):
        columns |= set(transformation["options"].get("renameByName", {}).values())
    asked = [override["matcher"]["options"] for override in panel.overrides]
    asked += [each["displayName"] for each in panel.source["options"].get("sortBy", [])]
    for name in asked:
        if name not in columns:
            yield "table-columns", f"there is no column {name}"
    letters = [target["refId"] for target in panel.source.get("targets", [])]
    known = {"Value"} if len(letters) == 1 else {f"Value #{letter}" for letter in letters}
    for transformation in panel.source.get("transformations", []):
        for name in transformation["options"].get("includeByName", {}):
            if name.startswith("Value") and name not in known:
                yield "table-columns", f"no query returns {name}"
