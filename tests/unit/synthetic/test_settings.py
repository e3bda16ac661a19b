"""The `synthetic` section: what is accepted, and what an error says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from exporters.core.errors import ConfigError
from exporters.core.settings import decode
from exporters.synthetic.kinds import KINDS
from exporters.synthetic.settings import SyntheticSettings
from exporters.synthetic.source import sources

TCP = {"name": "one", "kind": "tcp", "address": "127.0.0.1:1"}
STEP = {"name": "one", "url": "http://a/"}


def journey(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a journey of these steps, each with what STEP has unless it says otherwise."""
    return {"name": "x", "kind": "journey", "steps": [STEP | step for step in steps], **more}


def read(directory: Path, *checks: dict[str, Any]) -> list[str]:
    """Return the names of the checks in the settings. Raises ConfigError."""
    section = decode({"checks": list(checks)}, SyntheticSettings, "settings.yaml", entry="synthetic")
    found = sources(section, str(directory / "settings.yaml"))
    return [name for source in found for name in source.collectors()]


def test_every_kind_is_accepted(tmp_path: Path) -> None:
    """Each kind of the table is told by `kind`, with defaults for what all have."""
    own: dict[str, dict[str, Any]] = {
        "http": {"url": "http://127.0.0.1/"},
        "tcp": {"address": "127.0.0.1:1"},
        "tls": {"address": "[::1]:1"},
        "dns": {"query_name": "example.test", "server": "127.0.0.1:53"},
        "sql": {"dsn": "postgresql://u@127.0.0.1/x"},
        "redis": {"url": "redis://127.0.0.1/0"},
        "journey": {"steps": [STEP]},
    }
    assert own.keys() == KINDS.keys()
    assert read(tmp_path, *({"name": f"c-{kind}", "kind": kind, **own[kind]} for kind in own)) == [
        f"c-{kind}" for kind in own
    ]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({**TCP, "adress": "x"}, "synthetic.checks[1]: unknown key adress"),
        ({**TCP, "address": "127.0.0.1"}, "synthetic.checks[1]: expected an address like host:port"),
        ({**TCP, "address": "a:99999"}, "synthetic.checks[1]: expected an address like host:port"),
        ({**TCP, "name": "A b"}, "synthetic.checks[1]: expected a name of"),
        ({**TCP, "target": "x" * 64}, "synthetic.checks[1]: expected the id of a documented target"),
        ({**TCP, "expect": "("}, "synthetic.checks[1]: expected a regular expression"),
        ({**TCP, "interval_seconds": 5}, "synthetic.checks[1]: expected timeout_seconds"),
        ({**TCP, "interval_seconds": 0.5}, "synthetic.checks[1]: expected interval_seconds"),
        ({**TCP, "timeout_seconds": "5"}, "synthetic.checks[1].timeout_seconds: expected a number"),
        ({"name": "x", "kind": "smtp"}, "synthetic.checks[1]: expected 'smtp'"),
        ({"name": "x", "kind": "http", "url": "ftp://a/"}, "synthetic.checks[1]: expected an address like https"),
        (
            {"name": "x", "kind": "http", "url": "http://a/", "username": "me"},
            "synthetic.checks[1]: expected username and password_file",
        ),
        (
            {"name": "x", "kind": "http", "url": "http://a/", "headers": {"A:": "b"}},
            "synthetic.checks[1]: expected header names",
        ),
        (
            {"name": "x", "kind": "http", "url": "http://u:s3cr3t@a/"},
            "synthetic.checks[1].url: expected no password here",
        ),
        (
            {"name": "x", "kind": "http", "url": "http://a/", "bearer_token_file": "none"},
            "synthetic.checks[1].bearer_token_file: expected a readable secret file",
        ),
        (
            {"name": "x", "kind": "tls", "address": "a:1", "ca_file": "none"},
            "synthetic.checks[1].ca_file: expected a readable file",
        ),
        ({"name": "x", "kind": "tls", "address": "a:1", "ca_file": "settings.yaml"}, "synthetic.checks[1].ca_file: ex"),
        ({"name": "x", "kind": "sql"}, "synthetic.checks[1].dsn: expected either"),
        ({"name": "x", "kind": "sql", "dsn": "a=b"}, "synthetic.checks[1].dsn: expected a DSN"),
        ({"name": "x", "kind": "redis", "url": "http://a/"}, "synthetic.checks[1].url: expected an address like redis"),
        ({"name": "x", "kind": "dns", "query_name": "a..b"}, "synthetic.checks[1].query_name: expected a domain name"),
        (journey(), "synthetic.checks[1]: expected 1 to 10 steps"),
        (journey(*({"name": f"s{i}"} for i in range(11))), "synthetic.checks[1]: expected 1 to 10 steps"),
        (journey({}, {}), "synthetic.checks[1]: expected a name of its own for each step, got 'one'"),
        (journey({"name": "A b"}), "synthetic.checks[1].steps[0]: expected a name of"),
        (journey({"method": "BREW"}), "synthetic.checks[1].steps[0].method: expected"),
        (journey({"wait": 1}), "synthetic.checks[1].steps[0]: unknown key wait"),
        (journey({"url": "http://<<h>>/"}), "synthetic.checks[1].steps[0]: expected no placeholder in the host"),
        (journey({"save": {"To ken": "token"}}), "synthetic.checks[1].steps[0]: expected names of small letters"),
        (journey({"save": {"token": ""}}), "synthetic.checks[1].steps[0]: expected where each saved value stands"),
        (journey({}, secret_files={"a": "none"}), "synthetic.checks[1].secret_files.a: expected a readable"),
        (
            journey({"save": {"a": "a"}}, secret_files={"a": "settings.yaml"}),
            "synthetic.checks[1]: expected a name of its own for each secret and each saved value, got 'a'",
        ),
        (
            journey({"url": "http://a/<<tokn>>"}),
            "synthetic.checks[1].steps[0].url: expected names of secret_files or saved by an earlier step, got <<to",
        ),
        (
            journey({"save": {"token": "token"}, "headers": {"A": "<<token>>"}}),
            "synthetic.checks[1].steps[0].headers.A: expected names of secret_files",
        ),
        (
            journey({"body": '{"a": {"b": "<<My Token>>"}}'}),
            "synthetic.checks[1].steps[0].body: expected names of secret_files",
        ),
        (TCP | {"kind": "tcp"}, "synthetic: expected a name of its own for each check, got 'one'"),
    ],
)
def test_mistake_names_its_entry(tmp_path: Path, entry: dict[str, Any], expected: str) -> None:
    """A mistake is a configuration error that names the entry and what was expected, and shows no secret."""
    (tmp_path / "settings.yaml").write_text("no certificate\n")
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, TCP, entry)
    (fault,) = caught.value.problems
    assert f"{fault.entry}: {fault.expected}".startswith(expected)
    assert "s3cr3t" not in str(fault)


def test_every_mistake_is_told(tmp_path: Path) -> None:
    """Mistakes that show only when files are read are told together too."""
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, {"name": "a", "kind": "sql"}, TCP, {"name": "b", "kind": "redis", "url_file": "none"})
    assert [fault.entry for fault in caught.value.problems] == [
        "synthetic.checks[0].dsn",
        "synthetic.checks[2].url_file",
    ]


def test_too_many_checks(tmp_path: Path) -> None:
    """More than 100 checks are refused."""
    with pytest.raises(ConfigError, match="at most 100 checks"):
        read(tmp_path, *({**TCP, "name": f"c{i}"} for i in range(101)))


def test_no_checks_no_source(tmp_path: Path) -> None:
    """A section without checks watches nothing."""
    assert read(tmp_path) == []
