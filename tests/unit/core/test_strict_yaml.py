"""The YAML dialect two readers understand alike."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import _jsonnet
import pytest
import rjsonnet
from hypothesis import given
from hypothesis import strategies as st

from exporters.core import strict_yaml
from exporters.core.errors import ConfigError
from exporters.core.strict_yaml import parse_yaml, read_yaml
from tests.support.properties import cases

_DOCUMENT = """\
text: plain words
quoted: "0.5"
count: 100
share: 0.5
negative: -3
truth: true
nothing: null
list: [1, two, "3"]
nested:
  - name: a
    values: {x: 1.25}
version: v1.2.3
folded: >
  one
  two
"""


@pytest.mark.parametrize("evaluator", [rjsonnet, _jsonnet])
def test_python_and_jsonnet_read_the_same_object(evaluator: ModuleType) -> None:
    """All readers give the same object for everything the dialect allows."""
    theirs = json.loads(evaluator.evaluate_snippet("test", f"std.parseYaml({json.dumps(_DOCUMENT)})"))
    assert parse_yaml(_DOCUMENT, "test") == theirs


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", "test: line 3: duplicate key 'a', it is also in line 1"),
        ("a: &x 1\nb: *x\n", "test: line 1: anchors, aliases and tags are not allowed"),
        ("a: !!python/object:os.system x\n", "test: line 1: anchors, aliases and tags are not allowed"),
        ("a: .5\n", "test: line 1: expected a number like 0.5 or 100, or a quoted text, got .5"),
        ("a: +1\n", "test: line 1: expected a number like 0.5 or 100, or a quoted text, got +1"),
        ("a:\n  b: 1.\n", "test: line 2: expected a number like 0.5 or 100, or a quoted text, got 1."),
        ("a: .inf\n", "test: line 1: expected a number like 0.5 or 100, or a quoted text, got .inf"),
        ("a: 0x1f\nb: 010\n", "test: line 2: expected a number like 0.5 or 100, or a quoted text, got 010"),
        ("a: yes\n", "test: line 1: expected true, false, null or a quoted text, got yes"),
        ("1: a\n", "test: line 1: expected a text key, got 1"),
        ("%YAML 1.2\n---\na: 1\n", "test: line 1: directives are not allowed"),
        ("a: {x: 1}\nb:\n  <<: {y: 1}\n", "test: line 3: merge keys are not allowed"),
        ("a:\n  - " + "9" * 31 + "\n", f"test: line 2: expected a number of at most 30 digits, got {'9' * 31}"),
        ("a: " + "9" * 9999 + "\n", f"test: line 1: expected a number of at most 30 digits, got {'9' * 57}..."),
        (
            "a: 1\nb: 0." + "9" * 9999 + "\n",
            f"test: line 2: expected a number of at most 30 digits, got 0.{'9' * 55}...",
        ),
        (
            "a: +" + "9" * 99 + "\n",
            f"test: line 1: expected a number like 0.5 or 100, or a quoted text, got +{'9' * 56}...",
        ),
        ("a: 1\nb: " + "[" * 5000, "test: line 2: expected at most 30 levels"),
        ("a: 1\n" + "- " * 5000, "test: line 2: expected at most 30 levels"),
        ("- " * 5000 + "a", "test: line 1: expected at most 30 levels"),
        ("\n".join(" " * n + "a:" for n in range(500)), "test: line 31: expected at most 30 levels"),
        ("{a: " * 500, "test: line 1: expected at most 30 levels"),
        ("? " * 500, "test: line 1: expected at most 30 levels"),
        ("a: 1\nb: x\0y\n", "test: line 2: expected text without control characters, got U+0000"),
        ("a: 1\n\x1b[0m\n", "test: line 2: expected text without control characters, got U+001B"),
        ('a: 1\nb: "\\UFFFFFFFF"\n', "test: line 2: expected valid YAML"),
        ("a: [1, 2\n", "test: line 2: expected ',' or ']', but got '<stream end>'"),
    ],
)
def test_what_two_readers_could_take_differently_is_refused(text: str, expected: str) -> None:
    """Duplicate keys, anchors, tags and unusual scalars are errors that name file and line."""
    with pytest.raises(ConfigError) as raised:
        parse_yaml(text, "test")
    (problem,) = raised.value.problems
    assert f"{problem.file}: line {problem.line}: {problem.expected}" == expected


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A file that cannot be read is an error that names it."""
    with pytest.raises(ConfigError, match=r"nothing\.yaml: file: expected a readable file: No such file or directory"):
        read_yaml(tmp_path / "nothing.yaml")


