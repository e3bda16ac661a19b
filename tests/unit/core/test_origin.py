"""A web page elsewhere can neither read nor change anything of ours through the browser of an operator."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.core.origin import is_form_type, own_pages_only
from tests.support.properties import cases


def _status(listen: str, method: str, headers: dict[str, str], names: tuple[str, ...] = ()) -> int:
    """Return the status of the answer to one request; the application behind answers 200."""
    sent: list[dict[str, Any]] = []

    async def application(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(event: Any) -> None:
        sent.append(event)

    async def receive() -> Any:
        return {}

    head = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": "/", "headers": head}

    async def answered() -> None:
        await own_pages_only(application, listen, names)(scope, receive, send)

    asyncio.run(answered())
    return int(sent[0]["status"])


@pytest.mark.parametrize("listen", ["127.0.0.1:9095", "localhost:9095", "[::1]:9095", "127.0.0.7:9095"])
@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:9095", 200), ("localhost", 200), ("LOCALHOST.:9095", 200), ("[::1]:9095", 200), ("127.9.9.9", 200),
        ("monitoring.example", 200), ("monitoring.example:443", 200),
        ("evil.example:9095", 421), ("localhost.evil.example", 421), ("127.0.0.1.evil.example", 421),
        ("192.0.2.1:9095", 421), ("[2001:db8::1]:9095", 421), ("[::ffff:192.0.2.1]", 421), ("127.1", 421), ("@", 421),
        ("127.0.0.1@evil.example", 421), ("evil.example#localhost", 421), ("[", 421),
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_on_loopback_only_names_of_this_machine_are_answered(listen: str, host: str, status: int, method: str) -> None:
    """A name that somebody else's DNS may lead here is refused, for reading too; configured names are taken."""
    assert _status(listen, method, {"Host": host}, ("monitoring.example",)) == status


@pytest.mark.parametrize("listen", ["0.0.0.0:9690", "[::]:9690", "192.0.2.1:9690", "monitoring:9690"])
@pytest.mark.parametrize("host", ["exporter-database:9690", "192.0.2.1", "localhost:19690", "monitoring.example"])
def test_elsewhere_every_name_is_answered(listen: str, host: str) -> None:
    """Names of containers and services, addresses and forwarded ports work as they are."""
    assert _status(listen, "POST", {"Host": host}) == 200
    assert _status(listen, "POST", {"Host": host, "Origin": "https://evil.example"}) == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://127.0.0.1:9095"}, 200),
        ({"Origin": "https://127.0.0.1:9095", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": "https://monitoring.example"}, 200),
        ({"Origin": "http://127.0.0.1:3000"}, 403),
        ({"Origin": "http://localhost:9095"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "file://"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "Cross-Site"}, 403),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_only_own_pages_change_anything(headers: dict[str, str], status: int, method: str) -> None:
    """A program, and a page of the server itself, may post; another page, on this machine too, may not."""
    headers = {"Host": "127.0.0.1:9095", **headers}
    assert _status("127.0.0.1:9095", method, headers, ("monitoring.example",)) == status


@pytest.mark.parametrize(
    ("origin", "host", "status"),
    [
        ("https://crm.example", "crm.example:443", 200),
        ("http://crm.example", "crm.example:80", 200),
        ("http://crm.example:80", "CRM.example.", 200),
        ("https://crm.example", "crm.example:80", 403),
        ("https://crm.example:8443", "crm.example", 403),
        ("ftp://crm.example", "crm.example", 403),
        ("https://crm.example", "crm.example:x", 403),
    ],
)
def test_a_proxy_may_write_out_the_default_port(origin: str, host: str, status: int) -> None:
    """A browser leaves the port out, a proxy adds it: the same page; another port is another page."""
    assert _status("0.0.0.0:9095", "POST", {"Origin": origin, "Host": host}) == status


def test_a_link_from_elsewhere_still_leads_here() -> None:
    """A link in a mail program's page opens: reading under our own name is everybody's."""
    headers = {"Host": "127.0.0.1:9095", "Sec-Fetch-Site": "cross-site", "Origin": "https://mail.example"}
    assert _status("127.0.0.1:9095", "GET", headers) == 200


@cases(300)
@given(st.text(st.characters(max_codepoint=255), max_size=40), st.text(st.characters(max_codepoint=255), max_size=40))
def test_whatever_headers_come_there_is_an_answer(host: str, origin: str) -> None:
    """No Host and no Origin makes an error; a host that is not ours is never answered."""
    status = _status("127.0.0.1:9095", "POST", {"Host": host, "Origin": origin})
    assert status in {403, 421} or origin.lower().endswith(f"//{host.lower()}")


def test_what_a_form_can_send() -> None:
    """The three types of a form, whatever their parameters, and no other."""
    for name in (
        "text/plain",
        "Text/Plain; charset=utf-8",
        "application/x-www-form-urlencoded",
        "multipart/form-data;b=c",
    ):
        assert is_form_type(name)
    for name in ("application/json", "", "application/json; x=text/plain", "text/plainer"):
        assert not is_form_type(name)
