"""What people read about a task of the scheduler that fails."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
import yaml

from pantrywatch.analysis.advise.follow_up import FollowUp
from pantrywatch.analysis.report.mailing import Mailing
from tests.support.exporter import ROOT

_TASKS = [next(field.default for field in fields(task) if field.name == "name") for task in (Mailing, FollowUp)]


@pytest.mark.parametrize("task", _TASKS)
def test_each_task_has_what_is_lost_and_its_row_in_the_runbook(task: Any) -> None:
    """The alert says what is lost by this task, and its runbook what it does."""
    rules = yaml.safe_load((ROOT / "alert_rules/generated/monitoring.yml").read_text())["groups"][0]["rules"]
    (alert,) = (rule for rule in rules if rule.get("alert") == "CrmMonitoringTaskFailing")
    assert f'eq $labels.task "{task}"' in alert["annotations"]["impact"]
    assert f"\n| {task} | " in (ROOT / "docs/runbooks/CrmMonitoringTaskFailing.md").read_text()
