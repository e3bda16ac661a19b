"""DSNs, their secrets and the settings around them."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporters.core.errors import CollectError, ConfigError, ErrorClass
from exporters.core.settings import Secret
from exporters.database.dsn import Address
from exporters.database.settings import Section
from exporters.database.source import sources
from pantrywatch.config.settings import read_settings


def _address(dsn: str) -> Address:
    return Address(Secret(dsn), "database[0].dsn", "settings.yaml")


@pytest.mark.parametrize(
    ("dsn", "label"),
    [
        ("postgresql://u@db.example:5433/crm", "db.example:5433"),
        ("host=db.example dbname=crm", "db.example:5432"),
        ("dbname=crm", "localhost:5432"),
    ],
)
def test_the_label_is_host_and_port(dsn: str, label: str) -> None:
    """The label `server` holds host and port as postgres_exporter has them, and no user or password."""
    assert _address(dsn).label == label


def test_names_are_resolved_here_and_what_the_dsn_says_is_kept() -> None:
    """The string for libpq holds addresses beside the names; the operator's own options win over ours."""
    text = _address("postgresql://u@localhost:5433/crm?application_name=mine").connection_string("other").decode()
    assert "host=" in text
    assert "hostaddr=" in text
    assert "127.0.0.1" in text
    assert "application_name=mine" in text
    assert "dbname=other" in text


def test_several_hosts_keep_their_ports() -> None:
    """One position an address: the second host has the second port."""
    text = _address("host=127.0.0.1,127.0.0.2 port=1,2").connection_string().decode()
    assert "hostaddr=127.0.0.1,127.0.0.2" in text
    assert "port=1,2" in text


def test_a_name_that_does_not_resolve_has_the_class_dns() -> None:
    """Known before libpq is asked."""
    with pytest.raises(CollectError) as caught:
        _address("host=no-such-host.invalid").connection_string()
    assert caught.value.error_class is ErrorClass.DNS


def test_a_malformed_dsn_is_refused_without_being_shown() -> None:
    """The message names file and entry, and holds nothing of the DSN."""
    with pytest.raises(ConfigError) as caught:
        _address("postgresql://u:hunter2@[broken/crm")
    assert "settings.yaml: database[0].dsn: expected a DSN" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def _settings(directory: Path, more: str) -> tuple[Section, str]:
    path = directory / "settings.yaml"
    path.write_text(f'environment: test\ndatabase:\n  - name: main\n    dsn: "host=127.0.0.1"\n{more}')
    return read_settings(path).database, str(path)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("    limits: {nothing: 3}\n", "database[0].limits.nothing: expected one of: "),
        ("    intervals: {locks: 3}\n", "database[0].intervals.locks: expected one of: "),
        ("    limits: {locks: 0}\n", "expected limits of at least one row"),
        ("    queries: [absent.yaml]\n", "absent.yaml: file: expected a readable file"),
    ],
)
def test_a_wrong_setting_is_refused(tmp_path: Path, more: str, expected: str) -> None:
    """Limits and intervals are for collectors that have them; further query files must be there."""
    with pytest.raises(ConfigError) as caught:
        sources(*_settings(tmp_path, more))
    assert expected in str(caught.value)


def test_limits_and_intervals_replace_those_of_the_collector(tmp_path: Path) -> None:
    """A target with its own numbers is accepted."""
    (source,) = sources(*_settings(tmp_path, "    limits: {locks: 3}\n    intervals: {stat_statements: 60}\n"))
    assert {"locks", "stat_statements"} <= set(source.collectors())
    assert source.target == "main"
