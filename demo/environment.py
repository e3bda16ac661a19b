"""The demo's environment: addresses, secret files, directories."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType


class ConfigurationError(Exception):
    """A problem to be fixed by the person who starts the program; the message names it."""


@dataclass(frozen=True, slots=True)
class Environment:
    """The demo's view of its environment; a missing value is an error only where it is used."""

    values: Mapping[str, str]

    def required(self, name: str) -> str:
        """The value of `name`; raises ConfigurationError when it is not set."""
        value = self.values.get(name, "")
        if not value:
            raise ConfigurationError(f"{name} is not set")
        return value

    def secret(self, name: str) -> str:
        """The content of the secret file `name` in DEMO_SECRETS."""
        found = self.optional_secret(name)
        if found is None:
            raise ConfigurationError(f"the secret file {name} is missing in DEMO_SECRETS")
        return found

    def optional_secret(self, name: str) -> str | None:
        """The content of the secret file `name`, or None."""
        path = Path(self.required("DEMO_SECRETS")) / name
        return path.read_text(encoding="utf-8").strip() if path.is_file() else None

    def optional_path(self, name: str) -> Path | None:
        """The path in `name`, or None if it is not set."""
        value = self.values.get(name, "")
        return Path(value) if value else None

    @property
    def url(self) -> str:
        return self.required("DEMO_URL").rstrip("/")

    @property
    def third_party_url(self) -> str:
        return self.required("DEMO_THIRD_PARTY_URL").rstrip("/")

    @property
    def beacons_url(self) -> str:
        """Where the receiver of browsers' beacons listens, or an empty text for a demo without one."""
        return self.values.get("DEMO_BEACONS_URL", "")

    @property
    def fault_directory(self) -> Path:
        return Path(self.required("DEMO_FAULT_DIR"))

    @property
    def state(self) -> Path:
        return Path(self.required("PANTRYWATCH_STATE"))

    @property
    def rate(self) -> float:
        """Requests a second at the busiest hour."""
        return self._number("DEMO_RATE", 8.0, 200.0)

    @property
    def longest_fault_seconds(self) -> float:
        """How long a fault lasts that nobody ends: a forgotten one must not still be active the next morning."""
        return 60.0 * self._number("DEMO_FAULT_MINUTES", 30.0, 240.0)

    def _number(self, name: str, usual: float, most: float) -> float:
        try:
            number = float(self.values.get(name, usual))
        except ValueError:
            number = 0.0
        if not 0.0 < number <= most:
            raise ConfigurationError(f"{name} is not a number above 0 and at most {most:.0f}")
        return number


def current() -> Environment:
    """The environment of this process."""
    return Environment(os.environ)


def listen_address(text: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`; raises ConfigurationError."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise ConfigurationError(f"{text}: expected HOST:PORT")
    return host, int(port)


def exit_on_sigterm(*, at_once: bool = False) -> None:
    """Exit with code 0 on SIGTERM; with `at_once`, without waiting for threads blocked on the network."""

    def leave(_number: int, _frame: FrameType | None) -> None:
        if at_once:
            os._exit(0)
        sys.exit(0)

    signal.signal(signal.SIGTERM, leave)
