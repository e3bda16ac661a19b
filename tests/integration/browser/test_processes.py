"""A real Chromium that is killed, stopped, missing or left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from exporters.core.errors import ErrorClass
from tests.integration.browser.site import (
    PATIENCE,
    SHORT,
    Server,
    begin,
    leaves_nothing,
    never,
    processes,
    renderers,
    run,
)
from tests.support.servers import free_port, process, wait_until

pytestmark = pytest.mark.timeout(400)

ROOT = Path(__file__).parents[3]


def a_browser(folder: Path) -> psutil.Process:
    """Return the browser's first process once a page is being loaded."""
    wait_until(lambda: renderers(folder) != [], 10, "a browser renders")
    return min(processes(folder), key=lambda process: process.create_time())


@pytest.mark.parametrize("number", [signal.SIGKILL, pytest.param(signal.SIGSTOP, marks=pytest.mark.long)])
def test_a_browser_that_is_killed_or_stopped_says_nothing_of_the_page(
    web: Server, own_tmp: Path, number: signal.Signals
) -> None:
    """It ends in time as `internal`, which counts as a run not made, and leaves nothing; the next run is well."""
    web.site["/silent"] = never(web)
    attempt = begin(web.url + "/silent", SHORT)
    wait_until(lambda: "/silent" in dict(web.seen), 10, "the page is asked for")
    os.killpg(os.getpgid(a_browser(own_tmp).pid), number)
    result = attempt.result()
    assert result.error_class is ErrorClass.INTERNAL, result.detail
    assert not result.measured
    leaves_nothing(attempt)
    web.page("/", "<h1>Words</h1>")
    assert run(web.url + "/").error_class is None


def test_a_tab_that_crashes_is_exhausted(web: Server, own_tmp: Path) -> None:
    """The page's own process ends, as for want of memory: the page's fault, not the browser's."""
    web.site["/never.png"] = never(web)
    web.page("/", "<h1>Words</h1><img src=/never.png>")
    attempt = begin(web.url + "/", SHORT)
    wait_until(lambda: "/never.png" in dict(web.seen), 10, "the page is drawn")
    for one in renderers(own_tmp):
        one.kill()
    result = attempt.result()
    assert result.error_class is ErrorClass.EXHAUSTED, result.detail
    leaves_nothing(attempt)


def test_no_browser_on_the_path_is_internal(
    web: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_tmp: Path
) -> None:
    """Missing, no program, or one that says something and ends: internal, with what it said for a person."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    assert "no Chromium" in run(web.url + "/").detail
    for text, words in (("not a program", "has ended"), ("#!/bin/sh\necho it cannot be >&2\nexit 3\n", "it cannot be")):
        (programs / "chromium").write_text(text)
        (programs / "chromium").chmod(0o755)
        result = run(web.url + "/")
        assert result.error_class is ErrorClass.INTERNAL
        assert words in result.detail


def test_one_that_never_speaks_is_internal(web: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that starts and is silent has a third of the time; then the machine is at fault, not the page."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "chromium").write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    (programs / "chromium").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    result = run(web.url + "/", 6)
    assert result.error_class is ErrorClass.INTERNAL
    assert "did not start in time" in result.detail


@pytest.mark.long
def test_a_second_browser_waits_for_no_first(web: Server) -> None:
    """While one runs, another run does not begin: never two browsers at once."""
    web.site["/silent"] = never(web)
    first = begin(web.url + "/silent", SHORT)
    wait_until(lambda: "/silent" in dict(web.seen), 10, "the first page is asked for")
    second = begin(web.url + "/silent", SHORT).result()
    assert second.error_class is ErrorClass.INTERNAL
    assert "of the previous run" in second.detail
    assert first.result().error_class is ErrorClass.TIMEOUT
    leaves_nothing(first)


@pytest.mark.long
def test_what_a_killed_exporter_left_is_swept(web: Server, own_tmp: Path) -> None:
    """A folder of a process that is gone goes with the next run; that of a living one stays."""
    gone, living = (own_tmp / f"pantrywatch-browser-{pid}-x" for pid in (2**22 + 5, os.getppid()))
    for folder in (gone, living):
        (folder / "profile").mkdir(parents=True)
    web.page("/", "<h1>Words</h1>")
    attempt = begin(web.url + "/", PATIENCE)
    assert attempt.result().error_class is None
    assert sorted(own_tmp.iterdir()) == [living]


def test_it_ends_with_the_process_that_started_it(web: Server, tmp_path: Path, own_tmp: Path) -> None:
    """An exporter that is killed takes its browser with it: the pipe breaks, and Chromium ends."""
    web.site["/silent"] = never(web)
    pid = os.fork()
    if pid == 0:  # the child: begins a run, and is killed in the middle
        begin(web.url + "/silent", 60)
        time.sleep(60)
        os._exit(1)
    wait_until(lambda: "/silent" in dict(web.seen), 15, "the page is asked for")
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    wait_until(lambda: not processes(own_tmp), 10, "no process of the browser is left")


def test_an_exporter_that_is_asked_to_end_leaves_nothing(web: Server, tmp_path: Path, own_tmp: Path) -> None:
    """SIGTERM in the middle of a run: no process, no folder; served as an exporter of its own, beside no other."""
    web.site["/silent"] = never(web)
    check = {"name": "page", "url": web.url + "/silent"}
    file = tmp_path / "settings.yaml"
    file.write_text(json.dumps({"environment": "test", "browser": {"checks": [check]}}))
    port = free_port()
    command = [sys.executable, "-m", "exporters", "--settings", str(file), "serve", "--listen", f"127.0.0.1:{port}"]
    with process(command, tmp_path / "log", environment={"TMPDIR": str(own_tmp)}) as child:
        wait_until(lambda: "/silent" in dict(web.seen), 30, "the page is asked for")
        assert any(own_tmp.iterdir())
        child.send_signal(signal.SIGTERM)
        child.wait(10)
    assert "serving browser/local on" in (tmp_path / "log").read_text()
    assert list(own_tmp.iterdir()) == []
    wait_until(lambda: not processes(own_tmp), 10, "no process of the browser is left")


def test_without_a_browser_its_exporter_is_left_out_with_a_line(tmp_path: Path) -> None:
    """Asked for by name it is an error with exit code 2; among others it is one line in the log."""
    checks = [{"name": "page", "url": "http://a/"}]
    (tmp_path / "settings.yaml").write_text(json.dumps({"environment": "test", "browser": {"checks": checks}}))
    command = [sys.executable, "-m", "exporters", "--settings", str(tmp_path / "settings.yaml"), "serve", "browser"]
    environment = {**os.environ, "PATH": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=environment)
    assert done.returncode == 2
    assert "browser checks are skipped: there is no chromium on the PATH" in done.stderr
    assert "browser: expected something to watch" in done.stderr
