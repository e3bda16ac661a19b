"""`target try` and a real Prometheus: events as the rules count them, from raw samples."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pantrywatch.cli import main
from tests.support.exporter import ROOT
from tests.support.filled_prometheus import filled_prometheus

_MINUTES = 2 * 1440
_OUTAGE = range(1000, 1030)


def _samples(end: int) -> str:
    """Return a check that ran once a minute for two days, and failed for half an hour."""
    name = "pantrywatch_check_runs"
    lines = [f"# TYPE {name} counter"]
    for result in ("success", "failure"):
        count = 0
        for minute in range(_MINUTES):
            count += (minute in _OUTAGE) == (result == "failure")
            labels = (
                f'job="synthetic",instance="local",check="a",kind="http",target="api-availability",result="{result}"'
            )
            lines.append(f"{name}_total{{{labels}}} {count} {end - (_MINUTES - minute) * 60}")
    return "\n".join([*lines, "# EOF", ""])


@pytest.mark.long
def test_a_lower_objective_is_tried_on_what_was_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two days of runs: their number, the share, what of 30 days is spent, and the alerts that would have fired."""
    before, id_, after = (ROOT / "targets.yaml").read_text().partition("  - id: api-availability\n")
    (tmp_path / "targets.yaml").write_text(before + id_ + after.replace("objective: 0.999\n", "objective: 0.99\n", 1))
    with filled_prometheus(tmp_path, _samples(int(time.time()) - 900)) as url:
        assert main(["target", "try", str(tmp_path / "targets.yaml"), "--prometheus", url]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("api-availability: ")
    days, events = said[1].split()[1], said[1].split()[5]
    assert float(days) == pytest.approx(2, abs=0.05)
    assert int(events) == pytest.approx(_MINUTES, rel=0.01)
    assert said[2].split()[1].startswith("98.9")
    assert said[3] == "  budget spent  7% of 30 days at this traffic"
    assert [line.split()[:2] for line in said[4:]] == [
        ["critical", "once,"], ["high", "once,"], ["medium", "not"], ["low", "not"],
    ]  # fmt: skip
