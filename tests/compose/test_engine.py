"""`docker-compose up` on a real engine: it starts, heals, keeps its secrets and what it has seen, and leaves nothing.

The images under the names of the compose file are stand-ins of Debian's packages; ours are built by the Dockerfile.
One stack for all tests of this file, in the order they stand here.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.compose.compose_project import PROJECT, ROOT, Stack, kill
from tests.compose.stand_in_images import PYTHON
from tests.support.peers import Certificates, make_certificate
from tests.support.servers import wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(1500)]

_CERTIFICATE_FOR = "subjectAltName=" + ",".join(
    f"DNS:{name}"
    for name in (
        "localhost", "prometheus", "alertmanager", "exporter-database", "exporter-cache", "exporter-synthetic",
        "exporter-host", "inbox", "heartbeat", "scheduler",
    )
)  # fmt: skip
_WEB = """
web:
  certificate_file: secrets/server.pem
  key_file: secrets/server.key
  ca_file: secrets/ca.pem
  users: [{name: prometheus, password_hash_file: secrets/web_password_hash}]
  client: {username: prometheus, password_file: secrets/web_password}
"""


@pytest.fixture(scope="module")
def demo(running: Stack) -> Stack:
    """The stack with the demo profile, healthy."""
    running.demo("up", "--detach")
    running.wait_until_healthy("the first up")
    return running


def test_a_clean_clone_comes_up_and_every_target_is_scraped(demo: Stack) -> None:
    """No edit, no .env: every container is healthy, every target up, Grafana has its data and boards."""
    assert len(demo.inspect()) == 19
    wait_until(lambda: set(demo.targets().values()) == {"up"}, 60, "every target up")
    assert len(demo.targets()) == 16
    assert demo.query("pg_up") == {"primary": 1.0}
    assert demo.query("redis_up") == {"main": 1.0}
    grafana = demo.grafana()
    assert set(grafana["datasources"].values()) == {200}
    boards = sorted(json.loads(file.read_text())["uid"] for file in (ROOT / "dashboards/generated").rglob("*.json"))
    assert grafana["boards"] == boards
    heard = "print(__import__('urllib.request').request.urlopen('http://127.0.0.1:9095/metrics').read().decode())"
    wait_until(lambda: not _never_heard(demo.python("heartbeat", heard)), 150, "the heartbeat hears Watchdog")
    told = demo.compose("logs", "--no-color", "init")
    assert "Next:" in told
    assert "http://127.0.0.1:19300" in told


def _never_heard(page: str) -> bool:
    return "pantrywatch_heartbeat_last_timestamp_seconds 0" in page


def test_the_host_exporter_sees_this_machine(demo: Stack) -> None:
    """Memory, network devices, processes and the name are the machine's, not the container's."""
    total = int(Path("/proc/meminfo").read_text().split()[1]) * 1024
    assert demo.query("node_memory_MemTotal_bytes") == {"local": total}
    page = demo.python("exporter-host", _SCRAPE)
    for line in Path("/proc/1/net/dev").read_text().splitlines()[2:]:
        assert f'node_network_receive_bytes_total{{device="{line.split(":")[0].strip()}"}}' in page
    assert 'mountpoint="/"' in page
    assert f'nodename="{Path("/etc/hostname").read_text().strip()}"' in page
    groups = demo.query('max by (instance) (pantrywatch_process_group_processes{group="postgres"})')
    assert groups["local"] >= 5


_SCRAPE = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:9690/metrics/host').read().decode())"


def test_containers_hold_no_secret_beside_their_files_and_nothing_to_install_with(demo: Stack) -> None:
    """No password in what the engine tells of containers and images, nor in a log; no pip, no compiler, no root."""
    secrets = demo.compose("run", "--rm", "-T", "--entrypoint", "sh -c", "init", "cat /run/pantrywatch/kept/*")
    words = {line.rpartition("@")[0].rpartition(":")[2] or line for line in secrets.splitlines() if len(line) >= 20}
    assert len(words) >= 6
    everything = json.dumps(demo.inspect()) + demo.demo("logs", "--no-color")
    images = demo.engine.docker("images", "--quiet").split()
    everything += demo.engine.docker("inspect", *images)
    everything += "".join(demo.engine.docker("history", "--no-trunc", image) for image in set(images))
    assert [word for word in words if word in everything] == []
    image = demo.inspect()["inbox"]["Config"]["Image"]
    for command in ("python -m pip", "python -m ensurepip", "pip", "gcc", "cc"):
        shell = ["run", "--rm", "--network", "none", "--entrypoint", "sh", image, "-c", f"{command} --version"]
        assert demo.engine.docker(*shell, check=False) == "", command
    assert demo.python("inbox", "import os; print(os.getuid())").strip() == "10015"
    assert "Read-only file system" in demo.demo("exec", "-T", "inbox", "touch", "/etc/x", check=False)
    assert PYTHON in (ROOT / "provisioning/docker/Dockerfile").read_text()


def test_one_container_cannot_read_the_files_of_another(demo: Stack) -> None:
    """A container enters its own folder only: others are not mounted, or belong to another user."""
    for service, folder in (("prometheus", "exporter"), ("exporter-cache", "prometheus"), ("grafana", "kept")):
        listed = demo.demo("exec", "-T", service, "ls", f"/run/pantrywatch/{folder}", check=False)
        assert "Permission denied" in listed or "No such file" in listed, listed


def test_faults_are_switched_in_their_container(demo: Stack) -> None:
    """A fault goes on and off; one that only the engine can make says how."""
    command = ("exec", "-T", "faults", "python", "-m", "demo.faults")
    assert "api-errors is on" in demo.demo(*command, "on", "api-errors")
    assert "api-errors           on" in demo.demo(*command, "list")
    assert "api-errors is off" in demo.demo(*command, "off", "api-errors")
    assert "docker compose stop postgres" in demo.demo(*command, "on", "database-stopped", check=False)
    assert "chmod 700 /var/log/postgresql" in demo.demo(*command, "on", "database-log-lost", check=False)


def test_a_profile_brings_the_checks_in_a_browser_and_takes_them_away(demo: Stack) -> None:
    """Found by name, its checks pass and their promises are measured; taken away as the page says, none is down."""
    before = demo.targets()
    demo.demo("--profile", "browser", "up", "--detach")
    demo.wait_until_healthy("with the browser")
    new = {"browser/local", "exporter/exporter-browser"}
    wait_until(lambda: demo.targets() == before | dict.fromkeys(new, "up"), 120, "the browser's exporter is scraped")
    passing = 'count by (instance) (probe_success{kind="browser"} == 1)'
    wait_until(lambda: demo.query(passing) == {"local": 3.0}, 420, "the browser checks pass")
    measured = 'count(slo:measured:bool{target=~"tti|page-load-3g"} == 1)'
    wait_until(lambda: demo.query(measured) == {"": 2.0}, 120, "their targets are measured")
    for folder in ("prometheus", "kept"):
        listed = demo.demo("exec", "-T", "exporter-browser", "ls", f"/run/pantrywatch/{folder}", check=False)
        assert "Permission denied" in listed or "No such file" in listed, listed
    assert demo.demo("exec", "-T", "exporter-browser", "ls", "/run/pantrywatch/exporter") == "", "no secret of others"
    demo.demo("--profile", "browser", "rm", "--stop", "--force", "exporter-browser")
    demo.demo("restart", "prometheus")
    demo.wait_until_healthy("without the browser")
    wait_until(lambda: demo.targets() == before, 60, "what is scraped is what was scraped before")


def test_a_deployment_is_marked_in_a_container(demo: Stack) -> None:
    """The mark is kept in a volume and is on the boards with the next scrape."""
    demo.demo("exec", "-T", "exporter-host", "python", "-m", "pantrywatch", "mark", "4.5.6")
    marks = 'count(pantrywatch_deployment_timestamp_seconds{version="4.5.6"})'
    wait_until(lambda: demo.query(marks) == {"": 1.0}, 60, "Prometheus has the mark")


def test_a_fault_in_a_container_reaches_the_inbox(demo: Stack) -> None:
    """PostgreSQL's container is stopped: its alert fires and is told by mail and webhook; started, it is over."""
    _silence(demo, "kept through a kill")
    demo.demo("stop", "postgres")
    wait_until(lambda: demo.query("pg_up") == {"primary": 0.0}, 60, "pg_up is 0")

    def told() -> set[str]:
        return {message["channel"] for message in demo.messages() if "CrmDatabaseDown" in message["alerts"]}

    wait_until(lambda: {"email", "webhook"} <= told(), 240, "the alert reaches the inbox")
    demo.demo("start", "postgres")
    wait_until(lambda: demo.query("pg_up") == {"primary": 1.0}, 90, "pg_up is 1")


