"""A base built once from the settings of a company that uses everything that has an object."""

from __future__ import annotations

import contextlib
import io
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from pantrywatch.cli import main
from tests.support.settings_files import COMPANY

SETTINGS = (
    COMPANY.replace("    tls: true\n", "    user: alerts\n    password_file: secrets/mail_password\n")
    + """\
application:
  endpoints:
    - {name: crm-1, address: "crm-1.crm.svc:8080", path: "/metrics?format=text", convention: fastapi-instrumentator}
  access: {scheme: https, ca_file: secrets/crm_ca.pem, username: scraper, password_file: secrets/crm_password}
cache:
  - {name: main, url_file: "${PANTRYWATCH_STATE}/secrets/cache_url"}
host:
  procfs: "${PANTRYWATCH_HOST_ROOT}/proc"
  sysfs: "${PANTRYWATCH_HOST_ROOT}/sys"
  rootfs: "${PANTRYWATCH_HOST_ROOT}/"
synthetic:
  checks:
    - {name: orders-page, kind: http, url: "http://${CRM}/", target: frontend-availability}
    - {name: orders-sql, kind: sql, dsn_file: check_dsn, target: db-availability}
    - {name: orders-domain, kind: domain, host: orders.example.com, state: /var/lib/pantrywatch}
browser:
  checks:
    - name: log-in-page
      url: "http://${CRM}/"
      secret_files: {password: /var/lib/crm/check_password}
      steps: [{name: password, action: fill, label: "Password", value: "<<password>>"}]
rum: {listen: "${PANTRYWATCH_RUM}"}
access_log: {state: state.json, files: [{name: web, path: /logs/access.log, format: nginx}]}
database_log: [{name: orders, path: /logs/postgresql.json, state: state.json}]
scale:
  cluster: crm
  remote_write:
    - {url: "http://victoria-metrics:8428/api/v1/write"}
    - {url: "https://store.example/push", username: crm, password_file: secrets/store_password}
kubernetes:
  namespace: crm-monitoring
  release: prometheus
  registry: registry.example/team
  application: {namespace: crm, labels: {app: crm-api}, port: http, deployment: crm-api}
  environment: {CRM: "crm.crm.svc:8080"}
"""
)
_SECRETS = (
    "secrets/dsn",
    "secrets/mail_password",
    "secrets/crm_password",
    "secrets/cache_url",
    "secrets/store_password",
    "check_dsn",
)
SECRET = "Zq7-not-for-any-file"


@dataclass(frozen=True, slots=True)
class Base:
    """A written base: its folder, its settings file, what was printed, and its objects by their files."""

    folder: Path
    settings: Path
    printed: str
    files: dict[Path, dict[str, Any]]

    def objects(self, folder: str = "") -> list[dict[str, Any]]:
        """Return the objects of a folder; without one, those of all."""
        return [one for file, one in self.files.items() if folder in {"", file.parent.name}]

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return name → object of a kind, without the examples."""
        found = [one for file, one in self.files.items() if file.parent.name != "examples"]
        return {one["metadata"]["name"]: one for one in found if one["kind"] == kind}


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    """The base of the company, as `build kubernetes` writes it."""
    company = tmp_path_factory.mktemp("company")
    settings = cluster_settings(company)
    return build(settings, company / "base")


def build(settings: Path, into: Path) -> Base:
    """Build the base of these settings."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert main(["build", "kubernetes", "--settings", str(settings), "--into", str(into)]) == 0
    return Base(into, settings, printed.getvalue(), dict(_read(into)))


def _read(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for file in sorted(folder.glob("*/*.yaml")):
        if file.name not in {"kustomization.yaml", "settings.yaml", "prometheus-adapter.yaml"}:
            yield file, yaml.load(file.read_text(), yaml.CSafeLoader)


def cluster_settings(folder: Path, change: tuple[str, str] = ("", "")) -> Path:
    """Write the settings and the secret files that they name, with one text replaced by another."""
    (folder / "secrets").mkdir(parents=True, exist_ok=True)
    for name in _SECRETS:
        (folder / name).write_text(SECRET)
    authority, *_ = ssl.create_default_context().get_ca_certs(binary_form=True)
    (folder / "secrets/crm_ca.pem").write_text(ssl.DER_cert_to_PEM_cert(authority))
    file = folder / "settings.yaml"
    file.write_text(SETTINGS.replace(*change) if change[0] else SETTINGS)
    return file
