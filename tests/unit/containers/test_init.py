"""What the first container lays out: secrets, configuration, and who may read which."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import bcrypt
import pytest
import yaml

from pantrywatch.containers.init import Sources, prepare
from tests.unit.containers.conftest import ME, ROOT, SETTINGS, Laid


def test_without_any_secret_given_all_are_made_and_a_second_run_changes_nothing(laid: Laid) -> None:
    """A clean clone gets random secrets that fit together; the next start finds all of it as it was."""
    said = laid.run()
    password = laid.text("postgres/password")
    assert password
    assert f"postgresql://postgres:{password}@postgres:5432/crm" == laid.text("faults/admin_dsn")
    assert laid.text("exporter/secrets/monitor_dsn") == laid.text("crm/monitor_dsn")
    cache = laid.text("crm/cache_url").partition("redis://:")[2].partition("@")[0]
    assert f"requirepass {cache}\n" in laid.text("redis/redis.conf")
    before = laid.all()
    assert laid.run() == said
    assert laid.all() == before
    assert not [word for word in (password, cache, laid.text("grafana/admin_password")) if word in said]


def test_every_file_is_for_its_reader_alone(laid: Laid) -> None:
    """Files are 0400, folders 0500, what is kept 0700; the exporters do not see what is Grafana's or the demo's."""
    laid.run()
    volume = laid.folder / "volume"
    modes = {stat.S_IMODE(path.stat().st_mode) for path in volume.rglob("*") if "kept" not in path.parts}
    assert modes == {0o400, 0o500}
    assert stat.S_IMODE((volume / "kept").stat().st_mode) == 0o700
    assert sorted(path.name for path in (volume / "exporter/secrets").iterdir()) == [
        "cache_url", "monitor_dsn", "web_password", "web_password_hash",
    ]  # fmt: skip


def test_each_reader_sees_only_the_secrets_that_its_sections_name(laid: Laid) -> None:
    """Who parses mail of strangers, and who sees all of the host, cannot read the database's DSN."""
    settings = (
        SETTINGS
        + """
cache: [{name: one, url_file: "${PANTRYWATCH_STATE:-.pantrywatch}/secrets/cache_url"}]
synthetic:
  checks:
    - {name: sql, kind: sql, target: db-availability, dsn_file: secrets/monitor_dsn}
"""
    )
    laid.run(settings)
    seen = {
        reader: laid.secrets_of(reader)
        for reader in ("database", "cache", "synthetic", "host", "inbox", "heartbeat", "scheduler")
    }
    assert seen == {
        "database": {"monitor_dsn"}, "cache": {"cache_url"}, "synthetic": {"monitor_dsn"},
        "host": set(), "inbox": set(), "heartbeat": set(), "scheduler": set(),
    }  # fmt: skip


def test_the_heartbeat_gets_only_the_secrets_it_sends(laid: Laid) -> None:
    """Of all notifications it uses its own token, and mail and webhook of those whom it tells: no key of a pager."""
    names = ("token", "mail", "hook", "other_hook", "pager", "chat")
    for name in names:
        (laid.given / name).write_text("hush")
    section: dict[str, Any] = {
        "email": {"server": "mail:25", "sender": "a@b.example", "user": "u", "password_file": "secrets/mail"},
        "contacts": [
            {
                "name": "told",
                "email": "a@b.example",
                "webhook": {"url": "http://a.example/", "token_file": "secrets/hook"},
            },
            {"name": "other", "webhook": {"url": "http://b.example/", "token_file": "secrets/other_hook"}},
            {"name": "pager", "pagerduty": {"key_file": "secrets/pager"}},
            {"name": "chat", "slack": {"channel": "#a", "url_file": "secrets/chat"}},
        ],
        "heartbeat": {"notify": ["told"], "token_file": "secrets/token", "urls": ["http://heartbeat:9095/heartbeat"]},
    }
    document = yaml.safe_load((ROOT / "settings.yaml").read_text())["notifications"] | section
    steps = [{"after": f"{minute}m", "notify": c["name"]} for minute, c in enumerate(section["contacts"], 1)]
    step = {"repeat": "1h", "steps": steps[:1]}
    document["escalation"] = dict.fromkeys(("high", "medium", "low"), step) | {"critical": step | {"steps": steps}}
    document["routes"] = []
    text = SETTINGS + json.dumps({"notifications": document})[1:-1]
    laid.run(text)
    assert laid.secrets_of("alertmanager") == set(names)
    assert laid.secrets_of("heartbeat") == {"token", "mail", "hook"}


