"""Prepares the shared volume: secrets and configuration for each container.

The first container of the compose file runs this as root, without a network, and exits. A file belongs to the user of
the container that reads it, in a folder that no other user may enter. Unchanged files are not touched.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exporters.core.access import WebSettings
from exporters.core.files import put_aside, write_private
from exporters.core.strict_yaml import read_yaml
from pantrywatch.config.application import Access, require_access
from pantrywatch.config.components import components
from pantrywatch.config.notifications.own_urls import own_hosts
from pantrywatch.config.settings import Settings, read_settings
from pantrywatch.containers.layout import MOUNT, container_layout
from pantrywatch.generate.alertmanager.secrets import require_delivery
from pantrywatch.generate.alertmanager.secrets import secret_files as secret_files_of
from pantrywatch.generate.alertmanager.state_files import LOST, is_whole
from pantrywatch.generate.prometheus import scrape_targets
from pantrywatch.generate.render import files_for, render
from pantrywatch.generate.scale import mesh
from pantrywatch.web import config_files, secret_files
from pantrywatch.web.certificates import require_trusted

logger = logging.getLogger(__name__)

# Reader → the user its image runs as, by default or by the compose file.
IMAGE_USER = 10001  # unless the compose file names another
USERS = {
    "exporter": 0,  # everything the settings may name, checked at startup; readable by root only
    "database": 10011,
    "cache": 10012,
    "synthetic": 10013,
    "host": 10014,
    "inbox": 10015,
    "heartbeat": 10016,
    "browser": 10002,
    "rum": 10017,
    "access_log": 10018,
    "database_log": 10019,
    "scheduler": 10020,
    "crm": 10022,
    "faults": 10024,
    "prometheus": 65534,
    "alertmanager": 65534,
    "alertmanager-b": 65534,
    "store": 65534,
    "grafana": 472,
    "postgres": 999,
    "redis": 999,
}
# Reader → the sections of the settings whose secrets it gets.
_SECTIONS: Mapping[str, tuple[str, ...]] = {
    **{component.job: (component.job,) for component in components().exporters()},
    "inbox": (),
    "scheduler": (),
    "heartbeat": (),  # a part of `notifications`: see `_told_by_heartbeat`
}
_MESH_PORT = 9094
_KEPT = "kept"  # generated here because none was provided; readable by root only
_REDIS = """\
bind * -::*
dir /data
maxmemory 64mb
maxmemory-policy allkeys-lfu
save 300 1
latency-monitor-threshold 100
requirepass {password}
"""


@dataclass(frozen=True, slots=True)
class Sources:
    """The inputs: the settings, the provisioning folder, the generated rules, and the operator's secrets.

    `data`: a folder with the volumes that readers write to, each under the reader's name.
    """

    settings: Path
    provisioning: Path
    rules: Path
    given: Path
    data: Path | None = None


@dataclass(slots=True)
class _Volume:
    """The desired files of the volume: reader → name → text."""

    path: Path
    users: Mapping[str, int]
    files: dict[str, dict[str, str]] = field(default_factory=dict)

    def add(self, reader: str, files: Mapping[str, str]) -> None:
        self.files.setdefault(reader, {}).update(files)

    def write(self) -> None:
        """Write the files that differ."""
        for reader, files in self.files.items():
            folder = self.path / reader
            for name, text in files.items():
                self._folder(folder, (folder / name).parent, self.users[reader])
                _write(folder / name, text, self.users[reader])

    def prune(self) -> None:
        """Remove stale files, and the folders of readers that an earlier release had."""
        for folder in [path for path in self.path.iterdir() if path.name not in {*self.files, _KEPT} and path.is_dir()]:
            shutil.rmtree(folder)
        for reader, files in self.files.items():
            folder = self.path / reader
            for file in [path for path in folder.rglob("*") if path.is_file()]:
                if str(file.relative_to(folder)) not in files:
                    file.unlink()

    def _folder(self, top: Path, folder: Path, user: int) -> None:
        for path in (top, *reversed([folder, *folder.parents][: len(folder.relative_to(top).parts)])):
            path.mkdir(mode=0o500, exist_ok=True)
            path.chmod(0o500)  # the root of a volume already exists, open to all
            os.chown(path, user, user)


def prepare(sources: Sources, path: Path, users: Mapping[str, int] = USERS) -> Settings:
    """Write everything to the volume at `path` and return the settings.

    Raises ConfigError with nothing changed except the secrets, which the settings may name.
    """
    volume = _Volume(path, users)
    secrets = _add_secrets(volume, sources.given)
    volume.write()
    settings = read_settings(sources.settings)
    web, name = settings.web or WebSettings(), str(sources.settings)
    config_files.require_valid(web, name)
    if web.tls and web.ca_file:
        require_trusted(web, name, _hosts(settings))
    _add_own_secrets(volume, secrets, sources.settings, web)
    files = render(settings, container_layout())
    _add_prometheus(volume, sources, settings, files)
    _add_alertmanager(volume, sources, settings, files)
    _add_grafana(volume, sources, settings, files)
    volume.write()
    volume.prune()
    if sources.data is not None:
        for reader in sorted(users.keys() & {folder.name for folder in sources.data.iterdir()}):
            _hand_over(sources.data / reader, users[reader])
        for alertmanager in ("alertmanager", "alertmanager-b"):
            _put_damaged_aside(sources.data / alertmanager)
    return settings


def _hosts(settings: Settings) -> set[str]:
    """Return the host names by which other containers reach pantrywatch's own services."""
    targets = scrape_targets(settings, container_layout())
    addresses = [one for job, groups in targets.items() if job != "application" for g in groups for one in g["targets"]]
    section = settings.notifications
    told = own_hosts((section.contacts, section.heartbeat), section.own_addresses) if section else set()
    return told | {address.rpartition(":")[0] for address in addresses}