def test_every_container_that_is_killed_comes_back_with_nothing_lost(demo: Stack) -> None:
    """Killed from outside, each restarts and is healthy; samples, messages, silences, rows and errors are there."""
    _sql(demo, "SELECT 1 / 0", check=False)
    wait_until(lambda: demo.query(_FROM_THE_LOG) == {"primary": 1.0}, 400, "the errors are those of the log")
    wait_until(lambda: demo.query(_DIVISIONS) == {"primary": 1.0}, 60, "an error is counted by its SQLSTATE")
    before = demo.inspect()
    seen, messages, rows = _first_sample(demo), len(demo.messages()), _rows(demo)
    victims = {name: one for name, one in before.items() if name != "init"}
    kill(victims.values())
    wait_until(lambda: _restarted(demo, before) == victims.keys(), 120, "every container restarted")
    demo.wait_until_healthy("after the kill")
    wait_until(lambda: set(demo.targets().values()) == {"up"}, 90, "every target up")
    assert _first_sample(demo) == seen
    assert len(demo.messages()) >= messages
    assert "kept through a kill" in demo.silences()
    assert _rows(demo) >= rows
    assert demo.query(_DIVISIONS) == {"primary": 1.0}


_FROM_THE_LOG = 'database:errors_source:info{source="log"}'
_DIVISIONS = 'pantrywatch_database_errors_total{severity="ERROR",class="22"}'


