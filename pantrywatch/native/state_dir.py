"""The state directory of the native stack: data, logs, secrets, and the configuration generated for this run."""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from exporters.core.access import WebSettings
from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.files import write_atomically, write_private
from exporters.core.settings import load
from pantrywatch.config.scale import Scale
from pantrywatch.native.addresses import Addresses
from pantrywatch.native.lock import Lock, acquire, holder

logger = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]

_FOLDERS = (
    "run",
    "log",
    "faults",
    "secrets",
    "redis",
    "prometheus/targets",
    "prometheus/data",
    "prometheus-b/data",
    "alertmanager",
    "alertmanager-b",
    "store",
    "inbox",
    "heartbeat",
    "scheduler",
    "grafana",
)
# These identify a state directory: other commands may have used it before the first start.
_KNOWN_ENTRIES = frozenset(
    {
        *(name.partition("/")[0] for name in _FOLDERS),
        "postgres",
        "postgres.initdb",
        "deployments.txt",
        "deployments.lock",
        "advice.jsonl",
        "advice.lock",
        "access_log.json",
        "database_log.json",
        "last-failures",
        "capacity.prom",
        "baselines",
        "generated.json",
        "gameday",
        "npm",
    }
)

# `setpriv`: PostgreSQL refuses to run as root, and user postgres may lack access to the folders above the checkout; the
# bit makes access(2) respect the capability too.
AS_POSTGRES = (
    "setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups",
    "--securebits", "+no_setuid_fixup", "--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search",
    "--pdeathsig", "INT",
)  # fmt: skip


# What exporters.core.files leaves next to a file: a damaged copy, and a half written one after a kill.
_NEXT_TO_A_FILE = re.compile(r"\.(?P<half>.+)\.part|(?P<aside>.+)\.damaged-[0-9TZ-]+")

_HELD = ".held"

# supervisord takes them for a variable or a comment, Prometheus for a pattern; blanks are fine.
_UNUSABLE = frozenset('%;*?[]"\\\n')


