"""A capacity run: look for the highest rate that the server sustains, prove it, record it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import termios
import time
import tty
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path

from exporters.capacity import CapacityResult, write_result
from pantrywatch.capacity.load import Client, Prepared, offer
from pantrywatch.capacity.prepare import NotReadyError, origin_of, ready, secrets_of, tls_of
from pantrywatch.capacity.search import Search
from pantrywatch.capacity.verdict import Promise, Step
from pantrywatch.config.capacity import CapacitySettings
from pantrywatch.native.console import Progress, complain, say

_RECOVERY_SECONDS = 30.0
_LEAST_REQUESTS = 20
_ABORT_KEY = "q"


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says: where, how fast at first, for how long, and where to record it."""

    settings: CapacitySettings
    settings_file: Path
    url: str | None
    requests_per_minute: float
    proof_seconds: float
    step_seconds: float
    version: str
    files: tuple[Path, ...]


def run(options: Options, promise: Promise) -> int:
    """Run it; returns 0 when a rate was proven and recorded, else 1. Raises ConfigError before anything is sent."""
    origin = origin_of(options.settings, options.url, options.settings_file)
    secrets = secrets_of(options.settings, options.settings_file)
    tls = tls_of(options.settings, options.settings_file)

    async def whole() -> int:
        client = Client(options.settings.timeout_seconds, tls)
        try:
            requests = await ready(client, origin, options.settings, secrets)
            say(f"{origin}: {promise.in_words()}")
            result = await _Run(client, requests, promise, options).result()
        except NotReadyError as error:
            complain([str(error)])
            return 1
        finally:
            await client.close()
        return recorded(result, options)

    return _until_aborted(whole)


def recorded(result: CapacityResult, options: Options) -> int:
    """Say the result, and write it: it took minutes, so a full disk does not hide it."""
    is_proven = result.latency_seconds is not None
    if is_proven:
        say(f"sustained: {result.requests_per_minute:,.0f} requests a minute")
    else:
        complain([f"no rate was sustained, down to {result.broken_requests_per_minute:,.0f} requests a minute"])
    for file in options.files:
        try:
            write_result(file, result)
        except OSError as error:
            complain([f"{file}: {error.strerror}: the result is not recorded"])
            return 1
        say(f"recorded in {file}")
    return 0 if is_proven else 1


class _Run:
    """The steps of one run."""

    def __init__(self, client: Client, requests: list[Prepared], promise: Promise, options: Options) -> None:
        self._client, self._requests, self._promise, self._options = client, requests, promise, options
        self._progress = Progress()
        self._search = Search(options.requests_per_minute, options.settings.most_requests_per_minute)

    async def result(self) -> CapacityResult:
        """Return what was found: the rate that was sustained for the whole proof, 0 if there is none."""
        proven: Step | None = None
        while proven is None:
            while (rate := self._search.next_rate()) is not None:
                await self._try(rate, self._options.step_seconds)
            if self._search.kept is None:
                break
            proven = await self._try(self._search.kept, self._options.proof_seconds)
        return CapacityResult(
            version=self._options.version,
            requests_per_minute=proven.requests_per_minute if proven else 0.0,
            run_timestamp_seconds=float(int(time.time())),
            broken_requests_per_minute=self._search.broken,
            latency_seconds=proven.percentile(self._promise.percentile) if proven else None,
            error_ratio=proven.error_ratio if proven else None,
        )

    async def _try(self, rate: float, seconds: float) -> Step | None:
        """Return the step at this rate if the server kept its targets; after one it did not keep, wait for it."""
        step = Step(rate, max(_LEAST_REQUESTS, round(rate * seconds / 60)))
        try:
            await offer(self._client, self._requests, step, self._promise, self._show)
        finally:
            self._progress.end()
        broken = step.broken(self._promise)
        self._search.note(rate, kept=broken is None)
        say(f"  {_numbers(step, self._promise)}  {broken or 'kept'}")
        if broken is None:
            return step
        await self._recovered()
        return None

    def _show(self, step: Step) -> None:
        done = len(step.latencies) / step.planned
        self._progress.rewrite(f"{_numbers(step, self._promise)}  {done:.0%}; {_ABORT_KEY} or Ctrl-C ends the run")

    async def _recovered(self) -> None:
        """Wait until the server answers as fast as promised again. Raises NotReadyError."""
        end = time.monotonic() + _RECOVERY_SECONDS
        while time.monotonic() < end:
            error, _ = await self._client.exchange(self._requests[0], self._promise.seconds)
            if error is None:
                return
            await asyncio.sleep(0.5)
        raise NotReadyError(f"the server has not recovered in {_RECOVERY_SECONDS:g} s: nothing is recorded")


def _numbers(step: Step, promise: Promise) -> str:
    latency = f"p{promise.percentile:g} {step.percentile(promise.percentile):.3f} s"
    return f"{step.requests_per_minute:>9,.0f} a minute  {latency}  errors {step.error_ratio:.2%}"


def _until_aborted(whole: Callable[[], Coroutine[None, None, int]]) -> int:
    """Run the coroutine until it ends, or until Ctrl-C, SIGTERM or the abort key: then nothing is recorded."""

    async def watched() -> int:
        task = asyncio.create_task(whole())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        with _key_pressed(loop, task):
            try:
                return await task
            except asyncio.CancelledError:
                complain(["ended before a rate was proven: nothing is recorded"])
                return 1

    return asyncio.run(watched())


@contextlib.contextmanager
def _key_pressed(loop: asyncio.AbstractEventLoop, task: asyncio.Task[int]) -> Iterator[None]:
    """Cancel the task when the key is pressed, on a terminal; its mode is restored."""
    if not sys.stdin.isatty():
        yield
        return
    descriptor = sys.stdin.fileno()
    mode = termios.tcgetattr(descriptor)

    def read() -> None:
        if _ABORT_KEY in os.read(descriptor, 1024).decode(errors="replace").lower():
            task.cancel()

    tty.setcbreak(descriptor)
    loop.add_reader(descriptor, read)
    try:
        yield
    finally:
        loop.remove_reader(descriptor)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, mode)
