"""Who may talk to our servers through somebody's browser: nobody.

A web page anywhere can make the browser of an operator send requests to servers that only this operator reaches. So a
server on loopback answers under loopback names alone, which a page elsewhere cannot have made its own (DNS rebinding),
and whatever changes something is refused where a browser says that another page sent it (Fetch Metadata, RFC 6454).
Programs send none of these headers and are not held up.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
Application = Callable[[Event, Receive, Send], Awaitable[None]]

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITES = frozenset({b"same-origin", b"none"})
# What a form may send to another site without asking it first.
_FORM_TYPES = frozenset({"text/plain", "application/x-www-form-urlencoded", "multipart/form-data"})


def own_pages_only(application: Application, listen: str, names: Sequence[str] = ()) -> Application:
    """Return the application as only its own pages and programs may use it.

    `listen` is host:port. Where it is on loopback, other names as Host are refused with 421, but for `names`: those
    under which a reverse proxy on this machine passes requests on. On any other address every name is taken, as
    containers and port forwarding need it.
    """
    own = frozenset(_host(name) for name in names)
    local = is_loopback(_host(listen))

    async def checked(scope: Event, receive: Receive, send: Send) -> None:
        refusal = _refusal(scope, own, local=local) if scope["type"] == "http" else None
        if refusal is None:
            await application(scope, receive, send)
            return
        status, text = refusal
        body = f"{text}\n".encode()
        head = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    return checked


def is_form_type(content_type: str) -> bool:
    """Return whether a form on any page could send this; JSON is not among it, nor is a body without a type."""
    return content_type.partition(";")[0].strip().lower() in _FORM_TYPES


def is_loopback(host: str) -> bool:
    """Return whether the name or address is this machine's own, reached from nowhere else."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refusal(scope: Event, own: frozenset[str], *, local: bool) -> tuple[int, str] | None:
    headers: Mapping[bytes, bytes] = dict(scope["headers"])
    host = headers.get(b"host", b"").decode("latin-1")
    name = _host(host)
    if local and host and not is_loopback(name) and name not in own:
        return 421, "this server answers only under names of this machine; others: web.names in the settings"
    if scope["method"] in _READING:
        return None
    origin = headers.get(b"origin")
    if headers.get(b"sec-fetch-site", b"none").lower() not in _OWN_SITES:
        return 403, "refused: another page sent this"
    if origin is not None and not _same(origin.decode("latin-1"), host, own):
        return 403, "refused: a page of another origin sent this"
    return None


def _same(origin: str, host: str, own: frozenset[str]) -> bool:
    """Return whether the origin is the server itself; behind a proxy it has the proxy's name."""
    try:
        netloc = urlsplit(origin).netloc.lower()
    except ValueError:
        return False
    return bool(netloc) and (netloc == host.lower() or _host(netloc) in own)


def _host(address: str) -> str:
    """Return the host of host[:port], an IPv6 address without its brackets, in small letters, without a last dot."""
    text = address.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    if text.count(":") == 1:
        text = text.partition(":")[0]
    return text.rstrip(".")
