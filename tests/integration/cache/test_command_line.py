"""`pantrywatch-exporter check` and `validate`, as a person at a terminal sees them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from exporters.cache import privileges
from tests.support import servers
from tests.support.exporter import ROOT


def _run(directory: Path, url: str, *arguments: str, more: str = "") -> subprocess.CompletedProcess[str]:
    (directory / "url").write_text(url)
    settings = directory / "settings.yaml"
    settings.write_text(f"environment: test\ncache:\n  - name: main\n    url_file: url\n{more}")
    return subprocess.run(
        [sys.executable, "-m", "exporters", "--settings", str(settings), *arguments],
        capture_output=True, text=True, timeout=30, check=False, cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def test_validate_prints_what_is_missing_and_the_command_that_grants_it(
    redis_server: servers.Redis, tmp_path: Path
) -> None:
    """A login with PING and INFO alone is told what it costs and what to run; no memory limit is advice."""
    with redis_server.client() as client:
        client.execute_command("ACL", "SETUSER", "poor", "reset", "on", ">topsecret", "-@all", "+ping", "+info")
        try:
            result = _run(tmp_path, f"redis://poor:topsecret@127.0.0.1:{redis_server.port}", "validate")
            assert result.returncode == 1
            assert "cache/main: ok: command INFO" in result.stdout
            assert "cache/main: MISSING: command SLOWLOG" in result.stdout
            remedy = next(line.strip() for line in result.stdout.splitlines() if "ACL SETUSER" in line)
            client.execute_command(*remedy.split())
            result = _run(tmp_path, f"redis://poor:topsecret@127.0.0.1:{redis_server.port}", "validate")
            assert "MISSING" not in result.stdout
            assert "cache/main: advice: a memory limit (maxmemory)" in result.stdout
            assert result.returncode == 0
            assert "topsecret" not in result.stdout + result.stderr
        finally:
            client.execute_command("ACL", "DELUSER", "poor")


@pytest.mark.long
def test_validate_names_the_rights_that_samples_need(redis_server: servers.Redis, tmp_path: Path) -> None:
    """Only with `samples` are SCAN, MEMORY and OBJECT asked for; the command that is printed grants them."""
    url, more = f"redis://sampling:pw@127.0.0.1:{redis_server.port}", "    samples: {}\n"
    with redis_server.client() as client:
        client.execute_command("ACL", "SETUSER", "sampling", "reset", "on", ">pw", *privileges.RULES.split())
        try:
            assert "SCAN" not in _run(tmp_path, url, "validate").stdout
            lines = _run(tmp_path, url, "validate", more=more).stdout.splitlines()
            missing = [line.split("command ")[1].split(":")[0] for line in lines if "MISSING" in line]
            assert missing == ["SCAN", "MEMORY", "OBJECT"]
            client.execute_command(*next(line.strip() for line in lines if "ACL SETUSER" in line).split())
            result = _run(tmp_path, url, "validate", more=more)
            assert "MISSING" not in result.stdout
            assert result.returncode == 0
            client.set("a", "b")
            page = _run(tmp_path, url, "check", "samples", more=more)
            assert 'pantrywatch_cache_prefix_keys{prefix="other"}' in page.stdout
            assert page.returncode == 0
        finally:
            client.execute_command("ACL", "DELUSER", "sampling")
            client.delete("a")


@pytest.mark.parametrize(
    ("url", "state"),
    [
        ("redis://:topsecret@127.0.0.1:{port}", "FAILED auth"),
        ("redis://:topsecret@127.0.0.1:{free}", "FAILED refused"),
    ],
)
def test_check_says_why_without_the_password(redis_server: servers.Redis, tmp_path: Path, url: str, state: str) -> None:
    """The command ends with 1 and names the class; the password is nowhere."""
    url = url.format(port=redis_server.port, free=servers.free_port())
    result = _run(tmp_path, url, "check", "cache")
    assert result.returncode == 1
    assert f"# cache/main connection: {state}" in result.stdout
    assert "redis_up 0" in result.stdout
    assert "topsecret" not in result.stdout + result.stderr


def test_check_runs_one_collector(redis_server: servers.Redis, tmp_path: Path) -> None:
    """Asked for one collector, it prints that one's metrics and no other's."""
    result = _run(tmp_path, redis_server.url, "check", "slowlog")
    assert result.returncode == 0
    assert "redis_slowlog_length" in result.stdout
    assert "redis_db_keys" not in result.stdout
    assert "redis_commands_total" not in result.stdout


def test_a_wrong_url_stops_the_start(tmp_path: Path) -> None:
    """Exit code 2, file and entry named, the text not shown."""
    result = _run(tmp_path, "http://:topsecret@host", "serve", "cache")
    assert result.returncode == 2
    assert ": cache[0].url: expected redis://" in result.stderr
    assert "topsecret" not in result.stderr


def test_validate_names_what_a_service_that_removed_commands_costs(tmp_path: Path) -> None:
    """A command that is not there is named with what is lost; what INFO says instead is not lost."""
    with servers.redis_server(
        tmp_path / "redis",
        "--maxmemory",
        "50mb",
        *(word for name in ("CONFIG", "SLOWLOG") for word in ("--rename-command", name, "")),
    ) as server:
        result = _run(tmp_path, server.url, "validate")
        asked = _run(tmp_path, server.url, "check", "slowlog")
    lines = [line for line in result.stdout.splitlines() if "MISSING" in line]
    assert result.returncode == 1
    assert len(lines) == 2
    assert "command CONFIG: without it, no number of threads, and no 0 for databases that are empty" in lines[0]
    assert "maxclients" not in lines[0]
    assert "command SLOWLOG: without it, no length and newest entry of the slow log" in lines[1]
    assert result.stdout.count("nothing to grant") == 2
    assert "ok: a memory limit (maxmemory)" in result.stdout
    assert asked.returncode == 1
    assert "slowlog: FAILED version" in asked.stdout
