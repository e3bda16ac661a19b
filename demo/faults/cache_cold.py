"""The cache is emptied every second: it works but holds nothing."""

from __future__ import annotations

from contextlib import suppress

import redis

from demo.environment import Environment
from demo.faults.fault import Tick


def enter(environment: Environment) -> Tick:
    client = redis.Redis.from_url(
        environment.secret("cache_url"), socket_timeout=1, socket_connect_timeout=1, client_name="demo-fault"
    )

    def empty() -> None:
        # An unreachable cache is colder still: nothing to do until it is back.
        with suppress(redis.RedisError):
            client.flushall()

    empty()
    return empty
