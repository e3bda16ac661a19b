"""The input and output of a handler."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from demo.api.cache import Cache
from demo.api.database import Database
from demo.api.errors import ApiError
from demo.api.metrics import Metrics
from demo.api.partners import Partners
from demo.api.sessions import Sessions, User


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the application connects to."""

    database: Database
    cache: Cache
    sessions: Sessions
    partners: Partners
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class Fields:
    """Named values from outside, read by type; an invalid one raises ApiError 400 with its name."""

    values: Mapping[str, Any]

    def text(self, name: str, longest: int, *, shortest: int = 0) -> str:
        """A string of bounded length without control characters other than line ends and tabs."""
        value = self.values.get(name, "")
        if not isinstance(value, str) or not shortest <= len(value.strip()) <= longest or not _storable(value):
            raise ApiError(400, f"{name}: a text of {shortest} to {longest} characters is expected")
        return value.strip()

    def one_of(self, name: str, allowed: tuple[str, ...]) -> str:
        value = self.values.get(name)
        if value not in allowed:
            raise ApiError(400, f"{name}: one of {', '.join(allowed)} is expected")
        return str(value)

    def optional_one_of(self, name: str, allowed: tuple[str, ...]) -> str | None:
        return None if self.values.get(name) in (None, "") else self.one_of(name, allowed)

    def whole(self, name: str, low: int, high: int, default: int) -> int:
        """A whole number, also as a string of digits."""
        value = self.values.get(name, default)
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ApiError(400, f"{name}: a whole number from {low} to {high} is expected")
        return value

    def key(self, name: str) -> str:
        """A uuid."""
        try:
            return str(UUID(str(self.values.get(name, ""))))
        except ValueError as error:
            raise ApiError(400, f"{name}: a uuid is expected") from error

    def optional_key(self, name: str) -> str | None:
        return None if self.values.get(name) in (None, "") else self.key(name)

    def optional_date(self, name: str) -> date | None:
        value = self.values.get(name)
        if value in (None, ""):
            return None
        try:
            return date.fromisoformat(str(value))
        except ValueError as error:
            raise ApiError(400, f"{name}: a date like 2026-01-31 is expected") from error


@dataclass(frozen=True, slots=True)
class Call:
    """One request, with the checks that are common to all."""

    services: Services
    user: User
    path: Fields = field(default_factory=lambda: Fields({}))
    query: Fields = field(default_factory=lambda: Fields({}))
    body: Fields = field(default_factory=lambda: Fields({}))


@dataclass(frozen=True, slots=True)
class Answer:
    """`outdated`: the addresses whose cached responses for this user are no longer current."""

    content: Mapping[str, Any]
    status: int = 200
    outdated: tuple[str, ...] = ()


Handler = Callable[[Call], Answer]


def path_key(call: Call) -> str:
    """The uuid in the path; anything else is a 404."""
    try:
        return call.path.key("id")
    except ApiError as error:
        raise ApiError(404, "there is no such record") from error


def _storable(value: str) -> bool:
    # NUL is refused by PostgreSQL, lone surrogates by UTF-8.
    return not any(
        (character < " " and character not in "\t\n\r") or "\ud800" <= character <= "\udfff" for character in value
    )
