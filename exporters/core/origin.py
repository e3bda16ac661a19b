"""Protects our servers from requests that a web page makes through an operator's browser.

Any web page can make an operator's browser send requests to servers that only this operator can reach. So a server on
loopback answers only under loopback names, which a page elsewhere cannot claim (DNS rebinding), and a request that
changes something is refused if the browser says that another page sent it (Fetch Metadata, RFC 6454). Programs send
none of these headers and are not affected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from exporters.core.asgi import Application, Event, Receive, Send

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_PORTS = {"http": 80, "https": 443}
_OWN_SITES = frozenset({b"same-origin", b"none"})
# The content types that a form may send to another site without a preflight request.
_FORM_TYPES = frozenset({"text/plain", "application/x-www-form-urlencoded", "multipart/form-data"})


def own_pages_only(application: Application, listen: str, names: Sequence[str] = ()) -> Application:
    """Return the application, restricted to its own pages and to programs.

    `listen` is host:port. If it is on loopback, other names as Host are refused with 421, except `names`, under which a
    reverse proxy on this machine forwards requests. On any other address every name is accepted, as containers and port
    forwarding require.
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
    """Return whether a form on any page could send this: not JSON, and not a body without a content type."""
    return content_type.partition(";")[0].strip().lower() in _FORM_TYPES


def is_loopback(host: str) -> bool:
    """Return whether the name or address belongs to this machine and is reachable only from it."""
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
    """Return whether the origin is the server itself; behind a proxy it has the proxy's name.

    Either may have the default port written out: browsers leave it out, some proxies add it.
    """
    try:
        page = urlsplit(origin)
        default = _PORTS[page.scheme]
        target = urlsplit(f"//{host}")
        return bool(page.hostname) and (
            (_host(page.netloc), page.port or default) == (_host(host), target.port or default)
            or _host(page.netloc) in own
        )
    except (ValueError, KeyError):
        return False


def _host(address: str) -> str:
    """Return the host of host[:port] in lower case, without IPv6 brackets and without a final dot."""
    text = address.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    if text.count(":") == 1:
        text = text.partition(":")[0]
    return text.rstrip(".")
