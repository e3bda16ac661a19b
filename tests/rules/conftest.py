"""Runs promtool over the generated rules, or over those of some targets, with series a test brings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rules.promtool import Case, Promtool, promtool_says

ROOT = Path(__file__).parents[2]
_RULES = [ROOT / "alert_rules/generated" / f"{name}.yml" for name in ("targets", "health")]


@pytest.fixture(scope="module")
def all_measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rule file of an installation that has every part."""
    text = (ROOT / "alert_rules/generated/installation.yml").read_text().replace("vector(0)", "vector(1)")
    path = tmp_path_factory.mktemp("rules") / "installation.yml"
    path.write_text(text)
    return path


@pytest.fixture
def promtool(tmp_path: Path, all_measured: Path) -> Promtool:
    """Run a promtool test of the rules over series; it fails with what promtool printed."""

    def run(  # noqa: PLR0913 - most are parts of promtool's own file
        series: Iterable[tuple[str, str]],
        step: str,
        cases: list[Case],
        *,
        about: str = "",
        records: str = "",
        every: str = "",
        installation: Path = all_measured,
        **more: Any,
    ) -> None:
        rules = tmp_path / "rules.yml"
        excerpt = _excerpt(about, records)
        rules.write_text(yaml.dump(excerpt, Dumper=yaml.CSafeDumper))
        inputs = [{"series": name, "values": values} for name, values in series]
        test = {"interval": step, "input_series": inputs, "promql_expr_test": cases, **more}
        files = [str(rules)] + ([str(installation)] if re.fullmatch(records or ".+", "slo:measured:bool") else [])
        document = {
            "rule_files": files,
            "evaluation_interval": every or step,
            # Else promtool takes the groups in another order each time.
            "group_eval_order": ["slo.measured"] * (len(files) - 1) + [group["name"] for group in excerpt["groups"]],
            "tests": [test],
        }
        path = tmp_path / "test.yml"
        path.write_text(yaml.safe_dump(document))
        said = promtool_says(tmp_path, path.name, 250)
        assert not said, said[:8000]

    return run


def _excerpt(about: str, records: str) -> Case:
    """The rules, or to save time those of one target and of all of them, or those whose names match a pattern."""
    groups = [
        {**group, "rules": [rule for rule in group["rules"] if _belongs(rule, about, records)]}
        for file in _RULES
        for group in yaml.load(file.read_text(), Loader=yaml.CSafeLoader)["groups"]
    ]
    return {"groups": groups}


def _belongs(rule: Case, about: str, records: str) -> bool:
    target = rule.get("labels", {}).get("target", "{{")
    return (not about or target in about.split() or "{{" in target) and bool(
        re.fullmatch(records or ".+", rule["record"] if "record" in rule else rule["alert"])
    )
