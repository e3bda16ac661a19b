"""Bad input to `./run up` and to the sidecars: one clear message, exit code 2, nothing started, no secret shown."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pantrywatch.native.lock import holder
from tests.e2e import stack as stacks
from tests.support import servers
from tests.support.exporter import ROOT

_HUSH = "hush-hush-3141"

# What stands in settings.yaml, and what the message must say (FILE is the settings file).
_BAD = {
    "unknown key": (
        "environment: x\nhost: {nam: y}\n",
        "error: FILE:2: host: unknown key nam (did you mean name?): expected one of ",
    ),
    "unknown section": (
        "environment: x\ncaches: []\n",
        "error: FILE:2: document: unknown key caches (did you mean cache?): expected one of ",
    ),
    "duplicate key": (
        "environment: x\nhost: {name: a}\nhost: {name: b}\n",
        "error: FILE:3: host: duplicate key 'host', it is also in line 2",
    ),
    "wrong type": (
        "environment: x\nhost: {process_interval_seconds: soon}\n",
        "error: FILE:2: host.process_interval_seconds: expected a number, got 'soon'",
    ),
    "missing secret file": (
        "environment: x\ndatabase: [{name: a, dsn_file: none/here}]\n",
        "_file: expected a readable secret file at ",
    ),
    "password in the file": (
        f'environment: x\ncache: [{{name: a, url: "redis://:{_HUSH}@127.0.0.1/0"}}]\n',
        "error: FILE:2: cache[0].url: expected no password here",
    ),
    "no YAML": ("environment: [\n", "error: FILE:2: "),
    "empty": ("", ": document: expected "),
}
# Of these `up` is tried with two by `./run test`, the exporters with all.
_FOR_UP = [
    fault if fault in {"unknown key", "missing secret file"} else pytest.param(fault, marks=pytest.mark.long)
    for fault in _BAD
]


@pytest.mark.parametrize("fault", _FOR_UP)
def test_bad_settings_stop_up(tmp_path: Path, fault: str) -> None:
    """`./run up --settings` names file and entry, ends with 2 and starts nothing."""
    text, expected = _BAD[fault]
    settings = tmp_path / "settings.yaml"
    settings.write_text(text)
    answer = stacks.run(["up", "--settings", str(settings)], {"PANTRYWATCH_STATE": str(tmp_path / "state")})
    _assert_refused(answer, expected.replace("FILE", str(settings)))
    assert stacks.processes_of(tmp_path / "state") == []
    assert holder(tmp_path / "state/run/lock") is None


@pytest.mark.parametrize("fault", _BAD)
def test_bad_settings_stop_a_sidecar(tmp_path: Path, fault: str) -> None:
    """`pantrywatch-exporter serve` says the same."""
    text, expected = _BAD[fault]
    settings = tmp_path / "settings.yaml"
    settings.write_text(text)
    answer = _serve("--settings", str(settings), "serve")
    _assert_refused(answer, expected.replace("FILE", str(settings)))


def test_a_missing_settings_file_is_named(tmp_path: Path) -> None:
    """A settings file that is not there is named."""
    answer = _serve("--settings", str(tmp_path / "none.yaml"), "serve")
    _assert_refused(answer, f"error: {tmp_path}/none.yaml: file: expected a readable file: No such file or directory")


@pytest.mark.parametrize("dsn", [f"postgresql://u:{_HUSH}@127.0.0.1:{{port}}/d", f"not a dsn {_HUSH}"])
def test_a_server_that_cannot_be_reached_stops_up_if_asked(tmp_path: Path, dsn: str) -> None:
    """With --require-reachable the entry whose server does not respond is named; nothing starts; no DSN is shown."""
    settings = tmp_path / "settings.yaml"
    (tmp_path / "dsn").write_text(dsn.format(port=servers.free_port()))
    settings.write_text("environment: x\ndatabase: [{name: a, dsn_file: dsn}]\n")
    arguments = ["up", "--settings", str(settings), "--require-reachable"]
    answer = stacks.run(arguments, {"PANTRYWATCH_STATE": str(tmp_path / "state")})
    _assert_refused(answer, f"error: {settings}:2: database")
    assert "level=WARNING" not in answer.stderr
    assert stacks.processes_of(tmp_path / "state") == []


def test_an_unwritable_state_directory_is_named(tmp_path: Path) -> None:
    """A state directory that cannot be made is named before anything else is done."""
    (tmp_path / "file").write_text("")
    answer = stacks.run(["up"], {"PANTRYWATCH_STATE": str(tmp_path / "file/state")})
    _assert_refused(
        answer, f"error: {tmp_path}/file/state: state directory: expected a directory this user can write to"
    )


def test_an_unknown_exporter_is_refused() -> None:
    """A sidecar asked to serve what does not exist lists what does."""
    answer = _serve("serve", "databse")
    _assert_refused(answer, "error: command line: databse: expected exporters of: database, cache, host, synthetic")


def test_a_taken_port_stops_a_sidecar(tmp_path: Path) -> None:
    """A sidecar whose address is taken ends with 2 and names the address."""
    (tmp_path / "settings.yaml").write_text("environment: x\nhost: {name: a}\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        answer = _serve("--settings", str(tmp_path / "settings.yaml"), "serve", "host", "--listen", address)
    _assert_refused(
        answer, f"error: command line: --listen: expected a free address, {address}: Address already in use"
    )


def test_run_without_or_with_an_unknown_command_explains_itself() -> None:
    """`./run` lists its commands; an unknown one ends with 2."""
    assert "usage: ./run COMMAND" in stacks.run([], {}).stdout
    answer = stacks.run(["dance"], {})
    _assert_refused(answer, "error: no command dance")


def test_what_cannot_be_installed_is_named(tmp_path: Path) -> None:
    """Without apt, `./run up` names each missing package and how to get it, and starts nothing."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for folder in ("/usr/bin", "/bin"):
        for program in Path(folder).iterdir():
            link = programs / program.name
            if not link.exists() and program.name not in {"apt-get", "prometheus", "redis-server"}:
                link.symlink_to(program)
    environment = {"PATH": str(programs), "PANTRYWATCH_STATE": str(tmp_path / "state")}
    answer = stacks.run(["up"], environment)
    _assert_refused(answer, "error: missing: prometheus redis-server\n")
    assert "sudo apt-get install prometheus redis-server" in answer.stderr
    assert not (tmp_path / "state").exists()


def _serve(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "exporters", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        cwd=ROOT,
    )


def _assert_refused(answer: subprocess.CompletedProcess[str], expected: str) -> None:
    printed = answer.stdout + answer.stderr
    assert expected in answer.stderr
    assert answer.returncode == 2, printed
    assert "Traceback" not in printed
    assert _HUSH not in printed
