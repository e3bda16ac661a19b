"""A Prometheus with an hour of made-up samples and one firing alert, and the page of the boards before it."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.support.exporter import ROOT
from tests.support.servers import free_port, process, wait_until

HOSTILE = '<img src=x onerror="document.title=1">'
_STEP_SECONDS = 15
_RULES = """\
groups:
  - name: one
    interval: 1s
    rules:
      - alert: CrmSomething
        expr: |-
          label_replace(vector(1), "route", '<img src=x onerror="document.title=1">', "", "")
        labels: {severity: critical}
        annotations: {summary: '<b>{{ $labels.route }}</b>', dashboard_url: 'javascript:document.title=1'}
"""


@contextmanager
def prometheus(directory: Path) -> Iterator[str]:
    """Run a Prometheus until the block ends; returns its URL."""
    samples = directory / "samples.txt"
    samples.write_text(_samples(int(time.time()) // _STEP_SECONDS * _STEP_SECONDS))
    backfill = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(samples), str(directory / "data")]
    subprocess.run(backfill, check=True, capture_output=True, timeout=60)
    (directory / "rules.yml").write_text(_RULES)
    (directory / "prometheus.yml").write_text("rule_files: [rules.yml]\n")
    url = f"127.0.0.1:{free_port()}"
    command = [
        "prometheus", f"--config.file={directory}/prometheus.yml", f"--storage.tsdb.path={directory}/data",
        f"--web.listen-address={url}",
    ]  # fmt: skip
    with process(command, directory / "prometheus.log"):
        wait_until(lambda: _fires(f"http://{url}"), 60, "the alert fires")
        yield f"http://{url}"


@contextmanager
def boards_page(directory: Path, prometheus_url: str, boards: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Draw the given boards until the block ends; returns the URL of the page."""
    folder = directory / "boards/Folder"
    folder.mkdir(parents=True)
    for board in boards:
        (folder / f"{board['uid']}.json").write_text(json.dumps(board))
    address = f"127.0.0.1:{free_port()}"
    code = (
        "import sys; from pathlib import Path; from pantrywatch.boards.board_files import BoardFiles; "
        "from pantrywatch.boards.serve import serve_boards; "
        "from pantrywatch.web.prometheus import Prometheus; "
        "from exporters.core.access import WebSettings; "
        "catalogue = BoardFiles(Path(sys.argv[3]), Path(sys.argv[4])); "
        "serve_boards(sys.argv[1], Prometheus(sys.argv[2]), catalogue, WebSettings())"
    )
    command = [sys.executable, "-c", code, address, prometheus_url, str(folder.parent), str(ROOT / "docs")]
    with process(command, directory / "boards.log", environment={"PYTHONPATH": str(ROOT)}):
        wait_until(lambda: _ok(f"http://{address}/boards"), 30, "the page answers")
        yield f"http://{address}"


def _samples(now: int) -> str:
    times = range(now - 3600, now + 1, _STEP_SECONDS)
    stranger = HOSTILE.replace('"', '\\"')
    lines = ["# TYPE room_seconds gauge"]
    for route in ("a", stranger):
        lines += [f'room_seconds{{route="{route}"}} {2 + math.sin(at / 300):.3f} {at}' for at in times]
    lines += ["# TYPE room_up gauge"]
    lines += [f'room_up{{route="{stranger}"}} {int(at % 900 > 200)} {at}' for at in times]
    lines += ["# TYPE deployed_seconds gauge"]
    lines += [f'deployed_seconds{{version="{stranger}"}} {now - 600} {at}' for at in times]
    lines += ["# TYPE spent_seconds histogram"]
    for edge, each in (("0.1", 2), ("1", 3), ("+Inf", 4)):
        lines += [f'spent_seconds_bucket{{le="{edge}"}} {each * (at - times[0])} {at}' for at in times]
    return "\n".join([*lines, "# EOF", ""])


def _fires(url: str) -> bool:
    try:
        return any(
            a["state"] == "firing" for a in requests.get(f"{url}/api/v1/alerts", timeout=5).json()["data"]["alerts"]
        )
    except requests.RequestException:
        return False


def _ok(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False
