"""Reads an installation's settings: strict YAML, `${NAME}` from the environment, typed records, all faults at once."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from cattrs import Converter, transform_error
from cattrs.errors import ForbiddenExtraKeysError

from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.strict_yaml import read_yaml

T = TypeVar("T")

_VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(:-(?P<default>[^}]*))?\}")


@dataclass(frozen=True, slots=True)
class Secret:
    """A text that must never be shown: its repr and str hide it; `reveal` is for the client library alone.

    One from a file is read at each use, so that a new password needs no restart.
    """

    _value: str
    _file: Path | None = None
    _take: Callable[[str], str] = str

    def reveal(self) -> str:
        """Return the text itself; where its file is gone or empty by now, the text it had at the start."""
        text = ""
        if self._file is not None:
            with contextlib.suppress(OSError, UnicodeDecodeError):
                text = _text_of(self._file)
        return self._take(text or self._value)

    def part(self, take: Callable[[str], str]) -> Secret:
        """Return a part of this secret, such as the password in a URL; it follows the file as the whole does."""
        return Secret(self._value, self._file, take)

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__


def load(path: Path, into: type[T], environment: Mapping[str, str] | None = None) -> T:
    """Return the settings file as `into`. Raises ConfigError: unknown keys, wrong types, unset variables, together."""
    return decode(read_yaml(path), into, str(path), environment)


def decode(document: Any, into: type[T], name: str, environment: Mapping[str, str] | None = None, entry: str = "") -> T:
    """Return a parsed document, or the part of it at `entry`, as `into`; `name` is the file in error messages.

    Raises ConfigError.
    """
    faults: list[ConfigProblem] = []
    document = _substitute(document, os.environ if environment is None else environment, name, entry, faults)
    if faults:
        raise ConfigError(faults)
    try:
        return _CONVERTER.structure(document, into)
    except Exception as error:  # noqa: BLE001 - cattrs groups whatever its hooks raise
        raise ConfigError(_faults(error, name, entry)) from None


def decode_section(document: Mapping[str, Any] | None, section: str, into: Any, name: str) -> Any:
    """Return one section of a settings document as `into`, None where it is not there. Raises ConfigError."""
    if not document or document.get(section) is None:
        return None
    return decode(document[section], into, name, entry=section)


def require_unique_names(entries: Any, section: str, name: str) -> None:
    """Raise ConfigError unless the entries of a section that is a list have names of their own."""
    if not isinstance(entries, tuple):
        return
    names = [entry.name for entry in entries]
    if repeated := sorted({one for one in names if names.count(one) > 1}):
        raise ConfigError([ConfigProblem(name, section, f"expected unique names, got {one} twice") for one in repeated])


def secret_from(value: str | None, file: str | None, entry: str, name: str) -> Secret:
    """Return the secret given directly or in a file (trailing newline dropped): exactly one of the two.

    A relative path starts at the settings file `name`. Raises ConfigError naming file and entry; the text of a secret
    is never in the message.
    """
    if (value is None) == (file is None):
        raise ConfigError([ConfigProblem(name, entry, "expected either the value or the `_file` with it, exactly one")])
    if value is not None:
        return Secret(value)
    path = Path(name).parent / str(file)
    try:
        text = _text_of(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        expected = f"expected a readable secret file at {path}: {reason}"
        raise ConfigError([ConfigProblem(name, f"{entry}_file", expected)]) from None
    if not text:
        raise ConfigError([ConfigProblem(name, f"{entry}_file", f"expected a secret in {path}, the file is empty")])
    return Secret(text, path)


def _text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8").rstrip("\r\n")


def has_password(url: str) -> bool:
    """Return whether a URL or key=value DSN carries a password in clear."""
    if re.search(r"(^|\s)password\s*=", url):
        return True
    try:
        return bool(urlsplit(url).password)
    except ValueError:
        return True


def _substitute(node: Any, environment: Mapping[str, str], name: str, entry: str, faults: list[ConfigProblem]) -> Any:
    if isinstance(node, dict):
        return {k: _substitute(v, environment, name, f"{entry}.{k}".lstrip("."), faults) for k, v in node.items()}
    if isinstance(node, list):
        return [_substitute(v, environment, name, f"{entry}[{i}]", faults) for i, v in enumerate(node)]
    if not isinstance(node, str):
        return node
    if has_password(node):
        expected = "expected no password here: put it into a file (`_file`) or a variable (${NAME})"
        faults.append(ConfigProblem(name, entry, expected))

    def value_of(match: re.Match[str]) -> str:
        value = environment.get(match["name"], match["default"])
        if value is None:
            faults.append(ConfigProblem(name, entry, f"expected the environment variable {match['name']} to be set"))
        return value or ""

    return _VARIABLE.sub(value_of, node)


def _faults(error: Exception, name: str, entry: str) -> list[ConfigProblem]:
    """Return one fault a line of cattrs' report, whose form is `what @ $.path`."""
    faults = []
    for line in transform_error(error, format_exception=_describe):
        what, _, path = line.rpartition(" @ ")
        where = (entry + path.removeprefix("$")).removeprefix(".")
        faults.append(ConfigProblem(name, where or "document", what))
    return faults


def _describe(error: BaseException, _type: type | None) -> str:
    if isinstance(error, ForbiddenExtraKeysError):
        return f"unknown key {', '.join(sorted(error.extra_fields))}"
    if isinstance(error, KeyError):
        return f"expected {error.args[0]!r}: missing, or a kind that does not exist"
    text = str(error)
    return text if text.startswith("expected") else "expected another kind of value"


def _strict(kind: type, accepted: tuple[type, ...], words: str) -> Callable[[Any, Any], Any]:
    def structure(value: Any, _type: Any) -> Any:
        if isinstance(value, bool) != (kind is bool) or not isinstance(value, accepted):
            raise TypeError(f"expected {words}, got {type(value).__name__}")
        return kind(value)

    return structure


def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True, detailed_validation=True)
    for kind, accepted, words in (
        (str, (str,), "a text"),
        (int, (int,), "a whole number"),
        (float, (int, float), "a number"),
        (bool, (bool,), "true or false"),
    ):
        converter.register_structure_hook(kind, _strict(kind, accepted, words))
    return converter


_CONVERTER = _converter()
