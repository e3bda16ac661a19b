"""SIGTERM at any moment of the start of any of our processes, also as process 1 of a container."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import yaml

from exporters.core.deadline import Deadline
from tests.support import servers

ROOT = Path(__file__).parents[2]
# A container's view of processes: the child is process 1, for which the kernel drops a signal that it does not handle.
_AS_PROCESS_1 = ("unshare", "--pid", "--fork", "--kill-child")
_ENDED = {0, 128 + signal.SIGTERM, -signal.SIGTERM}
_FIRST = "exporters.core"  # the first module of ours


@contextmanager
def _starting(folder: Path, command: Sequence[str], *, as_process_1: bool) -> Iterator[subprocess.Popen[str]]:
    """Start Python, which writes a line to its standard error after each module that it has loaded."""
    start = [*(_AS_PROCESS_1 if as_process_1 else ()), sys.executable, "-X", "importtime", "-m", *command]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(start, stderr=subprocess.PIPE, cwd=folder, env=environment, text=True) as child:
        with Deadline.after(60).calls(child.kill):
            yield child
        child.kill()


def _loaded(child: subprocess.Popen[str], last: str) -> Iterator[str]:
    """Yield the lines from the first module of ours to the one with the text `last`."""
    assert child.stderr
    ours = itertools.dropwhile(lambda line: not line.rstrip().endswith(f" {_FIRST}"), child.stderr)
    for line in ours:
        yield line
        if last in line:
            return


def _exit_code(
    folder: Path, command: Sequence[str], modules: int, last: str = "serving ", *, as_process_1: bool = True
) -> int:
    """Return the exit code of a process that gets SIGTERM when it has loaded that many modules, or wrote `last`."""
    with _starting(folder, command, as_process_1=as_process_1) as child:
        for _ in itertools.islice(_loaded(child, last), modules):
            pass
        process = psutil.Process(child.pid)
        (process.children() if as_process_1 else [process])[0].send_signal(signal.SIGTERM)
        child.communicate(timeout=20)  # a signal that is lost is a TimeoutExpired
        return child.returncode


@pytest.mark.parametrize("modules", [1, 60])
def test_process_1_ends_while_it_still_loads_libraries(tmp_path: Path, modules: int) -> None:
    """Without a handler the kernel would drop the signal, and the container would be killed 10 or 30 seconds later."""
    (tmp_path / "settings.yaml").write_text("environment: test\nhost: {name: here}\n")
    command = ["exporters", "serve", "host", "--listen", f"127.0.0.1:{servers.free_port()}"]
    assert _exit_code(tmp_path, command, modules) in _ENDED


def _exporter(_folder: Path, address: str) -> tuple[Sequence[str], str]:
    return ["exporters", "serve", "host", "--listen", address], "serving "


def _inbox(_folder: Path, address: str) -> tuple[Sequence[str], str]:
    return [
        "pantrywatch",
        "inbox",
        "--listen",
        address,
        "--smtp",
        f"127.0.0.1:{servers.free_port()}",
    ], "taking messages"


def _heartbeat(folder: Path, address: str) -> tuple[Sequence[str], str]:
    notifications = yaml.safe_load((ROOT / "settings.yaml").read_text())["notifications"]
    (folder / "settings.yaml").write_text(yaml.safe_dump({"environment": "test", "notifications": notifications}))
    return ["pantrywatch", "heartbeat", "--listen", address], "listening="


def _scheduler(_folder: Path, address: str) -> tuple[Sequence[str], str]:
    return ["pantrywatch", "scheduler", "--listen", address], "listening="


def _boards(_folder: Path, address: str) -> tuple[Sequence[str], str]:
    return ["pantrywatch", "boards", "--prometheus", "http://127.0.0.1:1", "--listen", address], "drawing"


def _third_party(_folder: Path, address: str) -> tuple[Sequence[str], str]:
    return ["demo.third_party", "--listen", address], " wsproto"  # tried last of all, right before it serves


@pytest.mark.long
@pytest.mark.parametrize(
    ("program", "moments"),
    [(_exporter, 20), (_inbox, 4), (_heartbeat, 4), (_scheduler, 4), (_boards, 4), (_third_party, 4)],
)
def test_no_moment_of_the_start_loses_the_signal(
    tmp_path: Path, program: Callable[[Path, str], tuple[Sequence[str], str]], moments: int
) -> None:
    """From the first module of ours to the line that says it serves, as process 1 and as any other."""
    (tmp_path / "settings.yaml").write_text("environment: test\nhost: {name: here}\n")
    command, last = program(tmp_path, f"127.0.0.1:{servers.free_port()}")
    with _starting(tmp_path, command, as_process_1=False) as child:
        modules = sum(1 for _ in _loaded(child, last))
    for moment in range(moments):
        at = 1 + modules * moment // (moments - 1)
        code = _exit_code(tmp_path, command, at, last, as_process_1=moment % 4 != 3)
        assert code in _ENDED, f"after {at} of {modules} modules"
