"""A real Prometheus, or VictoriaMetrics, whose past is made of given samples."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
import yaml

from tests.support.servers import free_port, process, wait_until


@contextmanager
def filled_prometheus(
    folder: Path, samples: str, configuration: Mapping[str, Any] | None = None, program: str = "prometheus"
) -> Iterator[str]:
    """Yield the URL of a server that keeps 100 days; `samples` in the OpenMetrics format, with times."""
    (folder / "samples.txt").write_text(samples)
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=500h"]
    command += ["samples.txt", "data"]
    subprocess.run(command, check=True, capture_output=True, timeout=300, cwd=folder)
    with running_prometheus(folder, configuration, program) as url:
        yield url


@contextmanager
def running_prometheus(
    folder: Path, configuration: Mapping[str, Any] | None = None, program: str = "prometheus"
) -> Iterator[str]:
    """Yield the URL of a server with the data in `folder`, if there are any, that keeps 100 days."""
    (folder / "prometheus.yml").write_text(yaml.safe_dump(dict(configuration or {})))
    url = f"http://127.0.0.1:{free_port()}"
    command = [program, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    command += ["--storage.tsdb.retention.time=100d", f"--web.listen-address={url.removeprefix('http://')}"]
    with process(command, folder / "prometheus.log"):
        wait_until(lambda: _is_ready(f"{url}/-/ready"), 60, "Prometheus answers")
        yield url


@contextmanager
def filled_store(folder: Path, samples: str, program: str = "victoria-metrics") -> Iterator[str]:
    """Yield the URL of a VictoriaMetrics with such samples."""
    url = f"http://127.0.0.1:{free_port()}"
    command = [program, f"-storageDataPath={folder}/data", "-retentionPeriod=100d", "-search.latencyOffset=0s"]
    with process([*command, f"-httpListenAddr={url.removeprefix('http://')}"], folder / "store.log"):
        wait_until(lambda: _is_ready(f"{url}/health"), 60, "VictoriaMetrics answers")
        lines = (line for line in samples.splitlines() if not line.startswith("#"))
        page = "".join(f"{line}000\n" for line in lines)  # it takes milliseconds
        requests.post(f"{url}/api/v1/import/prometheus", data=page.encode(), timeout=120).raise_for_status()
        requests.get(f"{url}/internal/force_flush", timeout=60).raise_for_status()
        yield url


def _is_ready(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False
