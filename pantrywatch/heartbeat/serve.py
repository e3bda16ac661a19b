"""Runs the heartbeat: receives beats over HTTP and watches for missing ones, in one process."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from typing import Any

from prometheus_client import generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from exporters.core.access import WebSettings, with_login
from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.exposition import CONTENT_TYPE
from exporters.core.origin import own_pages_only
from exporters.core.server import listen
from exporters.core.settings import Secret, secret_from
from pantrywatch.config.durations import seconds
from pantrywatch.config.notifications.settings import Notifications
from pantrywatch.config.settings import read_settings
from pantrywatch.heartbeat.channels import channels_of
from pantrywatch.heartbeat.state import Record, read_record
from pantrywatch.heartbeat.watch import Timing, Watch
from pantrywatch.web.config_files import rooted
from pantrywatch.web.server import read_json, serve_web

logger = logging.getLogger(__name__)

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>pantrywatch heartbeat</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta http-equiv="refresh" content="15">
<style>body{{font:16px/1.45 system-ui,sans-serif;margin:1rem auto;padding:0 1rem;max-width:40rem}}</style>
<h1>pantrywatch heartbeat</h1><p><b>{state}</b></p>
<p>Alertmanager sends the alert Watchdog here while the monitoring works. Without it for {silent},
or with nothing new from Prometheus for 6 minutes more, the contacts of
<code>notifications.heartbeat</code> are notified. <a href="/metrics">Metrics</a></p></html>
"""


def serve_heartbeat(settings_file: Path, address: str, keep: Path | None) -> int:
    """Watch until SIGTERM or Ctrl-C. Raises ConfigError for problems with the settings, address or folder."""
    settings = read_settings(settings_file)
    section, web = settings.notifications, settings.web or WebSettings()
    if section is None:
        raise ConfigError(
            [ConfigProblem(str(settings_file), "notifications", "expected this section: it names whom to notify")]
        )
    channels = channels_of(section, rooted(web, settings_file), str(settings_file))
    record = read_record(keep)
    watch = Watch(record, channels, _timing(section))
    token = section.heartbeat.token_file
    if token is not None and web.users:
        expected = "expected no token where `web` has users: a request carries one of the two, and the login is enough"
        raise ConfigError([ConfigProblem(str(settings_file), "notifications.heartbeat.token_file", expected)])
    secret = None if token is None else secret_from(None, token, "notifications.heartbeat.token", str(settings_file))
    application, tls = with_login(
        heartbeat_application(record, watch, secret, section.heartbeat.silent), web, str(settings_file)
    )
    application = own_pages_only(application, address, web.names)
    listener = listen(address)
    names = ", ".join(channel.name for channel in channels)
    url = f"{'https' if tls else 'http'}://{address}"
    logger.info("listening=%s silent_after=%s tells=%s", url, section.heartbeat.silent, names)
    asyncio.run(_serve(watch, serve_web(application, listener, tls)))
    return 0


def heartbeat_application(record: Record, watch: Watch, token: Secret | None = None, silent: str = "10m") -> Starlette:
    """Return the application: it receives beats, with the bearer token if one is set, and serves state and metrics.

    `silent` is for the page: how long a beat may be missing before somebody is notified.
    """
    return Starlette(
        routes=[
            Route("/heartbeat", partial(_beat, record, token), methods=["POST"]),
            Route("/", partial(_state, record, silent)),
            Route("/healthz", _health),
            Route("/favicon.ico", _icon),
            Route("/metrics", partial(_metrics, watch)),
        ]
    )


async def _serve(watch: Watch, web: Coroutine[Any, Any, None]) -> None:
    watching = asyncio.create_task(watch.run())
    try:
        await web
    finally:
        watching.cancel()


async def _beat(record: Record, token: Secret | None, request: Request) -> Response:
    """Accept Alertmanager's JSON, or a POST without a body from any script; a resolved Watchdog is not a beat.

    Alertmanager goes on for up to 14 minutes after Prometheus died: without a new evaluation a beat does not count.
    """
    evaluated = None
    if token is not None and not _carries(request, token):
        return PlainTextResponse("expected the token of notifications.heartbeat as Authorization: Bearer\n", 401)
    if request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers:
        document = await read_json(request)
        if not isinstance(document, dict) or document.get("status") != "firing":
            return PlainTextResponse("not a beat: expected Alertmanager's JSON with status firing\n", 400)
        evaluated = _evaluated(document)
    counts = record.beat(evaluated)
    return PlainTextResponse("received\n" if counts else "received: an old evaluation, Prometheus is silent\n")


def _evaluated(document: dict[str, Any]) -> str | None:
    """Return the annotations `evaluated_at` of the alerts, or None: Watchdog of other rules has none."""
    alerts = document.get("alerts")
    annotations = (
        [each.get("annotations") for each in alerts if isinstance(each, dict)] if isinstance(alerts, list) else []
    )
    found = [str(each["evaluated_at"]) for each in annotations if isinstance(each, dict) and "evaluated_at" in each]
    return " ".join(sorted(found)) or None


def _carries(request: Request, token: Secret) -> bool:
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    return kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.reveal().encode())


async def _state(record: Record, silent: str, _request: Request) -> Response:
    age = f"{record.silent_seconds():.0f} s"
    state = f"no beat yet, for {age}" if record.beat_at is None else f"last beat {age} ago"
    return HTMLResponse(_PAGE.format(state=state, silent=silent))


async def _health(_request: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _icon(_request: Request) -> Response:
    """Return no icon: browsers ask for one on every page."""
    return Response(media_type="image/x-icon")


async def _metrics(watch: Watch, _request: Request) -> Response:
    return Response(generate_latest(watch.metrics.registry), media_type=CONTENT_TYPE)


def _timing(section: Notifications) -> Timing:
    repeat = section.escalation.critical.repeat or "1h"
    return Timing(float(seconds(section.heartbeat.silent)), float(seconds(repeat)))