def _restarted(stack: Stack, before: dict[str, Any]) -> set[str]:
    after = stack.inspect()
    return {name for name in before if after[name]["RestartCount"] > before[name]["RestartCount"]}


def test_what_is_kept_survives_down_and_up(demo: Stack) -> None:
    """`down` removes every container and network; the next `up` goes on with the same data and the same secrets."""
    seen, messages, rows = _first_sample(demo), len(demo.messages()), _rows(demo)
    demo.demo("down")
    assert {name.removeprefix(f"{PROJECT}_") for name in demo.engine.leftovers()} == {
        "installation", "prometheus", "alertmanager", "grafana", "inbox", "heartbeat", "state", "postgres", "redis",
        "prometheus-b", "alertmanager-b", "store",  # of a pair, empty without one
        "scheduler", "synthetic", "faults", "access-log", "secrets-browser", "secrets-rum", "secrets-access_log",
        "database-log", "postgres-log", "secrets-database_log",
        *(f"secrets-{name}" for name in ("cache", "database", "heartbeat", "host", "inbox", "scheduler", "synthetic")),
    }  # fmt: skip
    demo.demo("up", "--detach")
    demo.wait_until_healthy("the second up")
    assert _first_sample(demo) == seen
    assert len(demo.messages()) >= messages
    assert "kept through a kill" in demo.silences()
    assert _rows(demo) >= rows
    assert demo.grafana()["starts"] == 3


