"""What fires goes on firing while its cause does, whatever is missing meanwhile: every alert, with real promtool."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rules.promtool import promtool_says
from tests.rules.survival import FOLDER, STEPS, Fired, cases, disturbed, still_firing

# Alert → why it may end.
_MAY_END = {
    "Watchdog": "it ends when samples stop coming: that is what it is for",
    "CrmApiUsersAffected": "made of other alerts, which survive",
    "CrmMonitoringCauseRecent": "made of other alerts, which survive",
    "CrmMonitoringOutageFlapping": "it ends where its outage goes on",
    "CrmMonitoringNothingStored": "it is about the gap itself",
    "CrmApiFailedLoginsBurst": "critical, and a count: going on after its end would reach the second on-call",
    "CrmMonitoringAlertsDropped": "as above",
    "CrmSyntheticCheckFlapping": "its case ends before it fires",
    "CrmDatabaseSequenceNearEnd": "its case has a sample each five minutes",
    "CrmBusinessActivityStopped": "it takes a week of history, and so minutes: it was tried, and survives",
    "CrmBusinessUsersLeaving": "it takes four weeks of history",
    "CrmCacheUnusualClients": "as CrmDatabaseUnusualConnections, which survives",
    **dict.fromkeys(
        ("CrmHostFullSoon", "CrmDatabaseFullSoon", "CrmCacheFullSoon", "CrmApiCapacityReachedSoon"),
        "a forecast needs four weeks, and reads midnights only: its cases give it as a series",
    ),
    "CrmApiPromiseBrokenSoon": "it takes five weeks of history",
    "CrmMonitoringTaskFailing": "it waits for an hour, and so minutes: it was tried; its own case has what is missing",
    "CrmDatabaseStatementSlower": "it takes a day of history, and so minutes: it was tried, and survives",
}
# They look at their own ALERTS.
_LATCHED = {"CrmHostFilesystemReadOnly", "CrmHostClockSyncLost", "CrmHostProcessGroupGone"}
_CASES = [case for case in cases() if case.alert not in _MAY_END]


def _level(case: Fired) -> Any:
    # Most take seconds each: only those that page somebody are for every run.
    marks = () if case.severity == "critical" or case.alert in _LATCHED else pytest.mark.long
    return pytest.param(case, id=f"{case.alert}-{case.severity}", marks=marks)


@pytest.mark.parametrize("case", list(map(_level, _CASES)))
def test_an_alert_survives_what_cannot_be_asked(tmp_path: Path, case: Fired) -> None:
    """One failed scrape, ten minutes of failed scrapes, and ten minutes without Prometheus end no alert."""
    _promtool(tmp_path, case, [(missing, disturbed(case, missing)) for missing in STEPS])


def _promtool(folder: Path, case: Fired, series: list[tuple[str, list[tuple[str, str]]]]) -> None:
    document = yaml.load((FOLDER / case.rules).read_text(), yaml.CSafeLoader)
    for group in document["groups"]:
        group["rules"] = [rule for rule in group["rules"] if rule.get("alert", case.alert) == case.alert]
    (folder / "rules.yml").write_text(yaml.safe_dump(document))
    tests = [
        {
            "name": name,
            "interval": f"{case.step_seconds}s",
            "input_series": [{"series": one, "values": values} for one, values in inputs],
            "promql_expr_test": [still_firing(case)],
        }
        for name, inputs in series
    ]
    written = {"rule_files": ["rules.yml"], "evaluation_interval": "15s", "tests": tests}
    (folder / "test.yml").write_text(yaml.safe_dump(written))
    said = promtool_says(folder, "test.yml", 250)
    assert not said, said[:8000]
