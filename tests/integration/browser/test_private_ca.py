"""Pages whose certificate a private CA has signed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporters.core.errors import ErrorClass
from tests.integration.browser.site import Server, run
from tests.support.guards import certificate
from tests.support.peers import Certificates

pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[Server]:
    """Serve a page with a certificate for this machine, of a CA that nobody knows."""
    certificate(tmp_path)
    server = Server()
    server.http.socket = Certificates(tmp_path).server("server").wrap_socket(server.http.socket, server_side=True)
    server.url = server.url.replace("http", "https").replace("127.0.0.1", "localhost")
    server.page("/", "<h1>Words</h1>")
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server
    server.http.shutdown()
    thread.join(5)
    server.http.server_close()


@pytest.mark.long
def test_a_private_ca_is_trusted_where_it_is_named(secured: Server, tmp_path: Path) -> None:
    """With `ca_file` the page passes; a check without it fails as tls, also right after one with it."""
    result = run(secured.url + "/", expect_text="Words", ca_file=str(tmp_path / "ca.pem"))
    assert result.error_class is None, result.detail
    result = run(secured.url + "/", expect_text="Words")
    assert result.error_class is ErrorClass.TLS, result.detail


@pytest.mark.long
def test_a_private_ca_is_believed_what_it_signed_alone(secured: Server, tmp_path: Path) -> None:
    """A host that the certificate does not name, and another CA's certificate, fail as tls with `ca_file` too."""
    ca = str(tmp_path / "ca.pem")
    other = secured.url.replace("localhost", "other.localhost")
    assert run(other, ca_file=ca).error_class is ErrorClass.TLS
    (tmp_path / "other").mkdir()
    certificate(tmp_path / "other")
    assert run(secured.url, ca_file=str(tmp_path / "other/ca.pem")).error_class is ErrorClass.TLS
