"""The inbox over HTTP: endpoints for Alertmanager, an API for tests, and pages for people."""

from __future__ import annotations

from functools import partial
from importlib.resources import files

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from pantrywatch.inbox.mailbox import Mailbox
from pantrywatch.inbox.message import Message
from pantrywatch.inbox.notifications import Reader, read_pagerduty, read_slack, read_webhook
from pantrywatch.inbox.page import list_page, message_page
from pantrywatch.web.server import read_json

_COMMON = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
_OURS = _COMMON | {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src data:; frame-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
}
# For untrusted HTML, also when opened outside its frame: styles are allowed, scripts and forms are not.
_FOREIGN = _COMMON | {
    "Content-Security-Policy": "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
}


def inbox_application(mailbox: Mailbox) -> Starlette:
    """Return the application; an unknown path is a 404, an unreadable body a 400."""
    return Starlette(
        routes=[
            Route("/", partial(_list, mailbox)),
            Route("/healthz", _health),
            Route("/style.css", _style),
            Route("/api/messages", partial(_messages, mailbox)),
            Route("/messages/{number:int}", partial(_message, mailbox)),
            Route("/messages/{number:int}/html", partial(_html, mailbox)),
            Route("/webhook/{name}", partial(_take, mailbox, read_webhook), methods=["POST"]),
            Route("/slack/{name}", partial(_take, mailbox, read_slack), methods=["POST"]),
            Route("/pagerduty/{name}", partial(_take, mailbox, read_pagerduty), methods=["POST"]),
        ],
        exception_handlers={404: _unknown},
    )


async def _list(mailbox: Mailbox, request: Request) -> Response:
    before = request.query_params.get("before")
    page = await run_in_threadpool(list_page, mailbox, None if before is None else _number(before, "before"))
    return HTMLResponse(page, headers=_OURS)


async def _health(_request: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _style(_request: Request) -> Response:
    text = (files("pantrywatch.inbox") / "style.css").read_text(encoding="utf-8")
    return PlainTextResponse(text, headers=_COMMON, media_type="text/css")


async def _messages(mailbox: Mailbox, request: Request) -> Response:
    after = _number(request.query_params.get("after", "0"), "after")

    def answer() -> Response:
        return JSONResponse({"messages": [message.as_json() for message in mailbox.after(after)]}, headers=_COMMON)

    return await run_in_threadpool(answer)


async def _message(mailbox: Mailbox, request: Request) -> Response:
    return HTMLResponse(message_page(_found(mailbox, request)), headers=_OURS)


async def _html(mailbox: Mailbox, request: Request) -> Response:
    # Links of a mail open in a new tab: inside the frame its own policy would block them.
    return HTMLResponse('<base target="_blank">' + _found(mailbox, request).delivery.html, headers=_FOREIGN)


async def _take(mailbox: Mailbox, read: Reader, request: Request) -> Response:
    document, name = await read_json(request), request.path_params["name"]
    try:
        # In a thread: `/healthz` answers meanwhile.
        message = await run_in_threadpool(lambda: mailbox.add(read(document, name)))
    except ValueError as error:
        raise HTTPException(400, f"{error}\n") from error
    except OSError as error:
        raise HTTPException(507, f"could not store the message: {error.strerror}\n") from error
    if read is read_slack:
        return PlainTextResponse("ok")  # Slack's own answer
    status = 202 if read is read_pagerduty else 200
    return JSONResponse({"status": "success", "message": message.id}, status, headers=_COMMON)


def _number(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise HTTPException(400, f"expected `{name}` to be the id of a message\n")
    return int(text)


async def _unknown(_request: Request, _error: Exception) -> Response:
    known = "/ /api/messages /messages/ID /webhook/RECEIVER /slack/CHANNEL /pagerduty/RECEIVER"
    return PlainTextResponse(f"not found; there are: {known}\n", 404)


def _found(mailbox: Mailbox, request: Request) -> Message:
    message = mailbox.get(request.path_params["number"])
    if message is None:
        raise HTTPException(404)
    return message
