"""DSNs, their secrets and the settings around them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from exporters.core.errors import CollectError, ConfigError, ErrorClass
from exporters.core.postgres_dsn import Dsn
from exporters.core.settings import Secret
from exporters.database.settings import Section
from exporters.database.source import sources
from pantrywatch.config.settings import read_settings
from tests.support.properties import cases


def _address(dsn: str) -> Dsn:
    return Dsn(Secret(dsn), "database[0].dsn", "settings.yaml")


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


def _strings(dsn: str, database: bytes | None = None) -> list[dict[str, str]]:
    """Return what libpq is asked, one an address."""
    return [
        {key: str(value) for key, value in conninfo_to_dict(text.decode()).items()}
        for _, text in _address(dsn).connection_strings(database)
    ]


def test_names_are_resolved_here_and_what_the_dsn_says_is_kept() -> None:
    """Libpq gets an address beside the name; the operator's own options win over ours, another database over theirs."""
    strings = _strings("postgresql://u@localhost:5433/crm?application_name=mine", b"it's \\ other")
    assert {"127.0.0.1"} <= {string["hostaddr"] for string in strings} <= {"127.0.0.1", "::1"}
    for string in strings:
        assert (string["host"], string["port"], string["application_name"]) == ("localhost", "5433", "mine")
        assert string["dbname"] == "it's \\ other"


@pytest.mark.parametrize(
    ("dsn", "expected"),
    [
        ("host=127.0.0.1,127.0.0.2 port=1,2", [("127.0.0.1", "127.0.0.1", "1"), ("127.0.0.2", "127.0.0.2", "2")]),
        ("host=127.0.0.1,127.0.0.2 port=7", [("127.0.0.1", "127.0.0.1", "7"), ("127.0.0.2", "127.0.0.2", "7")]),
        ("host=db.invalid hostaddr=127.0.0.1", [("db.invalid", "127.0.0.1", "5432")]),
        ("hostaddr=127.0.0.1,::1", [("", "127.0.0.1", "5432"), ("", "::1", "5432")]),
        ("host=/run/postgresql,127.0.0.1", [("/run/postgresql", "", "5432"), ("127.0.0.1", "127.0.0.1", "5432")]),
        ("host=no-such-host.invalid,127.0.0.1", [("127.0.0.1", "127.0.0.1", "5432")]),
    ],
)
def test_each_address_is_asked_for_itself(dsn: str, expected: list[tuple[str, str, str]]) -> None:
    """One string an address, in the order of the DSN, each with its own port."""
    assert [(string["host"], string["hostaddr"], string["port"]) for string in _strings(dsn)] == expected


def test_without_a_host_libpq_decides() -> None:
    """A DSN without host and hostaddr is left to libpq, whose default is a Unix socket; so is a malformed list."""
    assert "host" not in _strings("dbname=crm")[0]
    assert _strings("host=a,b,c port=1,2")[0]["host"] == "a,b,c"


def test_a_service_file_names_the_hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What libpq finds in its service file and in the environment is taken apart in the same way."""
    (tmp_path / "services").write_text("[crm]\nhost=127.0.0.1,127.0.0.2\nport=1,2\n")
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    assert [(s["hostaddr"], s["port"], s["service"]) for s in _strings("service=crm")] == [
        ("127.0.0.1", "1", "crm"),
        ("127.0.0.2", "2", "crm"),
    ]
    monkeypatch.setenv("PGHOST", "127.0.0.3,127.0.0.4")
    assert [string["hostaddr"] for string in _strings("dbname=crm")] == ["127.0.0.3", "127.0.0.4"]


def test_prefer_standby_asks_all_for_a_standby_first() -> None:
    """As libpq does it with a list of hosts: two rounds."""
    strings = _strings("host=127.0.0.1,127.0.0.2 target_session_attrs=prefer-standby")
    assert [(s["hostaddr"], s["target_session_attrs"]) for s in strings] == [
        ("127.0.0.1", "standby"), ("127.0.0.2", "standby"), ("127.0.0.1", "any"), ("127.0.0.2", "any"),
    ]  # fmt: skip


def test_an_address_that_did_not_answer_is_asked_last() -> None:
    """So that each new connection does not wait for it again."""
    dsn = _address("host=127.0.0.1,127.0.0.2")
    (silent, _), (other, _) = dsn.connection_strings()
    dsn.note_silent(silent)
    assert [endpoint for endpoint, _ in dsn.connection_strings()] == [other, silent]


def test_a_name_that_does_not_resolve_has_the_class_dns() -> None:
    """Known before libpq is asked."""
    with pytest.raises(CollectError) as caught:
        _strings("host=no-such-host.invalid")
    assert caught.value.error_class is ErrorClass.DNS


@cases(200)
@given(hosts=st.text(max_size=40), port=st.text("0123456789,", max_size=12), text=st.text(max_size=60))
def test_no_dsn_raises_anything_else(hosts: str, port: str, text: str) -> None:
    """A DSN is taken, refused with ConfigError, or its name does not resolve: nothing else."""
    numeric = hosts if "/" in hosts or not hosts.isascii() else "127.0.0.1," + hosts.replace(".", "")
    for dsn in (text, make_conninfo("", hostaddr="127.0.0.1", port=port, password=text.replace("\0", ""))):
        try:
            parsed = _address(dsn)
        except ConfigError:
            continue
        if "host=" not in dsn:
            assert parsed.connection_strings(numeric.encode(errors="replace"))
        assert parsed.label.count(":") >= 1


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
        ("    without: [nothing]\n", "database[0].without.nothing: expected one of: stat_activity, "),
        ("    limits: {locks: 0}\n", "limits.locks: expected a number of at least 1, got 0"),
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


def test_a_collector_can_be_left_out(tmp_path: Path) -> None:
    """Of scrapes, of the background and of the samples between scrapes."""
    left_out = ("locks", "findings", "session_time")
    (source,) = sources(*_settings(tmp_path, f"    without: [{', '.join(left_out)}]\n"))
    assert not set(left_out) & set(source.collectors())
    assert {"stat_activity", "stat_statements"} <= set(source.collectors())
