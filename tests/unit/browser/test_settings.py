"""The `browser` section: what is accepted, and what an error says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exporters.browser.check import prepare
from exporters.browser.metrics import HISTOGRAMS, INPUT_HISTOGRAMS
from exporters.browser.settings import BrowserCheck, BrowserSettings
from exporters.core.checks.check import Entry
from exporters.core.errors import ConfigError
from exporters.core.settings import decode
from exporters.rum.metrics import HISTOGRAMS as FIELD
from tests.support.guards import certificate

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
        (
            {**PAGE, "budgets": {"js": 3}},
            "browser.checks[1].budgets.js: expected one of script, stylesheet, image, font, got 'js'",
        ),
        (
            {**PAGE, "budgets": {"font": 0}},
            "browser.checks[1].budgets.font: expected a number of at least 1, got 0",
        ),
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


STEP = {"name": "one", "action": "click", "label": "Save"}
OPEN = {"name": "page", "action": "open", "url": "http://a/"}


@pytest.mark.parametrize(
    ("entry", "place", "expected"),
    [
        ({"steps": [{**STEP, "action": "hover"}]}, "steps[0].action", "expected one of open, fill, click, press, wait"),
        ({"steps": [{"name": "one", "action": "click"}]}, "steps[0]", "expected a label, a role, or both"),
        ({"steps": [{"name": "one", "action": "wait"}]}, "steps[0]", "expected a label or role"),
        ({"steps": [{"name": "one", "action": "open"}]}, "steps[0].url", "expected a value: the action open needs it"),
        ({"steps": [{**STEP, "action": "fill"}]}, "steps[0].value", "expected a value"),
        ({"steps": [{**STEP, "action": "press"}]}, "steps[0].key", "expected a value"),
        ({"steps": [{**STEP, "value": "x"}]}, "steps[0].value", "expected nothing: the action click does not use it"),
        ({"steps": [{**OPEN, "label": "x"}]}, "steps[0].label", "expected nothing"),
        ({"steps": [{**STEP, "role": "buton"}]}, "steps[0].role", "expected one of"),
        ({"steps": [{**STEP, "selector": "#x"}]}, "steps[0]", "unknown key selector"),
        ({"steps": [STEP, STEP]}, "steps[1].name", "expected each only once"),
        ({"log_in": [OPEN, STEP], "steps": [STEP]}, "steps[0].name", "expected each only once"),
        ({"log_in": [OPEN, OPEN]}, "log_in[1].name", "expected each only once"),
        ({"log_in": [STEP]}, "log_in[0].action", "expected open"),
        ({"steps": [{**STEP, "action": "fill", "value": "<<word>>"}]}, "steps[0].value", "expected names of secret"),
        ({"steps": [{**STEP, "name": f"s{n}"} for n in range(21)]}, "steps", "expected at most 20 steps"),
        ({"steps": [STEP], "offline_reload": True}, "offline_reload", "expected false with steps"),
        ({"secret_files": {"Word": "x"}}, "secret_files.Word", "expected a name of small letters"),
    ],
)
def test_mistake_in_a_step_names_it(entry: dict[str, Any], place: str, expected: str) -> None:
    """What an action needs is there and nothing else is; names are unique in the check; secrets are known."""
    with pytest.raises(ConfigError) as caught:
        read({**PAGE, **entry})
    (problem,) = caught.value.problems
    assert problem.entry == f"browser.checks[0].{place}"
    assert problem.expected.startswith(expected)


def test_a_journey_is_read_and_its_secret_is_read_from_a_file(tmp_path: Path) -> None:
    """Steps with what their actions need are accepted; a secret that is missing is told when the check is prepared."""
    fill = {"name": "two", "action": "fill", "label": "Password", "value": "<<word>>"}
    steps = [STEP, fill, {"name": "three", "action": "press", "key": "Enter"}]
    entry = {**PAGE, "log_in": [OPEN], "steps": steps, "secret_files": {"word": "word"}}
    section = decode({"checks": [entry]}, BrowserSettings, "settings.yaml", entry="browser")
    where = Entry(str(tmp_path / "settings.yaml"), "browser.checks[0]")
    with pytest.raises(ConfigError, match=r"browser.checks\[0\].secret_files.word: expected"):
        prepare(section.checks[0], where)
    (tmp_path / "word").write_text("s3cret\n")
    assert prepare(section.checks[0], where).histograms == tuple((name, ("lab", "none")) for name in INPUT_HISTOGRAMS)
    assert not prepare(replace(section.checks[0], steps=section.checks[0].log_in, log_in=()), where).histograms


def test_inputs_have_the_edges_of_users_browsers() -> None:
    """First input and slowest interaction are counted with the same edges in the lab and in the field."""
    for name in INPUT_HISTOGRAMS:
        assert HISTOGRAMS[name][0] == FIELD[name][0]


def test_a_ca_file_must_hold_cas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing file, one without a certificate, a server's certificate, no tool for it: each names file and entry."""
    certificate(tmp_path)
    (tmp_path / "text.pem").write_text("words")
    where = Entry(str(tmp_path / "settings.yaml"), "browser.checks[0]")

    def check(name: str) -> BrowserCheck:
        return BrowserCheck(name="x", url="https://a/", ca_file=name)

    for name, expected in (
        ("absent.pem", "expected a readable file at "),
        ("text.pem", "expected certificates in PEM form in "),
        ("server.pem", "expected certificates of 1 to 20 CAs in "),
    ):
        with pytest.raises(ConfigError, match=rf"settings.yaml: browser.checks\[0\].ca_file: {expected}.*{name}"):
            prepare(check(name), where)
    prepare(check("ca.pem"), where)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match=r"ca_file: expected certutil on the PATH, of the package libnss3-tools"):
        prepare(check("ca.pem"), where)


def test_the_section_s_own_keys_name_their_mistakes() -> None:
    """A place that cannot be a label, a folder without a name, a URL that is none."""
    section = {
        "checks": [PAGE], "vantage": "New York", "last_failures": {"folder": "", "url": "exporter:9690"},
    }  # fmt: skip
    with pytest.raises(ConfigError) as error:
        decode(section, BrowserSettings, "settings.yaml", entry="browser")
    assert {problem.entry for problem in error.value.problems} == {
        "browser.vantage", "browser.last_failures.folder", "browser.last_failures.url",
    }  # fmt: skip
