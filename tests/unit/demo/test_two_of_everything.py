"""The fault with two processes under one name: what Prometheus is given to scrape, and what it gets."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import requests

from demo.environment import Environment
from demo.faults import two_of_everything
from demo.faults.fault import FaultError

_FIRST = {"targets": ["127.0.0.1:1"], "labels": {"instance": "crm-api"}}
_OTHER = {"targets": ["127.0.0.1:2"], "labels": {"instance": "crm-api-2"}}


def test_a_second_process_has_the_first_ones_labels_until_it_is_undone(tmp_path: Path) -> None:
    """Its page has the start time that tells the two apart; undoing twice leaves what was there before."""
    file = tmp_path / "prometheus/targets/application.json"
    file.parent.mkdir(parents=True)
    environment = Environment({"PANTRYWATCH_STATE": str(tmp_path)})
    for found in ([_FIRST], [_FIRST, _OTHER]):
        file.write_text(json.dumps(found))
        two_of_everything.enter(environment)
        *before, second = json.loads(file.read_text())
        assert before == found
        assert second["labels"] == _FIRST["labels"]
        page = requests.get(f"http://{second['targets'][0]}/metrics", timeout=10).text
        assert re.search(r"^process_start_time_seconds \d", page, re.MULTILINE)
        for _ in range(2):
            two_of_everything.undo(environment)
            assert json.loads(file.read_text()) == found


def test_without_an_application_it_says_so(tmp_path: Path) -> None:
    """Where nothing of that job is scraped there is nothing to be mixed, and nothing to undo."""
    environment = Environment({"PANTRYWATCH_STATE": str(tmp_path)})
    with pytest.raises(FaultError, match="scrapes no application"):
        two_of_everything.enter(environment)
    two_of_everything.undo(environment)
