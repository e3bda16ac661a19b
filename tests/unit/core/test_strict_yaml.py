"""The YAML dialect two readers understand alike."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import _gojsonnet
import _jsonnet
import pytest

from exporters.core.errors import ConfigError
from exporters.core.strict_yaml import parse_yaml, read_yaml

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


@pytest.mark.parametrize("evaluator", [_gojsonnet, _jsonnet])
def test_python_and_jsonnet_read_the_same_object(evaluator: ModuleType) -> None:
    """All readers give the same object for everything the dialect allows."""
    theirs = json.loads(evaluator.evaluate_snippet("test", f"std.parseYaml({json.dumps(_DOCUMENT)})"))
    assert parse_yaml(_DOCUMENT, "test") == theirs


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", "test: line 3: duplicate key 'a'"),
        ("a: &x 1\nb: *x\n", "test: line 1: anchors, aliases and tags are not allowed"),
        ("a: !!python/object:os.system x\n", "test: line 1: anchors, aliases and tags are not allowed"),
        ("a: .5\n", "test: line 1: expected a number like 0.5 or 100, or a quoted text, got .5"),
        ("a: +1\n", "test: line 1: expected a number like 0.5 or 100, or a quoted text, got +1"),
        ("a:\n  b: 1.\n", "test: line 2: expected a number like 0.5 or 100, or a quoted text, got 1."),
        ("a: .inf\n", "test: line 1: expected a number like 0.5 or 100, or a quoted text, got .inf"),
        ("a: 0x1f\nb: 010\n", "test: line 2: expected a number like 0.5 or 100, or a quoted text, got 010"),
        ("a: yes\n", "test: line 1: expected true, false, null or a quoted text, got yes"),
        ("1: a\n", "test: line 1: expected a text key, got 1"),
        ("a: [1, 2\n", "test: line 2: expected ',' or ']', but got '<stream end>'"),
    ],
)
def test_what_two_readers_could_take_differently_is_refused(text: str, expected: str) -> None:
    """Duplicate keys, anchors, tags and unusual scalars are errors that name file and line."""
    with pytest.raises(ConfigError) as raised:
        parse_yaml(text, "test")
    assert str(raised.value) == expected


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A file that cannot be read is an error that names it."""
    with pytest.raises(ConfigError, match=r"nothing\.yaml: file: expected a readable file: No such file or directory"):
        read_yaml(tmp_path / "nothing.yaml")


def test_text_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    """Bytes that are no text are an error that says where they are."""
    (tmp_path / "bad.yaml").write_bytes(b"a: \xff\n")
    with pytest.raises(ConfigError, match=r"bad\.yaml: byte 3: expected UTF-8 text"):
        read_yaml(tmp_path / "bad.yaml")
