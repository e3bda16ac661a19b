"""A second process of the application is scraped under the first one's name: this one, with a page of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server

from demo.environment import Environment
from demo.faults.fault import FaultError, Tick, nothing
from exporters.core.files import write_atomically

_HOST = "127.0.0.1"


def enter(environment: Environment) -> Tick:
    """Add a target with the same labels as the first of the application's."""
    file = _file(environment)
    groups = _groups(file)
    if not groups:
        raise FaultError("Prometheus scrapes no application here")
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    server, _ = start_http_server(0, addr=_HOST, registry=registry)
    second = {"targets": [f"{_HOST}:{server.server_port}"], "labels": groups[0]["labels"]}
    _write(file, [*_named_once(groups), second])
    return nothing


def undo(environment: Environment) -> None:
    file = _file(environment)
    groups = _groups(file)
    if (once := _named_once(groups)) != groups:
        _write(file, once)


def _file(environment: Environment) -> Path:
    return environment.state / "prometheus/targets/application.json"


def _groups(file: Path) -> list[dict[str, Any]]:
    return list(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else []


def _named_once(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the first group of each `instance`: no two of the settings have the same."""
    once: dict[str, dict[str, Any]] = {}
    for group in groups:
        once.setdefault(group["labels"]["instance"], group)
    return list(once.values())


def _write(file: Path, groups: list[dict[str, Any]]) -> None:
    write_atomically(file, json.dumps(groups, indent=2) + "\n")
