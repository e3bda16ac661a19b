"""`pantrywatch settings migrate`: a file of an earlier version becomes one of this version that means the same."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exporters.core.errors import ConfigError
from exporters.synthetic.kinds.tcp import TcpCheck
from pantrywatch.cli import main
from pantrywatch.config.migration import migrate
from pantrywatch.config.settings import Settings, read_settings
from pantrywatch.generate.alertmanager.configuration import alertmanager
from pantrywatch.generate.alertmanager.receivers import HttpAccess

ROOT = Path(__file__).parents[3]
OLD = Path(__file__).parent / "settings_before_renames.yaml"


def _read(folder: Path, text: str) -> Settings:
    file = folder / "settings.yaml"
    file.write_text(text)
    return read_settings(file)


def test_the_shipped_file_of_before_means_what_it_means_today(tmp_path: Path) -> None:
    """The settings before the renames, migrated, load as today's: contacts, steps, checks, endpoints, everything."""
    found, today = _read(tmp_path, migrate(OLD.read_text(), str(OLD)).text), read_settings(ROOT / "settings.yaml")
    # Newer: beacons, logs, capacity runs, samples of keys, numbers of the business, a certificate, what a check
    # connects to, holidays, and what browser checks do beyond opening a page.
    assert (*found.data_sources, "frontend", "capacity") == today.data_sources
    sections = dict.fromkeys(("application", "rum", "access_log", "capacity", "browser"))
    newer: dict[str, Any] = {**sections, "database_log": (), "data_sources": (), "holidays": ()}
    cache = tuple(replace(one, samples=None) for one in today.cache)
    assert today.synthetic is not None
    checks = tuple(
        replace(one, dependency=None) if isinstance(one, TcpCheck) else one
        for one in today.synthetic.checks
        if one.name != "page-certificate"
    )
    synthetic = replace(today.synthetic, checks=checks)
    database = tuple(replace(one, business=None) for one in today.database)
    assert replace(found, **newer) == replace(today, cache=cache, database=database, synthetic=synthetic, **newer)
    assert found.browser is not None
    assert today.browser is not None
    assert {(one.name, one.url) for one in found.browser.checks} < {(one.name, one.url) for one in today.browser.checks}
    assert found.application is not None
    assert today.application is not None
    (endpoint,) = today.application.endpoints
    assert found.application.endpoints == (replace(endpoint, convention=None),)


@pytest.mark.parametrize(
    "text",
    [
        "environment: x\napplication:\n- name: a\n  address: b:1\n# more\n- {name: c, address: 'd:2'}\nhost: {}\n",
        "environment: x\napplication:\n  # first\n  - name: a\n    address: b:1\n  - {name: c, address: 'd:2'}\n\n",
        "environment: x\napplication: [{name: a, address: 'b:1'}, {name: c, address: 'd:2'}]\nhost: {}\n",
    ],
    ids=["no indent", "indented", "flow"],
)
def test_a_list_of_addresses_becomes_the_endpoints_of_the_application(tmp_path: Path, text: str) -> None:
    """`application` was a list; however it was written, its entries are `endpoints` now, with every comment."""
    migrated = migrate(text, "settings.yaml")
    found = _read(tmp_path, migrated.text).application
    assert found is not None
    assert [(one.name, one.address) for one in found.endpoints] == [("a", "b:1"), ("c", "d:2")]
    assert migrated.text.count("#") == text.count("#")
    assert len(migrated.changes) == 1


def test_comments_and_formatting_stay(tmp_path: Path) -> None:
    """Every line without a renamed key is in the new file too, comments and blank lines included, in the same order."""
    old = OLD.read_text().splitlines()
    new = migrate(OLD.read_text(), str(OLD)).text.splitlines()
    assert sorted(line for line in old if "#" in line) == sorted(line for line in new if "#" in line)
    assert (
        not set(new)
        - set(old)
        - {"browser:", "  checks:", "  endpoints:"}
        - {f"  {line}" for line in old}
        - {line for line in new if any(key in line for key in ("data_sources:", "own_addresses:", "notify:"))}
    )


