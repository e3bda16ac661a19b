"""Variables in queries, replaced as Grafana does: $name, ${name}, ${name:format}, [[name]].

The page of `./run boards` has the same in JavaScript (pantrywatch/boards/page/variables.js); cases.json holds for both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

ALL = "$__all"
_REFERENCE = re.compile(r"\$(\w+)|\[\[(\w+)(?::(\w+))?\]\]|\$\{(\w+)(?:\.[^:}]+)?(?::([^}]+))?\}")


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of a board, with its options and what is chosen of them."""

    name: str
    value: Sequence[str]
    options: Sequence[str] = ()
    multi: bool = False
    include_all: bool = False
    all_value: str | None = None

    def chosen(self) -> list[str]:
        """Return the values the choice stands for."""
        return [each for each in (self.options if list(self.value) == [ALL] else self.value) if each != ALL]


def in_query(text: str, variables: Mapping[str, Variable], builtin: Mapping[str, str]) -> str:
    """Return a query with everything known in it replaced; what is not known stays as it is."""

    def value(match: re.Match[str]) -> str:
        plain, bracket, bracket_format, brace, brace_format = match.groups()
        name = plain or bracket or brace
        if name in builtin:
            return builtin[name]
        variable = variables.get(name)
        return match[0] if variable is None else _formatted(variable, brace_format or bracket_format)

    return _REFERENCE.sub(value, text)


def _formatted(variable: Variable, form: str | None) -> str:
    if list(variable.value) == [ALL] and variable.all_value:
        return variable.all_value
    values = variable.chosen()
    if form in _FORMATS:
        return _FORMATS[form](values)
    if not variable.multi and not variable.include_all:
        return _in_string(values[0] if values else "")
    return _alternatives([_in_matcher(each) for each in values])


def _in_string(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _in_matcher(value: str) -> str:
    """Escape for a regular expression that is written in a string of PromQL."""
    escaped = re.sub(r"[$^*{}\[\]+?.()|]", r"\\\\\g<0>", value.replace("\\", "\\\\\\\\"))
    return escaped.replace('"', '\\"')


def _alternatives(values: Sequence[str]) -> str:
    return values[0] if len(values) == 1 else f"({'|'.join(values)})"


_FORMATS: dict[str | None, Callable[[Sequence[str]], str]] = {
    "regex": lambda values: _alternatives([re.sub(r"[\\^$.*+?()\[\]{}|/]", r"\\\g<0>", each) for each in values]),
    "pipe": "|".join,
    "csv": ",".join,
    "raw": ",".join,
}
