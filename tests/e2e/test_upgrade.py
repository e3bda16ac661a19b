"""From version 0.1 (01de1ff) to this one: its settings are migrated, its state is kept."""

from __future__ import annotations

import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e import stack as stacks
from tests.support.alertmanagers import alertmanager, settings_for
from tests.support.servers import free_port, wait_until

_DAY = 86400
_STEP_SECONDS = 300
# As version 0.1 has them: keys that have been renamed since.
_SETTINGS = """\
environment: company
parts: [host]
marks_file: deployments.txt
host: {name: local}
notifications:
  links: {boards: "http://127.0.0.1:1", alertmanager: "http://127.0.0.1:2"}
  ours: ["127.0.0.1:3"]
  contacts:
    - name: on-call
      webhook: {url: "http://127.0.0.1:3/"}
  escalation:
    critical: {repeat: 1h, steps: [{after: 10s, tell: on-call}, {after: 15m, tell: on-call, by: [webhook]}]}
    high: {repeat: 1h, steps: [{after: 10s, tell: on-call}]}
    medium: {repeat: 1h, steps: [{after: 10s, tell: on-call}]}
    low: {repeat: 1h, steps: [{after: 10s, tell: on-call}]}
  office_hours: {time_zone: UTC, days: [monday], opens: "08:00", closes: "18:00"}
"""
_LABELS = (
    'target="api-error-rate",layer="backend",sloth_id="crm-api-error-rate",sloth_service="crm",'
    'sloth_slo="api-error-rate"'
)
_SILENCE = {"alertname": "CrmDatabaseDown", "instance": "primary"}


@pytest.mark.long
@pytest.mark.timeout(900)
def test_budgets_silences_and_marks_survive_an_upgrade(tmp_path: Path) -> None:
    """A state directory of 0.1 with a month of events, a silence and a mark: all there after `up` of this version."""
    state, settings = tmp_path / "state", tmp_path / "settings.yaml"
    settings.write_text(_SETTINGS)
    (tmp_path / "deployments.txt").write_text(f"{int(time.time()) - 3600} v1.4.2\n")
    _events(state / "prometheus/data", days=20)
    silence = _silence(state / "alertmanager", tmp_path)
    (state / "run").mkdir()
    (state / "run/port-offset").write_text("0")
    (state / "run/web.yaml").write_text('{"certificate_file": null, "key_file": null, "users": [], "client": null}')

    refused = stacks.run(["up", "--settings", str(settings)], {"PANTRYWATCH_STATE": str(state)})
    assert refused.returncode == 2
    assert "data_sources" in refused.stderr
    settings.write_text(stacks.run(["settings", "migrate", str(settings)], {}).stdout)

    with stacks.started(state, stacks.free_offset(), "--settings", str(settings)) as stack:
        stacks.wait_until_up(stack)
        (found,) = _silences(stack.addresses.url("alertmanager"))
        assert (found["id"], found["status"]["state"]) == (silence, "active")
        wait_until(lambda: bool(stack.query(f'{_MARK}{{version="v1.4.2"}}')), 60, "the mark is scraped")
        wait_until(lambda: bool(_month(stack)), 180, "the month is counted")
        assert _month(stack) == [f"{20 * _DAY // _STEP_SECONDS}"]


_MARK = "pantrywatch_deployment_timestamp_seconds"


def _month(stack: stacks.Stack) -> list[str]:
    """Return the bad events of 30 days, of which the old version recorded one each five minutes."""
    found = stack.query('slo:events_bad:sum30d{target="api-error-rate"}')
    return [one["value"][1] for one in found]


def _events(data: Path, days: int) -> None:
    """Write what 0.1 recorded each five minutes, until ten minutes ago, as Prometheus keeps it."""
    end = int(time.time()) - 600
    times = range(end - (days * _DAY - _STEP_SECONDS), end + 1, _STEP_SECONDS)
    lines = []
    for events, count in (("bad", 1), ("total", 1000)):
        name = f"slo:events_{events}:paced5m"
        lines += [f"# TYPE {name} gauge", *(f"{name}{{{_LABELS}}} {count} {at}" for at in times)]
    text = data.parent / "before.txt"
    data.mkdir(parents=True)
    text.write_text("\n".join([*lines, "# EOF", ""]))
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(text), str(data)]
    subprocess.run(command, check=True, capture_output=True, timeout=100)
    text.unlink()


def _silence(storage: Path, folder: Path) -> str:
    """Return the id of a silence that an Alertmanager has written into the folder."""
    with alertmanager(folder / "before", settings_for(free_port(), free_port())) as server:
        silence = {
            "matchers": [{"name": name, "value": value, "isRegex": False} for name, value in _SILENCE.items()],
            "startsAt": datetime.now(UTC).isoformat(),
            "endsAt": (datetime.now(UTC) + timedelta(days=2)).isoformat(),
            "createdBy": "on-call",
            "comment": "upgrade",
        }
        made = requests.post(f"{server.api}/silences", json=silence, timeout=10)
        made.raise_for_status()
    (kept,) = folder.glob("before/**/silences")
    storage.mkdir(parents=True)
    (storage / "silences").write_bytes(kept.read_bytes())
    return str(made.json()["silenceID"])


def _silences(url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = requests.get(f"{url}/api/v2/silences", timeout=10).json()
    return found
