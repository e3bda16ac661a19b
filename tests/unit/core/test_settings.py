"""Settings: every fault at once, with file and entry; no secret in any message."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporters.core.errors import ConfigError
from exporters.core.problem_text import has_password
from exporters.core.settings import Secret, secret_from
from exporters.database.settings import from_environment
from pantrywatch.config.settings import read_settings


def _read(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as raised:
        read_settings(file)
    return [str(fault).removeprefix(f"{file}:") for fault in raised.value.problems]


def test_every_fault_is_listed_with_its_entry(tmp_path: Path) -> None:
    """Unknown keys, missing keys and wrong types are reported together, each with its entry."""
    faults = _read(tmp_path, "environment: 5\nnonsense: 1\ndatabase:\n  - name: a\n    dns: x\n  - dsn_file: y\n")
    assert [fault.partition(": expected one of")[0] for fault in sorted(faults)] == [
        "1: environment: expected a text, got 5",
        "2: document: unknown key nonsense",
        "4: database[0].dsn: expected exactly one of dsn and dsn_file, got neither",
        "5: database[0]: unknown key dns (did you mean dsn?)",
        "6: database[1].name: expected a value, but the key is missing",
    ]


def test_a_password_in_the_file_is_refused_and_not_shown(tmp_path: Path) -> None:
    """A DSN with a password in clear is refused, and the message does not repeat it."""
    faults = _read(tmp_path, 'environment: x\ndatabase: [{name: a, dsn: "postgresql://u:hush@h/d"}]\n')
    assert len(faults) == 1
    assert faults[0].startswith("2: database[0].dsn: expected no password here")
    assert "hush" not in faults[0]


def test_an_unset_variable_is_named(tmp_path: Path) -> None:
    """A variable that is not set and has no default is named with the entry that wants it."""
    faults = _read(tmp_path, 'environment: "${PANTRYWATCH_NEVER_SET}"\n')
    assert faults == ["1: environment: expected the environment variable PANTRYWATCH_NEVER_SET to be set"]


def test_two_servers_of_one_name_are_refused(tmp_path: Path) -> None:
    """Names are what a scrape asks for, so they are unique in their section."""
    faults = _read(tmp_path, "environment: x\ncache: [{name: a, url: u}, {name: a, url: v}]\n")
    assert faults == ["2: cache[1].name: expected each only once, got 'a' again"]


def test_a_retention_below_the_windows_is_refused(tmp_path: Path) -> None:
    """Thirty days of retention would make every number over thirty days wrong."""
    faults = _read(tmp_path, "environment: x\nprometheus: {retention_days: 30}\n")
    (fault,) = faults
    assert fault.startswith("2: prometheus.retention_days: expected days above 30")


@pytest.mark.parametrize("text", ["[1, 2]\n", "just words\n", "", "5\n"])
def test_a_document_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    """A file without a mapping at its top is one clear fault, not a traceback."""
    assert len(_read(tmp_path, text)) == 1


def test_a_secret_comes_from_the_value_or_its_file(tmp_path: Path) -> None:
    """A secret's file is read from beside the settings, without its trailing newline."""
    (tmp_path / "dsn").write_text("hush\n")
    name = str(tmp_path / "settings.yaml")
    assert secret_from(None, "dsn", "database[0].dsn", name).reveal() == "hush"
    assert secret_from("given", None, "database[0].dsn", name).reveal() == "given"


@pytest.mark.parametrize(
    ("value", "file", "expected"),
    [
        (None, None, "database.a.dsn: expected either the value or the `_file` with it, exactly one"),
        ("v", "f", "database.a.dsn: expected either the value or the `_file` with it, exactly one"),
        (None, "missing", "database.a.dsn_file: expected a readable secret file at"),
        (None, "empty", "database.a.dsn_file: expected a secret in"),
        (None, "blank", "database.a.dsn_file: expected a secret in"),
        (None, "folder", "Is a directory"),
        (None, "binary", "database.a.dsn_file: expected a text in"),
        (None, "latin", "not UTF-8 text"),
        (None, "empty/below", "Not a directory"),
        (None, "x" * 300, "File name too long"),
        (None, "null\0character", "database.a.dsn_file: expected a readable secret file at"),
    ],
)
def test_a_missing_secret_is_named(tmp_path: Path, value: str | None, file: str | None, expected: str) -> None:
    """A secret that is missing or is not a text is an error that names entry and file, and shows nothing of it."""
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "blank").write_text("  \n\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "binary").write_bytes(b"hush\0hush")
    (tmp_path / "latin").write_bytes(b"hush\xe9")
    with pytest.raises(ConfigError) as raised:
        secret_from(value, file, "database.a.dsn", str(tmp_path / "settings.yaml"))
    assert expected in str(raised.value)
    assert "hush" not in str(raised.value)


def test_a_secret_does_not_show_itself() -> None:
    """Printing, formatting or logging a secret shows nothing of it."""
    secret = Secret("hush")
    assert "hush" not in f"{secret} {secret!r} {[secret]}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://user:pw@host/db", True),
        ("host=h password=pw", True),
        ("redis://:pw@host", True),
        ("postgresql://user@host/db", False),
        ("host=h user=u", False),
        ("http://127.0.0.1:80/", False),
    ],
)
def test_passwords_are_recognised(text: str, expected: bool) -> None:  # noqa: FBT001 - a test's parameter
    """A password in a URL or a key=value DSN is found."""
    assert has_password(text) is expected


def test_a_lone_sidecar_needs_no_file() -> None:
    """One variable is enough for a sidecar; without it nothing is watched."""
    found = from_environment({"PANTRYWATCH_DATABASE_DSN_FILE": "/run/secrets/dsn"})
    assert [(target.name, target.dsn_file) for target in found] == [("default", "/run/secrets/dsn")]
    assert from_environment({}) == ()
