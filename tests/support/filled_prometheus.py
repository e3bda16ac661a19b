"""A real Prometheus whose past is made of given samples."""

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
def filled_prometheus(folder: Path, samples: str, configuration: Mapping[str, Any] | None = None) -> Iterator[str]:
    """Yield the URL of a server that keeps 100 days; `samples` in the OpenMetrics format, with times."""
    (folder / "samples.txt").write_text(samples)
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=500h"]
    command += ["samples.txt", "data"]
    subprocess.run(command, check=True, capture_output=True, timeout=300, cwd=folder)
    (folder / "prometheus.yml").write_text(yaml.safe_dump(dict(configuration or {})))
    url = f"http://127.0.0.1:{free_port()}"
    command = ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    command += ["--storage.tsdb.retention.time=100d", f"--web.listen-address={url.removeprefix('http://')}"]

    def answers() -> bool:
        try:
            return requests.get(f"{url}/-/ready", timeout=5).ok
        except requests.RequestException:
            return False

    with process(command, folder / "prometheus.log"):
        wait_until(answers, 60, "Prometheus answers")
        yield url