def _add_own_secrets(volume: _Volume, secrets: Mapping[str, str], settings_file: Path, web: WebSettings) -> None:
    """Add each exporter's and service's own TLS and login files, and the secrets that its sections name."""
    document = read_yaml(settings_file)
    serving = config_files.exporter_files(web, str(settings_file))
    for reader, sections in _SECTIONS.items():
        named = {name for section in sections for name in _named_secrets(document.get(section))}
        if reader == "heartbeat":
            named = _named_secrets(_told_by_heartbeat(document.get("notifications")))
        # They log in like Prometheus: to the inbox, and to Prometheus itself.
        if reader == "scheduler" or (reader == "heartbeat" and web.client is not None):
            named |= _named_secrets([web.client and web.client.password_file, web.ca_file])
        own = {f"secrets/{name}": secrets[name] for name in named & (secrets.keys() - _NOT_FOR_EXPORTERS)}
        volume.add(reader, serving | own)


def _told_by_heartbeat(section: Any) -> list[object]:
    """Return the parts of the section `notifications` whose secrets the heartbeat uses: Alertmanager has the others."""
    if not isinstance(section, dict) or not isinstance(heartbeat := section.get("heartbeat"), dict):
        return []
    contacts = section.get("contacts") or []
    told = [contact for contact in contacts if contact.get("name") in (heartbeat.get("notify") or [])]
    mail = [section.get("email")] if any(contact.get("email") for contact in told) else []
    return [heartbeat, *mail, *(contact.get("webhook") for contact in told)]


def _named_secrets(node: object) -> set[str]:
    """Return the names of files in a folder `secrets` that appear anywhere in a section."""
    if isinstance(node, dict | list):
        return set().union(*(_named_secrets(inner) for inner in (node.values() if isinstance(node, dict) else node)))
    path = Path(node) if isinstance(node, str) and len(node) < 500 else Path()
    return {path.name} if path.parent.name == "secrets" else set()


def _put_damaged_aside(alertmanager: Path) -> None:
    """Rename files with which Alertmanager would not start, and say what is lost; it creates them again."""
    for name, lost in LOST.items():
        file = alertmanager / name
        if file.exists() and not is_whole(file):
            logger.error("alertmanager's file %s is damaged: put aside as %s; %s", name, put_aside(file), lost)


def _hand_over(folder: Path, user: int) -> None:
    """Set the owner of a volume to the user that writes to it; an engine would copy an empty one's from the image."""
    (folder / ".pantrywatch").touch()
    if folder.stat().st_uid == user:
        os.chown(folder / ".pantrywatch", user, user)
        return
    for path in [*folder.rglob("*"), folder]:
        os.chown(path, user, user, follow_symlinks=False)


