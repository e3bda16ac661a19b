"""A documented number stands in targets.yaml alone, and reaches rules, boards, runbooks and docs from there."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporters.core.errors import ConfigError
from pantrywatch.build.repository import build
from pantrywatch.config.targets import Target, read_targets
from pantrywatch.generate.targets_page import detection_minutes

ROOT = Path(__file__).parents[2]
TARGETS = read_targets(ROOT / "targets.yaml")
# Those that speak of targets; the rules of a layer have thresholds of their own.
_SOURCES = sorted(
    path
    for path in (ROOT / "alert_rules").rglob("*sonnet")
    if re.search("target|slo|burn|health|names|installation", path.name)
)
# 1.05: the range of increase() over five minutes. 0.05: an impossible ratio is one so far outside of 0 to 1. 0.5: half
# an event less than the minimum. 1.25, 1.5: more than one event. 0.01: what allows less hardly fails twice by chance.
_OWN_NUMBERS = {"1.05", "0.05", "0.5", "1.25", "1.5", "0.01"}


@pytest.mark.parametrize("source", _SOURCES, ids=lambda path: path.name)
def test_no_rule_source_holds_a_number_of_a_target(source: Path) -> None:
    """No objective, allowance, threshold or burn rate is typed in the sources: no fraction at all but these."""
    code = re.sub(r"//.*", "", source.read_text())
    typed = set(re.findall(r"(?<![\w.])\d+\.\d+(?![\w.])", code))
    assert typed <= _OWN_NUMBERS


def _changed(tmp_path: Path, old: str, new: str) -> Path:
    for folder in ("alert_rules", "dashboards", "docs", "provisioning"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    for file in ("settings.yaml", "components.yaml"):
        shutil.copy(ROOT / file, tmp_path)
    text = (ROOT / "targets.yaml").read_text()
    assert text.count(old) >= 1
    (tmp_path / "targets.yaml").write_text(text.replace(old, new))
    return tmp_path


@pytest.mark.long
def test_a_changed_number_reaches_everything(tmp_path: Path) -> None:
    """A threshold and an objective changed in targets.yaml change the rules, the alerts, the boards and the page."""
    root = _changed(tmp_path, "threshold: 2.5", "threshold: 4")
    text = (root / "targets.yaml").read_text().replace("objective: 0.998", "objective: 0.99")
    (root / "targets.yaml").write_text(text)
    assert build(root) == 0
    rules = (root / "alert_rules/generated/targets.yml").read_text()
    assert 'browser_lcp_seconds_bucket{le=~"4(\\\\.0)?"' in rules
    assert 'target="integration-error-rate"}[30m])) > 14.4 * 0.01' in re.sub(r"\s+", " ", rules)
    assert "14.4 * 0.002" not in rules
    board = json.loads((root / "dashboards/generated/Backend/crm-api.json").read_text())
    assert _limits(board, "Failed calls (traffic)") == [None, 0.008, 0.01, 0.144]
    page = (root / "docs/targets.md").read_text()
    assert "75 % within 4 s" in page
    assert "99 %" in page


def _limits(board: dict[str, Any], title: str) -> list[float | None]:
    shown = [panel for row in board["panels"] for panel in (row, *row.get("panels", []))]
    (panel,) = (panel for panel in shown if panel["title"] == title)
    return [step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]]


def test_build_refuses_faulty_targets(tmp_path: Path) -> None:
    """A fault in targets.yaml stops the build before anything is written."""
    root = _changed(tmp_path, "objective: 0.998", "objective: 99.8")
    before = (root / "alert_rules/generated/targets.yml").stat().st_mtime_ns
    with pytest.raises(ConfigError, match=r"objective: expected a share"):
        build(root)
    assert (root / "alert_rules/generated/targets.yml").stat().st_mtime_ns == before


@pytest.mark.parametrize("target", TARGETS.targets, ids=lambda target: target.id)
def test_a_runbook_quotes_the_promise(target: Target) -> None:
    """A runbook says the promise and the impact in the words of targets.yaml."""
    page = (ROOT / f"docs/runbooks/{target.runbook}.md").read_text()
    assert target.statement in page
    assert target.impact in page
    assert f"target={target.id} " in page


def test_the_page_says_when_a_full_outage_is_seen() -> None:
    """Computed by hand: of one hour 0.864 minutes must be bad, which the third minute brings, then it waits for two."""
    critical, *_ = TARGETS.tiers
    assert detection_minutes(critical, TARGETS.by_id("api-error-rate")) == 3 + 2
    # 0.72 of an hour are 43.2 minutes; values of five minutes lag by two.
    assert detection_minutes(critical, TARGETS.by_id("api-latency")) == 46 + 2


def test_numbers_are_printed_without_noise() -> None:
    """No rule holds a number with a tail of binary fractions."""
    for file in (ROOT / "alert_rules/generated").glob("*.yml"):
        assert not re.search(r"\d\.\d*(0000000|9999999)\d", file.read_text()), file.name


def test_every_series_of_a_target_has_the_labels_of_the_contract() -> None:
    """Recorded events carry target and layer, and what Sloth's boards look for."""
    groups = yaml.safe_load((ROOT / "alert_rules/generated/targets.yml").read_text())["groups"]
    recorded = [rule for group in groups if group["name"] == "slo.events" for rule in group["rules"]]
    events = [rule for rule in recorded if ":excluded_" not in rule["record"]]  # those have the labels of the others
    counted = [target for target in TARGETS.targets if target.objective is not None]
    assert len(events) == 3 * len(counted)
    for rule in events:
        assert rule["labels"].keys() == {"target", "layer", "sloth_id", "sloth_service", "sloth_slo"}
