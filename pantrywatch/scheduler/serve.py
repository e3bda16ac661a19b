"""Runs the scheduler: its tasks, and a page of metrics, in one process."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from exporters.core.access import WebSettings, with_login
from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.exposition import CONTENT_TYPE
from exporters.core.field_checks import expect_address
from exporters.core.origin import own_pages_only
from exporters.core.server import listen
from pantrywatch.config.settings import Settings, read_settings
from pantrywatch.scheduler.daily import Daily
from pantrywatch.scheduler.day import Day
from pantrywatch.scheduler.exclusions import ExclusionCollector, zone_of
from pantrywatch.scheduler.memory import read_memory
from pantrywatch.scheduler.metrics import DAILY, SchedulerCollector
from pantrywatch.scheduler.questions import clock_of, days_of
from pantrywatch.web.config_files import rooted
from pantrywatch.web.prometheus import Prometheus
from pantrywatch.web.server import serve_web

logger = logging.getLogger(__name__)

_TICK_SECONDS = 60.0
_RETRY_SECONDS = 10.0
_LONGEST_RETRY_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class _Recorded:
    """What a Prometheus recorded."""

    prometheus: Prometheus

    def now(self) -> float:
        return clock_of(self.prometheus)

    def days(self, first: date, last: date) -> Sequence[Day]:
        return days_of(self.prometheus, first, last)


class Task(Protocol):
    """What the scheduler does besides; it looks once a minute whether something is due. `name`: in its metrics."""

    @property
    def name(self) -> str: ...

    def run(self) -> bool:
        """Do what is due; return whether nothing failed."""


TasksOf = Callable[[Settings, Path, Prometheus, Path | None], Iterable[Task]]


def serve_scheduler(settings_file: Path, prometheus: str, address: str, keep: Path | None, tasks_of: TasksOf) -> int:
    """Work until SIGTERM or Ctrl-C. `tasks_of`: settings, their file, Prometheus and the folder → other tasks.

    Raises ConfigError for problems with the settings, addresses or folder.
    """
    settings = read_settings(settings_file)
    web = settings.web or WebSettings()
    _require_address(prometheus)
    server = Prometheus(f"{'https' if web.tls else 'http'}://{prometheus}", rooted(web, settings_file))
    daily = Daily(read_memory(keep), _Recorded(server), settings.prometheus.retention_days)
    tasks = list(tasks_of(settings, settings_file, server, keep))
    collector = SchedulerCollector(daily, tasks=[task.name for task in tasks])
    exclusions = ExclusionCollector(settings.exclude, zone_of(settings, str(settings_file)), time.time)
    application, tls = with_login(scheduler_application(collector, exclusions), web, str(settings_file))
    application = own_pages_only(application, address, web.names)
    listener = listen(address)
    logger.info("listening=%s prometheus=%s kept_in=%s", address, server.shown_url, keep)
    works = [
        work(DAILY, daily.fill, collector.ran),
        *(work(task.name, task.run, collector.ran) for task in tasks),
    ]
    asyncio.run(_serve(works, serve_web(application, listener, tls)))
    return 0


def scheduler_application(*collectors: Collector) -> Starlette:
    """Return the application: health and metrics."""
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    return Starlette(routes=[Route("/healthz", _health), Route("/metrics", partial(_metrics, registry))])


async def _serve(works: Sequence[Coroutine[Any, Any, None]], web: Coroutine[Any, Any, None]) -> None:
    working = [asyncio.create_task(one) for one in works]
    try:
        await web
    finally:
        for task in working:
            task.cancel()


async def work(name: str, run: Callable[[], bool], ran: Callable[[str, bool], None]) -> None:
    """Run a task once a minute; after a failure, again soon, and ever more seldom."""
    retry_seconds = _RETRY_SECONDS
    while True:
        try:
            succeeded = await asyncio.to_thread(run)
        except Exception as error:  # noqa: BLE001 - a mistake of one task neither ends it in silence nor the others
            logger.error("task=%s failed with an unexpected %s and will be tried again", name, type(error).__name__)
            succeeded = False
        ran(name, succeeded)
        retry_seconds = _RETRY_SECONDS if succeeded else min(2 * retry_seconds, _LONGEST_RETRY_SECONDS)
        await asyncio.sleep(_TICK_SECONDS if succeeded else retry_seconds)


async def _health(_request: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _metrics(registry: CollectorRegistry, _request: Request) -> Response:
    page = await asyncio.to_thread(generate_latest, registry)
    return Response(page, media_type=CONTENT_TYPE)


def _require_address(prometheus: str) -> None:
    try:
        expect_address(prometheus)
    except ValueError as error:
        raise ConfigError([ConfigProblem("command line", "--prometheus", str(error))]) from error