def test_alertmanager_gets_the_same_configuration(tmp_path: Path) -> None:
    """Of the migrated file Alertmanager's configuration is what it is of today's, to the byte."""
    found = _read(tmp_path, migrate(OLD.read_text(), str(OLD)).text)
    today = read_settings(ROOT / "settings.yaml")
    assert found.notifications is not None
    assert today.notifications is not None
    way = HttpAccess(lambda file: f"/secrets/{file}", found.notifications.own_addresses, None)
    assert alertmanager(found.notifications, way) == alertmanager(today.notifications, way)


def test_a_current_file_stays_as_it_is() -> None:
    """A file of this version is printed as it is, to the byte, and nothing is said to have changed."""
    text = (ROOT / "settings.yaml").read_text()
    migrated = migrate(text, "settings.yaml")
    assert (migrated.text, migrated.changes) == (text, ())


def test_the_error_for_an_old_key_names_the_new_one_and_the_command(tmp_path: Path) -> None:
    """An old file is refused; each old key is named with its line, its new name and what to run."""
    file = tmp_path / "settings.yaml"
    shutil.copy(OLD, file)
    with pytest.raises(ConfigError) as raised:
        read_settings(file)
    said = str(raised.value)
    for old, new in (("parts", "data_sources"), ("ours", "own_addresses"), ("tell", "notify"), ("by", "channels")):
        assert f"`{old}` is now `{new}`: run `pantrywatch settings migrate {file}`" in said
    assert "expected checks of kind browser in browser.checks" in said
    assert all(problem.line for problem in raised.value.problems if "is now" in problem.expected)


def test_the_command_prints_the_new_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output is the new file alone; what was changed is on standard error; the old file stays as it is."""
    file = tmp_path / "settings.yaml"
    shutil.copy(OLD, file)
    assert main(["settings", "migrate", str(file)]) == 0
    said = capsys.readouterr()
    assert file.read_text() == OLD.read_text()
    assert said.out == migrate(OLD.read_text(), str(OLD)).text
    assert f"{file}: line 12: parts is now data_sources" in said.err


_TCP = "{name: c, kind: tcp, address: 'a:1'}"
_FORMS = {
    "in braces": f"synthetic: {{checks: [{{name: a, kind: browser, url: 'http://a/'}}, {_TCP}]}}\n",
    "alone": "synthetic:\n  checks:\n    - kind: browser\n      name: a\n      url: 'http://a/'\nhost: {}\n",
    "less indented": f"synthetic:\n  checks:\n  - {{kind: browser, name: a, url: 'http://a/'}}\n  # c\n  - {_TCP}\n",
    "one after": (
        f"synthetic:\n  checks:\n    - {_TCP}\n    - name: a\n      kind: browser\n      url: 'http://a/'\n\n# x\n"
    ),
    "with an empty section": "browser: {}\nsynthetic:\n  checks:\n    - {name: a, kind: browser, url: 'http://a/'}\n",
    "with a section": (
        "synthetic:\n  checks:\n    - {name: a, kind: browser, url: 'http://a/'}\n"
        "browser:\n  checks:\n    - name: z\n      url: 'http://z/'\n# end\n"
    ),
}


@pytest.mark.parametrize("form", _FORMS)
def test_browser_checks_move_however_they_are_written(tmp_path: Path, form: str) -> None:
    """Checks of kind browser are in `browser.checks` afterwards, and the others stay where they are."""
    text = "environment: x\n" + _FORMS[form]
    found = _read(tmp_path, migrate(text, "settings.yaml").text)
    assert found.browser is not None
    assert "a" in [check.name for check in found.browser.checks]
    assert ("z" in [check.name for check in found.browser.checks]) == (form == "with a section")
    left = found.synthetic.checks if found.synthetic else ()
    assert [check.name for check in left] == (["c"] if _TCP in text else [])
    assert migrate((tmp_path / "settings.yaml").read_text(), "settings.yaml").changes == ()
    assert replace(found, browser=None, synthetic=None) == replace(
        _read(tmp_path, text.partition("\n")[0]), host=found.host
    )
