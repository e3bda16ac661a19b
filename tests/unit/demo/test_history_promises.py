"""The events of the targets in the made-up past of the demo."""

from __future__ import annotations

import pytest

from demo.history.alerts import Alerts
from demo.history.promises import PROMISES, Past, past
from exporters.core.strict_yaml import read_yaml
from pantrywatch.config.shared_files import shared_files

START = 1_795_824_000
DAYS = 16


@pytest.fixture(scope="module")
def made() -> Past:
    return past(3, START, DAYS * 1440, START + (DAYS - 1) * 86400)


def test_counts_never_fall_and_bad_events_are_among_all(made: Past) -> None:
    """Every target of events has them, minute by minute."""
    targets = read_yaml(shared_files() / "targets.yaml")["targets"]
    assert set(PROMISES) == {target["id"] for target in targets if target["kind"] != "capacity"}
    for counts in made.counts.values():
        assert len(counts.total) == len(counts.bad) == DAYS * 1440 + 1
        last = (0, 0)
        for total, bad in zip(counts.total, counts.bad, strict=True):
            assert total - last[0] >= bad - last[1] >= 0
            last = (total, bad)


def test_incidents_show_in_the_targets_they_hit_and_the_end_is_calm(made: Past) -> None:
    """An incident has more bad events than the time before; none is in the last day, and no deployment."""
    assert {trouble.kind for trouble in made.troubles} == {"slow database", "bad release", "outage", "cold cache"}
    for trouble in made.troubles:
        first, last = (trouble.start - START) // 60, (trouble.end - START) // 60
        assert trouble.end < made.end - 86400
        for name, promise in PROMISES.items():
            if promise.in_incident.get(trouble.kind, 0) > 0.3 and promise.per_minute > 5:
                bad = made.counts[name].bad
                assert bad[last] - bad[first] > 2 * (bad[first] - bad[2 * first - last])
    assert all(deployment.time < made.end - 86400 for deployment in made.deployments)
    assert made.deployments


def test_an_alert_fires_in_each_trouble_that_users_felt(made: Past) -> None:
    """It has the labels of its rule, begins after the condition has held, and ends soon after the trouble."""
    alerts = Alerts(made, shared_files() / "alert_rules/generated")
    found = [one for one in alerts.series(made.start, made.end) if one.name == "ALERTS"]
    felt = [trouble for trouble in made.troubles if trouble.kind != "cold cache"]
    assert len(found) == len(felt) == 4
    for one, trouble in zip(found, felt, strict=True):
        severity = "high" if trouble.kind == "slow database" else "critical"
        assert f'component="api",job="application",layer="backend",severity="{severity}"' in one.labels
        times = [int(line) for line in one.steps.lines]
        assert trouble.start < times[0] < times[-1] <= trouble.end + 180
        held = {value for one in alerts.series(made.start, made.end) for value in one.values if value != 1}
        assert any(value is not None and trouble.start < value < times[0] for value in held)


def test_the_same_seed_gives_the_same_events() -> None:
    """A seed and the times are all that the events depend on."""
    assert past(3, START, 120, START) == past(3, START, 120, START) != past(4, START, 120, START)
