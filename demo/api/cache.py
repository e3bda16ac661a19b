"""The Redis cache in front of the database: sessions and responses. An outage costs time once every few seconds."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import redis

from demo.api.metrics import Metrics

log = logging.getLogger(__name__)

ANSWER_SECONDS = 300
# After a failure the cache is skipped for a while: a frozen server would cost every request a timeout.
_REST_SECONDS = 2.0
_TIMEOUT_SECONDS = 0.25


class Cache:
    """While the server is unreachable, every operation returns None or has no effect; nothing is ever raised."""

    def __init__(self, url: str, metrics: Metrics) -> None:
        self._metrics = metrics
        self._client = redis.Redis.from_url(
            url,
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
            max_connections=40,
            client_name="crm-api",
            retry=None,
        )
        self._resting_until = 0.0
        self._away = False

    @property
    def away(self) -> bool:
        """Whether the last attempt failed."""
        return self._away

    def get(self, keys: Sequence[str]) -> list[bytes | None] | None:
        """The value of each key, or None; None instead of the list while the cache is unreachable."""
        values = self._try(lambda client: client.mget(keys))
        found = None if values is None else list(values)
        self._metrics.looked_up(keys, found)
        return found

    def put(self, values: Mapping[str, bytes], seconds: int) -> None:
        """Store every value for that many seconds."""
        for key, value in values.items():
            self._try(partial(redis.Redis.set, name=key, value=value, ex=seconds))

    def forget(self, keys: Sequence[str]) -> None:
        self._try(lambda client: client.delete(*keys))

    def ping(self) -> bool:
        """Whether the server responds now."""
        return self._try(lambda client: client.ping()) is not None

    def close(self) -> None:
        self._client.close()

    def _try(self, command: Callable[[redis.Redis], Any]) -> Any:
        if time.monotonic() < self._resting_until:
            return None
        try:
            answer = command(self._client)
        except redis.RedisError as error:
            self._resting_until = time.monotonic() + _REST_SECONDS
            self._note(away=True, why=type(error).__name__)
            return None
        self._note(away=False, why="-")
        return answer

    def _note(self, *, away: bool, why: str) -> None:
        if away != self._away:
            self._away = away
            log.warning("cache away=%s error=%s", away, why)
