"""A fresh Debian 12, made by debootstrap: the README's first command brings everything up, from a clean clone."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pantrywatch.native.console import UP_MESSAGE
from tests.e2e import stack as stacks
from tests.support.debian import mirror
from tests.support.exporter import ROOT
from tests.support.servers import process, wait_until

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1500)]

# What a machine needs to reach its package registries; everything else of this machine stays outside.
_REACH = (
    "/etc/apt/apt.conf.d",
    "/etc/apt/sources.list.d",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pip.conf",
    "/etc/resolv.conf",
    "/etc/hosts",
)
_REACH_VARIABLES = re.compile(
    r"^(PIP_CERT|PIP_INDEX_URL|SSL_CERT_.*|REQUESTS_CA_BUNDLE|https?_proxy|no_proxy)$", re.IGNORECASE
)


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The root directory of a minimal Debian with Python, git and a clone of this repository in /root/clone."""
    if os.geteuid() != 0:
        pytest.skip("a fresh Debian can only be made as root")
    root = tmp_path_factory.mktemp("debian")
    _run("debootstrap", "--variant=minbase", "--include=python3,ca-certificates,git", "bookworm", str(root), mirror())
    (root / "etc/apt/sources.list").unlink()
    for name in filter(os.path.exists, _REACH):
        copy = root / name.lstrip("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        _run("cp", "-aL", "--remove-destination", "--no-target-directory", name, str(copy))
    _run("git", "clone", "--quiet", str(ROOT), str(root / "root/clone"))
    yield root
    shutil.rmtree(root)


def test_one_command_brings_everything_up(debian: Path, tmp_path: Path) -> None:
    """`./run up` installs what is missing, starts all and says so; a second `up` works as the first; nothing stays."""
    offset = stacks.free_offset()
    for attempt in ("first", "second"):
        _up_and_down(debian, offset, tmp_path / f"{attempt}.log")
    assert not (debian / "usr/sbin/policy-rc.d").exists()
    assert list((debian / "root").glob("[!.]*")) == [debian / "root/clone"]


def test_the_levels_install_what_their_tests_need(debian: Path, tmp_path: Path) -> None:
    """A file of each level that needs programs from all over passes, with nothing installed for it by hand."""
    for level, file in (
        ("", "tests/integration/database/test_pgbouncer.py"),
        ("long", "tests/integration/cache/test_versions.py"),
    ):
        log = tmp_path / f"test{level}.log"
        with process(_inside(debian, f"./run test {level} {file}"), log) as child:
            assert child.wait(900) == 0, log.read_text()[-4000:]


def _up_and_down(debian: Path, offset: int, log: Path) -> None:
    # Each command of the chain replaces the one before: the signal goes to `up` itself.
    with process(_inside(debian, f"./run up --port-offset {offset}"), log, stop_signal=signal.SIGINT) as child:
        wait_until(lambda: _is_up(child, log), 400, f"the {log.stem} up")
        child.send_signal(signal.SIGINT)
        assert child.wait(stacks.STOP_SECONDS) == 0
    assert "target database/primary" in log.read_text()


def _is_up(child: subprocess.Popen[bytes], log: Path) -> bool:
    assert child.poll() is None, log.read_text()
    return UP_MESSAGE in log.read_text()


def _inside(debian: Path, command: str) -> list[str]:
    """Return a command that runs in the clone inside, its mounts its own, so that they end with it."""
    mounts = " && ".join(
        f"mount {options} {debian}/{place}"
        for options, place in (("-t proc proc", "proc"), ("--rbind /dev", "dev"), ("--rbind /sys", "sys"))
    )
    variables = [f"{name}={value}" for name, value in os.environ.items() if _REACH_VARIABLES.match(name)]
    variables += ["HOME=/root", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
    script = f'{mounts} && exec env -i "$@" chroot {debian} sh -c "cd /root/clone && exec {command}"'
    return ["unshare", "--mount", "sh", "-c", script, "sh", *variables]


def _run(*command: str, check: bool = True) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert not check or done.returncode == 0, f"{command[0]}: {done.stdout[-1000:]}{done.stderr[-1000:]}"
    return done.stdout
