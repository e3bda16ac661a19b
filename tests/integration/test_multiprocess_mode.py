"""An environment meant for the application next door: prometheus_client's multi-process mode."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.exporter import ROOT, exporter

NAMES = ("PROMETHEUS_MULTIPROC_DIR", "prometheus_multiproc_dir")
# Every module that one of our commands can begin with, and every one that loads the library.
MODULES = sorted(
    ".".join(file.relative_to(ROOT).with_suffix("").parts)
    for package in ("exporters", "pantrywatch", "demo")
    for file in (ROOT / package).rglob("*.py")
    if file.name in {"cli.py", "serve.py", "command.py", "application.py"} or "prometheus_client" in file.read_text()
)
_QUICK = {"exporters.cli", "pantrywatch.cli", "demo.api.application"}
PROGRAM = """
import importlib, os, sys
importlib.import_module(sys.argv[1])
from prometheus_client import CollectorRegistry, Gauge, values
Gauge("a", "A.", registry=CollectorRegistry()).set(1)
print(values.ValueClass.__name__)
"""


@pytest.mark.parametrize(
    "module", [one if one in _QUICK else pytest.param(one, marks=pytest.mark.long) for one in MODULES]
)
def test_no_command_takes_part(tmp_path: Path, module: str) -> None:
    """Whichever module is loaded first, the mode is off: no file is made, nor is one missed."""
    environment = {**os.environ, **dict.fromkeys(NAMES, str(tmp_path)), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, module]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "MutexValue\n", done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("exists", [True, False])
def test_the_exporter_serves_and_leaves_the_folder_alone(tmp_path: Path, name: str, *, exists: bool) -> None:
    """With the folder there or not, the exporter's own metrics are on its page, and nothing is in the folder."""
    folder = tmp_path / "metrics"
    if exists:
        folder.mkdir()
    # Of the same kind: the number of workers of a web server next door, and whom it believes.
    others = {"WEB_CONCURRENCY": "auto", "FORWARDED_ALLOW_IPS": "nobody"}
    settings = "environment: test\nhost: {}\n"
    with exporter(tmp_path / "exporter", settings, ["host"], {name: str(folder), **others}) as running:
        assert running.scrape("/metrics").samples("pantrywatch_exporter_build_info")
    assert folder.exists() == exists
    assert not exists or not list(folder.iterdir())