def test_a_volume_is_handed_to_whoever_writes_to_it(laid: Laid) -> None:
    """Data of an earlier release, whose services had one user, go to the new one; no volume stays empty."""
    data = laid.folder / "data"
    (data / "inbox").mkdir(parents=True)
    (data / "inbox/messages.jsonl").touch()
    (data / "host").mkdir()
    (laid.folder / "etc/settings.yaml").write_text(SETTINGS)
    sources = Sources(
        laid.folder / "etc/settings.yaml", ROOT / "provisioning", ROOT / "alert_rules/generated", laid.given, data
    )
    users = ME | ({"inbox": 10015, "host": 10014} if os.geteuid() == 0 else {})
    prepare(sources, laid.folder / "volume", users)
    for file in (data / "inbox", data / "inbox/messages.jsonl", data / "inbox/.pantrywatch"):
        assert file.stat().st_uid == users["inbox"]
    assert (data / "host/.pantrywatch").stat().st_uid == users["host"]


def test_damaged_state_of_alertmanager_is_put_aside(laid: Laid, caplog: pytest.LogCaptureFixture) -> None:
    """A file cut short, with which it would not start, is renamed and named; a whole one stays."""
    state = laid.folder / "data/alertmanager"
    state.mkdir(parents=True)
    (state / "nflog").write_bytes(b"\x05\x0a\x03ab")
    (state / "silences").write_bytes(b"\x05\x0a\x03abc")
    laid.run()
    assert not (state / "nflog").exists()
    assert next(state.glob("nflog.damaged-*")).read_bytes() == b"\x05\x0a\x03ab"
    assert (state / "silences").exists()
    assert "file nflog is damaged: put aside as" in caplog.text


def test_what_is_given_holds_and_what_is_taken_back_goes(laid: Laid) -> None:
    """A secret in the operator's folder replaces the one made; further ones reach the exporters, and leave again."""
    laid.run()
    (laid.given / "monitor_dsn").write_text("postgresql://me:mine@db/crm\n")
    (laid.given / "second_dsn").write_text("postgresql://db2/crm\n")
    laid.run()
    assert laid.text("exporter/secrets/monitor_dsn") == "postgresql://me:mine@db/crm"
    assert laid.text("exporter/secrets/second_dsn") == "postgresql://db2/crm"
    (laid.given / "second_dsn").unlink()
    laid.run()
    assert not (laid.folder / "volume/exporter/secrets/second_dsn").exists()


def test_what_a_profile_brings_is_asked_by_its_name(laid: Laid) -> None:
    """Where its section is used its exporter is looked up, for its metrics and its own; else nobody asks for it."""
    laid.run()
    assert "dns_sd_configs" not in laid.text("prometheus/prometheus.yml")
    laid.run(SETTINGS + 'browser: {checks: [{name: page, url: "http://crm/"}]}\nrum: {}\n')
    jobs = {job["job_name"]: job for job in yaml.safe_load(laid.text("prometheus/prometheus.yml"))["scrape_configs"]}
    for job in ("browser", "rum"):
        name = f"exporter-{job}"
        for asked, instance, path in ((job, "local", f"/metrics/{job}"), ("exporter", name, "/metrics/self")):
            assert {"names": [name], "type": "A", "port": 9690} in jobs[asked]["dns_sd_configs"]
            rules = [rule for rule in jobs[asked]["relabel_configs"] if rule["regex"] == name]
            given = {rule["target_label"]: rule["replacement"] for rule in rules}
            assert given == {"__address__": f"{name}:9690", "__metrics_path__": path, "instance": instance}
    assert json.loads(laid.text("prometheus/targets/synthetic.json")) == []


def test_the_generator_never_writes_a_secret_again(tmp_path: Path) -> None:
    """`./run secrets` makes what is missing, for its owner alone; what is there already is never written again."""
    folder = tmp_path / "secrets"
    first = _secrets(folder)
    assert "made monitor_dsn, cache_url, grafana_admin_password, web_password, web_password_hash" in first
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (folder / "monitor_dsn").write_text("postgresql://by-hand\n")
    texts = {file.name: file.read_text() for file in folder.iterdir()}
    assert "nothing was missing" in _secrets(folder)
    assert {file.name: file.read_text() for file in folder.iterdir()} == texts
    (folder / "web_password").write_text("by hand\n")
    assert "made web_password_hash" in _secrets(folder)
    assert bcrypt.checkpw(b"by hand", (folder / "web_password_hash").read_bytes().strip())
    shown = [text.strip() for text in texts.values() if text.strip() in first]
    assert shown == []


def _secrets(folder: Path) -> str:
    command = [sys.executable, "-m", "pantrywatch", "secrets", "--folder", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=60).stdout


def test_a_reader_of_an_earlier_release_leaves_no_secrets_behind(laid: Laid) -> None:
    """A folder of the volume that nobody reads any more goes; secrets generated earlier stay."""
    laid.run()
    password = laid.text("kept/postgres_password")
    (laid.folder / "volume/demo").mkdir()
    (laid.folder / "volume/demo/admin_dsn").write_text("old")
    laid.run()
    assert not (laid.folder / "volume/demo").exists()
    assert laid.text("kept/postgres_password") == password
    assert not (laid.folder / "volume/faults/monitor_dsn").exists()
