"""A pair of which one Prometheus is of another release, and the one store of both."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests

from pantrywatch.config.scale import Remote, Scale
from pantrywatch.generate.layout import Layout
from pantrywatch.generate.scale import external_labels, remote_write
from tests.support.servers import free_port, process, wait_until
from tests.support.suites import Suite

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

_EDGES = ("0.5", "1", "2.5", "10", "+Inf")  # as Go's and Node's libraries write them; Python's has "1.0"
_NAME = "http_server_request_duration_seconds"
_PAGE = "".join([
    f"# TYPE {_NAME} histogram\n",
    *(f'{_NAME}_bucket{{le="{edge}"}} {10 * number}\n' for number, edge in enumerate(_EDGES, 1)),
    f"{_NAME}_sum 50\n{_NAME}_count 50\n",
    '# TYPE made_seconds summary\nmade_seconds{quantile="0.5"} 1\nmade_seconds{quantile="1"} 2\n',
    "made_seconds_sum 3\nmade_seconds_count 2\n",
])  # fmt: skip


@contextmanager
def _application() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(_PAGE.encode())

        def log_message(self, *_arguments: Any) -> None:
            """Nothing on stderr."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def _prometheus(program: str, replica: str, application: str, store: str, folder: Path) -> list[str]:
    scale = Scale("crm", replica, remote_write=(Remote(f"{store}/api/v1/write"),))
    document = {
        "global": {"scrape_interval": "1s", **external_labels(scale)},
        "scrape_configs": [{"job_name": "application", "static_configs": [{"targets": [application]}]}],
        **remote_write(scale, Layout({}, {}, "", "")),
    }
    folder.mkdir()
    (folder / "prometheus.yml").write_text(json.dumps(document))
    return [
        program, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{free_port()}",
    ]  # fmt: skip


def _found(store: str, label: str, selector: str) -> list[str]:
    """Return the values of a label of the series, one for each series."""
    try:
        answer = requests.get(f"{store}/api/v1/series", params={"match[]": selector}, timeout=10).json()
    except requests.RequestException:
        return []
    return sorted(series[label] for series in answer.get("data", []))


def _sent(folder: Path, replica: str) -> bool:
    """Return whether a Prometheus has written something to its store."""
    command = json.loads((folder / f"{replica}.json").read_text())
    address = command[-1].partition("=")[2]
    try:
        lines = requests.get(f"http://{address}/metrics", timeout=5).text.splitlines()
    except requests.RequestException:
        return False
    return any(line.startswith("prometheus_remote_storage_bytes_total") and line[-2:] != " 0" for line in lines)


def test_a_bucket_is_once_in_the_store_of_two_releases(current_suite: Suite, tmp_path: Path) -> None:
    """Prometheus 2.42 keeps `le="1"`, 3 writes `le="1.0"`: both send the form of 3, of quantiles of summaries too."""
    if not current_suite.is_current:
        pytest.skip(f"only Debian 12's releases are to be had: {current_suite.describe()}")
    store = f"http://127.0.0.1:{free_port()}"
    programs = {"a": "prometheus", "b": str(current_suite.programs / "prometheus")}
    with ExitStack() as stack:
        application = stack.enter_context(_application())
        address = store.removeprefix("http://")
        command = ["victoria-metrics", f"-storageDataPath={tmp_path}/store", f"-httpListenAddr={address}"]
        stack.enter_context(process(command, tmp_path / "store.log"))
        for replica, program in programs.items():
            command = _prometheus(program, replica, application, store, tmp_path / replica)
            (tmp_path / f"{replica}.json").write_text(json.dumps(command))
            stack.enter_context(process(command, tmp_path / f"{replica}.log"))
        for replica in programs:
            wait_until(partial(_sent, tmp_path, replica), 60, f"{replica} writes to the store")
        buckets = partial(_found, store, "le", f"{_NAME}_bucket")
        quantiles = partial(_found, store, "quantile", "made_seconds")
        # It shows the series of a write one after the other.
        wait_until(lambda: len(buckets()) >= len(_EDGES) and len(quantiles()) >= 2, 60, "the store has all series")
        assert buckets() == ["+Inf", "0.5", "1.0", "10.0", "2.5"]
        assert quantiles() == ["0.5", "1.0"]
