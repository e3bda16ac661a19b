"""A made-up past is written once, into an empty Prometheus of the demo, or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from demo.history import fill as filling
from demo.history.blocks import BlockWriter, FillError, Series, pieces, steps
from exporters.core.errors import ConfigError
from exporters.generated import GENERATED_FILE, read_generated
from pantrywatch.cli import main
from pantrywatch.native.state_dir import State

NOW = 1_796_000_400.0


@pytest.mark.long
def test_a_past_is_written_once_and_used_again(tmp_path: Path) -> None:
    """The first fill ends at the time of now and leaves blocks and a marker alone; the second writes nothing."""
    state = State(tmp_path)
    said = filling.fill(state, 1, 7, lambda: NOW)
    marker = read_generated(state.file(GENERATED_FILE))
    assert marker is not None
    assert marker.until_seconds == NOW
    assert f"{marker.samples:,} samples" in said
    blocks = [json.loads(file.read_text()) for file in state.file("prometheus/data").glob("*/meta.json")]
    assert sum(block["stats"]["numSamples"] for block in blocks) == marker.samples > 300_000
    assert max(block["maxTime"] for block in blocks) <= NOW * 1000
    assert min(block["minTime"] for block in blocks) >= (NOW - 86400 - 300) * 1000
    assert [entry.name for entry in state.file("prometheus").iterdir()] == ["data"]
    marked = [float(line.split()[0]) for line in state.file("deployments.txt").read_text().splitlines()]
    assert all(NOW - 3 * 86400 < second < NOW - 86400 for second in marked)
    assert "used again" in filling.fill(state, 1, 7, lambda: NOW + 3600)
    assert read_generated(state.file(GENERATED_FILE)) == marker


@pytest.mark.long
def test_what_an_interrupted_fill_left_is_thrown_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fill that ends before its end leaves no data, and the next does not take what it left for a past."""
    state = State(tmp_path)
    left = state.file("prometheus/data.generating/blocks/01")
    left.mkdir(parents=True)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OSError, match="promtool"):
        filling.fill(state, 1, 7, lambda: NOW)
    assert not left.exists()
    assert not any(state.file("prometheus/data").iterdir())
    assert not state.file(GENERATED_FILE).exists()


def test_measured_history_is_never_mixed_with_a_made_up_one(tmp_path: Path) -> None:
    """Data without a marker is somebody's: refused, and left as it is."""
    state = State(tmp_path)
    state.file("prometheus/data/wal").mkdir(parents=True)
    with pytest.raises(ConfigError) as error:
        filling.fill(state, 1, 7, lambda: NOW)
    assert "./run reset" in error.value.problems[0].expected
    state.file(GENERATED_FILE).write_text("{")
    with pytest.raises(ConfigError, match="earlier --history"):
        filling.fill(state, 1, 7, lambda: NOW)
    assert state.file("prometheus/data/wal").exists()


def test_promtool_that_fails_is_named_by_its_last_line(tmp_path: Path) -> None:
    """Text that promtool refuses raises its words, and no text stays."""
    writer = BlockWriter(tmp_path)
    writer.write([Series("a", 'b="c', steps(NOW, NOW + 60, 15, 0), [1.0] * 4)])
    with pytest.raises(FillError, match="expected label value"):
        writer.finish()
    writer.close()
    assert not list(tmp_path.iterdir())


def test_pieces_begin_at_blocks_of_prometheus_and_leave_nothing_out() -> None:
    """Pieces are next to one another, and only the first and the last are shorter than a block."""
    found = list(pieces(1_795_000_000, 1_796_000_000))
    assert [first for first, _ in found[1:]] == [last for _, last in found[:-1]]
    assert (found[0][0], found[-1][1]) == (1_795_000_000, 1_796_000_000)
    assert all(first % (54 * 3600) == 0 for first, _ in found[1:])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--settings", "settings.yaml"], "never for a real CRM"),
        (["--speed", "15"], "expected no --speed with it"),
    ],
)
def test_a_past_is_for_the_demo_at_its_own_speed(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a settings file or another speed `up --history` ends with 2 before it touches anything."""
    state = tmp_path / "state"
    assert main(["--state", str(state), "up", "--history", "35d", *arguments]) == 2
    assert words in capsys.readouterr().err
    assert not state.exists()


@pytest.mark.parametrize("days", ["", "0", "13d", "61d", "1e2", "35 d", "-35", "٣٥"])
def test_days_that_cannot_be_are_refused(days: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Two weeks at least, for a holiday and incidents; 60 days at most."""
    with pytest.raises(SystemExit) as ended:
        main(["up", f"--history={days}"])
    assert ended.value.code == 2
    assert "expected 14d to 60d" in capsys.readouterr().err
