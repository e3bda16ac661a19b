"""Where the made-up past of the demo ends and what is measured begins, no alert of a target fires."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.history.blocks import Series
from demo.history.promises import past
from demo.history.raw import SCRAPE_SECONDS, Raw
from tests.rules.promtool import Promtool, at

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
_START = 1_795_824_000
_MINUTES = 26 * 60
_SINCE = _START + 24 * 3600
_SCRAPES_A_MINUTE = 60 // SCRAPE_SECONDS
_SEAM, _GAP, _END = 20, 2, 44
# The database's own counters are not made up, and no capacity run is.
_FIRING = 'count by (alertname, target) (ALERTS{alertstate="firing",target!~"db-error-rate|api-throughput"})'
_RULES = (
    "slo:measured:bool|slo:events.+(5m|10m|30m|1h|sigmas)|slo:sli_error:ratio_rate(5m|30m|1h)|slo:error_budget:ratio"
    "|slo:series:count|CrmTarget(MissedNow|NoData|NoTraffic)|Crm.+Burn"
)


def _joined(series: Series) -> str:
    """Made-up values until the seam, nothing while the stack starts, then the counter of a new process."""
    values = [value or 0 for value in series.values]
    seam, goes_on = _SEAM * _SCRAPES_A_MINUTE, (_SEAM + _GAP) * _SCRAPES_A_MINUTE
    zero = values[goes_on] if series.name != "up" else 0
    parts = [f"{value:g}" for value in values[:seam]] + ["_"] * (goes_on - seam)
    return " ".join(parts + [f"{value - zero:g}" for value in values[goes_on : _END * _SCRAPES_A_MINUTE]])


def _all(raw: Raw) -> Iterator[tuple[str, str]]:
    """What was scraped. Of a histogram, the buckets that no rule reads are left out: they take most of the time."""
    thresholds = re.findall(r'le=~?\\?"([^"\\]+)', (ROOT / "alert_rules/generated/targets.yml").read_text())
    read = {float(edge) for edge in thresholds if re.fullmatch(r"[0-9.]+", edge)} | {2.0, 3.0, 1.0, float("inf")}
    for series in raw.series(_SINCE, _SINCE + _END * 60):
        edge = re.search(r'le="([^"]+)"', series.labels)
        if ":" not in series.name and (edge is None or float(edge[1]) in read):
            yield f"{series.name}{{{series.labels}}}", _joined(series)


def test_no_alert_of_a_target_fires_at_the_seam(promtool: Promtool) -> None:
    """Counters end high, are missing for two minutes and start at zero: nothing fires, and all is counted."""
    raw = Raw(past(3, _START, _MINUTES, _SINCE), _START, ROOT / "targets.yaml")
    known = 'count(slo:events_total:increase5m{target!="db-error-rate"})'
    quiet = [at(f"{minute}m", _FIRING, {}) for minute in (21, 23, 26, 30, 43)]
    counted = [at("19m", known, {"{}": 20}), at("32m", known, {"{}": 20})]
    promtool(_all(raw), f"{SCRAPE_SECONDS}s", [*quiet, *counted], every="1m", records=_RULES)
