"""Capacity runs against a real server whose limit is known."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exporters.capacity import read_result
from tests.support.servers import free_port, process, wait_until

ROOT = Path(__file__).parents[3]
_SERVER = Path(__file__).with_name("limited_server.py")
_QUICK = ("--step-seconds", "2", "--minutes", "0.1")


@contextmanager
def _limited(
    tmp_path: Path, *, service_seconds: float, after: int = -1, status: str = "503 Service Unavailable"
) -> Iterator[str]:
    """A server that answers one request at a time; from the request number `after` on with this status, at once."""
    port = free_port()
    command = [sys.executable, str(_SERVER), str(port), str(service_seconds), str(after), status]
    with process(command, tmp_path / "server.log"):
        wait_until(lambda: "ready" in (tmp_path / "server.log").read_text(), 10, "the server")
        yield f"http://127.0.0.1:{port}"


def _settings(tmp_path: Path, origin: str, more: str = "") -> Path:
    file = tmp_path / "settings.yaml"
    requests = "[{path: /a, weight: 3}, {path: '/b?x=1'}]"
    file.write_text(f"environment: test\ncapacity:\n  origins: [{origin}]\n  requests: {requests}\n{more}")
    return file


def _command(tmp_path: Path, *arguments: str) -> list[str]:
    file = tmp_path / "capacity.prom"
    command = [sys.executable, "-m", "pantrywatch", "capacity", "--settings", str(tmp_path / "settings.yaml")]
    return [*command, "--file", str(file), *arguments]


def _run(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command(tmp_path, *arguments), cwd=ROOT, capture_output=True, text=True, timeout=280, check=False
    )


def _shown_until(terminal: int, text: bytes) -> None:
    """Return when a terminal has shown the text."""
    shown, end = b"", time.monotonic() + 60
    while text not in shown:
        assert time.monotonic() < end, shown
        shown += os.read(terminal, 4096)


def _requests(tmp_path: Path) -> int:
    """How many requests the server has counted."""
    return (tmp_path / "server.log").read_text().count("request ")


@pytest.mark.long
def test_the_limit_of_a_server_is_found(tmp_path: Path) -> None:
    """30 ms a request, one at a time: 2,000 a minute at most, and close to it nothing is fast any more.

    An idle machine finds it within 3 %; other work slows the server down, never up.
    """
    with _limited(tmp_path, service_seconds=0.03) as origin:
        _settings(tmp_path, origin)
        done = _run(tmp_path, "--step-seconds", "6", "--minutes", "0.1", "--version", "v7")
    assert done.returncode == 0, done.stdout + done.stderr
    result = read_result(tmp_path / "capacity.prom")
    assert result
    assert result.version == "v7"
    slept = [float(seconds) for seconds in re.findall(r"request ([0-9.]+)", (tmp_path / "server.log").read_text())]
    limit = 60 / (sorted(slept)[len(slept) // 2])  # what this machine makes of 30 ms
    assert 0.7 * limit <= result.requests_per_minute <= 1.1 * limit
    assert result.broken_requests_per_minute
    assert result.broken_requests_per_minute > result.requests_per_minute


@pytest.mark.long
def test_a_rate_is_proven_and_recorded(tmp_path: Path) -> None:
    """A server far from its limit sustains the highest rate allowed; both files have it."""
    with _limited(tmp_path, service_seconds=0.001) as origin:
        _settings(tmp_path, origin, "  most_requests_per_minute: 600\n")
        done = _run(tmp_path, *_QUICK, "--rpm", "600", "--textfile", str(tmp_path / "copy.prom"))
    assert done.returncode == 0, done.stdout + done.stderr
    result = read_result(tmp_path / "capacity.prom")
    assert result
    assert (result.requests_per_minute, result.broken_requests_per_minute, result.version) == (600, None, "unknown")
    assert (tmp_path / "copy.prom").read_bytes() == (tmp_path / "capacity.prom").read_bytes()


@pytest.mark.long
def test_errors_end_a_step_at_once(tmp_path: Path) -> None:
    """From the hundredth request on all fail: after a few the load ends, and without recovery nothing is recorded."""
    with _limited(tmp_path, service_seconds=0.0, after=100) as origin:
        _settings(tmp_path, origin)
        command = _command(tmp_path, "--step-seconds", "20", "--rpm", "3000")
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
            try:
                assert running.stdout
                lines = [running.stdout.readline() for _ in range(2)]
                assert "failed, most of them: status 503" in lines[1]
                # A hundredth of the 1,000 planned, the allowed one, and what was under way.
                assert _requests(tmp_path) <= 100 + 10 + 1 + 20
            finally:
                running.send_signal(signal.SIGINT)
            assert running.wait(60) == 1
    assert not (tmp_path / "capacity.prom").exists()


def test_the_key_ends_a_run_and_restores_the_terminal(tmp_path: Path) -> None:
    """On a terminal `q` is enough: the load ends, nothing is recorded, and the terminal echoes again."""
    with _limited(tmp_path, service_seconds=0.001) as origin:
        _settings(tmp_path, origin)
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(ROOT)
            os.execv(sys.executable, _command(tmp_path, "--minutes", "1"))  # noqa: S606 - as a user's shell does
        _shown_until(terminal, b"q or Ctrl-C ends the run")
        os.write(terminal, b"xq")
        _shown_until(terminal, b"nothing is recorded")
        _, status = os.waitpid(child, 0)
        os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 1
    assert not (tmp_path / "capacity.prom").exists()


def test_nothing_but_the_servers_of_the_settings_is_loaded(tmp_path: Path) -> None:
    """Another address is refused before anything is sent, and the message names the ones that are allowed."""
    with _limited(tmp_path, service_seconds=0.0) as origin:
        _settings(tmp_path, "https://staging.example.com")
        done = _run(tmp_path, "--url", origin)
        assert done.returncode == 2
        assert "error: command line: --url: expected one of `capacity.origins`" in done.stderr
        assert "https://staging.example.com: nothing else is loaded" in done.stderr
        assert _requests(tmp_path) == 0


@pytest.mark.parametrize(
    ("more", "arguments", "message"),
    [
        ("  most_requests_per_minute: 500\n", (), "--rpm: expected at most 500"),
        ("  headers: {Authorization: 'Bearer <<token>>'}\n", (), "capacity.headers: expected names of secret_files"),
        ("  secret_files: {password: missing}\n", (), "capacity.secret_files.password"),
        ("  ca_file: missing.pem\n", (), "capacity.ca_file: expected certificates in PEM form"),
        ("", ("--minutes", "0"), "--minutes: expected a number from 0.1 to 60"),
        ("", ("--version", "a b"), "--version: expected a version"),
        ("", ("--textfile", "/missing/x.prom"), "--textfile: expected a file in a folder that exists"),
    ],
)
def test_a_mistake_ends_it_before_anything_is_sent(
    tmp_path: Path, more: str, arguments: tuple[str, ...], message: str
) -> None:
    """Exit code 2, with the entry or the option."""
    _settings(tmp_path, "http://127.0.0.1:9", more)
    done = _run(tmp_path, *arguments)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr


def test_the_result_is_kept_with_the_stack_of_the_settings(tmp_path: Path) -> None:
    """Without `--file` it is next to the marks of that installation; before it was ever started that is a mistake."""
    command = [sys.executable, "-m", "pantrywatch", "--state", str(tmp_path / "state"), "capacity"]
    settings = str(_settings(tmp_path, "http://127.0.0.1:9"))
    done = subprocess.run(
        [*command, "--settings", settings], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert f"--file: expected a file: there is no {tmp_path / 'state'}" in done.stderr
    (tmp_path / "state").mkdir()
    done = subprocess.run(
        [*command, "--settings", settings], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (1, "error: GET /a: no connection, before any load\n")


@pytest.mark.parametrize("status", ["503 Service Unavailable", "302 Found"])
def test_a_server_that_does_not_answer_as_it_should_is_not_loaded(tmp_path: Path, status: str) -> None:
    """Each kind of request is sent once before the load: what fails, or leads elsewhere, is named."""
    with _limited(tmp_path, service_seconds=0.0, after=2, status=status) as origin:
        _settings(tmp_path, origin, "  log_in: {path: /log-in}\n")
        done = _run(tmp_path)
        assert done.returncode == 1
        assert f"error: GET /b?x=1: status {status[:3]}, before any load" in done.stderr
        assert _requests(tmp_path) == 3
