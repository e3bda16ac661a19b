"""The `browser` section of settings.yaml: pages to open in a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from exporters.browser.steps import Step
from exporters.browser.throttling import NetworkName
from exporters.browser.traffic import BUDGETED
from exporters.core.checks.check import CheckSettings, Vantage
from exporters.core.checks.templating import expect_placeholder_names, names_in
from exporters.core.decoder import Problems, RecordCheck
from exporters.core.field_checks import (
    at_least,
    at_most_entries,
    between,
    each_name,
    each_value,
    expect_http_url,
    not_empty,
    one_of,
    optional,
    unique,
    unique_names,
)

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_SHORTEST_TIMEOUT_SECONDS = 20.0  # startup, a slow load, and the five quiet seconds that time to interactive requires
_MOST_STEPS = 20


def _log_in_begins_at_a_page(log_in: tuple[Step, ...]) -> Problems:
    if log_in and log_in[0].action != "open":
        yield "log_in[0].action", f"expected open: a log-in begins at a page of its own, got {log_in[0].action}"


def _steps_have_names_of_their_own(log_in: tuple[Step, ...], steps: tuple[Step, ...]) -> Problems:
    before = [step.name for step in log_in]
    yield from ((f"log_in{place}", expected) for place, expected in unique(before, ".name"))
    for index, step in enumerate(steps):
        if step.name in before or step.name in [one.name for one in steps[:index]]:
            yield f"steps[{index}].name", f"expected each only once, got {step.name!r} again"


def _secrets_are_known(log_in: tuple[Step, ...], steps: tuple[Step, ...], secret_files: dict[str, str]) -> Problems:
    for where, one in (("log_in", log_in), ("steps", steps)):
        for index, step in enumerate(one):
            if unknown := sorted(names_in(step.value or "") - set(secret_files)):
                placeholders = ", ".join(f"<<{name}>>" for name in unknown)
                yield f"{where}[{index}].value", f"expected names of secret_files, got {placeholders}"


def _reloads_the_page_it_opened(offline_reload: bool, steps: tuple[Step, ...]) -> Problems:  # noqa: FBT001 - the field's name
    if offline_reload and steps:
        yield "offline_reload", "expected false with steps, which lead away from the page, got true"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserCheck(CheckSettings):
    """Passes if the page loads within `timeout_seconds` and shows `expect_text`, and every step after it passes too."""

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
    ca_file: Annotated[
        str | None, "A private CA (PEM) to trust besides the browser's own; needs `certutil` (libnss3-tools)."
    ] = None  # fmt: skip
    budgets: Annotated[
        dict[str, float], "Most bytes that a page load may transfer, of script, stylesheet, image and font; beyond, "
        "CrmFrontendBudgetExceeded fires.", each_name(one_of(BUDGETED)), each_value(at_least(1)),
    ] = field(default_factory=dict)  # fmt: skip
    unused_code: Annotated[
        bool, "Whether to measure how much of its scripts and style sheets a page load uses. It slows them: best in a "
        "check of its own.",
    ] = False  # fmt: skip
    offline_reload: Annotated[
        bool, "Whether to reload the loaded page without a network, and say if it comes back. Not with `steps`.",
    ] = False  # fmt: skip
    log_in: Annotated[
        tuple[Step, ...], "Steps before the page is opened, in the same browser; the first opens a page. Neither their "
        "traffic nor what they left in the cache counts in the page's load.", at_most_entries(_MOST_STEPS, "steps"),
    ] = ()  # fmt: skip
    steps: Annotated[
        tuple[Step, ...], "Steps once the page is loaded. A check with steps measures these, and not the page's load.",
        at_most_entries(_MOST_STEPS, "steps"),
    ] = ()  # fmt: skip
    secret_files: Annotated[dict[str, str], "Placeholder name → file with its value.", expect_placeholder_names] = (
        field(default_factory=dict)
    )

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (
        _log_in_begins_at_a_page,
        _steps_have_names_of_their_own,
        _secrets_are_known,
        _reloads_the_page_it_opened,
    )


def _all_have_their_turn(checks: tuple[BrowserCheck, ...]) -> Problems:
    longest = sum(check.timeout_seconds for check in checks)
    shortest = min((check.interval_seconds for check in checks), default=longest)
    if longest > shortest:
        limit = f"no more than the shortest interval_seconds, {shortest:g}"
        yield "checks", f"expected timeout_seconds that add up to {limit}, got {longest:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LastFailures:
    """Where the last failure of each check is kept: a screenshot, its steps and failed requests, at most 400 kB."""

    folder: Annotated[
        str, "A folder of this exporter's own; a relative path is relative to this file. A file in it is replaced by "
        "the next failure of its check, and removed with the check.", not_empty,
    ]  # fmt: skip
    url: Annotated[
        str | None, "The URL at which people reach this exporter: messages and the board link to `/last-failure/NAME` "
        "there, behind the login of `web`.", optional(expect_http_url),
    ] = None  # fmt: skip


@dataclass(frozen=True, slots=True)
class BrowserSettings:
    """The pages to open in a real browser, one at a time, each on its own schedule."""

    checks: Annotated[tuple[BrowserCheck, ...], "The pages.", unique_names] = ()
    last_failures: Annotated[LastFailures | None, "Keeps the last failure of each check; default: none is kept."] = None
    vantage: Vantage = ""

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (_all_have_their_turn,)


def find_chromium() -> str | None:
    """Return the browser on the PATH, or None."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


Section = BrowserSettings


def from_environment(_environment: Mapping[str, str]) -> None:
    """Return None: checks need a settings file."""
