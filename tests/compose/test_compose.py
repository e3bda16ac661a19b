"""The compose file, the Dockerfile and what is mounted, as far as they can be judged without an engine."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporters import __version__
from pantrywatch.containers.init import IMAGE_USER, USERS
from pantrywatch.web.secret_files import DEMO, INSTALLATION

ROOT = Path(__file__).parents[2]
_PROFILES = [word for profile in ("demo", "browser", "rum", "ha") for word in ("--profile", profile)]
_FILES = {"docker-compose.yml": ROOT, "provisioning/sidecar/docker-compose.yml": ROOT / "provisioning/sidecar"}
# It hands files to the users of the others, and ends.
_ROOT_ONCE = "init"


def _resolved(file: str, **environment: str) -> dict[str, Any]:
    """Return the file as compose reads it, all profiles on, with nothing set but PATH."""
    done = subprocess.run(
        ["docker-compose", *_PROFILES, "config"],
        capture_output=True, text=True, timeout=60, check=False, cwd=_FILES[file],
        env={"PATH": os.environ["PATH"], **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    document: dict[str, Any] = yaml.safe_load(done.stdout)
    return document


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    """Every service of the compose file, as `docker-compose config` resolves it from a clean clone."""
    found: dict[str, dict[str, Any]] = _resolved("docker-compose.yml")["services"]
    return found


def test_every_part_is_a_service_and_the_demo_asks_for_its_profile(services: dict[str, dict[str, Any]]) -> None:
    """Monitoring comes up by itself; what is watched in the demo only where the profile is asked for."""
    demo = {name for name, service in services.items() if service.get("profiles") == ["demo"]}
    assert demo == {"postgres", "redis", "crm", "third-party", "traffic", "faults"}
    assert services["exporter-browser"]["profiles"] == ["browser"]
    assert services["exporter-rum"]["profiles"] == ["rum", "demo"]
    assert services["exporter-database-log"]["profiles"] == ["database_log", "demo"]
    pair = {name for name, service in services.items() if service.get("profiles") == ["ha"]}
    assert pair == {"prometheus-b", "alertmanager-b", "store"}
    optional = pair | {"exporter-browser", "exporter-rum", "exporter-access-log", "exporter-database-log"}
    assert services.keys() - demo - optional == {
        "init", "exporter-database", "exporter-cache", "exporter-synthetic", "exporter-host", "inbox", "heartbeat",
        "scheduler",
        "prometheus", "alertmanager", "grafana",
    }  # fmt: skip


def test_every_service_is_locked_down(services: dict[str, dict[str, Any]]) -> None:
    """Read-only, without capabilities or a way to new privileges, bounded in memory, processors, processes and logs."""
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["mem_limit"], name
        assert 0 < float(service["cpus"]) <= 1, f"{name}: a machine with one processor refuses more"
        assert service["pids_limit"] > 0, name
        assert service["logging"]["driver"] == "json-file", name
        assert service["logging"]["options"].keys() == {"max-size", "max-file"}, name
        assert all("size=" in mount for mount in service["tmpfs"]), name
        assert "privileged" not in service, name


def test_only_the_first_container_is_root_and_ends(services: dict[str, dict[str, Any]]) -> None:
    """It has no network and three capabilities; all others restart, have a health check, and no capability at all."""
    init = services[_ROOT_ONCE]
    assert (init["user"], init["network_mode"], init["restart"]) == ("0:0", "none", "no")
    for name in services.keys() - {_ROOT_ONCE}:
        service = services[name]
        assert service["restart"] == "unless-stopped", name
        assert service["healthcheck"]["test"], name
        assert "cap_add" not in service, name
        assert not str(service.get("user", "10001")).startswith("0"), name
        assert service["depends_on"], name


def test_secrets_are_laid_out_for_the_user_that_reads_them(services: dict[str, dict[str, Any]]) -> None:
    """The users that files are handed to are those that the services run as, and no two of ours share one."""
    exporters = {one: f"exporter-{one}" for one in ("database", "cache", "synthetic", "host", "rum")}
    named = ("grafana", "postgres", "redis", "inbox", "heartbeat", "scheduler", "crm", "faults")
    told = {name: services[name]["user"] for name in named}
    told |= {reader: services[name]["user"] for reader, name in exporters.items()}
    assert {name: USERS[name] for name in told} == {name: int(user.partition(":")[0]) for name, user in told.items()}
    dockerfile = (ROOT / "provisioning/docker/Dockerfile").read_text()
    assert f"USER {IMAGE_USER}:" in dockerfile
    assert f"USER {USERS['browser']}:" in dockerfile
    ours = [*exporters, "inbox", "heartbeat", "scheduler", "browser", "crm", "faults"]
    assert IMAGE_USER not in USERS.values(), "a service without a user of its own reads nothing"
    assert len({USERS[name] for name in ours}) == len(ours)
    assert USERS["exporter"] == 0, "what holds all secrets is for the first container alone"
    mounts = services["exporter-browser"]["volumes"]
    settings = {"/etc/pantrywatch/settings.yaml", "/etc/pantrywatch/demo/password"}
    assert {_mounted_at(mount) for mount in mounts} == {*settings, "/run/pantrywatch/exporter"}


def test_no_two_services_share_a_user_or_secrets(services: dict[str, dict[str, Any]]) -> None:
    """Each service of ours, the demo's too, has its own user; what needs no secret has no volume with any."""
    users = {name: one.get("user") for name, one in services.items() if "pantrywatch/" in one["image"]}
    assert len(set(users.values())) == len(users)
    assert [name for name, user in users.items() if user is None] == ["exporter-browser"], "its image names the user"
    for name in ("third-party", "traffic"):
        assert int(services[name]["user"].partition(":")[0]) not in USERS.values(), name
    assert not services["third-party"].get("volumes")
    assert [_source(mount).rpartition("_")[2] for mount in services["traffic"]["volumes"]] == ["faults"]
    for name in ("crm", "faults", "traffic"):
        flags = next(str(mount) for mount in services[name]["volumes"] if _source(mount).endswith("faults"))
        assert (":ro" in flags or "'read_only': True" in flags) == (name != "faults"), "only `faults` writes the flags"
    for name in ("crm", "faults"):
        assert services[name]["environment"]["DEMO_SECRETS"] == f"/run/pantrywatch/{name}"
        assert services[name]["user"] == f"{USERS[name]}:{USERS[name]}"


