"""A plain YAML dialect that PyYAML and jsonnet's std.parseYaml understand alike.

No anchors, aliases, tags, directives, merge or duplicate keys; numbers like `0.5` and `100`, `true|false|null`,
everything else a string.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from exporters.core.errors import ConfigError, ConfigProblem

_PLAIN_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?\Z")
_LOOKS_NUMERIC = re.compile(r"[-+.]?[.]?[0-9][0-9_.,eE+-]*\Z|[-+]?\.?(inf|nan)\Z", re.IGNORECASE)


# Far beyond any file of ours; both are what PyYAML reads in seconds and without running out of Python's stack.
_MOST_BYTES = 1024 * 1024
_DEEPEST = 30
_MOST_DIGITS = 30
_DEPTH: dict[type[yaml.Token], int] = {
    yaml.BlockMappingStartToken: 1,
    yaml.BlockSequenceStartToken: 1,
    yaml.FlowMappingStartToken: 1,
    yaml.FlowSequenceStartToken: 1,
    yaml.BlockEndToken: -1,
    yaml.FlowMappingEndToken: -1,
    yaml.FlowSequenceEndToken: -1,
}


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with everything removed that two readers could understand differently."""

    depth = 0


def read_yaml(path: Path) -> Any:
    """Return the document in the file as dicts, lists, str, int, float, bool and None.

    Raises ConfigError naming file and line.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError([ConfigProblem(str(path), "file", f"expected a readable file: {error.strerror}")]) from error
    if len(content) > _MOST_BYTES:
        raise ConfigError([ConfigProblem(str(path), "file", f"expected at most {_MOST_BYTES} bytes")])
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = ConfigProblem(str(path), f"line {line}", f"expected UTF-8 text, byte {error.start} is not")
        raise ConfigError([problem]) from error
    return parse_yaml(text, str(path))


def parse_yaml(text: str, name: str) -> Any:
    """Return the document in the text; `name` stands for the file in error messages. Raises ConfigError."""
    line = 1
    try:
        loader = _Loader(text)
        while loader.check_token():
            token: yaml.Token = loader.get_token()  # type: ignore[no-untyped-call]
            line = token.start_mark.line + 1
            loader.depth += _DEPTH.get(type(token), 0)
            _refuse(token, loader.depth)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - derived from SafeLoader
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problem = f"expected text without control characters, got U+{ord(text[error.position]):04X}"
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else line
        problem = error.problem or "expected valid YAML"
    except (yaml.YAMLError, ValueError, OverflowError):
        # PyYAML's own, for instance for an escape beyond Unicode.
        problem = "expected valid YAML"
    raise ConfigError([ConfigProblem(name, f"line {line}", problem)])


def _refuse(token: yaml.Token, depth: int) -> None:
    """Raise MarkedYAMLError for what two readers could understand differently, or not at all."""
    problem = ""
    if isinstance(token, yaml.AnchorToken | yaml.AliasToken | yaml.TagToken):
        problem = "anchors, aliases and tags are not allowed"
    elif isinstance(token, yaml.DirectiveToken):
        problem = "directives are not allowed"
    elif depth > _DEEPEST:
        problem = f"expected at most {_DEEPEST} levels"
    if problem:
        raise yaml.MarkedYAMLError(problem=problem, problem_mark=token.start_mark)


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            problem = f"expected a text key, got {_short(repr(key))}"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=key_node.start_mark)
        if key == "<<":
            raise yaml.MarkedYAMLError(problem="merge keys are not allowed", problem_mark=key_node.start_mark)
        if key in result:
            raise yaml.MarkedYAMLError(problem=f"duplicate key {_short(repr(key))}", problem_mark=key_node.start_mark)
        result[key] = loader.construct_object(value_node, deep=True)
    return result


def _scalar(_loader: _Loader, node: yaml.ScalarNode) -> Any:
    text = node.value
    constants = {"true": True, "false": False, "null": None, "": None}
    if text in constants:
        return constants[text]
    if match := _PLAIN_NUMBER.match(text):
        if len(text) > _MOST_DIGITS:
            problem = f"expected a number of at most {_MOST_DIGITS} digits, got {_short(text)}"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
        return float(text) if match[2] else int(text)
    if _LOOKS_NUMERIC.match(text):
        problem = f"expected a number like 0.5 or 100, or a quoted text, got {_short(text)}"
        raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
    if text.lower() in {"yes", "no", "on", "off", "true", "false", "null", "~"}:
        problem = f"expected true, false, null or a quoted text, got {_short(text)}"
        raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
    return text


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


# Every plain scalar goes through `_scalar`; a quoted one keeps the tag of a string.
_Loader.yaml_implicit_resolvers = {None: [("!plain", re.compile(r".*", re.DOTALL))]}
_Loader.add_constructor("!plain", _scalar)
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
