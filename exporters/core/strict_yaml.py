"""A plain YAML dialect that PyYAML and jsonnet's std.parseYaml read the same way.

No anchors, aliases, tags, directives, merge or duplicate keys; numbers like `0.5` and `100`, `true|false|null`,
everything else a string.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from exporters.core.errors import ConfigError, ConfigProblem

_PLAIN_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?\Z")
_LOOKS_NUMERIC = re.compile(r"[-+.]?[.]?[0-9][0-9_.,eE+-]*\Z|[-+]?\.?(inf|nan)\Z", re.IGNORECASE)


# Far beyond any real file; within both limits PyYAML takes seconds at most and does not exhaust Python's stack.
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
    """PyYAML's safe loader without anything that two readers could understand differently."""


class _FastLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The same on libyaml, where PyYAML has it.

    It reads the queries of a database sidecar in an eighth of the CPU, which is two thirds of its start. What it may
    read differently or refuses is left to the other, which also says what is wrong.
    """


# libyaml accepts tabs, byte order marks and a comment right behind `>` or `|` where the other does not, and question
# marks in plain scalars; they differ in what ends a line. Found by a million made-up texts.
_UNLIKE = re.compile(r"[\t\r\ufeff\x85\u2028\u2029]|[>|][-+0-9]*#")


def read_yaml(path: Path) -> Any:
    """Return the document in the file as dicts, lists, str, int, float, bool and None.

    Raises ConfigError naming file and line.
    """
    return parse_yaml(read_text(path), str(path))


def read_document(path: Path) -> tuple[Any, list[ConfigProblem]]:
    """Return the document in the file, and the problems that do not prevent reading the rest of it.

    Raises ConfigError if the file cannot be read as YAML.
    """
    return parse_document(read_text(path), str(path))


def read_text(path: Path) -> str:
    """Return the text in the file. Raises ConfigError: unreadable, too large, not UTF-8."""
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
        problem = ConfigProblem(str(path), "", f"expected UTF-8 text, byte {error.start} is not", line)
        raise ConfigError([problem]) from error
    return text


def parse_yaml(text: str, name: str) -> Any:
    """Return the document in the text; error messages call the file `name`. Raises ConfigError."""
    document, problems = parse_document(text, name)
    if problems:
        raise ConfigError(problems)
    return _plain(document)


def parse_document(text: str, name: str) -> tuple[Any, list[ConfigProblem]]:
    """Return the document in the text, and the problems that do not prevent reading the rest of it.

    These are duplicate keys, keys that are not texts, and values that two readers could understand differently, each
    replaced by MISREAD. Raises ConfigError if the text is not YAML.
    """
    if not _UNLIKE.search(text):
        with contextlib.suppress(yaml.YAMLError, ValueError, OverflowError):
            if not any(_may_differ(token) for token in _tokens(_FastLoader(text))):
                return _Builder(name).document(yaml.compose(text, Loader=_FastLoader))
    return _parse_or_explain(text, name)


def _parse_or_explain(text: str, name: str) -> tuple[Any, list[ConfigProblem]]:
    line = 1
    try:
        for token in _tokens(_Loader(text)):
            line = token.start_mark.line + 1
        return _Builder(name).document(yaml.compose(text, Loader=_Loader))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problem = f"expected text without control characters, got U+{ord(text[error.position]):04X}"
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else line
        problem = error.problem or "expected valid YAML"
    except (yaml.YAMLError, ValueError, OverflowError):
        # Raised by PyYAML itself, for instance for an escape beyond Unicode.
        problem = "expected valid YAML"
    raise ConfigError([ConfigProblem(name, "", problem, line)])


def _may_differ(token: yaml.Token) -> bool:
    return isinstance(token, yaml.ScalarToken) and token.plain and "?" in token.value


def _tokens(loader: yaml.SafeLoader) -> Iterator[Any]:
    """Yield each token. Raises MarkedYAMLError at one that is not allowed."""
    depth = 0
    while loader.check_token():
        token: yaml.Token = loader.get_token()  # type: ignore[no-untyped-call]
        depth += _DEPTH.get(type(token), 0)
        yield token
        _refuse(token, depth)


def _refuse(token: yaml.Token, depth: int) -> None:
    """Raise MarkedYAMLError for anything that readers could understand differently, or not at all."""
    problem = ""
    if isinstance(token, yaml.AnchorToken | yaml.AliasToken | yaml.TagToken):
        problem = "anchors, aliases and tags are not allowed"
    elif isinstance(token, yaml.DirectiveToken):
        problem = "directives are not allowed"
    elif depth > _DEEPEST:
        problem = f"expected at most {_DEEPEST} levels"
    if problem:
        raise yaml.MarkedYAMLError(problem=problem, problem_mark=token.start_mark)


class _Misread:
    def __repr__(self) -> str:
        return "MISREAD"


MISREAD = _Misread()  # a value whose problem is already reported


class LinedDict(dict[str, Any]):
    """A mapping of the document, with the line of each of its keys."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, int] = {}


