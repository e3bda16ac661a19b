"""The cookies of one run, as a browser keeps them: by host, path, scheme and lifetime."""

from __future__ import annotations

from email.message import Message
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from typing import cast
from urllib.parse import SplitResult, unquote, urlunsplit
from urllib.request import Request

from exporters.synthetic.http_answer import Head


class Cookies:
    """What the servers of one run have set."""

    def __init__(self) -> None:
        """Begin without any."""
        self._jar = CookieJar()

    def take(self, url: SplitResult, head: Head) -> None:
        """Keep what an answer sets; what it may not set for its host is left out."""
        self._jar.extract_cookies(cast("HTTPResponse", _Response(head)), Request(urlunsplit(url)))  # noqa: S310 - http(s)

    def header(self, url: SplitResult) -> str | None:
        """Return the header Cookie of a request, or None."""
        request = Request(urlunsplit(url))  # noqa: S310 - http(s)
        self._jar.add_cookie_header(request)
        return request.get_header("Cookie")

    def value(self, name: str) -> str | None:
        """Return a cookie's value, percent-decoded as scripts of a page do before they send it back, or None."""
        found = (cookie.value for cookie in self._jar if cookie.name == name and cookie.value is not None)
        return next((unquote(value) for value in found), None)


class _Response:
    """What http.cookiejar asks of an answer."""

    def __init__(self, head: Head) -> None:
        self._message = Message()
        for name, value in head.headers:
            if name == "set-cookie":
                self._message["Set-Cookie"] = value

    def info(self) -> Message:
        return self._message
