"""The compose file, as far as it can be judged without an engine."""

from __future__ import annotations

import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def test_compose_accepts_the_file() -> None:
    """`docker-compose config` resolves the file from a clean clone, with no variable unset."""
    done = subprocess.run(
        ["docker-compose", "config"], capture_output=True, text=True, timeout=60, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_ports_are_published_on_loopback_only() -> None:
    """No service is reachable from outside the machine unless somebody asks for it."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_no_image_is_latest() -> None:
    """Every image has a version."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    tags = [service["image"].rpartition(":")[2] for service in services.values()]
    assert all(tag[:1].isdigit() or tag[:2].startswith("v") for tag in tags), tags


def test_mounted_files_exist() -> None:
    """Every file mounted from the repository is there; `secrets` is made by the operator."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    mounts = [mount.split(":")[0] for service in services.values() for mount in service.get("volumes", [])]
    files = {mount for mount in mounts if mount.startswith("./")} - {"./secrets"}
    assert files
    assert [file for file in files if not (ROOT / file).exists()] == []
