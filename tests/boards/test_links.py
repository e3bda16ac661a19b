"""Where alerts lead: to a board that is there, and to a page of its own, whichever way somebody goes."""

from __future__ import annotations

import json
import re
from typing import Any

import _jsonnet
import pytest
import yaml

from pantrywatch.config.targets import read_targets
from tools.board_lint.board_lints import link_problems
from tools.board_lint.model import read_boards
from tools.rule_lint.catalogue import ROOT, read_catalogue
from tools.rule_lint.rulebook import Rulebook, read_rules

BOARDS = {board.uid: board for board in read_boards()}


def _alerts() -> list[dict[str, Any]]:
    files = sorted((ROOT / "alert_rules/generated").glob("*.yml"))
    groups = [group for file in files for group in yaml.load(file.read_text(), yaml.CSafeLoader)["groups"]]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


ALERTS = _alerts()


def _filled(url: str) -> str:
    """The address with every label there, as `x`; an alert of all targets names its own by a label."""
    return re.sub(r"\{\{ (?:with .*?|end) \}\}", "", url.replace("{{ $labels.target | urlquery }}", "lcp")).replace(
        "{{ . | urlquery }}", "x"
    )


def test_every_alert_leads_to_a_board() -> None:
    """`dashboard_url` is a board that was generated, and passes no variable that the board does not have."""
    urls = {_filled(rule["annotations"]["dashboard_url"]) for rule in ALERTS}
    assert len(urls) > len(read_targets(ROOT / "targets.yaml").targets)
    assert [str(problem) for url in sorted(urls) for problem in link_problems(url, BOARDS)] == []
    assert all(url.startswith("/d/crm-") and "{{" not in url for url in urls)


# Component → label of an alert → variable of its board.
COMPONENTS: dict[str, Any] = json.loads(_jsonnet.evaluate_file(str(ROOT / "alert_rules/lib/components.libsonnet")))


def test_a_link_passes_the_labels_that_its_board_can_be_narrowed_to() -> None:
    """A message about one server opens the board of that server: no label is forgotten, and none is made up."""
    book = Rulebook(read_catalogue(), read_rules(sorted((ROOT / "alert_rules/generated").glob("*.yml"))))
    for rule in book.rules:
        component = COMPONENTS.get(rule.labels.get("component", ""))
        if rule.alert and component:
            passed = re.findall(r"with \$labels\.(\w+) \}\}[?&]var-(\w+)=", rule.annotations["dashboard_url"])
            shape = book.shape_of(rule)
            known = {
                (label, variable)
                for label, variable in component["variables"].items()
                if any(row.may_have(label) and not row.unbounded for row in shape)
                # A variable of values that all series share chooses nothing.
                and label not in rule.labels
            }
            assert set(passed) == known, rule.alert


def test_every_alert_leads_to_its_page() -> None:
    """`runbook_url` is a page of the repository that is headed by the alert, and every page is some alert's."""
    pages = {rule["annotations"]["runbook_url"]: rule["alert"] for rule in ALERTS}
    for page, alert in pages.items():
        heading = (ROOT / page).read_text().splitlines()[0]
        assert heading.startswith("# ")
        assert alert in heading
    files = {f"docs/runbooks/{file.name}" for file in (ROOT / "docs/runbooks").glob("*.md")}
    assert files - pages.keys() == set()


@pytest.mark.parametrize("target", read_targets(ROOT / "targets.yaml").targets, ids=lambda target: target.id)
def test_a_target_names_a_board_that_speaks_of_it(target: Any) -> None:
    """The board in targets.yaml is generated, and has the target among its promises or links to it."""
    text = json.dumps(BOARDS[target.dashboard].source)
    assert target.id in text


def test_boards_lead_where_alerts_lead() -> None:
    """The list of firing alerts sends a component to the board that its alerts name."""
    code = "(import 'dashboards/lib/status.libsonnet')((import 'alert_rules/config.libsonnet').defaults).boards"
    named: dict[str, str] = json.loads(_jsonnet.evaluate_snippet(str(ROOT / "some.jsonnet"), code))
    for rule in ALERTS:
        component = rule["labels"].get("component")
        if component:
            found = [board for pattern, board in named.items() if re.fullmatch(pattern, component)]
            url = re.split(r"\{\{|\?", rule["annotations"]["dashboard_url"])[0]
            assert url == f"/d/{(found or [f'crm-{component}'])[0]}"


def test_every_board_is_reached_from_the_others() -> None:
    """Each has the list of all boards, keeping time and choices, and links to the runbooks and the terms."""
    for board in BOARDS.values():
        listed, runbooks, terms = board.source["links"]
        assert (listed["type"], listed["tags"], listed["keepTime"], listed["includeVars"]) == (
            "dashboards",
            ["crm"],
            True,
            True,
        )
        assert runbooks["url"] == "${runbooks}docs/runbooks/"
        assert terms["url"] == "${runbooks}docs/terms.md"
