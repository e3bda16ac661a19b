"""`pantrywatch validate FILE` fetches each page of the application and says what it can feed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from exporters.core.errors import ConfigError
from exporters.registry import load_sources
from pantrywatch.cli import main
from tests.support.servers import free_port

PAGES = Path(__file__).parent / "pages"


@contextmanager
def _served(body: bytes, content_type: str | None = "text/plain", status: int = 200) -> Iterator[str]:
    """Serve one page; yields host:port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            if content_type is not None:
                self.send_header("Content-Type", content_type)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def _validate(folder: Path, address: str, more: str = "") -> int:
    file = folder / "my.yaml"
    endpoint = f'{{name: crm, address: "{address}"}}'
    text = f"environment: test\nhost: {{name: local}}\napplication:\n  endpoints: [{endpoint}]\n{more}"
    file.write_text(text)
    return main(["validate", str(file)])


def test_a_good_application_is_ok(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0; the library, the routes and the promises are named, and what is not exported is no failure."""
    with _served((PAGES / "express-prom-client.txt").read_bytes()) as address:
        assert _validate(tmp_path, address) == 0
    said = capsys.readouterr().out
    assert "requests as prom-client (found by its metrics)" in said
    assert "routes    3: 3 critical" in said
    assert "feeds     api-latency, api-error-rate" in said
    assert "not fed   db-query-latency: it exports no db_client_operation_duration_seconds" in said


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ((b"", "text/plain", 404), "answers with status 404"),
        ((b"<html></html>", "text/html"), "is no page of metrics"),
        ((b"up 1\n", None), "Prometheus 3 refuses a page with no Content-Type"),
        ((b"up 1\n", "text/plain"), "no request metrics of a known library"),
    ],
)
def test_what_is_missing_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], page: tuple[bytes, str | None, int], said: str
) -> None:
    """Exit code 1, with the reason, for an address without metrics, or with metrics that feed nothing."""
    with _served(*page) as address:
        assert _validate(tmp_path, address) == 1
    assert said in capsys.readouterr().out


def test_an_application_that_is_down_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody listens: exit code 1, the address and the reason, no traceback."""
    address = f"127.0.0.1:{free_port()}"
    assert _validate(tmp_path, address) == 1
    assert f"application/crm: http://{address}/metrics\n  MISSING   refuses connections" in capsys.readouterr().out


def test_an_application_alone_is_enough(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Settings that name nothing but an application are good: Prometheus scrapes it, and no exporter has to run."""
    with _served((PAGES / "express-prom-client.txt").read_bytes()) as address:
        file = tmp_path / "my.yaml"
        file.write_text(f'environment: test\napplication: {{endpoints: [{{name: crm, address: "{address}"}}]}}\n')
        assert main(["validate", str(file)]) == 0
        assert load_sources(str(file), []) == []
        with pytest.raises(ConfigError, match="host: expected something to watch"):
            load_sources(str(file), ["host"])
    assert "feeds     api-latency, api-error-rate" in capsys.readouterr().out


def test_settings_with_a_fault_come_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A fault of the file is exit code 2, and nothing is fetched."""
    assert _validate(tmp_path, "127.0.0.1:1", "  rutes: []\n") == 2
    assert "did you mean routes?" in capsys.readouterr().err
