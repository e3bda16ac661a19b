"""The `web` section in the configuration of Prometheus, Alertmanager and Grafana, as servers and as clients."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from exporters.core.access import Certificate, WebSettings
from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.login import read_hashes
from pantrywatch.config.yaml_output import dump
from pantrywatch.web.secret_files import fits, read_secret

CA, CERTIFICATE, KEY, PASSWORD = "ca.pem", "server.pem", "server.key", "web_password"


@dataclass(frozen=True, slots=True)
class WebPaths:
    """Where a component finds the files of the section: by default, copies next to its own configuration."""

    certificate: str = CERTIFICATE
    key: str = KEY
    ca: str = CA
    password: str = PASSWORD


COPIES = WebPaths()


def in_folder(folder: str) -> WebPaths:
    """Return the paths of copies in a folder."""
    return WebPaths(*(f"{folder}/{name}" for name in (CERTIFICATE, KEY, CA, PASSWORD)))


def in_place(web: WebSettings) -> WebPaths:
    """Return the paths of the operator's own files, of a section that is `rooted`."""
    client = web.client
    return WebPaths(
        str(web.certificate_file), str(web.key_file), str(web.ca_file), client.password_file if client else PASSWORD
    )


def rooted(web: WebSettings, settings_file: Path) -> WebSettings:
    """Return the section with its paths, relative to the settings file, made absolute."""

    def path(name: str) -> str:
        return str((settings_file.parent / name).resolve())

    return replace(
        web,
        certificate_file=web.certificate_file and path(web.certificate_file),
        key_file=web.key_file and path(web.key_file),
        ca_file=web.ca_file and path(web.ca_file),
        users=tuple(replace(user, password_hash_file=path(user.password_hash_file)) for user in web.users),
        client=web.client and replace(web.client, password_file=path(web.client.password_file)),
    )


def require_valid(web: WebSettings, settings_file: str) -> None:
    """Raise ConfigError unless every file exists and is valid, and Prometheus can log in."""
    if web.tls:
        Certificate(web, settings_file)
    read_hashes(web, settings_file)
    if web.users and web.client is None:
        expected = "expected client (username, password_file): with `users`, Prometheus has to log in"
        raise ConfigError([ConfigProblem(settings_file, "web.client", expected)])
    for field, name in (("ca_file", web.ca_file), ("client.password_file", web.client and web.client.password_file)):
        if name:
            _read(settings_file, field, name)
    _require_password(web, settings_file)


def _require_password(web: WebSettings, settings_file: str) -> None:
    client = web.client
    if client is None:
        return
    known = read_hashes(web, settings_file)[client.username].decode()
    if not fits(known, read_secret(Path(settings_file).parent / client.password_file)):
        expected = (
            f"expected in {client.password_file} the password of {client.username}: the hash is for another password"
        )
        raise ConfigError([ConfigProblem(settings_file, "web.client.password_file", expected)])


def server_configuration(web: WebSettings, settings_file: str, paths: WebPaths = COPIES) -> str:
    """Return web.yml for a Prometheus or Alertmanager server. Raises ConfigError for an invalid hash."""
    document: dict[str, Any] = {}
    if web.tls:
        document["tls_server_config"] = {"cert_file": paths.certificate, "key_file": paths.key}
    if web.users:
        hashes = read_hashes(web, settings_file)
        document["basic_auth_users"] = {name: known.decode() for name, known in hashes.items()}
    return dump(document)


def server_files(web: WebSettings, settings_file: str) -> dict[str, str]:
    """Return file name → text for a Prometheus or Alertmanager server: web.yml, certificate and key."""
    files = {"web.yml": server_configuration(web, settings_file)}
    if web.tls:
        files[CERTIFICATE] = _read(settings_file, "certificate_file", str(web.certificate_file))
        files[KEY] = _read(settings_file, "key_file", str(web.key_file))
    return files


def exporter_files(web: WebSettings, settings_file: str) -> dict[str, str]:
    """Return name → text of the exporter's TLS and login files in secrets/, named as in the section."""
    named = [web.certificate_file, web.key_file, *(user.password_hash_file for user in web.users)]
    ours = [name for name in named if name and Path(name).parent == Path("secrets")]
    return {name: _read(settings_file, "web", name) for name in ours}


def client_files(web: WebSettings, settings_file: str) -> dict[str, str]:
    """Return file name → text of the files a client of these servers needs next to its configuration."""
    files = {}
    if web.ca_file:
        files[CA] = _read(settings_file, "ca_file", web.ca_file)
    if web.client:
        files[PASSWORD] = _read(settings_file, "client.password_file", web.client.password_file).rstrip("\r\n")
    return files


def alive_configuration(web: WebSettings, folder: str) -> str:
    """Return the HTTP client of a server's health check: it calls itself, so the certificate is not verified."""
    document = client(web, in_folder(folder))
    if web.tls:
        document["tls_config"] = {"insecure_skip_verify": True}
    return dump(document)


def scheme(web: WebSettings) -> str:
    """Return the scheme of our own servers."""
    return "https" if web.tls else "http"


def client(web: WebSettings, paths: WebPaths) -> dict[str, Any]:
    """Return login and TLS settings of an HTTP client, in the format of Prometheus and Alertmanager."""
    document: dict[str, Any] = {}
    if web.client:
        document["basic_auth"] = {"username": web.client.username, "password_file": paths.password}
    tls = _given((("ca_file", paths.ca if web.ca_file else None), ("server_name", web.server_name)))
    if web.tls and tls:
        document["tls_config"] = tls
    return document


def _given(pairs: Iterable[tuple[str, str | None]]) -> dict[str, str]:
    return {name: value for name, value in pairs if value}


def _read(settings_file: str, field: str, name: str) -> str:
    path = Path(settings_file).parent / name
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise ConfigError(
            [ConfigProblem(settings_file, f"web.{field}", f"expected a readable {path}: {reason}")]
        ) from None