def test_a_backup_brings_prometheus_and_grafana_back(demo: Stack, tmp_path: Path) -> None:
    """After `down -v` nothing is left; volumes restored as docs/deploy.md says, what they held is there."""
    seen = _first_sample(demo)
    demo.demo("down")
    for name in ("prometheus", "grafana"):
        demo.engine.docker(*_tar(demo, name, tmp_path, "-C", "/data", "-czf", f"/backup/{name}.tar.gz", "."))
    demo.demo("down", "--volumes")
    assert demo.engine.leftovers() == []
    for name in ("prometheus", "grafana"):
        demo.engine.docker("volume", "create", f"{PROJECT}_{name}")
        demo.engine.docker(*_tar(demo, name, tmp_path, "-C", "/data", "-xzf", f"/backup/{name}.tar.gz"))
    demo.compose("up", "--detach")
    demo.wait_until_healthy("the up after the restore")
    assert _first_sample(demo) == seen
    assert demo.grafana()["starts"] == 4


def _tar(stack: Stack, name: str, backup: Path, *arguments: str) -> list[str]:
    image = yaml.safe_load((stack.clone / "docker-compose.yml").read_text())["services"]["inbox"]["image"]
    volumes = ("--volume", f"{PROJECT}_{name}:/data", "--volume", f"{backup}:/backup")
    return ["run", "--rm", "--network", "none", "--user", "0", *volumes, "--entrypoint", "tar", image, *arguments]


def test_without_the_demo_it_is_up_and_says_what_is_missing(demo: Stack) -> None:
    """No CRM anywhere: every container stays healthy, the exporters are scraped and say why nothing answers."""
    assert len(demo.inspect()) == 11
    wait_until(lambda: demo.query("pg_up") == {"primary": 0.0}, 90, "pg_up is 0")
    wait_until(lambda: demo.query("redis_up") == {"main": 0.0}, 60, "redis_up is 0")
    down = {name for name, health in demo.targets().items() if health != "up"}
    assert down == {"application/crm-api"}
    classes = demo.query('count by (instance) (pantrywatch_collector_error{collector="connection"})')
    assert classes.keys() == {"primary", "main"}


def test_one_setting_puts_tls_and_a_login_on_every_port(demo: Stack) -> None:
    """With `web` in the settings everything is scraped over TLS with the login; without them nothing answers."""
    secrets = demo.clone / "secrets"
    made = Certificates(secrets)
    make_certificate(made, "ca", 2, "basicConstraints=critical,CA:TRUE")
    make_certificate(made, "server", 2, _CERTIFICATE_FOR, "ca")
    (secrets / "web_password").write_text("first-password\n")
    settings = demo.clone / "settings.yaml"
    settings.write_text(settings.read_text() + _WEB)
    demo.compose("run", "--rm", "-T", "init")
    demo.compose("restart")
    demo.wait_until_healthy("with TLS and a login")
    login, ca = "prometheus:first-password", made.ca
    wait_until(lambda: _down(demo, login, ca) == {"application/crm-api"}, 90, "every target of ours up")
    for url in (
        "https://localhost:19090/api/v1/status/buildinfo",
        "https://localhost:19093/api/v2/status",
        "https://localhost:19094/api/messages",
    ):
        assert demo.engine.fetch(url, login=login, ca=ca)
        for wrong in ("", "prometheus:wrong", "someone:first-password"):
            with pytest.raises(OSError, match="401"):
                demo.engine.fetch(url, login=wrong, ca=ca)
        with pytest.raises(OSError, match=r"400|closed|reset"):
            demo.engine.fetch(url.replace("https", "http"), login=login)
    assert set(demo.grafana()["datasources"].values()) == {200}
    begin, beat = time.time(), "print(open('/var/lib/pantrywatch/heartbeat.json').read())"
    wait_until(lambda: json.loads(demo.python("heartbeat", beat))["beat_at"] > begin, 400, "Watchdog is heard")


# What is the demo's alone went with it while Prometheus was stopped, so its last samples stay for a while.
_WITHOUT_THE_DEMO = 'timestamp(up{job!~"rum|database_log",instance!~"exporter-(rum|database-log)"})'


