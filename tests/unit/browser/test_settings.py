"""The `browser` section: what is accepted, and what an error says."""

from __future__ import annotations

from typing import Any

import pytest

from exporters.browser.settings import BrowserSettings
from exporters.core.errors import ConfigError
from exporters.core.settings import decode

PAGE = {"name": "x", "url": "http://a/"}


def read(*checks: dict[str, Any]) -> list[str]:
    """Return the names of the checks in the section. Raises ConfigError."""
    section = decode({"checks": list(checks)}, BrowserSettings, "settings.yaml", entry="browser")
    return [check.name for check in section.checks]


def test_browser_checks_must_all_have_their_turn() -> None:
    """One browser runs at a time: what cannot fit between two runs of one of them is refused."""
    page = {"url": "http://a/", "timeout_seconds": 20}
    three = [{**page, "name": f"page-{number}"} for number in range(3)]
    assert read(*three) == ["page-0", "page-1", "page-2"]
    with pytest.raises(ConfigError, match=r"no more than the shortest interval_seconds, 60, got 80"):
        read(*three, {**page, "name": "page-3"})


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({**PAGE, "network": "5g"}, "browser.checks[1].network: expected"),
        ({**PAGE, "cpu_slowdown": 0.5}, "browser.checks[1].cpu_slowdown: expected a number from 1 to 20, got 0.5"),
        (
            {**PAGE, "timeout_seconds": 19},
            "browser.checks[1].timeout_seconds: expected a number of at least 20, got 19.",
        ),
        (
            {**PAGE, "url": "file:///etc/passwd"},
            "browser.checks[1].url: expected an address like https://host/path, without c",
        ),
        ({**PAGE, "url": "http://u:s3cr3t@a/"}, "browser.checks[1].url: expected no password here"),
        ({**PAGE, "budget": 3}, "browser.checks[1]: unknown key budget"),
    ],
)
def test_mistake_names_its_entry(entry: dict[str, Any], expected: str) -> None:
    """A mistake is a configuration error that names the entry and what was expected, and shows no secret."""
    with pytest.raises(ConfigError) as caught:
        read({"name": "other", "url": "http://a/"}, entry)
    (problem,) = caught.value.problems
    assert f"{problem.entry}: {problem.expected}".startswith(expected)
    assert "s3cr3t" not in str(problem)
