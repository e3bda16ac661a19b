"""Reads an installation's settings: strict YAML, `${NAME}` variables, typed records, all problems at once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from exporters.core.decoder import Decoder
from exporters.core.errors import ConfigError, ConfigProblem, ProblemList
from exporters.core.strict_yaml import line_at, read_document

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Secret:
    """A text that must never be shown: its repr and str hide it; `reveal` is only for the client library.

    A secret from a file is read at each use, so that a new password needs no restart.
    """

    _value: str
    _file: Path | None = None
    _take: Callable[[str], str] = str

    def reveal(self) -> str:
        """Return the text itself; if its file is gone or empty by now, the text from startup."""
        text = ""
        if self._file is not None:
            with contextlib.suppress(OSError, UnicodeDecodeError):
                text = _text_of(self._file)
        return self._take(text or self._value)

    def part(self, take: Callable[[str], str]) -> Secret:
        """Return a part of this secret, such as the password in a URL; it follows the file as the whole secret does."""
        return Secret(self._value, self._file, take)

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__


def load(path: Path, into: type[T], environment: Mapping[str, str] | None = None) -> T:
    """Return the settings file as `into`. Raises ConfigError with every problem of the file."""
    document, problems = read_document(path)
    return decode(document, into, str(path), environment, line=1, problems=problems)


def decode(  # noqa: PLR0913 - the last two are for callers that read a part of a file
    document: Any,
    into: type[T],
    name: str,
    environment: Mapping[str, str] | None = None,
    entry: str = "",
    *,
    line: int | None = None,
    problems: Sequence[ConfigProblem] = (),
) -> T:
    """Return a parsed document, or the part of it at `entry` (in `line`), as `into`; messages call the file `name`.

    Raises ConfigError with these and all further problems.
    """
    decoder = Decoder(name, document, entry, environment)
    value = decoder.read(into, line)
    ProblemList([*problems, *decoder.problems]).raise_if_any()
    return cast("T", value)


def decode_section(document: Mapping[str, Any] | None, section: str, into: Any, name: str) -> Any:
    """Return one section of a settings document as `into`, or None if it is absent. Raises ConfigError."""
    if not document or document.get(section) is None:
        return None
    return decode(document[section], into, name, entry=section, line=line_at(document, section))


def secret_from(value: str | None, file: str | None, entry: str, name: str) -> Secret:
    """Return the secret given directly or in a file (trailing newline dropped): exactly one of the two.

    A relative path is relative to the settings file `name`. Raises ConfigError naming file and entry; the text of a
    secret is never in the message.
    """
    if (value is None) == (file is None):
        raise ConfigError([ConfigProblem(name, entry, "expected either the value or the `_file` with it, exactly one")])
    if value is not None:
        return Secret(value)
    path = Path(name).parent / str(file)
    try:
        text = _text_of(path)
    except (OSError, ValueError) as error:
        # ValueError: bytes that are not UTF-8, or a path with a null character.
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        expected = f"expected a readable secret file at {path}: {reason}"
        raise ConfigError([ConfigProblem(name, f"{entry}_file", expected)]) from None
    if not text.strip():
        raise ConfigError([ConfigProblem(name, f"{entry}_file", f"expected a secret in {path}, the file is empty")])
    if "\0" in text:
        raise ConfigError([ConfigProblem(name, f"{entry}_file", f"expected a text in {path}, got a binary file")])
    return Secret(text, path)


def _text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8").rstrip("\r\n")
