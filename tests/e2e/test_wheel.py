"""Without a checkout: the wheel, and the source distribution it can be built from, in an empty folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.exporter import ROOT, fetch
from tests.support.servers import Postgres, free_port, process, wait_until
from tests.support.settings_files import company_settings

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


@dataclass(frozen=True, slots=True)
class Installed:
    """A virtual environment that holds the wheel alone, and an empty folder to work in."""

    environment: Path
    folder: Path

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run one of its commands in the folder; nothing of this checkout is to be found from there."""
        return subprocess.run(
            [str(self.environment / "bin" / command[0]), *command[1:]],
            capture_output=True, text=True, check=False, cwd=self.folder, env=_clean(),
        )  # fmt: skip


def _clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PANTRYWATCH_STATE"}}


def _build(folder: Path, source: Path, kind: str) -> Path:
    command = [sys.executable, "-m", "build", "--no-isolation", f"--{kind}", "--outdir", str(folder), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=_clean())
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return next(folder.iterdir())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, made of a copy of what git holds by way of the source distribution."""
    copy = tmp_path_factory.mktemp("copy")
    listed = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(lambda name: (ROOT / name).is_file(), names):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy / name, follow_symlinks=False)
    archive = _build(tmp_path_factory.mktemp("source"), copy, "sdist")
    unpacked = tmp_path_factory.mktemp("unpacked")
    shutil.unpack_archive(archive, unpacked, filter="data")
    return _build(tmp_path_factory.mktemp("wheel"), next(unpacked.iterdir()), "wheel")


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """The wheel as pip installs it, with what it asks for and no more."""
    environment = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    pip = [str(environment / "bin/pip"), "install", "-q", "--disable-pip-version-check", str(wheel)]
    done = subprocess.run(pip, capture_output=True, text=True, check=False, env=_clean())
    assert done.returncode == 0, done.stderr[-2000:]
    yield Installed(environment, tmp_path_factory.mktemp("empty"))
    shutil.rmtree(environment)


def test_build_writes_all_configuration_of_an_installation(installed: Installed, postgres: Postgres) -> None:
    """Rules, boards and configuration come of the wheel; promtool and amtool accept them."""
    settings = company_settings(installed.folder / "company", dsn=postgres.dsn())
    done = installed.run("pantrywatch", "build", "--settings", str(settings), "--into", "out")
    assert done.returncode == 0, done.stderr
    out = installed.folder / "out"
    for command in (
        ["promtool", "check", "config", str(out / "prometheus/prometheus.yml")],
        ["amtool", "check-config", str(out / "alertmanager/alertmanager.yml")],
    ):
        checked = subprocess.run(command, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout + checked.stderr
    assert len([json.loads(file.read_text()) for file in (out / "grafana/boards").rglob("*.json")]) == 12


def test_an_exporter_serves(installed: Installed, postgres: Postgres) -> None:
    """`pantrywatch-exporter serve database` finds its table of components and its queries in the wheel."""
    port, log = free_port(), installed.folder / "exporter.log"
    command = [str(installed.environment / "bin/pantrywatch-exporter"), "serve", "database"]
    given = {"PANTRYWATCH_DATABASE_DSN": postgres.dsn(), "PYTHONPATH": ""}
    with process([*command, "--listen", f"127.0.0.1:{port}"], log, environment=given, cwd=installed.folder):

        def answers() -> bool:
            try:
                return fetch(f"http://127.0.0.1:{port}/metrics/database").value("pg_up") == 1
            except OSError:
                return False

        wait_until(answers, 20, f"pg_up 1\n{log.read_text()}")


def test_a_command_that_needs_more_says_what(installed: Installed) -> None:
    """No traceback: what needs a checkout or an optional package ends with exit code 2 and the remedy."""
    for command, remedy in (("up", "./run up"), ("build", "--into DIR"), ("inbox", "pip install")):
        done = installed.run("pantrywatch", command)
        assert done.returncode == 2, done.stderr
        assert remedy in done.stderr
        assert "Traceback" not in done.stderr