def test_no_exporter_and_no_service_of_ours_sees_the_secrets_of_another(services: dict[str, dict[str, Any]]) -> None:
    """Each mounts a volume that only the first container writes, and not the one with everybody's secrets."""
    init = {_source(mount): _mounted_at(mount) for mount in services["init"]["volumes"]}
    for reader in ("database", "cache", "synthetic", "browser", "host", "inbox", "heartbeat", "scheduler"):
        name = reader if reader in services else f"exporter-{reader}"
        mounts = {_source(mount): _mounted_at(mount) for mount in services[name]["volumes"]}
        volume = next(source for source in mounts if source.endswith(f"secrets-{reader}"))
        assert init[volume] == f"/run/pantrywatch/{reader}"
        assert mounts[volume] == "/run/pantrywatch/exporter"
        assert not [source for source in mounts if source.endswith("installation")]
        others = [source for source in mounts if "secrets-" in source]
        assert others == [volume]
    for reader, volume in (
        ("host", "state"),
        ("inbox", "inbox"),
        ("heartbeat", "heartbeat"),
        ("scheduler", "scheduler"),
        ("synthetic", "synthetic"),
    ):
        assert [at for source, at in init.items() if source.endswith(volume) and "secrets" not in source] == [
            f"/data/{reader}"
        ]


