"""The state directory: one stack at a time, closed to others, and whatever a crash left in it is survived."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from demo.prepare import prepare_demo
from exporters.core.access import WebSettings
from exporters.core.errors import ConfigError
from exporters.core.exit_codes import run_command
from pantrywatch.cli import main
from pantrywatch.native.addresses import Addresses
from pantrywatch.native.lock import acquire, holder, terminate_holder
from pantrywatch.native.state_dir import State
from tests.support.servers import postgres_bin, wait_until

_ROUNDS = 150
# Holds the lock for a moment again and again; inside, a file must not be there yet, for only one may be inside.
_CONTENDER = """
import os, sys
from pathlib import Path
from pantrywatch.native.lock import acquire, holder
folder = Path(sys.argv[1])
held = clashes = 0
while held < int(sys.argv[2]):
    lock = acquire(folder / "lock")
    if lock is None:
        holder(folder / "lock")
        continue
    held += 1
    try:
        os.close(os.open(folder / "inside", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        clashes += 1
    else:
        (folder / "inside").unlink()
    lock.release()
print(clashes)
"""
_HOLD = "import sys, time; from pathlib import Path; from pantrywatch.native.lock import acquire;"
_HOLD += "lock = acquire(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"


def test_the_lock_is_never_held_twice(tmp_path: Path) -> None:
    """Of several processes that take and leave it as fast as they can, never two have it, nor does asking take it."""
    command = [sys.executable, "-c", _CONTENDER, str(tmp_path), str(_ROUNDS)]
    contenders = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert [process.communicate(timeout=100)[0].strip() for process in contenders] == ["0"] * 4


def test_the_holder_is_known_and_only_it_is_ended(tmp_path: Path) -> None:
    """Who holds the lock is asked of the kernel: a number that an earlier run left in the file is nobody's."""
    lock = tmp_path / "lock"
    assert holder(lock) is None
    assert not terminate_holder(lock)
    with subprocess.Popen([sys.executable, "-c", _HOLD, str(lock)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        lock.write_text(str(os.getpid()))
        assert holder(lock) == child.pid
        assert acquire(lock) is None
        assert terminate_holder(lock)
        assert child.wait(20) == -signal.SIGTERM
    assert holder(lock) is None
    assert not terminate_holder(lock)


def test_a_killed_holder_leaves_no_lock(tmp_path: Path) -> None:
    """After `kill -9` the next one has the lock at once, and the file is still there."""
    lock = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", _HOLD, str(lock)], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        child.kill()
    wait_until(lambda: holder(lock) is None, 10, "the lock is free")
    mine = acquire(lock)
    assert mine is not None
    mine.release()
    assert lock.exists()


def test_a_second_stack_is_refused_by_name(tmp_path: Path) -> None:
    """Who wants to start where another stack runs is told which process that is."""
    state = State(tmp_path / "state")
    state.prepare()
    with subprocess.Popen([sys.executable, "-c", _HOLD, str(state.lock_file)], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        with pytest.raises(ConfigError, match=f"process {child.pid} runs one"):
            state.lock()
        child.kill()
    state.lock().release()


def test_nobody_else_may_enter(tmp_path: Path) -> None:
    """The directory is closed to other users, also one that an earlier release left open."""
    state = State(tmp_path / "state")
    state.prepare()
    assert state.path.stat().st_mode & 0o777 == 0o700
    state.path.chmod(0o755)
    state.prepare()
    assert state.path.stat().st_mode & 0o777 == 0o700


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    """A directory with other things in it is named and refused: neither closed to its users nor filled."""
    (tmp_path / "thesis.tex").touch()
    tmp_path.chmod(0o755)
    with pytest.raises(
        ConfigError, match=r"expected an empty directory or one of an earlier run, it contains 'thesis\.tex'"
    ):
        State(tmp_path).prepare()
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("text", ["", "x", "1" * 5000, "9" * 6, "\0", "12\nmore", "\uff11\uff12"])
def test_a_damaged_port_offset_is_the_usual_ports(tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture) -> None:
    """`status` and `boards` name the file and go on with the usual ports."""
    state = State(tmp_path)
    (tmp_path / "run").mkdir()
    (tmp_path / "run/port-offset").write_text(text)
    assert state.addresses() == Addresses(0)
    assert "port-offset damaged" in caplog.text


@pytest.mark.parametrize("text", ["", "{", "[" * 3000, '{"users": 3}', "\0", '{"tls": '])
def test_a_damaged_note_of_the_login_is_no_login(tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture) -> None:
    """Where the note is damaged, it is named, and the servers are asked without TLS and login."""
    state = State(tmp_path)
    (tmp_path / "run").mkdir()
    (tmp_path / "run/web.yaml").write_text(text)
    assert state.web() == WebSettings()
    assert text == "" or "web.yaml damaged" in caplog.text


def test_what_is_remembered_is_read_again(tmp_path: Path) -> None:
    """Port offset and login of a run are those that other commands see."""
    state = State(tmp_path)
    (tmp_path / "run").mkdir()
    state.remember(Addresses(-100), WebSettings("cert.pem", "key.pem"))
    assert state.addresses() == Addresses(-100, secure=True)
    assert state.web() == WebSettings("cert.pem", "key.pem")


def test_an_empty_password_is_refused_by_name(tmp_path: Path) -> None:
    """A password file without a password stops the start: everything set up with the old one would refuse a new one."""
    state = State(tmp_path)
    state.prepare()
    assert state.secret("crm_password") == state.secret("crm_password")
    state.file("secrets/crm_password").write_text("\n")
    with pytest.raises(ConfigError, match=r"secrets/crm_password: secret: expected a password, the file is empty"):
        state.secret("crm_password")


def test_no_database_is_ever_emptied(tmp_path: Path) -> None:
    """A data directory without PG_VERSION is named and refused as it is; only the half of an own initdb is removed."""
    state = State(tmp_path)
    state.prepare()
    (state.file("postgres") / "base").mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"postgres: data directory: .*PG_VERSION is missing: restore it"):
        prepare_demo(state, Addresses(0), postgres_bin())
    assert state.file("postgres/base").is_dir()
    state.file("postgres/base").rmdir()
    (state.file("postgres.initdb") / "half").mkdir(parents=True)
    prepare_demo(state, Addresses(0), postgres_bin())
    assert state.file("postgres/PG_VERSION").exists()
    assert not state.file("postgres.initdb").exists()


def test_a_folder_or_a_loop_in_place_of_a_file_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What is no file where a file of the state should be gives its path, not a traceback."""
    state = State(tmp_path)
    for folder in ("secrets/crm", "run/lock"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "run/port-offset").symlink_to("port-offset")
    assert state.addresses() == Addresses()
    assert "port-offset" in caplog.text
    reads = ((lambda: state.secret("crm"), "secrets/crm"), (state.lock, "run/lock"))
    for read, path in (*reads, (lambda: holder(state.lock_file), "run/lock")):
        with pytest.raises(ConfigError) as error:
            read()
        assert error.value.problems[0].file == str(tmp_path / path)


@pytest.mark.parametrize("name", ["run", "run/lock", "run/supervisor.url", "run/web.yaml", "run/installation"])
@pytest.mark.parametrize("loop", [False, True])
def test_commands_survive_a_folder_or_a_loop_in_place_of_a_file(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str], *, loop: bool
) -> None:
    """`status` and `down` say what is wrong, or that nothing runs; neither ends with a traceback."""
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(path.name) if loop else path.mkdir()
    for command in ("status", "down"):
        assert main(["--state", str(tmp_path), command]) in {0, 1, 2}
        said = capsys.readouterr()
        assert "nothing is running" in said.out or f"error: {tmp_path}/run/lock: lock: expected a lock" in said.err


def test_what_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder in place of a file that a command writes ends it with the file's name and the reason."""
    (tmp_path / "web.yaml").mkdir()

    def write() -> int:
        State(tmp_path).write("web.yaml", "")
        return 0

    assert run_command(write) == 2
    assert capsys.readouterr().err.startswith(f"error: {tmp_path}/.web.yaml.part and {tmp_path}/web.yaml: ")
