"""`./run up` with a user's own settings: servers that are down, damaged state, a component that keeps dying."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.e2e import stack as stacks
from tests.support import servers
from tests.support.servers import wait_until


@pytest.mark.long
def test_a_component_that_keeps_dying_takes_no_other_along(tmp_path: Path) -> None:
    """A program that ends again and again is named with its last lines; the rest runs, and it is tried again."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "alertmanager").write_text("#!/bin/sh\necho boom: no such thing\nexit 1\n")
    (programs / "alertmanager").chmod(0o755)
    (tmp_path / "settings.yaml").write_text("environment: test\nhost: {name: local}\n")
    environment = {"PATH": f"{programs}:{os.environ['PATH']}"}
    arguments = ("--settings", str(tmp_path / "settings.yaml"))
    with stacks.started(tmp_path / "state", stacks.free_offset(), *arguments, environment=environment) as stack:
        stacks.wait_until_up(stack)
        assert "error: alertmanager keeps ending; the rest runs without it" in stack.text()
        assert "  | boom: no such thing" in stack.text()
        wait_until(lambda: bool(stack.query('up{job="host"} == 1')), 60, "the rest is scraped")
        (programs / "alertmanager").unlink()
        (programs / "alertmanager").symlink_to(shutil.which("prometheus-alertmanager") or "")
        wait_until(lambda: "alertmanager is running again" in stack.text(), 100, "it is tried again")
    assert stacks.processes_of(tmp_path / "state") == []


@pytest.mark.long
def test_damaged_state_files_are_put_aside(tmp_path: Path) -> None:
    """What a power cut leaves of Alertmanager's, Prometheus' and the inbox's files is named and renamed; all starts."""
    (tmp_path / "settings.yaml").write_text("environment: test\nhost: {name: local}\n")
    state, block = tmp_path / "state", "01HZZZZZZZZZZZZZZZZZZZZZZZ"
    meta = {"ulid": block, "minTime": 1, "maxTime": 2, "version": 1,
            "stats": {}, "compaction": {"level": 1, "sources": [block]}}  # fmt: skip
    damaged = {
        "run/lock": b"", "alertmanager/silences": b"\x63\x0a\x61\x0a\x24half", "alertmanager/nflog": b"",
        "prometheus/data/chunks_head/000001": b"no chunks",
        f"prometheus/data/{block}/meta.json": json.dumps(meta).encode(), "inbox/messages.jsonl": b"no message\n",
    }  # fmt: skip
    for name, content in damaged.items():
        (state / name).parent.mkdir(parents=True, exist_ok=True)
        (state / name).write_bytes(content)
    arguments = ("--settings", str(tmp_path / "settings.yaml"))
    with stacks.started(state, stacks.free_offset(), *arguments) as stack:
        stacks.wait_until_up(stack)
        wait_until(lambda: bool(stack.query("up == 1")), 60, "Prometheus runs")
        text = stack.text()
        for name in ("alertmanager/silences", "prometheus/data/chunks_head/000001", f"prometheus/data/{block}"):
            assert f"{name} is damaged" in text
            assert list((state / name).parent.glob(f"{Path(name).name}.damaged-*")), name
        assert "silences are lost" in text
        assert not list((state / "alertmanager").glob("nflog.damaged-*"))
        assert list((state / "inbox").glob("messages.jsonl.damaged-*"))


@pytest.mark.long
def test_a_users_own_settings_are_watched_without_the_demo(
    tmp_path: Path, postgres: servers.Postgres, redis_server: servers.Redis
) -> None:
    """`up --settings` watches what the file names, also what is down, and says so; `up` killed, all ends."""
    (tmp_path / "cache-url").write_text(redis_server.url)
    (tmp_path / "settings.yaml").write_text(
        "environment: test\n"
        'database: [{name: theirs, dsn: "${CRM_DSN}"}, {name: away, dsn: "host=127.0.0.1 port=9 user=a dbname=a"}]\n'
        "cache: [{name: theirs, url_file: cache-url}]\n"
        "host: {name: here}\n"
    )
    arguments = ("--settings", str(tmp_path / "settings.yaml"))
    state = tmp_path / "state"
    with stacks.started(state, stacks.free_offset(), *arguments, environment={"CRM_DSN": postgres.dsn()}) as stack:
        stacks.wait_until_up(stack)
        assert stack.query('pg_up{instance="theirs"}')[0]["value"][1] == "1"
        assert stack.query('pg_up{instance="away"}')[0]["value"][1] == "0"
        assert "database.away does not respond (refused): it is reported as down" in stack.text()
        assert "Who was notified" not in stack.text()
        assert stack.query('redis_up{instance="theirs"}')[0]["value"][1] == "1"
        assert not [line for line in stacks.processes_of(state) if "demo." in line or "postgres" in line]
        stack.process.kill()
        stack.process.wait(10)
        wait_until(lambda: stacks.processes_of(state) == [], 40, "every process has ended")
