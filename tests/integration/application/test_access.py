"""Pages of metrics behind TLS, a login or a token: `validate` sees what a real Prometheus sees."""

from __future__ import annotations

import base64
import shutil
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests
import yaml

from pantrywatch.application.page import fetch
from pantrywatch.config.application import Access, Application, ApplicationEndpoint
from pantrywatch.config.settings import Settings
from pantrywatch.containers.layout import container_layout
from pantrywatch.generate.prometheus import prometheus_configuration
from tests.support.guards import certificate
from tests.support.servers import free_port, process, wait_until

_TOKEN = "Bearer t0ken"
_LOGIN = "Basic " + base64.b64encode(b"me:p\xc3\xa4ss").decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A CA, a certificate for loopback, a password and a token."""
    (tmp_path / "secrets").mkdir()
    certificate(tmp_path / "secrets")
    (tmp_path / "secrets/password").write_text("päss\n")
    (tmp_path / "secrets/token").write_text("t0ken\n")
    return tmp_path


@contextmanager
def _application(folder: Path, wanted: str) -> Iterator[str]:
    """Serve a page over TLS to who sends this header; yields host:port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.headers.get("Authorization") == wanted else 401)
            self.send_header("Content-Type", "text/plain")
            self.end_headers()
            self.wfile.write(b"requests_total 1\n")

        def log_message(self, *_: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "secrets/server.pem", folder / "secrets/server.key")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


_CASES = {
    "token": (_TOKEN, Access("https", "secrets/ca.pem", token_file="secrets/token")),
    "login": (_LOGIN, Access("https", "secrets/ca.pem", "localhost", "me", "secrets/password")),
}


@pytest.mark.parametrize("case", [pytest.param("token", marks=pytest.mark.long), "login"])
def test_a_page_behind_tls_is_scraped_and_seen(folder: Path, case: str) -> None:
    """Prometheus' target is up, and the look at the page has its samples."""
    wanted, access = _CASES[case]
    with _application(folder, wanted) as address:
        endpoint = ApplicationEndpoint("crm", address)
        page = fetch(endpoint.url("https"), access.rooted(folder / "settings.yaml"))
        assert [sample.name for sample in page.samples] == ["requests_total"], page.fault
        with _prometheus(folder, Settings("test", application=Application((endpoint,), access=access))) as url:
            wait_until(lambda: _is_up(url), 60, "the application is scraped")


@contextmanager
def _prometheus(folder: Path, settings: Settings) -> Iterator[str]:
    (job,) = (
        job
        for job in prometheus_configuration(settings, container_layout())["scrape_configs"]
        if job["job_name"] == "application"
    )
    assert settings.application is not None
    del job["file_sd_configs"]
    job |= {"static_configs": [{"targets": [settings.application.endpoints[0].address]}], "scrape_interval": "1s"}
    document: dict[str, Any] = {"global": {"scrape_timeout": "1s"}, "scrape_configs": [job]}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(document))
    address = f"127.0.0.1:{free_port()}"
    command = [
        str(shutil.which("prometheus")), f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address={address}",
    ]  # fmt: skip
    with process(command, folder / "prometheus.log"):
        yield f"http://{address}"


def _is_up(url: str) -> bool:
    try:
        answer = requests.get(f"{url}/api/v1/query", params={"query": 'up{job="application"} == 1'}, timeout=10)
        return bool(answer.json()["data"]["result"])
    except (requests.RequestException, KeyError):
        return False


@pytest.mark.parametrize(
    ("access", "scheme", "fault"),
    [
        (
            Access("https", "secrets/ca.pem"),
            "https",
            "status 401: it wants a login or a token (`access` in the settings)",
        ),
        (Access("https"), "https", "has no certificate that is trusted: unable to get local issuer certificate"),
        (
            Access("https", "secrets/ca.pem", "crm.example", token_file="secrets/token"),
            "https",
            "has no certificate that is trusted",
        ),
        (Access(), "http", "cannot be fetched"),
    ],
)
def test_what_is_wrong_is_named(folder: Path, access: Access, scheme: str, fault: str) -> None:
    """A missing login, an unknown CA, and another name in the certificate each have their words."""
    with _application(folder, _TOKEN) as address:
        page = fetch(f"{scheme}://{address}/metrics", access.rooted(folder / "settings.yaml"))
    assert fault in page.fault


@pytest.mark.parametrize("token", ["one\ntwo", "schlüssel\u20ac"])
def test_a_token_that_no_header_can_hold_is_named(folder: Path, token: str) -> None:
    """Nothing is sent, nothing is raised, and the token is not in the words."""
    (folder / "secrets/token").write_text(token)
    with _application(folder, _TOKEN) as address:
        page = fetch(f"https://{address}/metrics", _CASES["token"][1].rooted(folder / "settings.yaml"))
    assert page.fault == "cannot be asked: the token is no text that a header can hold"


def test_a_page_without_tls_is_named() -> None:
    """`https` in the settings, while the application speaks HTTP."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        page = fetch(f"https://127.0.0.1:{server.server_port}/metrics", Access("https"))
        server.shutdown()
    assert page.fault == "does not speak TLS (`access.scheme`)"
