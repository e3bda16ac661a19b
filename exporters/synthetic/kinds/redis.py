"""A PING to Redis or Valkey over a new connection, or a value written and read back."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass, classify_network_error
from exporters.core.settings import Secret
from exporters.synthetic.check import CheckSettings, Entry, Observation, Probe
from exporters.synthetic.network import time_left

if TYPE_CHECKING:
    from redis import Redis, RedisError

_KEY_LIFE_SECONDS = 60

# By the first word of the server's error (the client keeps only the rest for some, and tells these by type).
_BY_CODE = {
    "WRONGPASS": ErrorClass.AUTH,
    "NOAUTH": ErrorClass.AUTH,
    "NOPERM": ErrorClass.PERMISSION,
    "OOM": ErrorClass.EXHAUSTED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisCheck(CheckSettings):
    """Passes when PING is answered; with `write`, when a value written under a key of its own is read back."""

    kind: Literal["redis"]
    url: str | None = None
    url_file: str | None = None
    write: bool = False


def prepare(settings: RedisCheck, entry: Entry) -> Probe:
    """Return the check, its secret read. Raises ConfigError."""
    # Here and not above: settings are read by every sidecar, the client is loaded by those that connect.
    from redis.connection import parse_url  # noqa: PLC0415

    url = entry.secret("url", settings.url, settings.url_file)
    try:
        parse_url(url.reveal())  # type: ignore[no-untyped-call]
    except ValueError:
        raise entry.error("url", "expected an address like redis://host:6379/0") from None
    return partial(_check, settings, url)


def _check(settings: RedisCheck, url: Secret, observation: Observation, deadline: Deadline) -> None:
    import redis  # noqa: PLC0415 - as above

    try:
        with _client(url, deadline) as client, deadline.calls(client.connection_pool.disconnect):
            with observation.phase("connect"):
                client.connection_pool.release(client.connection_pool.get_connection())
            with observation.phase("request"):
                well = _round_trip(client, settings.name) if settings.write else client.ping()
    except redis.RedisError as error:
        raise CollectError(_class(error, deadline), type(error).__name__) from None
    if not well:
        raise CollectError(ErrorClass.PROTOCOL, "another answer than expected")


@contextmanager
def _client(url: Secret, deadline: Deadline) -> Iterator[Redis]:
    """Give a client that asks nothing but what it is told to, once."""
    import redis  # noqa: PLC0415 - as above
    from redis.backoff import NoBackoff  # noqa: PLC0415
    from redis.retry import Retry  # noqa: PLC0415

    seconds = time_left(deadline)
    client = redis.Redis.from_url(
        url.reveal(),
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        lib_name=None,
        lib_version=None,
    )
    try:
        yield client
    finally:
        client.close()
        client.connection_pool.disconnect()


def _round_trip(client: Redis, name: str) -> bool:
    # A key for every run: two exporters with the same check do not read each other's value.
    value = uuid.uuid4().hex
    key = f"pantrywatch:check:{name}:{value}"
    client.set(key, value, ex=_KEY_LIFE_SECONDS)
    well = client.get(key) == value.encode()
    client.delete(key)
    return well


def _class(error: RedisError, deadline: Deadline) -> ErrorClass:
    import redis  # noqa: PLC0415 - as above

    if isinstance(error, redis.TimeoutError) or deadline.passed():
        return ErrorClass.TIMEOUT
    if isinstance(error, redis.AuthenticationError):
        return ErrorClass.AUTH
    if isinstance(error, redis.exceptions.NoPermissionError):
        return ErrorClass.PERMISSION
    if isinstance(error, redis.exceptions.OutOfMemoryError) or "max number of clients" in str(error):
        return ErrorClass.EXHAUSTED
    cause = error.__cause__ or error.__context__
    if isinstance(cause, OSError):
        return classify_network_error(cause)
    return _BY_CODE.get(str(error).partition(" ")[0], ErrorClass.PROTOCOL)
