"""Sends requests at a rate that does not depend on how fast they are answered (an open arrival)."""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import aiohttp

from pantrywatch.capacity.verdict import Promise, Step

# Requests that may wait for an answer at a time: memory and sockets of this machine. Beyond, the step is lost.
MOST_IN_FLIGHT = 2000
_LOOK_EVERY_SECONDS = 0.5
_READING = frozenset({"GET", "HEAD"})
_NOT_MODIFIED = 304
_CHUNK_BYTES = 64 * 1024
MOST_KEPT_BYTES = 64 * 1024  # of an answer: that of the log-in is read


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request with all its values filled in."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None
    weight: int


class Client:
    """Connections to one server, kept open between requests; redirects are not followed. Close it after use."""

    def __init__(self, timeout_seconds: float, tls: ssl.SSLContext | None) -> None:
        self.timeout_seconds = timeout_seconds
        connector = aiohttp.TCPConnector(limit=0, ssl=tls or True, ttl_dns_cache=3600)
        # No cookies: what one request was given is not sent by others, as by many users.
        self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()

    async def exchange(self, request: Prepared, timeout_seconds: float) -> tuple[str | None, bytes]:
        """Return what went wrong, in closed words, and the beginning of the body.

        A status below 400 is right, but not a redirect of what was to be read: once a session has ended, that to the
        log-in is quick.
        """
        try:
            async with (
                asyncio.timeout(max(timeout_seconds, 0.001)),
                self._session.request(
                    request.method, request.url, headers=request.headers, data=request.body, allow_redirects=False
                ) as answer,
            ):
                # To the end, so that the connection can be used again; more than this is not kept.
                body = b""
                async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
                    body += chunk[: MOST_KEPT_BYTES - len(body)]
        except TimeoutError:
            return "no answer in time", b""
        except aiohttp.ClientConnectorError:
            return "no connection", b""
        except (aiohttp.ClientError, OSError, ValueError):
            return "connection lost", b""
        is_elsewhere = request.method in _READING and 300 <= answer.status < 400 and answer.status != _NOT_MODIFIED
        return (f"status {answer.status}" if is_elsewhere or answer.status >= 400 else None), body


def mixed(requests: Sequence[Prepared], count: int, seed: int) -> list[Prepared]:
    """Return so many requests in random order, each kind by its weight; the same for the same seed."""
    return random.Random(seed).choices(requests, [request.weight for request in requests], k=count)  # noqa: S311


async def offer(
    client: Client,
    requests: Sequence[Prepared],
    step: Step,
    promise: Promise,
    watch: Callable[[Step], None],
) -> None:
    """Send the planned requests of a step, evenly spaced, and wait for them; stop sending when it is lost.

    `watch` is called twice a second. When the task is cancelled, so are the requests.
    """
    interval = 60 / step.requests_per_minute
    running: set[asyncio.Task[None]] = set()
    start = time.monotonic()
    looked = start

    async def one(request: Prepared, due: float) -> None:
        lag = time.monotonic() - due
        error, _ = await client.exchange(request, client.timeout_seconds - lag)
        step.add(promise, time.monotonic() - due, lag, error)

    try:
        for number, request in enumerate(mixed(requests, step.planned, step.planned)):
            due = start + number * interval
            while (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(min(wait, _LOOK_EVERY_SECONDS))
                if time.monotonic() - looked >= _LOOK_EVERY_SECONDS:
                    looked = time.monotonic()
                    watch(step)
            if step.is_lost(promise) or len(running) >= MOST_IN_FLIGHT:
                return
            task = asyncio.create_task(one(request, due))
            running.add(task)
            task.add_done_callback(running.discard)
        while running and not step.is_lost(promise):
            await asyncio.wait(running, timeout=_LOOK_EVERY_SECONDS)
            watch(step)
    finally:
        step.unfinished = len(running)
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