def test_the_log_of_the_demos_database_is_read_by_its_exporter_alone(services: dict[str, dict[str, Any]]) -> None:
    """PostgreSQL writes it, its group reads it, read-only; it is rotated as in the native demo."""
    mounts = {
        name: [mount for mount in service.get("volumes", []) if _source(mount).endswith("postgres-log")]
        for name, service in services.items()
    }
    assert {name for name, found in mounts.items() if found} == {"init", "postgres", "exporter-database-log"}
    postgres, exporter = services["postgres"], services["exporter-database-log"]
    assert exporter["user"].partition(":")[2] == postgres["user"].partition(":")[2]
    (read,), (written,) = mounts["exporter-database-log"], mounts["postgres"]
    assert ":ro" in str(read) or "'read_only': True" in str(read)
    here = dict(argument[2:].split("=") for argument in postgres["command"] if argument.startswith("-clog"))
    assert (here.pop("log_directory"), here.pop("log_file_mode")) == (_mounted_at(written), "0640")
    native = (ROOT / "provisioning/native/demo.conf").read_text().replace("%%", "%")
    assert here == dict(re.findall(r"-c (log\w+)=(\S+)", native))
    (section,) = yaml.safe_load((ROOT / "settings.yaml").read_text())["database_log"]
    state = exporter["environment"]["PANTRYWATCH_STATE"]
    assert section["path"].replace("${PANTRYWATCH_STATE:-.pantrywatch}", state) == f"{_mounted_at(read)}/crm-*.csv"


def _source(mount: str | dict[str, Any]) -> str:
    """Return what is mounted."""
    return mount.split(":")[0] if isinstance(mount, str) else str(mount["source"])


def _mounted_at(mount: str | dict[str, Any]) -> str:
    """Return where a mount is seen: Compose 1 writes it as one string, Compose 2 as a table."""
    return mount.split(":")[1] if isinstance(mount, str) else str(mount["target"])


@pytest.mark.parametrize("file", _FILES)
def test_no_image_is_latest(file: str) -> None:
    """Every image has a version; ours has that of the package."""
    images = [service["image"] for service in _resolved(file)["services"].values()]
    for image in images:
        name, _, tag = image.rpartition(":")
        assert re.fullmatch(r"v?\d+\.\d+.*", tag), image
        assert not name.startswith("pantrywatch/") or tag == __version__, image


@pytest.mark.parametrize("file", _FILES)
def test_nothing_is_published_beyond_this_machine_unless_asked(file: str) -> None:
    """Every port is on loopback; one variable moves all of them."""
    for environment, address in (({}, "127.0.0.1"), ({"PANTRYWATCH_BIND": "192.0.2.1"}, "192.0.2.1")):
        services = _resolved(file, **environment)["services"]
        ports = [_address(port) for service in services.values() for port in service.get("ports", [])]
        assert ports
        assert [port for port in ports if port != address] == []


def _address(port: str | dict[str, Any]) -> str:
    """Return where a port is published: Compose 1 writes it as one string, Compose 2 as a table."""
    return port.partition(":")[0] if isinstance(port, str) else str(port["host_ip"])


def test_only_what_a_person_opens_is_on_the_front_network(services: dict[str, dict[str, Any]]) -> None:
    """What publishes a port is in front; the inner network has no way out; the demo's servers are nowhere else."""
    document = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert document["networks"]["back"] == {"internal": True}
    for name, service in services.items():
        assert "ports" not in service or "front" in service["networks"], name
    inside = {name for name, service in services.items() if set(service.get("networks", {})) == {"back"}}
    assert inside == {"exporter-host", "postgres", "redis", "third-party", "traffic", "faults", "store"}


def test_no_secret_is_in_the_environment_or_the_file(services: dict[str, dict[str, Any]]) -> None:
    """A variable that speaks of a secret holds a path; git keeps nothing of the folder but its page."""
    for name, service in services.items():
        for variable, value in (service.get("environment") or {}).items():
            if re.search("PASSWORD|SECRET|TOKEN|KEY", variable):
                assert value.startswith("/run/pantrywatch/"), f"{name}: {variable}"
        assert "labels" not in service, name
    for secret in ("web_password", "monitor_dsn", "anything-else"):
        ignored = subprocess.run(["git", "check-ignore", "-q", f"secrets/{secret}"], cwd=ROOT, check=False)
        assert ignored.returncode == 0, secret
    assert INSTALLATION.keys().isdisjoint(DEMO)


