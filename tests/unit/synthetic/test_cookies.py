"""Cookies of a journey are kept and sent as browsers do, where the standard library does otherwise as well."""

from __future__ import annotations

import pytest

from exporters.core.checks.http_url import parse_url
from exporters.synthetic.cookies import Cookies
from exporters.synthetic.http_answer import Head


@pytest.mark.parametrize(
    ("url", "lines", "then", "sent"),
    [
        ("https://crm.example/", ["sid=1; Path=/", "sid=; Max-Age=0; Path=/"], "https://crm.example/", None),
        ("https://crm.example/", ["sid=; Max-Age=0; Path=/", "sid=1; Path=/"], "https://crm.example/", "sid=1"),
        ("https://crm.example/", ["sid=1; Max-Age=soon"], "https://crm.example/", "sid=1"),
        ("https://crm.example/", ["sid=1; Max-Age=-1"], "https://crm.example/", None),
        ("https://app.crm.example/", ["sid=1; Path=/"], "https://x.app.crm.example/", None),
        ("https://app.crm.example/", ["sid=1; Domain=crm.example"], "https://api.crm.example/", "sid=1"),
        ("https://app.crm.example/", ["sid=1; Domain=other.example"], "https://app.crm.example/", None),
        ("http://localhost:3000/", ["sid=1; Domain=localhost"], "http://localhost:3000/", "sid=1"),
        ("http://crm:3000/", ["sid=1; domain=.crm ; Path=/"], "http://crm:3000/", "sid=1"),
        ("http://127.0.0.1:3000/", ["sid=1; Secure"], "http://127.0.0.1:3000/", "sid=1"),
        ("http://127.0.0.1:3000/", ["sid=1; Secure"], "http://crm.example/", None),
        ("https://crm.example/", ["sid=1; Secure"], "http://crm.example/", None),
        ("https://crm.example/", ['sid="a b"; HttpOnly; SameSite=Lax'], "https://crm.example/", 'sid="a b"'),
    ],
)
def test_cookies_are_those_of_a_browser(url: str, lines: list[str], then: str, sent: str | None) -> None:
    """By the order of the lines, host, domain, scheme and lifetime; what is wrong in a line costs itself alone."""
    cookies = Cookies()
    cookies.take(parse_url(url), Head(1.1, 200, tuple(("set-cookie", line) for line in lines)))
    assert cookies.header(parse_url(then)) == sent
