"""Mistakes in settings.yaml: each is reported, with its line and what was meant, however many others there are."""

from __future__ import annotations

import copy
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from exporters.core.errors import ConfigError
from exporters.core.exit_codes import run_command
from pantrywatch.config.settings import Settings, read_settings
from tests.support.properties import cases

ROOT = Path(__file__).parents[3]
SHIPPED = (ROOT / "settings.yaml").read_text()
_HUSH = "hush-hush-3141"

MISTAKES = Path(__file__).with_name("mistakes.yaml")


def _expected() -> list[tuple[int, str]]:
    """Return line and message of each mistake."""
    return [
        (number, message.strip())
        for number, line in enumerate(MISTAKES.read_text().splitlines(), start=1)
        for message in line.split("#!")[1:]
    ]


def _problems(file: Path, text: str) -> list[tuple[int | None, str]]:
    file.write_text(text)
    with pytest.raises(ConfigError) as raised:
        read_settings(file)
    return [(problem.line, f"{problem.entry}: {problem.expected}") for problem in raised.value.problems]


def _matches(message: str, expected: str) -> bool:
    start, _, rest = expected.partition("* ")
    return start in message and rest in message


def test_there_are_enough_mistakes() -> None:
    """The table has at least 60 mistakes, and some in each section of settings.yaml."""
    assert len(_expected()) >= 60
    sections = set(re.findall(r"^([a-z_]+):", MISTAKES.read_text(), re.MULTILINE))
    assert sections >= {field.name for field in fields(Settings)}


def test_all_mistakes_together_are_reported_each_with_its_line(tmp_path: Path) -> None:
    """As many problems as there are mistakes, each in the line it is in, and none that shows a secret."""
    found = _problems(tmp_path / "settings.yaml", MISTAKES.read_text())
    missing = [one for one in _expected() if not any(n == one[0] and _matches(m, one[1]) for n, m in found)]
    surplus = [one for one in found if not any(n == one[0] and _matches(one[1], m) for n, m in _expected())]
    assert (missing, surplus) == ([], [])
    assert len(found) == len(_expected())
    assert all(_HUSH not in message for _, message in found)


_WRONG = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**25), 10**25),
    st.floats(allow_nan=False, allow_infinity=False),
    st.just([[[["deep"]]]]),
    st.just({"a": {"b": []}}),
    st.text(max_size=20),
    st.text(min_size=3000, max_size=3001, alphabet="x"),
)


def _places(node: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [place for key, value in entries for place in ((*path, key), *_places(value, (*path, key)))]


_DOCUMENT = yaml.safe_load(SHIPPED)
_PLACES = _places(_DOCUMENT)
_SECRET_KEYS = {"url", "dsn", "body", "Authorization", "command", "address", "expect_body"}


def _mutated(document: Any, place: tuple[Any, ...], change: str, value: object) -> None:
    *way, key = place
    node = document
    for step in way:
        if not isinstance(node, dict | list) or (isinstance(node, dict) and step not in node):
            return
        if isinstance(node, list) and not (isinstance(step, int) and step < len(node)):
            return
        node = node[step]
    if isinstance(node, list) and isinstance(key, int) and key < len(node):
        node[key] = value
    elif isinstance(node, dict) and key in node:
        if change == "drop":
            del node[key]
        elif change == "misspell":
            node[f"{str(key)[:-1]}"] = node.pop(key)
        elif change == "secret" and key in _SECRET_KEYS:
            node[key] = f"https://user:{_HUSH}@host/{_HUSH}?token={_HUSH}"
        else:
            node[key] = value


@cases(50, soak=3_000, suppress=(HealthCheck.function_scoped_fixture,))  # up to six mistakes each
@given(
    st.lists(
        st.tuples(st.sampled_from(_PLACES), st.sampled_from(["drop", "misspell", "value", "secret"]), _WRONG),
        min_size=1, max_size=6,
    )
)  # fmt: skip
def test_no_mistake_is_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: list[tuple[tuple[object, ...], str, object]]
) -> None:
    """Whatever is dropped, misspelt or of another type: exit code 0 or 2 with a line each, and no secret is shown."""
    document = copy.deepcopy(_DOCUMENT)
    for place, change, value in changes:
        _mutated(document, place, change, value)
    file = tmp_path / "settings.yaml"
    file.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True))
    capsys.readouterr()
    code = run_command(lambda: 0 if read_settings(file) else 1)
    said = capsys.readouterr().err
    assert code in {0, 2}
    assert (code == 2) == bool(said)
    assert _HUSH not in said
    assert all(line.startswith(f"error: {file}:") for line in said.splitlines()), said


@cases(40, suppress=(HealthCheck.function_scoped_fixture,))
@given(st.integers(0, len(SHIPPED.splitlines()) - 1), st.sampled_from(["twice", "gone", "indented", "cut", "marked"]))
def test_no_damaged_line_is_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], number: int, damage: str
) -> None:
    """A line that is there twice, gone, moved, cut or holds odd characters: exit code 0 or 2, with a message."""
    lines = SHIPPED.splitlines()
    line = lines[number]
    damaged = {"twice": [line, line], "gone": [], "indented": ["  " + line], "cut": [line[: len(line) // 2]]}
    lines[number : number + 1] = damaged.get(damage, [line + "\u2028\t: [é"])
    file = tmp_path / "settings.yaml"
    file.write_text("\n".join(lines) + "\n")
    capsys.readouterr()
    code = run_command(lambda: 0 if read_settings(file) else 1)
    assert code in {0, 2}
    assert (code == 2) == bool(capsys.readouterr().err)
