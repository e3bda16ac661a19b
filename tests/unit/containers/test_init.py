"""What the first container lays out: secrets, configuration, and who may read which."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bcrypt
import pytest
import yaml

from exporters.core.errors import ConfigError
from pantrywatch.containers.init import USERS, Sources, prepare
from pantrywatch.containers.summary import next_steps
from tests.support.peers import Certificates, make_certificate

ROOT = Path(__file__).parents[3]
_ME = dict.fromkeys(USERS, os.geteuid())
_SETTINGS = "environment: test\nhost: {name: here}\ndatabase: [{name: orders, dsn_file: secrets/monitor_dsn}]\n"
_WEB = """
web:
  certificate_file: secrets/server.pem
  key_file: secrets/server.key
  ca_file: secrets/ca.pem
  server_name: crm
  users: [{name: prometheus, password_hash_file: secrets/web_password_hash}]
  client: {username: prometheus, password_file: secrets/web_password}
"""


@dataclass(frozen=True, slots=True)
class Laid:
    """A volume, and the folder of secrets the operator gives."""

    folder: Path

    @property
    def given(self) -> Path:
        """Return the operator's folder."""
        return self.folder / "given"

    def run(self, settings: str = _SETTINGS) -> str:
        """Lay out and return what is said."""
        (self.folder / "etc/settings.yaml").write_text(settings)
        data = self.folder / "data"
        sources = Sources(
            self.folder / "etc/settings.yaml",
            ROOT / "provisioning",
            ROOT / "alert_rules/generated",
            self.given,
            data if data.exists() else None,
        )
        return next_steps(prepare(sources, self.folder / "volume", _ME))

    def text(self, name: str) -> str:
        """Return a file of the volume."""
        return (self.folder / "volume" / name).read_text()

    def all(self) -> dict[str, tuple[str, int]]:
        """Return text and time of every file."""
        files = [path for path in (self.folder / "volume").rglob("*") if path.is_file()]
        return {str(path): (path.read_text(), path.stat().st_mtime_ns) for path in files}


@pytest.fixture
def laid(tmp_path: Path) -> Laid:
    """An empty volume; the settings' folder sees the exporters' secrets, as in the image."""
    for name in ("etc", "given", "volume"):
        (tmp_path / name).mkdir()
    (tmp_path / "given/README.md").write_text("no secret")
    (tmp_path / "etc/secrets").symlink_to(tmp_path / "volume/exporter/secrets")
    return Laid(tmp_path)


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
        _SETTINGS
        + """
cache: [{name: one, url_file: "${PANTRYWATCH_STATE:-.pantrywatch}/secrets/cache_url"}]
synthetic:
  checks:
    - {name: sql, kind: sql, target: db-availability, dsn_file: secrets/monitor_dsn}
"""
    )
    laid.run(settings)
    seen = {
        reader: _secrets_of(laid, reader) for reader in ("database", "cache", "synthetic", "host", "inbox", "heartbeat")
    }
    assert seen == {
        "database": {"monitor_dsn"}, "cache": {"cache_url"}, "synthetic": {"monitor_dsn"},
        "host": set(), "inbox": set(), "heartbeat": set(),
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
    text = _SETTINGS + json.dumps({"notifications": document})[1:-1]
    laid.run(text)
    assert _secrets_of(laid, "alertmanager") == set(names)
    assert _secrets_of(laid, "heartbeat") == {"token", "mail", "hook"}


_APPLICATION = """
application:
  endpoints: [{name: crm, address: "crm:443"}]
  access: {scheme: https, ca_file: secrets/crm-ca.pem, token_file: secrets/crm-token}
"""


def test_prometheus_gets_the_files_of_the_application(laid: Laid) -> None:
    """Its CA and its token, under the names in the configuration, and promtool finds them; an exporter gets neither."""
    certificates = Certificates(laid.given)
    make_certificate(certificates, "ca", 2, "basicConstraints=critical,CA:true\n")
    (laid.given / "ca.pem").rename(laid.given / "crm-ca.pem")
    (laid.given / "crm-token").write_text("t0ken\n")
    laid.run(_SETTINGS + _APPLICATION)
    assert laid.text("prometheus/secrets/crm-token") == "t0ken"
    assert "crm-token" not in _secrets_of(laid, "database")
    checked = ["promtool", "check", "config", str(laid.folder / "volume/prometheus/prometheus.yml")]
    done = subprocess.run(checked, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "crm-ca.pem",
            "no certificate",
            "application.access.ca_file: expected certificates (PEM) in secrets/crm-ca.pem",
        ),
        ("crm-token", "", "application.access.token_file: expected a secret in "),
        ("crm-token", "one\ntwo", "application.access.token_file: expected a token of one line of ASCII characters in"),
    ],
)
def test_a_file_of_the_application_that_is_none_is_refused(laid: Laid, name: str, text: str, expected: str) -> None:
    """The entry and the file are named before anything is written for Prometheus."""
    make_certificate(Certificates(laid.given), "crm-ca", 2, "basicConstraints=critical,CA:true\n")
    (laid.given / "crm-token").write_text("t0ken\n")
    (laid.given / name).write_text(text)
    with pytest.raises(ConfigError) as caught:
        laid.run(_SETTINGS + _APPLICATION)
    assert expected in str(caught.value)
    assert not (laid.folder / "volume/prometheus").exists()


def _secrets_of(laid: Laid, reader: str) -> set[str]:
    folder = laid.folder / "volume" / reader / "secrets"
    return {file.name for file in folder.iterdir()} if folder.exists() else set()


def test_a_volume_is_handed_to_whoever_writes_to_it(laid: Laid) -> None:
    """Data of an earlier release, whose services had one user, go to the new one; no volume stays empty."""
    data = laid.folder / "data"
    (data / "inbox").mkdir(parents=True)
    (data / "inbox/messages.jsonl").touch()
    (data / "host").mkdir()
    (laid.folder / "etc/settings.yaml").write_text(_SETTINGS)
    sources = Sources(
        laid.folder / "etc/settings.yaml", ROOT / "provisioning", ROOT / "alert_rules/generated", laid.given, data
    )
    users = _ME | ({"inbox": 10015, "host": 10014} if os.geteuid() == 0 else {})
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


def test_the_hash_follows_the_password_that_is_given(laid: Laid) -> None:
    """A password changed beside its old hash gets a new one; the next start keeps that."""
    for password in ("first", "second"):
        (laid.given / "web_password").write_text(f"{password}\n")
        laid.run()
        known = laid.text("exporter/secrets/web_password_hash")
        assert bcrypt.checkpw(password.encode(), known.encode())
        (laid.given / "web_password_hash").write_text(known)
        laid.run()
        assert laid.text("exporter/secrets/web_password_hash") == known


def test_without_web_nothing_asks_for_a_login(laid: Laid) -> None:
    """No job of Prometheus has a login; targets carry the names of these settings."""
    laid.run()
    configuration = yaml.safe_load(laid.text("prometheus/prometheus.yml"))
    assert not any({"basic_auth", "scheme"} & job.keys() for job in configuration["scrape_configs"])
    assert yaml.safe_load(laid.text("prometheus/web.yml")) == {}
    targets = json.loads(laid.text("prometheus/targets/database.json"))
    assert targets[0]["targets"] == ["exporter-database:9690"]
    assert targets[0]["labels"]["instance"] == "orders"
    selves = json.loads(laid.text("prometheus/targets/exporter.json"))
    assert [group["targets"] for group in selves] == [["exporter-database:9690"], ["exporter-host:9690"]]
    assert laid.text("prometheus/retention") == "40d"
    assert "http://prometheus:9090" in laid.text("grafana/provisioning/datasources/prometheus.yml")


def _with_certificate(laid: Laid, days: int = 2) -> None:
    made = Certificates(laid.given)
    make_certificate(made, "ca", 2, "basicConstraints=critical,CA:TRUE")
    make_certificate(made, "server", days, "subjectAltName=DNS:crm", "ca")
    for leftover in ("ca.key", "ca.ext", "ca.csr", "ca.srl", "server.ext", "server.csr"):
        (laid.given / leftover).unlink(missing_ok=True)


def test_what_a_profile_brings_is_asked_by_its_name(laid: Laid) -> None:
    """Where its section is used its exporter is looked up, for its metrics and its own; else nobody asks for it."""
    laid.run()
    assert "dns_sd_configs" not in laid.text("prometheus/prometheus.yml")
    laid.run(_SETTINGS + 'browser: {checks: [{name: page, url: "http://crm/"}]}\nrum: {}\n')
    jobs = {job["job_name"]: job for job in yaml.safe_load(laid.text("prometheus/prometheus.yml"))["scrape_configs"]}
    for job in ("browser", "rum"):
        name = f"exporter-{job}"
        for asked, instance, path in ((job, "local", f"/metrics/{job}"), ("exporter", name, "/metrics/self")):
            assert {"names": [name], "type": "A", "port": 9690} in jobs[asked]["dns_sd_configs"]
            rules = [rule for rule in jobs[asked]["relabel_configs"] if rule["regex"] == name]
            given = {rule["target_label"]: rule["replacement"] for rule in rules}
            assert given == {"__address__": f"{name}:9690", "__metrics_path__": path, "instance": instance}
    assert json.loads(laid.text("prometheus/targets/synthetic.json")) == []


def test_one_setting_locks_every_server_and_gives_every_client_the_key(laid: Laid) -> None:
    """Promtool takes the files; a given password gets its hash; the watched application's job stays as it is."""
    _with_certificate(laid)
    (laid.given / "web_password").write_text("chosen\n")
    laid.run(_SETTINGS + _WEB)
    web = yaml.safe_load(laid.text("prometheus/web.yml"))
    assert bcrypt.checkpw(b"chosen", web["basic_auth_users"]["prometheus"].encode())
    assert web == yaml.safe_load(laid.text("alertmanager/web.yml"))
    jobs = {job["job_name"]: job for job in yaml.safe_load(laid.text("prometheus/prometheus.yml"))["scrape_configs"]}
    assert {name for name, job in jobs.items() if job.get("scheme") != "https"} == {"application"}
    assert jobs["database"]["basic_auth"] == {"username": "prometheus", "password_file": "web_password"}
    assert jobs["database"]["tls_config"] == {"ca_file": "ca.pem", "server_name": "crm"}
    assert laid.text("prometheus/web_password") == laid.text("grafana/web_password") == "chosen"
    for check, file in (("web-config", "web.yml"), ("config", "prometheus.yml")):
        command = ["promtool", "check", check, str(laid.folder / "volume/prometheus" / file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    source = yaml.safe_load(laid.text("grafana/provisioning/datasources/prometheus.yml"))["datasources"][0]
    assert source["url"] == "https://prometheus:9090"
    assert source["secureJsonData"]["basicAuthPassword"] == "$__file{/run/pantrywatch/grafana/web_password}"
    assert "chosen" not in laid.text("grafana/provisioning/datasources/prometheus.yml")


def test_what_is_ours_is_told_with_the_login_and_nobody_else_hears_it(laid: Laid) -> None:
    """Alertmanager logs in at the inbox and heartbeats that are listed; a stranger sees no login of ours."""
    _with_certificate(laid)
    (laid.given / "web_password").write_text("chosen\n")
    (laid.given / "token").write_text("theirs\n")
    section = yaml.safe_load((ROOT / "settings.yaml").read_text())["notifications"]
    section["own_addresses"].append("second.example:9095")
    section["heartbeat"]["urls"] += ["http://second.example:9095/heartbeat", "http://beats.example/ping"]
    section["contacts"][1]["webhook"] = {"url": "http://stranger.example/hook"}
    section["contacts"][3]["webhook"]["token_file"] = "secrets/token"
    said = laid.run(_SETTINGS + _WEB + yaml.safe_dump({"notifications": section}))
    document = yaml.safe_load(laid.text("alertmanager/alertmanager.yml"))
    configs = [c for r in document["receivers"] for c in (*r.get("webhook_configs", ()), *r.get("slack_configs", ()))]
    found = {config.get("url") or config["api_url"]: config.get("http_config") for config in configs}
    tls = {"tls_config": {"ca_file": "ca.pem", "server_name": "crm"}}
    ours = {"basic_auth": {"username": "prometheus", "password_file": "web_password"}, **tls}
    assert found == {
        "https://heartbeat:9095/heartbeat": ours,
        "https://second.example:9095/heartbeat": ours,
        "http://beats.example/ping": None,
        "https://inbox:8025/webhook/on-call": ours,
        "https://inbox:8025/slack/crm-alerts": ours,
        "http://stranger.example/hook": None,
        "https://inbox:8025/webhook/security": {
            "authorization": {"credentials_file": "/run/pantrywatch/alertmanager/secrets/token"}, **tls,
        },
    }  # fmt: skip
    assert laid.text("alertmanager/external_url") == "https://127.0.0.1:19093"
    assert "https://127.0.0.1:19094" in said
    command = ["amtool", "check-config", str(laid.folder / "volume/alertmanager/alertmanager.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "&id" not in laid.text("alertmanager/alertmanager.yml")


def test_a_name_that_the_certificate_lacks_is_said_at_the_start(laid: Laid) -> None:
    """Without server_name each container is asked by its own name; one that is not watched need not be in it."""
    _with_certificate(laid)
    section = yaml.safe_load((ROOT / "settings.yaml").read_text())["notifications"]
    settings = _SETTINGS + _WEB.replace("  server_name: crm\n", "") + yaml.safe_dump({"notifications": section})
    with pytest.raises(ConfigError) as caught:
        laid.run(settings)
    missing = {"alertmanager", "exporter-database", "exporter-host", "heartbeat", "inbox", "prometheus"}
    assert {
        str(fault).partition("a certificate for ")[2].partition(",")[0] for fault in caught.value.problems
    } == missing
    names = ",".join(f"DNS:{name}" for name in missing)
    made = Certificates(laid.given)
    make_certificate(made, "ca", 2, "basicConstraints=critical,CA:TRUE")
    make_certificate(made, "server", 2, f"subjectAltName={names}", "ca")
    laid.run(settings)


def test_a_password_of_another_hash_is_refused(laid: Laid) -> None:
    """A user of the operator's own whose password does not fit would lock Prometheus out: it is said at the start."""
    _with_certificate(laid)
    (laid.given / "my_password").write_text("one\n")
    (laid.given / "my_hash").write_bytes(bcrypt.hashpw(b"another", bcrypt.gensalt(4)))
    with pytest.raises(ConfigError, match="expected in secrets/my_password the password of prometheus"):
        laid.run(_SETTINGS + _WEB.replace("web_password_hash", "my_hash").replace("web_password", "my_password"))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (_WEB.replace("  client: {username: prometheus, password_file: secrets/web_password}\n", ""), "web.client"),
        (_WEB.replace("server.pem", "absent.pem"), "absent.pem"),
        (_WEB.replace("username: prometheus", "username: someone"), "web.client.username: expected one of prometheus"),
        (_WEB.replace("  key_file: secrets/server.key\n", ""), "certificate_file and key_file together"),
    ],
)
def test_a_web_section_that_cannot_work_is_refused(laid: Laid, settings: str, expected: str) -> None:
    """What is missing is named, and Prometheus' folder stays as it was."""
    _with_certificate(laid)
    laid.run()
    before = laid.text("prometheus/web.yml")
    with pytest.raises(ConfigError, match=expected):
        laid.run(_SETTINGS + settings)
    assert laid.text("prometheus/web.yml") == before


def test_an_ended_certificate_is_refused(laid: Laid) -> None:
    """The first container says so, instead of every client later."""
    _with_certificate(laid, days=-1)
    with pytest.raises(ConfigError, match="it expired on"):
        laid.run(_SETTINGS + _WEB)


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
