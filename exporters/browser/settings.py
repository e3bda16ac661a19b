"""The `browser` section of settings.yaml: pages to open in a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from exporters.browser.throttling import NetworkName
from exporters.core.checks.check import CheckSettings
from exporters.core.decoder import Problems, RecordCheck
from exporters.core.field_checks import at_least, between, expect_http_url, unique_names

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_SHORTEST_TIMEOUT_SECONDS = 20.0  # startup, a slow load, and the five quiet seconds that time to interactive requires


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserCheck(CheckSettings):
    """Passes if the page loads within `timeout_seconds` and shows `expect_text`, if one is given."""

    kind: Annotated[Literal["browser"], "Optional."] = "browser"
    url: Annotated[str, "The URL of the page.", expect_http_url]
    interval_seconds: Annotated[float, "Seconds from the start of one load to the next.", between(1, 86400)] = 60.0
    timeout_seconds: Annotated[float, "Seconds after which a load has failed.", at_least(_SHORTEST_TIMEOUT_SECONDS)] = (
        25.0
    )
    network: Annotated[NetworkName, "The network to throttle to; `none` means no throttling."] = "none"
    cpu_slowdown: Annotated[
        float, "CPU slowdown factor for the page; 4 corresponds to Lighthouse's phone.", between(1, 20)
    ] = 1.0
    expect_text: Annotated[str, "A text that the page must show."] = ""
    tls_verify: Annotated[bool, "Whether to verify the server's certificate."] = True


def _all_have_their_turn(checks: tuple[BrowserCheck, ...]) -> Problems:
    longest = sum(check.timeout_seconds for check in checks)
    shortest = min((check.interval_seconds for check in checks), default=longest)
    if longest > shortest:
        limit = f"no more than the shortest interval_seconds, {shortest:g}"
        yield "checks", f"expected timeout_seconds that add up to {limit}, got {longest:g}"


@dataclass(frozen=True, slots=True)
class BrowserSettings:
    """The pages to open in a real browser, one at a time, each on its own schedule."""

    checks: Annotated[tuple[BrowserCheck, ...], "The pages.", unique_names] = ()

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (_all_have_their_turn,)


def find_chromium() -> str | None:
    """Return the browser on the PATH, or None."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


Section = BrowserSettings


def from_environment(_environment: Mapping[str, str]) -> None:
    """Return None: checks need a settings file."""