class LinedList(list[Any]):
    """A list of the document, with the line of each of its entries."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[int] = []


def replaced(mapping: Mapping[str, Any], key: str, value: Any) -> LinedDict:
    """Return a copy of a mapping, its lines included, with another value for one key."""
    copy = LinedDict()
    copy.update(mapping)
    copy[key] = value
    copy.lines = dict(mapping.lines) if isinstance(mapping, LinedDict) else {}
    return copy


def line_at(document: Any, entry: str) -> int | None:
    """Return the line of an entry such as `database[0].dsn`, or of the nearest enclosing entry that exists, or None."""
    found = None
    for key in re.findall(r"[^.\[\]]+", entry):
        if isinstance(document, LinedDict) and key in document.lines:
            found, document = document.lines[key], document.get(key)
        elif isinstance(document, LinedList) and key.isdecimal() and int(key) < len(document):
            found, document = document.lines[int(key)], document[int(key)]
        else:
            break
    return found


def with_lines(problems: Sequence[ConfigProblem]) -> list[ConfigProblem]:
    """Return the problems, each with the line of its entry if its file can be read as YAML."""
    documents: dict[str, Any] = {}
    for file in {problem.file for problem in problems if problem.line is None}:
        try:
            documents[file] = read_document(Path(file))[0]
        except ConfigError:
            documents[file] = None  # not a file, or its own errors are among the problems
    return [
        problem if problem.line else replace(problem, line=line_at(documents[problem.file], problem.entry))
        for problem in problems
    ]


def _plain(node: Any) -> Any:
    """Return the document without its lines."""
    if isinstance(node, dict):
        return {key: _plain(value) for key, value in node.items()}
    return [_plain(value) for value in node] if isinstance(node, list) else node


class _Builder:
    """Builds the document from the nodes that PyYAML composed."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._problems: list[ConfigProblem] = []

    def document(self, node: yaml.Node | None) -> tuple[Any, list[ConfigProblem]]:
        return (None if node is None else self._value(node, "")), self._problems

    def _value(self, node: yaml.Node, entry: str) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, entry)
        if isinstance(node, yaml.SequenceNode):
            return self._sequence(node, entry)
        return self._scalar(node, entry) if node.tag == "!plain" else node.value

    def _mapping(self, node: yaml.MappingNode, entry: str) -> LinedDict:
        result = LinedDict()
        for key_node, value_node in node.value:
            key = self._key(key_node, entry, result)
            value = self._value(value_node, f"{entry}.{key}".lstrip("."))
            if isinstance(key, str):
                result[key] = value
                result.lines[key] = key_node.start_mark.line + 1
        return result

    def _sequence(self, node: yaml.SequenceNode, entry: str) -> LinedList:
        result = LinedList()
        for index, item in enumerate(node.value):
            result.append(self._value(item, f"{entry}[{index}]"))
            result.lines.append(item.start_mark.line + 1)
        return result

    def _key(self, node: yaml.Node, entry: str, known: LinedDict) -> str | None:
        """Return the key, or None if it is not one."""
        key = self._value(node, entry) if isinstance(node, yaml.ScalarNode) else None
        if key is MISREAD:
            return None
        if not isinstance(key, str):
            self._problem(node, entry, f"expected a text key, got {_short(str(node.value))}")
            return None
        if key == "<<":
            self._problem(node, entry, "merge keys are not allowed")
            return None
        if key in known:
            before = f"it is also in line {known.lines[key]}"
            self._problem(node, f"{entry}.{key}".lstrip("."), f"duplicate key {_short(repr(key))}, {before}")
            return None
        return key

    def _scalar(self, node: yaml.Node, entry: str) -> Any:
        text: str = node.value
        constants = {"true": True, "false": False, "null": None, "": None}
        if text in constants:
            return constants[text]
        match = _PLAIN_NUMBER.match(text)
        if match and len(text) <= _MOST_DIGITS:
            return float(text) if match[2] else int(text)
        if expected := _expected_instead(text, is_number=bool(match)):
            self._problem(node, entry, f"expected {expected}, got {_short(text)}")
            return MISREAD
        return text

    def _problem(self, node: yaml.Node, entry: str, problem: str) -> None:
        self._problems.append(ConfigProblem(self._name, entry, problem, node.start_mark.line + 1))


def _expected_instead(text: str, *, is_number: bool) -> str:
    """Return what to write instead of an ambiguous plain scalar, or an empty text."""
    if is_number:
        return f"a number of at most {_MOST_DIGITS} digits"
    if _LOOKS_NUMERIC.match(text):
        return "a number like 0.5 or 100, or a quoted text"
    if text.lower() in {"yes", "no", "on", "off", "true", "false", "null", "~"}:
        return "true, false, null or a quoted text"
    return ""


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


# Every plain scalar goes through `_Builder._scalar`; a quoted one keeps the tag of a string.
_Loader.yaml_implicit_resolvers = {None: [("!plain", re.compile(r".*", re.DOTALL))]}
_FastLoader.yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers
