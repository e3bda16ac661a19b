"""What the first container lays out for the section `web`: certificate, logins, and who asks with them."""

from __future__ import annotations

import json
import subprocess

import bcrypt
import pytest
import yaml

from exporters.core.errors import ConfigError
from tests.support.peers import Certificates, make_certificate
from tests.unit.containers.conftest import ROOT, SETTINGS, Laid

_WEB = """
web:
  certificate_file: secrets/server.pem
  key_file: secrets/server.key
  ca_file: secrets/ca.pem
  server_name: crm
  users: [{name: prometheus, password_hash_file: secrets/web_password_hash}]
  client: {username: prometheus, password_file: secrets/web_password}
"""


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


def test_one_setting_locks_every_server_and_gives_every_client_the_key(laid: Laid) -> None:
    """Promtool takes the files; a given password gets its hash; the watched application's job stays as it is."""
    _with_certificate(laid)
    (laid.given / "web_password").write_text("chosen\n")
    laid.run(SETTINGS + _WEB)
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
    said = laid.run(SETTINGS + _WEB + yaml.safe_dump({"notifications": section}))
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
    settings = SETTINGS + _WEB.replace("  server_name: crm\n", "") + yaml.safe_dump({"notifications": section})
    with pytest.raises(ConfigError) as caught:
        laid.run(settings)
    missing = {"alertmanager", "exporter-database", "exporter-host", "heartbeat", "inbox", "prometheus", "scheduler"}
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
        laid.run(SETTINGS + _WEB.replace("web_password_hash", "my_hash").replace("web_password", "my_password"))


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
        laid.run(SETTINGS + settings)
    assert laid.text("prometheus/web.yml") == before


def test_an_ended_certificate_is_refused(laid: Laid) -> None:
    """The first container says so, instead of every client later."""
    _with_certificate(laid, days=-1)
    with pytest.raises(ConfigError, match="it expired on"):
        laid.run(SETTINGS + _WEB)
