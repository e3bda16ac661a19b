"""Addresses: the same origin written in many ways, redirects, and names of servers."""

from __future__ import annotations

import pytest

from exporters.core.checks.http_url import host_header, host_of, parse_url, port_of, redirect_target, same_origin
from exporters.core.server_name import is_server_name, server_name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://crm.test/a", "http://crm.test:80/b?c"),
        ("https://crm.test", "https://crm.test:443/"),
        ("http://crm.test:/", "http://crm.test/"),
        ("http://CRM.test/", "HTTP://crm.TEST/"),
        ("https://crm.test./", "https://crm.test/"),
        ("http://[::1]/", "http://[0:0:0:0:0:0:0:1]:80/"),
        ("http://[2001:DB8::A]:8080/", "http://[2001:db8:0::a]:8080/"),
        ("http://bücher.test/", "http://xn--bcher-kva.test/"),
        ("http://BÜCHER.test/", "http://bücher.test/"),
    ],
)
def test_same_origin(one: str, other: str) -> None:
    """Scheme, host and port decide, however they are written."""
    assert same_origin(parse_url(one), parse_url(other))
    assert same_origin(parse_url(other), parse_url(one))


@pytest.mark.parametrize(
    "other",
    [
        "https://crm.test/",
        "http://crm.test:443/",
        "http://crm.test:8080/",
        "http://www.crm.test/",
        "http://crm.test.evil.test/",
        "http://crm.test../",
        "http://crm-test/",
        "http://[::1]/",
    ],
)
def test_another_origin(other: str) -> None:
    """Another scheme, host or port is another origin, how much they may look alike."""
    assert not same_origin(parse_url("http://crm.test/"), parse_url(other))


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/b", "https://crm.test:8443/b"),
        ("c", "https://crm.test:8443/x/c"),
        ("?q=1", "https://crm.test:8443/x/a?q=1"),
        ("../d", "https://crm.test:8443/d"),
        ("//other.test/e", "https://other.test/e"),
        ("/f#part", "https://crm.test:8443/f#part"),
        ("http://other.test", "http://other.test"),
        (" /g ", "https://crm.test:8443/g"),
        ("/ü ö".encode().decode("latin-1"), "https://crm.test:8443/%C3%BC%20%C3%B6"),
        ("/\xfc", "https://crm.test:8443/%FC"),
        ("http://bücher.test/ü".encode().decode("latin-1"), "http://xn--bcher-kva.test/%C3%BC"),
    ],
)
def test_redirect(location: str, target: str) -> None:
    """A Location is relative to the address asked, and may hold raw UTF-8."""
    assert redirect_target(parse_url("https://crm.test:8443/x/a?p"), location).geturl() == target


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd", "gopher://crm.test/", "javascript:1", "http://", "http://[", "http://[::1", "http://a:99999/",
        "http://a:x/", "http://user:secret@crm.test/", "//user@crm.test/", "http://\xff\xfe/", "http://a:0/",
        "http://" + "\xc3\xbc" * 300 + "/",
    ],
)  # fmt: skip
def test_redirect_to_something_else(location: str) -> None:
    """What is no address of http or https is refused, and credentials in one too."""
    with pytest.raises(ValueError, match=r"."):
        redirect_target(parse_url("https://crm.test/"), location)


@pytest.mark.parametrize(
    "url", ["http://crm.test/a b", "http://crm.test/ü", "http://crm.test/\n", "\thttp://crm.test/"]
)
def test_address_that_cannot_be_sent(url: str) -> None:
    """In the settings, what cannot stand in a request is refused: spaces, line ends, and other than ASCII in a path."""
    with pytest.raises(ValueError, match="expected an address"):
        parse_url(url)


def test_what_is_connected_to_and_what_is_asked_for() -> None:
    """The header Host keeps what was written, the connection follows it, and TLS asks for a name without its dot."""
    url = parse_url("https://CRM.test.:8443/")
    assert (host_header(url), host_of(url), port_of(url)) == ("CRM.test.:8443", "crm.test.", 8443)
    assert server_name(host_of(url)) == "crm.test"
    local = parse_url("http://[fe80::1%25eth0]/")
    assert (host_header(local), host_of(local), port_of(local)) == ("[fe80::1]", "fe80::1%eth0", 80)
    assert server_name(host_of(local)) == "fe80::1"
    assert server_name("127.0.0.1") == "127.0.0.1"


@pytest.mark.parametrize(
    ("name", "usable"),
    [("crm.test", True), ("crm.test.", True), ("10.0.0.1", True), ("::1", True), ("bücher.test", True), ("a_b", True),
     ("", False), (".crm.test", False), ("a..b", False), ("a" * 64, False), ("a\x00b", False), ("a b", False),
     (".", False)],
)  # fmt: skip
def test_name_of_a_server(name: str, usable: bool) -> None:  # noqa: FBT001
    """A name that cannot be asked for over TLS is known before a check runs."""
    assert is_server_name(name) is usable
