"""The cookies of one run, as a browser keeps them: by host, path, scheme and lifetime."""

from __future__ import annotations

import re
from email.message import Message
from http.client import HTTPResponse
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import cast
from urllib.parse import SplitResult, unquote, urlunsplit
from urllib.request import Request

from exporters.core.origin import is_loopback
from exporters.synthetic.http_answer import Head

_MAX_AGE = re.compile(r"-?[0-9]+", re.ASCII).fullmatch


class Cookies:
    """What the servers of one run have set."""

    def __init__(self) -> None:
        """Begin without any."""
        # One without a Domain is its host's alone, and not that of hosts below it.
        self._jar = CookieJar(DefaultCookiePolicy(strict_ns_domain=DefaultCookiePolicy.DomainStrictNonDomain))

    def take(self, url: SplitResult, head: Head) -> None:
        """Keep what an answer sets, in its order; what it may not set for its host is left out."""
        for name, line in head.headers:
            if name == "set-cookie":
                response = cast("HTTPResponse", _Response(_as_read_by_browsers(line, url.hostname or "")))
                self._jar.extract_cookies(response, _request(url))

    def header(self, url: SplitResult) -> str | None:
        """Return the header Cookie of a request, or None."""
        request = _request(url)
        self._jar.add_cookie_header(request)
        return request.get_header("Cookie")

    def value(self, name: str) -> str | None:
        """Return a cookie's value, percent-decoded as scripts of a page do before they send it back, or None."""
        found = (cookie.value for cookie in self._jar if cookie.name == name and cookie.value is not None)
        return next((unquote(value) for value in found), None)


def _request(url: SplitResult) -> Request:
    request = Request(urlunsplit(url))  # noqa: S310 - http(s)
    if is_loopback(url.hostname or ""):
        request.type = "https"  # browsers send Secure cookies to their own machine without TLS
    return request


def _as_read_by_browsers(line: str, host: str) -> str:
    """Return a Set-Cookie line without the attributes that browsers leave out: the standard library drops the cookie.

    A Max-Age that is not a number, and a Domain that is the name of a host without a dot.
    """
    cookie, *attributes = line.split(";")
    kept = [cookie]
    for attribute in attributes:
        name, _, value = (part.strip(" \t") for part in attribute.partition("="))
        is_own_host = name.lower() == "domain" and "." not in host and value.lstrip(".").lower() == host
        if not is_own_host and (name.lower() != "max-age" or _MAX_AGE(value)):
            kept.append(attribute)
    return ";".join(kept)


class _Response:
    """What http.cookiejar asks of an answer."""

    def __init__(self, line: str) -> None:
        self._message = Message()
        self._message["Set-Cookie"] = line

    def info(self) -> Message:
        return self._message
