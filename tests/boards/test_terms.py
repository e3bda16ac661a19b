"""docs/terms.md explains the words that boards and messages use."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args, get_type_hints

import _jsonnet
import pytest
import yaml

from pantrywatch.config.targets import Target
from tools.board_lint.model import ROOT

TEMPLATES = ROOT / "provisioning/alertmanager/templates"


def _explained(page: Path) -> dict[str, set[str]]:
    """Heading → the words in the first column of its table."""
    words: dict[str, set[str]] = {}
    heading = ""
    for line in page.read_text().splitlines():
        if line.startswith("## "):
            heading = line.removeprefix("## ")
        elif (row := re.match(r"\| (.+?) \|", line)) and row[1] != "word":
            words.setdefault(heading, set()).update(re.split(r", | and ", row[1]))
    return words


WORDS = _explained(ROOT / "docs/terms.md")


def _states() -> dict[str, Any]:
    code = "(import 'dashboards/lib/table_cells.libsonnet').states"
    states: dict[str, Any] = json.loads(_jsonnet.evaluate_snippet(str(ROOT / "some.jsonnet"), code))
    return states


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("State of a target", "promise"),
        ("Health of a target, a layer or the system", "health"),
        ("Alerts and escalation", "severity"),
    ],
)
def test_every_state_is_explained(heading: str, kind: str) -> None:
    """A word in a column of states, or for a severity, is on the page under its heading."""
    assert {word for word, _ in _states()[kind].values()} <= WORDS[heading]


def test_every_basis_is_explained() -> None:
    """The page has exactly the bases that a target can have."""
    assert WORDS["Basis: whose experience a number is"] == set(get_args(get_type_hints(Target)["basis"]))


def test_every_data_source_is_explained() -> None:
    """The page has exactly the data sources that a target can require."""
    components = yaml.safe_load((ROOT / "components.yaml").read_text())
    assert WORDS["Data sources: what feeds a target"] == set(components["data_sources"])


def test_the_words_of_escalation_are_explained() -> None:
    """What a message says about its step is on the page."""
    message = "".join(file.read_text() for file in TEMPLATES.glob("*.tmpl")).lower()
    for word in ("firing", "resolved", "escalated", "unacknowledged", "digest"):
        assert word in message
        assert word in WORDS["Alerts and escalation"]


def test_boards_with_such_words_link_to_the_page() -> None:
    """Every board that shows a state or a basis has the link."""
    for file in (ROOT / "dashboards/generated").rglob("*.json"):
        board = json.loads(file.read_text())
        if re.search(r"at risk|unhealthy|[Bb]asis", json.dumps(board["panels"])):
            assert "${runbooks}docs/terms.md" in {link["url"] for link in board["links"]}, file.name