@dataclass(frozen=True, slots=True)
class State:
    """One state directory."""

    path: Path

    def file(self, name: str) -> Path:
        """Return the path of a file or folder in it."""
        return self.path / name

    def entries(self) -> list[Path]:
        """Return the files and folders in it that a stack wrote, by name; other files are somebody else's."""
        return sorted(entry for entry in self.path.iterdir() if _is_known(entry.name)) if self.path.exists() else []

    def remember(self, addresses: Addresses, web: WebSettings, scale: Scale | None = None) -> None:
        """Record, for other commands, the addresses and login settings of this stack, without any secret."""
        self.write("run/port-offset", str(addresses.offset))
        self.write("run/queried", scale.queried() if scale else "")
        self.write("run/evaluating", "\n".join(scale.evaluating(web) if scale else ()))
        self.write("run/notifying", "\n".join(scale.notifying(web) if scale else ()))
        self.write_json("run/web.yaml", asdict(web))

    def queried(self) -> str:
        """Return the URL with Prometheus' API that has the samples of the stack that ran here last."""
        return next(iter(self._remembered("queried")), self.addresses().url("prometheus"))

    def evaluating(self) -> list[str]:
        """Return the URLs of those that evaluate the rules of the stack that ran here last: its pair, or its own."""
        return self._remembered("evaluating") or [self.addresses().url("prometheus")]

    def notifying(self) -> list[str]:
        """Return the URLs of its Alertmanagers."""
        return self._remembered("notifying") or [self.addresses().url("alertmanager")]

    def _remembered(self, name: str) -> list[str]:
        try:
            found = self.file(f"run/{name}").read_text(encoding="utf-8", errors="replace").split()
        except OSError:  # written by an earlier release, or another user's
            return []
        return [url for url in found if url.startswith("http")]

    def addresses(self) -> Addresses:
        """Return the addresses of the stack that ran here last, or the default ones."""
        return Addresses(self._port_offset(), self.web().tls)

    def web(self) -> WebSettings:
        """Return the login and CA settings of the stack that ran here last."""
        file = self.file("run/web.yaml")
        try:
            return load(file, WebSettings) if file.exists() else WebSettings()
        except ConfigError as error:
            logger.warning("file=%s damaged: assuming no TLS and no login (%s)", file, error.problems[0].expected)
            return WebSettings()

    def _port_offset(self) -> int:
        file = self.file("run/port-offset")
        try:
            text = file.read_text(encoding="utf-8", errors="replace").strip()
        except FileNotFoundError:
            return 0
        except OSError as error:  # a folder, a loop of links, another user's
            logger.warning("file=%s not read: assuming the default ports (%s)", file, error.strerror)
            return 0
        if re.fullmatch(r"-?[0-9]{1,5}", text, re.ASCII):
            return int(text)
        logger.warning("file=%s damaged: assuming the default ports", file)
        return 0

    def prepare(self) -> None:
        """Create the folders, readable by this user alone. Raises ConfigError if that fails."""
        self._require_usable_path()
        try:
            self._require_ours()
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.path.stat().st_uid == os.geteuid():
                self.path.chmod(0o700)
            for folder in _FOLDERS:
                self.file(folder).mkdir(parents=True, exist_ok=True)
            self.file("secrets").chmod(0o700)
            probe = self.file("run/writable")
            probe.write_text("")
            probe.unlink()
        except OSError as error:
            expected = f"expected a directory this user can write to: {error.strerror}"
            raise ConfigError([ConfigProblem(str(self.path), "state directory", expected)]) from error

    def _require_usable_path(self) -> None:
        """Raise ConfigError for a path that supervisord or Prometheus would take for a variable or a pattern."""
        for path, entry in ((self.path, "state directory"), (ROOT, "checkout")):
            if found := sorted(_UNUSABLE.intersection(str(path))):
                expected = f"expected a path without {' '.join(found)}: move or rename it"
                raise ConfigError([ConfigProblem(str(path), entry, expected)])

    def _require_ours(self) -> None:
        """Raise ConfigError for a folder with other files: its permissions would lock others out."""
        found = {entry.name for entry in self.path.iterdir()} if self.path.exists() else set()
        if found and "installations" not in found and not self.entries():
            expected = f"expected an empty directory or one of an earlier run, it contains {min(found)!r}"
            raise ConfigError([ConfigProblem(str(self.path), "state directory", expected)])

    def targets_file(self, job: str) -> Path:
        """Return the file from which Prometheus reads the addresses of a job, or where they are kept until it may."""
        file = self.file(f"prometheus/targets/{job}.json")
        return file if file.exists() else file.with_suffix(_HELD)

    def jobs_with_targets(self) -> list[str]:
        """Return the jobs that have an address, also while it is held back."""
        files = self.file("prometheus/targets").glob("*")
        given = {file.stem for file in files if file.suffix in (".json", _HELD) and json.loads(file.read_bytes())}
        return sorted(given)

    def hold_targets(self) -> None:
        """Keep the addresses of all jobs from Prometheus: it scrapes nothing until `release_targets`."""
        for file in self.file("prometheus/targets").glob("*.json"):
            file.rename(file.with_suffix(_HELD))

    def release_targets(self) -> None:
        """Give Prometheus the addresses: it watches the folder. What a start that was killed held back is older."""
        for file in self.file("prometheus/targets").glob(f"*{_HELD}"):
            given = file.with_suffix(".json")
            file.unlink() if given.exists() else file.rename(given)

    def lock(self) -> Lock:
        """Lock this directory until the process ends. Raises ConfigError if another process holds the lock."""
        try:
            held = acquire(self.lock_file)
        except OSError as error:
            expected = f"expected a lock file this user can write: {error.strerror}"
            raise ConfigError([ConfigProblem(str(self.lock_file), "lock", expected)]) from error
        if held is None:
            owner = holder(self.lock_file) or "that has just exited"
            expected = f"expected no stack running here, process {owner} runs one: see `./run status`, `./run down`"
            raise ConfigError([ConfigProblem(str(self.path), "state directory", expected)])
        return held

    @property
    def lock_file(self) -> Path:
        """Return the lock file of a running stack."""
        return self.file("run/lock")

    def secret(self, name: str) -> str:
        """Return a random password, created at first use and kept in a file that only its owner can read.

        Raises ConfigError for an empty or unreadable file: servers already set up would reject a new password.
        """
        file = self.file(f"secrets/{name}")
        try:
            if not file.exists():
                write_private(file, secrets.token_urlsafe(24))
            text = file.read_text(encoding="utf-8", errors="replace").strip()
        except OSError as error:
            expected = f"expected a file with a password: {error.strerror}"
            raise ConfigError([ConfigProblem(str(file), "secret", expected)]) from error
        if not text:
            expected = "expected a password, the file is empty: restore it, or start with another state directory"
            raise ConfigError([ConfigProblem(str(file), "secret", expected)])
        return text

    def write(self, name: str, text: str) -> None:
        """Write a file atomically."""
        write_atomically(self.file(name), text)

    def write_private(self, name: str, text: str) -> None:
        """Write a file that is never readable by others, not even while it is written."""
        write_private(self.file(name), text)

    def write_json(self, name: str, document: Any) -> None:
        """Write a JSON file atomically."""
        self.write(name, json.dumps(document, indent=2) + "\n")


def as_postgres() -> tuple[str, ...]:
    """Return the command prefix under which PostgreSQL runs: user postgres if this user is root, else this user."""
    return AS_POSTGRES if os.geteuid() == 0 else ("setpriv", "--pdeathsig", "INT")


def _is_known(name: str) -> bool:
    found = _NEXT_TO_A_FILE.fullmatch(name)
    return (found["half"] or found["aside"] if found else name) in _KNOWN_ENTRIES
