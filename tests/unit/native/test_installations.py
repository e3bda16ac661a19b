"""State per installation: two settings files never share data, nor does the demo; `reset` deletes one alone."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from exporters.core.errors import ConfigError
from exporters.core.files import put_aside
from exporters.deployments import add_mark
from pantrywatch.cli import main
from pantrywatch.native.installations import claim, directory_for, running_directory
from pantrywatch.native.lock import acquire
from pantrywatch.native.state_dir import State


def _state(path: Path) -> State:
    state = State(path)
    state.prepare()
    return state


def test_every_settings_file_has_a_directory_of_its_own(tmp_path: Path) -> None:
    """Files of one name in two folders differ, each from the demo; the same file by another way does not."""
    (tmp_path / "a").mkdir()
    one, other = tmp_path / "a/settings.yaml", tmp_path / "settings.yaml"
    found = {directory_for(tmp_path, settings) for settings in (one, other, None)}
    assert len(found) == 3
    assert directory_for(tmp_path, tmp_path / "a/../a/settings.yaml") == directory_for(tmp_path, one)
    assert directory_for(tmp_path, None) == tmp_path


@pytest.mark.parametrize("first", [None, Path("/a.yaml")])
def test_a_directory_given_by_hand_is_not_shared(tmp_path: Path, first: Path | None) -> None:
    """What holds the data of the demo or of a settings file is refused for another, by name; the same goes on."""
    state = _state(tmp_path / "state")
    claim(state, first)
    claim(state, first)
    with pytest.raises(ConfigError, match=r"it holds that of (the demo|/a\.yaml): choose another directory") as refused:
        claim(state, Path("/b.yaml"))
    assert "expected the data of /b.yaml" in str(refused.value)


def test_the_data_of_an_older_demo_is_known_by_its_database(tmp_path: Path) -> None:
    """A directory without a record belongs to the demo if PostgreSQL's data is in it."""
    state = _state(tmp_path / "state")
    state.file("postgres").mkdir()
    with pytest.raises(ConfigError, match="it holds that of the demo"):
        claim(state, Path("/mine.yaml"))
    claim(state, None)


def test_commands_mean_the_stack_that_runs(tmp_path: Path) -> None:
    """Without a choice: the one that runs; the demo's if none does; with several, an option is asked for."""
    mine = directory_for(tmp_path, Path("/mine.yaml"))
    assert running_directory(tmp_path) == tmp_path
    _state(mine)
    held = [acquire(mine / "run/lock")]
    # The lock is this process's own: another process asks the kernel, this one would see none.
    assert _asked_elsewhere(tmp_path) == str(mine)
    _state(tmp_path)
    held.append(acquire(tmp_path / "run/lock"))
    assert "several stacks run here" in _asked_elsewhere(tmp_path)
    for lock in held:
        assert lock is not None
        lock.release()


def test_reset_asks_and_deletes_one_installation_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal it needs --yes; other files and other installations stay; a running stack is refused."""
    state, mine = _state(tmp_path), _state(directory_for(tmp_path, Path("/mine.yaml")))
    state.write("prometheus/data/sample", "1")
    (tmp_path / "notes.txt").write_text("kept")
    command = ["--state", str(tmp_path), "reset"]
    assert main(command) == 2
    assert "expected --yes" in capsys.readouterr().err
    assert state.file("prometheus/data/sample").exists()
    assert main([*command, "--yes"]) == 0
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["installations", "notes.txt"]
    assert mine.file("prometheus").is_dir()
    assert main([*command, "--yes"]) == 0
    assert "nothing to delete" in capsys.readouterr().out


def test_reset_deletes_what_is_left_without_a_lock(tmp_path: Path) -> None:
    """A directory from which an older release deleted only a part has no folder for the lock."""
    (tmp_path / "access_log.json").write_text("{}")
    (tmp_path / "last-failures").mkdir()
    assert main(["--state", str(tmp_path), "reset", "--yes"]) == 0
    assert list(tmp_path.iterdir()) == []


def test_reset_deletes_what_the_writing_of_its_files_leaves_next_to_them(tmp_path: Path) -> None:
    """The lock of the deployment marks, damaged copies and half written files go; others with such names stay."""
    state = _state(tmp_path)
    add_mark(state.file("deployments.txt"), "2.4.1", time.time())
    state.write("database_log.json", "damaged")
    put_aside(state.file("database_log.json"))
    state.write(".capacity.prom.part", "half")
    others = [".notes.txt.part", "notes.txt.damaged-20260301T120000Z"]
    for name in others:
        state.write(name, "kept")
    assert main(["--state", str(tmp_path), "reset", "--yes"]) == 0
    assert sorted(entry.name for entry in tmp_path.iterdir()) == others


def _asked_elsewhere(default: Path) -> str:
    code = (
        "import sys; from pathlib import Path; from pantrywatch.native.installations import running_directory\n"
        "try: print(running_directory(Path(sys.argv[1])))\n"
        "except Exception as error: print(error)"
    )
    command = [sys.executable, "-c", code, str(default)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
