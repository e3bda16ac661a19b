"""`pantrywatch advise` on databases with planted faults, and on healthy ones."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from pantrywatch.cli import main
from tests.support.filled_prometheus import filled_prometheus
from tests.support.planted.healthy import healthy
from tests.support.planted.records import Seeded
from tests.support.planted.running import SEEDS, one_of, planted
from tests.support.planted.series import openmetrics
from tests.support.planted.truth import judge


def _advice(seeded: Seeded, folder: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    (folder / "dsn").write_text(seeded.dsn)
    settings = folder / "settings.yaml"
    settings.write_text("environment: test\ndatabase:\n  - name: main\n    dsn_file: dsn\n")
    with filled_prometheus(folder, openmetrics(seeded.series, int(time.time()))) as url:
        assert main(["advise", "--json", "--settings", str(settings), "--prometheus", url]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["not_known"] == []
    found: list[dict[str, Any]] = document["advice"]
    return found


@pytest.mark.parametrize("seed", one_of(SEEDS))
def test_planted_faults_are_found(seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of twelve at least eleven, at most one line that is wrong, and no near miss."""
    with planted(tmp_path / "server", seed) as seeded:
        given = [(one["kind"], one["object"]) for one in _advice(seeded, tmp_path, capsys)]
    judged = judge(seeded.truths, given)
    assert len(judged.missed) <= 1, judged.missed
    assert len(judged.wrong) <= 1, judged.wrong
    assert [one for one in given for near in seeded.near_misses if near.meant_by(one)] == []


@pytest.mark.parametrize("name", one_of(("crm", "demo", "pgbench")))
def test_a_healthy_database_has_no_advice(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """At most one doubtful line."""
    with healthy(tmp_path / "server", name) as seeded:
        found = _advice(seeded, tmp_path, capsys)
    assert [one["id"] for one in found if not one["doubtful"]] == []
    assert len(found) <= 1
