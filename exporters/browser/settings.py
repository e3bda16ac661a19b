"""The `browser` section of settings.yaml: pages to open in a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from exporters.browser.throttling import NetworkName
from exporters.core.checks.check import CheckSettings, expect, expect_unique_names
from exporters.core.checks.http_url import parse_url

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_SHORTEST_TIMEOUT_SECONDS = 20.0  # a start, a slow load, and the five quiet seconds that time to interactive asks for


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserCheck(CheckSettings):
    """Passes when the page loads within `timeout_seconds` and shows `expect_text`, where one is given.

    `network` slows the network down (none, 4g, 3g-fast, 3g, 3g-slow), `cpu_slowdown` the page's processor: 4 is
    Lighthouse's telephone.
    """

    kind: Literal["browser"] = "browser"
    url: str
    interval_seconds: float = 60.0
    timeout_seconds: float = 25.0
    network: NetworkName = "none"
    cpu_slowdown: float = 1.0
    expect_text: str = ""
    tls_verify: bool = True

    def __post_init__(self) -> None:
        CheckSettings.__post_init__(self)
        parse_url(self.url)
        long_enough = self.timeout_seconds >= _SHORTEST_TIMEOUT_SECONDS
        expect(long_enough, f"timeout_seconds of at least {_SHORTEST_TIMEOUT_SECONDS:g}", self.timeout_seconds)
        expect(1 <= self.cpu_slowdown <= 20, "cpu_slowdown from 1 to 20", self.cpu_slowdown)


@dataclass(frozen=True, slots=True)
class BrowserSettings:
    """The pages to open, one at a time, each on its own schedule."""

    checks: tuple[BrowserCheck, ...] = ()

    def __post_init__(self) -> None:
        expect_unique_names(self.checks)
        longest = sum(check.timeout_seconds for check in self.checks)
        shortest = min((check.interval_seconds for check in self.checks), default=longest)
        expect(
            longest <= shortest,
            f"checks whose timeout_seconds add up to no more than the shortest interval_seconds, {shortest:g}",
            longest,
        )


def find_chromium() -> str | None:
    """Return the browser on the PATH, or None."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


Section = BrowserSettings


def from_environment(_environment: Mapping[str, str]) -> None:
    """Return None: checks need a settings file."""