def test_a_new_password_needs_no_restart(demo: Stack) -> None:
    """The file changed and handed out by the first container, the new password holds everywhere and the old nowhere."""
    started = {name: one["State"]["StartedAt"] for name, one in demo.inspect().items() if name != "init"}
    (demo.clone / "secrets/web_password").write_text("second-password\n")
    demo.compose("up", "--detach", "init")
    ca = str(demo.clone / "secrets/ca.pem")
    login = "prometheus:second-password"
    wait_until(lambda: _answers(demo, login, ca), 30, "the new password holds")
    with pytest.raises(OSError, match="401"):
        demo.targets("prometheus:first-password", ca)
    changed = time.time()
    wait_until(
        lambda: all(value >= changed for value in demo.query(_WITHOUT_THE_DEMO, login, ca).values()), 60, "scrapes"
    )
    wait_until(lambda: _down(demo, login, ca) == {"application/crm-api"}, 60, "every target of ours up")
    after = {name: one["State"]["StartedAt"] for name, one in demo.inspect().items() if name != "init"}
    assert after == started


def test_down_with_volumes_leaves_nothing(demo: Stack) -> None:
    """`down -v` leaves no container, network or volume; the clone holds nothing that it did not hold before."""
    demo.demo("down", "--volumes")
    assert demo.engine.leftovers() == []


def test_an_exporter_runs_as_a_sidecar(demo: Stack) -> None:
    """The example beside an application's container: it reaches the server at localhost, where nobody else does."""
    sidecar = replace(demo, clone=demo.clone / "provisioning/sidecar")
    sidecar.compose("up", "--detach", "--no-build")
    wait_until(lambda: "\nredis_up 1" in _page(demo), 60, "the sidecar sees its application")
    reached = demo.engine.docker(
        "run", "--rm", "--network", f"{PROJECT}_default", "--entrypoint", "redis-cli",
        sidecar.inspect()["application"]["Config"]["Image"], "-h", "application", "ping", check=False,
    )  # fmt: skip
    assert reached == ""
    sidecar.compose("down", "--volumes")
    assert demo.engine.leftovers() == []


def _page(stack: Stack) -> str:
    try:
        return stack.engine.fetch("http://127.0.0.1:9690/metrics/cache")
    except OSError:
        return ""


def _down(stack: Stack, login: str, ca: str) -> set[str]:
    return {name for name, health in stack.targets(login, ca).items() if health != "up"}


def _answers(stack: Stack, login: str, ca: str) -> bool:
    try:
        return bool(stack.targets(login, ca))
    except OSError:
        return False


def _first_sample(stack: Stack) -> float:
    """Return when Prometheus first scraped itself."""
    return stack.query('min_over_time(timestamp(up{job="prometheus"})[2h:15s])')["prometheus"]


def _rows(stack: Stack) -> int:
    return int(_sql(stack, "SELECT count(*) FROM interactions"))


def _sql(stack: Stack, statement: str, *, check: bool = True) -> str:
    """Return the first value of a statement of the application's role."""
    code = (
        "import pathlib, psycopg;"
        "dsn = pathlib.Path('/run/pantrywatch/crm/app_dsn').read_text();"
        f"print(psycopg.connect(dsn).execute({statement!r}).fetchone()[0])"
    )
    return stack.demo("exec", "-T", "crm", "python", "-c", code, check=check)


def _silence(stack: Stack, comment: str) -> None:
    now = time.time()
    times = {
        name: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
        for name, at in (("startsAt", now), ("endsAt", now + 7200))
    }
    matcher = {"name": "alertname", "value": "Nothing", "isRegex": False, "isEqual": True}
    body = {"matchers": [matcher], "createdBy": "test", "comment": comment, **times}
    stack.engine.fetch("http://127.0.0.1:19093/api/v2/silences", json.dumps(body))
