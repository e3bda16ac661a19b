"""The `synthetic` section: what is accepted, and what an error says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import yaml

from exporters.core.errors import ConfigError
from exporters.core.settings import decode
from exporters.synthetic.kinds import KINDS, AnyCheck
from exporters.synthetic.settings import SyntheticSettings
from exporters.synthetic.source import sources
from tests.support.exporter import ROOT

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
        "domain": {"host": "crm.example.org", "state": "."},
    }
    assert own.keys() == KINDS.keys() == {get_args(get_type_hints(one)["kind"])[0] for one in get_args(AnyCheck)}
    assert read(tmp_path, *({"name": f"c-{kind}", "kind": kind, **own[kind]} for kind in own)) == [
        f"c-{kind}" for kind in own
    ]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({**TCP, "adress": "x"}, "synthetic.checks[1]: unknown key adress"),
        (
            {**TCP, "address": "127.0.0.1"},
            "synthetic.checks[1].address: expected an address like host:port, got '127.0.",
        ),
        ({**TCP, "address": "a:99999"}, "synthetic.checks[1].address: expected an address like host:port, got 'a:99"),
        ({**TCP, "name": "A b"}, "synthetic.checks[1].name: expected a name of at most 63 small letters, dig"),
        ({**TCP, "target": "x" * 64}, "synthetic.checks[1].target: expected the id of a documented target, got 'x"),
        ({**TCP, "expect": "("}, "synthetic.checks[1].expect: expected a regular expression, got one with an"),
        (
            {**TCP, "interval_seconds": 5},
            "synthetic.checks[1].timeout_seconds: expected less than interval_seconds, 5,",
        ),
        (
            {**TCP, "interval_seconds": 0.5},
            "synthetic.checks[1].interval_seconds: expected a number from 1 to 86400, got",
        ),
        ({**TCP, "timeout_seconds": "5"}, "synthetic.checks[1].timeout_seconds: expected a number"),
        ({"name": "x", "kind": "smtp"}, "synthetic.checks[1].kind: expected one of http, tcp, tls, dns, sql, redis,"),
        (
            {"name": "x", "kind": "http", "url": "ftp://a/"},
            "synthetic.checks[1].url: expected an address like https://host/path, without",
        ),
        (
            {"name": "x", "kind": "http", "url": "http://a/", "username": "me"},
            "synthetic.checks[1].username: expected username and password_file together, ",
        ),
        (
            {"name": "x", "kind": "http", "url": "http://a/", "headers": {"A:": "b"}},
            "synthetic.checks[1].headers.A:: expected a header name of letters, digits and -",
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
        (
            {"name": "x", "kind": "domain", "host": "a/b", "state": "."},
            "synthetic.checks[1].host: expected a host name",
        ),
        (
            {"name": "x", "kind": "domain", "host": "a.org", "state": "none"},
            "synthetic.checks[1].state: expected a folder that this user may write to",
        ),
        (
            {"name": "x", "kind": "domain", "host": "a.org", "state": ".", "bootstrap_url": "http://a.org/"},
            "synthetic.checks[1].bootstrap_url: expected an https address",
        ),
        (journey(), "synthetic.checks[1].steps: expected at least one step, got an empty list"),
        (
            journey(*({"name": f"s{i}"} for i in range(11))),
            "synthetic.checks[1].steps: expected at most 10 steps, got 11",
        ),
        (journey({}, {}), "synthetic.checks[1].steps[1].name: expected each only once, got 'one' agai"),
        (journey({"name": "A b"}), "synthetic.checks[1].steps[0].name: expected a name of at most 63 small let"),
        (journey({"method": "BREW"}), "synthetic.checks[1].steps[0].method: expected"),
        (journey({"wait": 1}), "synthetic.checks[1].steps[0]: unknown key wait"),
        (
            journey({"url": "http://<<h>>/"}),
            "synthetic.checks[1].steps[0].url: expected no placeholder in the host of a u",
        ),
        (
            journey({"save": {"To ken": "token"}}),
            "synthetic.checks[1].steps[0].save.To ken: expected a name of small letters, digits a",
        ),
        (
            journey({"save": {"token": ""}}),
            "synthetic.checks[1].steps[0].save.token: expected the place of the value in the",
        ),
        (journey({}, secret_files={"a": "none"}), "synthetic.checks[1].secret_files.a: expected a readable"),
        (
            journey({"save": {"a": "a"}}, secret_files={"a": "settings.yaml"}),
            "synthetic.checks[1].steps[0].save.a: expected a name of its own, got 'a' aga",
        ),
        (
            journey({"url": "http://a/<<tokn>>"}),
            "synthetic.checks[1].steps[0].url: expected names of secret_files, variables or saved by an earlier step",
        ),
        (
            journey({"save": {"token": "token"}, "headers": {"A": "<<token>>"}}),
            "synthetic.checks[1].steps[0].headers.A: expected names of secret_files",
        ),
        (
            journey({"body": '{"a": {"b": "<<My Token>>"}}'}),
            "synthetic.checks[1].steps[0].body: expected names of secret_files",
        ),
        (journey({"save": {"a": "cookie:"}}), "synthetic.checks[1].steps[0].save.a: expected the place"),
        (journey({"save": {"run": "a"}}), "synthetic.checks[1].steps[0].save.run: expected a name of its own"),
        (journey({}, variables={"run": "a"}), "synthetic.checks[1].variables.run: expected a name of its own"),
        (journey({}, secret_files={"run": "settings.yaml"}), "synthetic.checks[1].secret_files.run: expected another"),
        (
            journey({"name": "one"}, cleanup=[{"name": "one", "url": "http://a/"}]),
            "synthetic.checks[1].cleanup[0].name: expected a name of its own, got 'one' again",
        ),
        (
            journey({}, cleanup=[{"name": "end", "url": "http://a/<<id>>"}]),
            "synthetic.checks[1].cleanup[0].url: expected names of secret_files, variables or saved",
        ),
        (TCP | {"name": "two"}, "synthetic.checks[1].name: expected each only once, got 'two' again"),
    ],
)
def test_mistake_names_its_entry(tmp_path: Path, entry: dict[str, Any], expected: str) -> None:
    """A mistake is a configuration error that names the entry and what was expected, and shows no secret."""
    (tmp_path / "settings.yaml").write_text("no certificate\n")
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, {**TCP, "name": "two"}, entry)
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
    """More than 1,000 checks are refused."""
    with pytest.raises(ConfigError, match="at most 1000 checks"):
        read(tmp_path, *({**TCP, "name": f"c{i}"} for i in range(1001)))


def test_no_checks_no_source(tmp_path: Path) -> None:
    """A section without checks watches nothing."""
    assert read(tmp_path) == []


def test_the_documented_journey_is_one() -> None:
    """The example of the page about journeys is accepted as it is, but for its secret."""
    page = (ROOT / "docs/your-application.md").read_text()
    (example,) = re.findall(r"^## Journeys .+?```yaml\n(.+?)^```", page, re.MULTILINE | re.DOTALL)
    section = decode(yaml.safe_load(example)["synthetic"], SyntheticSettings, "settings.yaml", entry="synthetic")
    assert [one.name for one in section.checks] == ["note"]