def _add_secrets(volume: _Volume, given: Path) -> dict[str, str]:
    kept = volume.path / _KEPT
    secret_files.make_missing(kept, {**secret_files.INSTALLATION, **secret_files.DEMO})
    found = {file.name: file for folder in (kept, given) for file in folder.iterdir() if _is_secret(file)}
    secrets = {name: secret_files.read_secret(file) for name, file in found.items()}
    password = secrets[secret_files.WEB_PASSWORD]
    if not secret_files.fits(secrets[secret_files.WEB_HASH], password):
        secret_files.renew_hash(kept, password)
        secrets[secret_files.WEB_HASH] = secret_files.read_secret(kept / secret_files.WEB_HASH)
    volume.add("exporter", {f"secrets/{name}": secrets[name] for name in secrets.keys() - _NOT_FOR_EXPORTERS})
    volume.add("grafana", {"admin_password": secrets["grafana_admin_password"]})
    volume.add("postgres", {"password": secrets["postgres_password"]})
    cache = secret_files.password_of(secrets["cache_url"])
    volume.add("redis", {"redis.conf": _REDIS.format(password=cache)})
    server = "postgres:5432/crm"
    demo = {
        "cache_url": f"redis://:{cache}@redis:6379/0",
        "admin_dsn": f"postgresql://postgres:{secrets['postgres_password']}@{server}",
        "app_dsn": f"postgresql://crm:{secrets['app_password']}@{server}",
    }
    volume.add("faults", demo)
    volume.add("crm", {**demo, "monitor_dsn": secrets["monitor_dsn"]})
    return secrets


_NOT_FOR_EXPORTERS = frozenset({"grafana_admin_password", *secret_files.DEMO})


def _add_prometheus(volume: _Volume, sources: Sources, settings: Settings, files: Mapping[str, str]) -> None:
    web, name, reader = settings.web or WebSettings(), str(sources.settings), "prometheus"
    volume.add(reader, files_for(reader, files))
    volume.add(reader, config_files.server_files(web, name) | config_files.client_files(web, name))
    volume.add(reader, _alive(web, reader, 9090))
    require_access(settings.accesses(), name)
    for _, access in settings.accesses():
        volume.add(reader, _secrets_of(access, sources))
    volume.add(reader, {"retention": f"{settings.prometheus.retention_days}d"})
    volume.add(reader, {f"rules/{file.name}": file.read_text(encoding="utf-8") for file in sources.rules.glob("*.yml")})


def _add_alertmanager(volume: _Volume, sources: Sources, settings: Settings, files: Mapping[str, str]) -> None:
    web, name, reader = settings.web or WebSettings(), str(sources.settings), "alertmanager"
    section = settings.notifications
    if section is not None:
        require_delivery(section, sources.settings)
        named = {Path(file).name: sources.settings.parent / file for _, file in secret_files_of(section)}
        volume.add(reader, {f"secrets/{name}": secret_files.read_secret(file) for name, file in named.items()})
    volume.add(reader, _tree(sources.provisioning / "alertmanager"))
    volume.add(reader, files_for(reader, files))
    volume.add(
        reader,
        {
            "mesh": mesh(settings.scale, _MESH_PORT),
            "time_zone": section.office_hours.time_zone if section else "UTC",
            "external_url": section.links.alertmanager if section else f"{config_files.scheme(web)}://127.0.0.1:19093",
        },
    )
    volume.add(reader, config_files.server_files(web, name) | config_files.client_files(web, name))
    volume.add(reader, _alive(web, reader, 9093))


def _add_grafana(volume: _Volume, sources: Sources, settings: Settings, files: Mapping[str, str]) -> None:
    reader = "grafana"
    if settings.scale is not None and settings.scale.store is not None:
        volume.add(reader, _secrets_of(settings.scale.store.access(), sources))
    volume.add(reader, {f"provisioning/{name}": text for name, text in files_for(reader, files).items()})
    volume.add(reader, config_files.client_files(settings.web or WebSettings(), str(sources.settings)))


def _secrets_of(access: Access, sources: Sources) -> dict[str, str]:
    named = {Path(file).name: sources.settings.parent / file for file in access.files().values()}
    return {f"secrets/{name}": secret_files.read_secret(file) for name, file in named.items()}


def _alive(web: WebSettings, reader: str, port: int) -> dict[str, str]:
    """Return the file for the container's health check: the address of its own server, and the login."""
    configuration = config_files.alive_configuration(web, f"{MOUNT}/{reader}")
    return {"alive.yml": configuration, "url": f"{config_files.scheme(web)}://localhost:{port}"}


def _tree(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): file.read_text(encoding="utf-8") for file in folder.rglob("*") if file.is_file()
    }


def _is_secret(file: Path) -> bool:
    return file.is_file() and not file.name.startswith(".") and file.suffix != ".md"


def _write(file: Path, text: str, user: int) -> None:
    # An owner changed by hand counts as a difference: the reader would be locked out.
    if file.exists() and file.stat().st_uid == user and file.read_text(encoding="utf-8") == text:
        return
    write_private(file, text, 0o400, user)
