"""`build budgets`: the promised numbers as budgets of the application's pipeline: a build fails before users wait.

Writes lighthouserc.json (Lighthouse CI), .size-limit.json (size-limit) and k6-thresholds.json (the option `thresholds`
of k6, browser module included). Times are from targets.yaml, bytes from `budgets` of the browser checks.

https://googlechrome.github.io/lighthouse-ci/docs/configuration.html, https://github.com/ai/size-limit,
https://grafana.com/docs/k6/latest/using-k6/thresholds/
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from exporters.browser.settings import BrowserCheck
from exporters.core.errors import ConfigError, ConfigProblem
from pantrywatch.config.settings import read_settings
from pantrywatch.config.targets import Target, Targets, read_targets

# Target → Lighthouse's audit, k6's metric of a page load. Both count in milliseconds; the layout shift is a score.
_AUDITS = {
    "lcp": ("largest-contentful-paint", "browser_web_vital_lcp"),
    "fcp": ("first-contentful-paint", "browser_web_vital_fcp"),
    "cls": ("cumulative-layout-shift", "browser_web_vital_cls"),
    "tti": ("interactive", None),
    "ttfb": ("server-response-time", "browser_web_vital_ttfb"),
}
_SERVER = {"api-latency": "http_req_duration", "api-error-rate": "http_req_failed"}
# Our kind of resource → size-limit's pattern in the folder of a build.
_FILES = {
    "script": "**/*.{js,mjs}",
    "stylesheet": "**/*.css",
    "image": "**/*.{avif,gif,jpg,jpeg,png,svg,webp}",
    "font": "**/*.{woff,woff2}",
}


def write_budgets(shared: Path, settings_file: Path, into: Path, folder: str = "dist") -> list[str]:
    """Write the files into a folder, and return their names. `folder`: where the application's build is.

    Raises ConfigError, with nothing written; also without a page in `browser.checks`.
    """
    section = read_settings(settings_file).browser
    pages = [check for check in section.checks if not check.steps] if section else []
    if not pages:
        expected = "expected a page: a check without steps, whose URL Lighthouse can load"
        raise ConfigError([ConfigProblem(str(settings_file), "browser.checks", expected)])
    targets = read_targets(shared / "targets.yaml")
    files = {
        "lighthouserc.json": lighthouse(targets, pages),
        ".size-limit.json": size_limits(pages, folder),
        "k6-thresholds.json": k6_thresholds(targets),
    }
    into.mkdir(parents=True, exist_ok=True)
    for name, document in files.items():
        (into / name).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return sorted(files)


def lighthouse(targets: Targets, pages: Iterable[BrowserCheck]) -> dict[str, Any]:
    """Return the configuration of Lighthouse CI: each URL three times, judged by the median run.

    A URL with several checks has the smallest budget of each kind.
    """
    times = {audit: ["error", {"maxNumericValue": limit}] for audit, limit in _audits(targets)}
    budgets = _budgets_by_url(pages)
    rules = [
        {"matchingUrlPattern": f"^{_escaped(url)}$", "assertions": {**times, **_sizes(budgets[url])}} for url in budgets
    ]
    return {"ci": {"collect": {"url": list(budgets), "numberOfRuns": 3}, "assert": {"assertMatrix": rules}}}


def size_limits(pages: Iterable[BrowserCheck], folder: str) -> list[dict[str, Any]]:
    """Return size-limit's checks: of each kind the largest budget of any page, for a build is what all pages share."""
    largest: dict[str, float] = {}
    for page in pages:
        for resource, size in page.budgets.items():
            largest[resource] = max(size, largest.get(resource, 0))
    return [
        {"name": resource, "path": f"{folder}/{_FILES[resource]}", "limit": f"{size:.0f} B"}
        for resource, size in sorted(largest.items())
    ]


def k6_thresholds(targets: Targets) -> dict[str, list[str]]:
    """Return k6's thresholds by metric, at the percentile that the target is judged at."""
    found = {}
    for target in targets.targets:
        metric = _SERVER.get(target.id) or _AUDITS.get(target.id, (None, None))[1]
        if metric and target.objective is not None:
            found[metric] = [_threshold(target, target.objective)]
    return found


def _threshold(target: Target, objective: float) -> str:
    if target.threshold is None:
        return f"rate<={_number(1 - objective)}"
    return f"p({_number(objective * 100)})<={_number(_value(target))}"


def _audits(targets: Targets) -> Iterable[tuple[str, float]]:
    for target in targets.targets:
        if target.id in _AUDITS:
            yield _AUDITS[target.id][0], _value(target)


def _value(target: Target) -> float:
    """Return a threshold in milliseconds, or the score."""
    assert target.threshold is not None
    return target.threshold if target.id == "cls" else round(target.threshold * 1000, 6)


def _sizes(budgets: Mapping[str, float]) -> dict[str, Any]:
    return {
        f"resource-summary:{resource}:size": ["error", {"maxNumericValue": size}] for resource, size in budgets.items()
    }


def _budgets_by_url(pages: Iterable[BrowserCheck]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for page in pages:
        budgets = found.setdefault(page.url, {})
        for resource, size in page.budgets.items():
            budgets[resource] = min(size, budgets.get(resource, size))
    return found


def _escaped(url: str) -> str:
    """Return a regular expression of JavaScript that matches the URL alone."""
    return "".join(f"\\{letter}" if letter in r".*+?^${}()|[]\/" else letter for letter in url)


def _number(value: float) -> str:
    return f"{round(value, 9):g}"
