"""Which URLs are our own services, behind TLS and the login of `web`."""

from __future__ import annotations

import pytest

from pantrywatch.config.notifications.own_urls import is_own, own_hosts, use_https

OWN = ("inbox:8025", "Heartbeat.Example.:80", "[::1]:9095", "käse.example:8025")


@pytest.mark.parametrize(
    ("url", "secure"),
    [
        ("http://inbox:8025/api", "https://inbox:8025/api"),
        ("HTTP://INBOX:8025/api?a=B", "https://INBOX:8025/api?a=B"),
        ("http://inbox.:8025/", "https://inbox.:8025/"),
        ("http://user:pw@inbox:8025/", "https://user:pw@inbox:8025/"),
        ("http://heartbeat.example/beat", "https://heartbeat.example:80/beat"),
        ("http://heartbeat.example:/beat", "https://heartbeat.example:80/beat"),
        ("http://[0:0::1]:9095/", "https://[0:0::1]:9095/"),
        ("http://KÄSE.example:8025/", "https://KÄSE.example:8025/"),
        ("http://xn--kse-qla.example:8025/", "https://xn--kse-qla.example:8025/"),
    ],
)
def test_an_own_service_is_found_however_its_address_is_written(url: str, secure: str) -> None:
    """Case, final dot, default port, login, spelling of IPv6 and of other alphabets make no difference."""
    assert is_own(url, OWN)
    assert use_https((url,), OWN) == (secure,)
    assert is_own(secure, OWN), "it keeps its port"


@pytest.mark.parametrize(
    "url",
    [
        "http://inbox:8026/",
        "http://inbox:8025@elsewhere.example/",
        "http://elsewhere.example/inbox:8025",
        "http://inbox.example:8025/",
        "https://heartbeat.example/",
        "http://inbox:port/",
        "http://[::1/",
        "inbox:8025",
        "http://\udcff.example:8025/",
        "",
    ],
)
def test_nobody_else_gets_our_login(url: str) -> None:
    """Another port, host or scheme's port is a third party, and so is what is no address."""
    assert not is_own(url, OWN)
    assert use_https(url, OWN) == url
    assert own_hosts((url,), OWN) == set()