def test_text_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    """Bytes that are no text are an error that says where they are."""
    (tmp_path / "bad.yaml").write_bytes(b"a:\n- b\xff\n")
    with pytest.raises(ConfigError, match=r"bad\.yaml:2: expected UTF-8 text, byte 6 is not"):
        read_yaml(tmp_path / "bad.yaml")


@pytest.mark.parametrize("content", [b"a: x\n" * 400_000, b"\0" * 2_000_000], ids=["text", "zeros"])
def test_a_huge_file_is_refused_unread(tmp_path: Path, content: bytes) -> None:
    """A file of megabytes is no settings file: it is named, and not parsed."""
    (tmp_path / "huge.yaml").write_bytes(content)
    with pytest.raises(ConfigError, match=r"huge\.yaml: file: expected at most 1048576 bytes"):
        read_yaml(tmp_path / "huge.yaml")


def test_a_file_that_never_ends_is_refused() -> None:
    """A device instead of a file does not fill the memory."""
    with pytest.raises(ConfigError, match="/dev/zero: file: expected at most"):
        read_yaml(Path("/dev/zero"))


_PIECES = st.sampled_from(
    ["a", ": ", ":", "- ", "-", "\n", "\n  ", " ", "\t", "[", "]", "{", "}", ", ", "? ", "| ", ">", "|2\n", "&x ", "*x",
     "!!int ", "! ", "!<", "%", "%YAML 1.1\n", "%TAG ! x\n", "---\n", "...\n", "'", '"', "\\x", "\\UFFFFFFFF", "\\u12",
     "#", "<<: ", "=", "~", "1", "-0.5", "1e9", "0x1f", "9" * 40, "2026-11-28", "true", "null", "é", "\u2028", "@"]
)  # fmt: skip


@cases(500)
@given(st.one_of(st.lists(_PIECES, max_size=30).map("".join), st.text(max_size=60)))
def test_any_text_is_a_document_or_an_error_with_its_line(text: str) -> None:
    """Whatever text it is given: plain values come back, or an error that names a line; never a traceback."""
    assert re.match(r"test:\d+: ", _problem(lambda: parse_yaml(text, "test")))


@cases(500)
@given(st.one_of(st.lists(_PIECES, max_size=30).map("".join), st.text(max_size=60)))
def test_the_fast_parser_reads_what_the_other_reads(text: str) -> None:
    """Whatever libyaml accepts, PyYAML's own parser accepts, too, and it is the same."""
    with contextlib.suppress(ConfigError):
        fast = strict_yaml.parse_document(text, "test")
        assert fast == strict_yaml._parse_or_explain(text, "test")  # noqa: SLF001 - what it falls back to


@cases(300)
@given(st.binary(max_size=80))
def test_any_bytes_are_a_document_or_an_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """Whatever bytes the file holds."""
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_bytes(content)
    assert re.search(r"(any\.yaml|test):\d+: ", _problem(lambda: read_yaml(file)))


def _problem(read: Callable[[], Any]) -> str:
    """Return the error that reading gives, or what a plain document counts as."""
    try:
        _assert_plain(read())
    except ConfigError as error:
        return str(error)
    return "test:0: none"


def _assert_plain(value: Any) -> None:
    assert value is None or type(value) in {str, int, float, bool, dict, list}
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _assert_plain(inner)
