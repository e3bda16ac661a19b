"""Current releases of the monitoring programs: a Debian suite newer than this machine's, in a folder.

`PANTRYWATCH_TEST_SUITE` names a suite other than Debian's testing. If it cannot be installed (its packages change),
the folder holds Debian 12's, and the caller is notified.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support import debian

SUITE = os.environ.get("PANTRYWATCH_TEST_SUITE", "forky")
_OLD = "bookworm"
_SERVERS = (
    "prometheus",
    "prometheus-alertmanager",
    "prometheus-blackbox-exporter",
    "prometheus-node-exporter",
    "prometheus-postgres-exporter",
    "prometheus-redis-exporter",
)
_CACHES = ("redis-server", "valkey-server")  # this machine has those of its own suite
_OTLP = "victoria-metrics"  # Debian 12's does not take OTLP
_COMPOSE = "docker-compose"
_KUSTOMIZE = "kustomize"
_POOLER = "pgbouncer"
_OTHERS = (*_CACHES, _OTLP, _KUSTOMIZE, _POOLER)
# Name here → name in the package.
_PROGRAMS = {
    "prometheus": "prometheus",
    "promtool": "promtool",
    "alertmanager": "prometheus-alertmanager",
    "amtool": "amtool",
    "prometheus-redis-exporter": "prometheus-redis-exporter",
    "prometheus-blackbox-exporter": "prometheus-blackbox-exporter",
    "prometheus-node-exporter": "prometheus-node-exporter",
    "prometheus-postgres-exporter": "prometheus-postgres-exporter",
}
_COMPOSE_PLUGIN = "usr/libexec/docker/cli-plugins/docker-compose"
# Their libraries come from their own suite: they may need a newer libc than this machine's.
_WRAPPER = '#!/bin/sh\nexec {loader} --library-path {libraries} {program} "$@"\n'


@dataclass(frozen=True, slots=True)
class Suite:
    """An installed suite: its root directory, and its programs that run on this machine, by name."""

    name: str
    root: Path
    programs: Path

    @property
    def is_current(self) -> bool:
        """Whether it is the requested suite, and not this machine's own."""
        return self.name != _OLD

    def describe(self) -> str:
        """Return one line with the versions of the programs for tests."""
        others = [_COMPOSE, *_OTHERS] if self.is_current else []
        found = debian.versions(self.root, [*_SERVERS, *others])
        return f"Debian {self.name}: {', '.join(f'{name} {version}' for name, version in found.items())}"


@contextmanager
def shared(folder: Path, say: Callable[[str], None]) -> Iterator[Suite]:
    """Yield the suite in a folder of several processes: the first that asks installs it, the last removes it."""
    folder.mkdir(parents=True, exist_ok=True)
    users, name, installed = folder / "users", folder / "name", folder / "suite"
    with _locked(folder):
        count = int(users.read_text()) if users.exists() else 0
        if count == 0:
            name.write_text(install(installed, say).name)
        users.write_text(str(count + 1))
    try:
        yield Suite(name.read_text(), installed / "root", installed / "programs")
    finally:
        with _locked(folder):
            left = int(users.read_text()) - 1
            users.write_text(str(left))
            if left == 0:
                shutil.rmtree(installed)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install(folder: Path, say: Callable[[str], None]) -> Suite:
    """Install the suite into a new folder; `say` gets the versions, and the reason for using another suite."""
    try:
        suite = _install(SUITE, folder)
    except RuntimeError as error:
        shutil.rmtree(folder, ignore_errors=True)
        reason = str(error).strip().splitlines()[-1]
        say(f"Debian's suite {SUITE} cannot be installed, Debian 12's versions are tested instead: {reason}")
        suite = _install(_OLD, folder)
    say(suite.describe())
    return suite


def _install(name: str, folder: Path) -> Suite:
    root, programs = folder / "root", folder / "programs"
    programs.mkdir(parents=True)
    debian.make_root(root, name)
    # Debian 12's docker-compose is on this machine.
    debian.add_packages(root, [*_SERVERS, *([] if name == _OLD else [_COMPOSE, *_OTHERS])])
    for program, packaged in _PROGRAMS.items():
        _wrap(programs / program, root, root / "usr/bin" / packaged)
    for program in _OTHERS:
        for folder_of_programs in ("usr/bin", "usr/sbin"):
            if (root / folder_of_programs / program).exists():
                _wrap(programs / program, root, root / folder_of_programs / program)
    if (root / _COMPOSE_PLUGIN).exists():
        _wrap(programs / _COMPOSE, root, root / _COMPOSE_PLUGIN)
    return Suite(name, root, programs)


def _wrap(wrapper: Path, root: Path, program: Path) -> None:
    loader = next((root / "usr/lib").glob("*-linux-gnu/ld-linux*.so*"))
    wrapper.write_text(_WRAPPER.format(loader=loader, libraries=loader.parent, program=program))
    wrapper.chmod(0o755)
    debian.run([str(wrapper), "version" if wrapper.name in {_COMPOSE, _KUSTOMIZE} else "--version"])
