"""A plain YAML dialect that PyYAML and jsonnet's std.parseYaml understand alike.

No anchors, aliases, tags or duplicate keys; numbers like `0.5` and `100`, `true|false|null`, everything else a string.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from exporters.core.errors import ConfigError, ConfigProblem

_PLAIN_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?\Z")
_LOOKS_NUMERIC = re.compile(r"[-+.]?[.]?[0-9][0-9_.,eE+-]*\Z|[-+]?\.?(inf|nan)\Z", re.IGNORECASE)


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with everything removed that two readers could understand differently."""


def read_yaml(path: Path) -> Any:
    """Return the document in the file as dicts, lists, str, int, float, bool and None.

    Raises ConfigError naming file and line.
    """
    try:
        return parse_yaml(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise ConfigError([ConfigProblem(str(path), "file", f"expected a readable file: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([ConfigProblem(str(path), f"byte {error.start}", "expected UTF-8 text")]) from error


def parse_yaml(text: str, name: str) -> Any:
    """Return the document in the text; `name` stands for the file in error messages. Raises ConfigError."""
    try:
        _refuse_anchors(text)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - derived from SafeLoader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError([ConfigProblem(name, f"line {line}", error.problem or "expected valid YAML")]) from error
    except yaml.YAMLError as error:
        raise ConfigError([ConfigProblem(name, "document", "expected valid YAML text")]) from error


def _refuse_anchors(text: str) -> None:
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        if isinstance(token, yaml.AnchorToken | yaml.AliasToken | yaml.TagToken):
            raise yaml.MarkedYAMLError(
                problem="anchors, aliases and tags are not allowed", problem_mark=token.start_mark
            )


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            raise yaml.MarkedYAMLError(problem=f"expected a text key, got {key!r}", problem_mark=key_node.start_mark)
        if key in result:
            raise yaml.MarkedYAMLError(problem=f"duplicate key {key!r}", problem_mark=key_node.start_mark)
        result[key] = loader.construct_object(value_node, deep=True)
    return result


def _scalar(_loader: _Loader, node: yaml.ScalarNode) -> Any:
    text = node.value
    constants = {"true": True, "false": False, "null": None, "": None}
    if text in constants:
        return constants[text]
    if match := _PLAIN_NUMBER.match(text):
        return float(text) if match[2] else int(text)
    if _LOOKS_NUMERIC.match(text):
        problem = f"expected a number like 0.5 or 100, or a quoted text, got {text}"
        raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
    if text.lower() in {"yes", "no", "on", "off", "true", "false", "null", "~"}:
        problem = f"expected true, false, null or a quoted text, got {text}"
        raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
    return text


# Every plain scalar goes through `_scalar`; a quoted one keeps the tag of a string.
_Loader.yaml_implicit_resolvers = {None: [("!plain", re.compile(r".*", re.DOTALL))]}
_Loader.add_constructor("!plain", _scalar)
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