@pytest.mark.parametrize("file", _FILES)
def test_mounted_files_exist_and_are_read_only(file: str) -> None:
    """What is mounted from the repository is in a clean clone, and no container may write it."""
    services = yaml.safe_load((ROOT / file).read_text())["services"]
    mounts = {mount for service in services.values() for mount in service.get("volumes", []) if mount[0] in "./"}
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for mount in mounts:
        source, _, options = mount.split(":")
        assert options.startswith("ro"), mount
        if source.startswith("."):
            path = str((_FILES[file] / source).resolve().relative_to(ROOT))
            assert any(f"{name}/".startswith(f"{path}/") for name in tracked.stdout.splitlines()), mount


def test_the_file_needs_no_version_line_and_no_key_of_one_compose_only() -> None:
    """Compose 2 warns of `version`; `deploy`, `develop`, `include` and `start_interval` mean nothing to 1.29."""
    text = (ROOT / "docker-compose.yml").read_text()
    assert (
        re.findall(r"^version:|^\s*(?:deploy|develop|include|start_interval|configs|secrets):", text, re.MULTILINE)
        == []
    )


def test_the_dockerfile_keeps_the_rules() -> None:
    """No `latest`, no ADD, no package but Chromium; pip without cache and with hashes; lists; no root at the end."""
    lines = (ROOT / "provisioning/docker/Dockerfile").read_text().replace("\\\n", " ").splitlines()
    instructions = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    words = [word for word, _ in instructions]
    stages = {rest.split(" AS ")[1] for word, rest in instructions if word == "FROM"}
    for word, rest in instructions:
        if word == "FROM":
            base = rest.split(" AS ")[0]
            assert base in stages or re.search(r":\d", base), rest
        if "pip " in rest and " install" in rest and word == "RUN":
            assert "--no-cache-dir" in rest
            assert "--require-hashes" in rest
        if word in {"CMD", "ENTRYPOINT"}:
            assert rest.startswith("["), rest
        if "apt-get" in rest:
            assert "--no-install-recommends chromium" in rest, "another package: think first"
            assert "rm -rf /var/lib/apt/lists/*" in rest
        assert not re.search(r"\b(sudo|curl|wget)\b", rest)
    assert "ADD" not in words
    assert "USER" in words[words.index("WORKDIR") :]
    assert [rest for word, rest in instructions if word == "FROM"][-1] == "runtime AS browser", "nothing is built on it"
    users = [rest for word, rest in instructions if word == "USER"]
    assert users == ["10001:10001", "root", "10002:10002"]


def test_an_image_says_what_it_is() -> None:
    """Each final stage has a title and a description, all license and version; compose passes the version."""
    text = (ROOT / "provisioning/docker/Dockerfile").read_text().replace("\\\n", " ")
    stages = dict(re.findall(r"^FROM runtime AS (\w+)\n(.*)$", text, re.MULTILINE))
    assert stages.keys() == {"demo", "exporter", "browser"}
    for name, line in stages.items():
        assert set(re.findall(r'org\.opencontainers\.image\.(\w+)="[^"]+"', line)) == {"title", "description"}, name
    runtime = text.partition(" AS runtime\n")[2].partition("\nFROM")[0]
    assert 'org.opencontainers.image.licenses="Apache-2.0"' in runtime
    assert 'org.opencontainers.image.version="$VERSION"' in runtime
    builds = [line for file in _FILES for line in (ROOT / file).read_text().splitlines() if "build: {" in line]
    assert len(builds) == 4
    assert [line for line in builds if f"args: {{VERSION: {__version__}}}" not in line] == []


def test_a_build_sees_only_what_the_dockerfile_copies() -> None:
    """.dockerignore shuts everything out and lets in the sources of COPY, no more."""
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    assert rules[1] == "*"
    allowed = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(\S+)", (ROOT / "provisioning/docker/Dockerfile").read_text(), re.MULTILINE)
    assert {re.sub(r"\w+\.lock$", "*.lock", source) for source in copied} == allowed
