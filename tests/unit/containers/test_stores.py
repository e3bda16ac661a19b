"""What the first container lays out for `scale`: the secrets of the stores, each for who logs in there."""

from __future__ import annotations

import subprocess

import pytest

from exporters.core.errors import ConfigError
from tests.support.peers import Certificates, make_certificate
from tests.unit.containers.conftest import SETTINGS, Laid

_STORES = """
scale:
  cluster: crm
  remote_write:
    - {url: "https://store.example/api/v1/write", ca_file: secrets/store-ca.pem, token_file: secrets/store-token}
    - {url: "http://other.example/write", username: crm, password_file: secrets/store-password}
  store:
    url: "https://store.example/"
    ca_file: secrets/store-ca.pem
    username: crm
    password_file: secrets/store-password
"""


def test_secrets_go_to_who_needs_them(laid: Laid) -> None:
    """Prometheus gets those of every store, Grafana those of the one it reads; promtool accepts the whole."""
    make_certificate(Certificates(laid.given), "ca", 2, "basicConstraints=critical,CA:true\n")
    (laid.given / "ca.pem").rename(laid.given / "store-ca.pem")
    for name in ("store-token", "store-password"):
        (laid.given / name).write_text("t0ken\n")
    laid.run(SETTINGS + _STORES)
    assert laid.secrets_of("prometheus") == {"store-ca.pem", "store-token", "store-password"}
    assert laid.secrets_of("grafana") == {"store-ca.pem", "store-password"}
    checked = ["promtool", "check", "config", str(laid.folder / "volume/prometheus/prometheus.yml")]
    done = subprocess.run(checked, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (laid.given / "store-token").write_text("one\ntwo")
    with pytest.raises(ConfigError, match=r"scale\.remote_write\[0\]\.token_file: expected a token of one line"):
        laid.run(SETTINGS + _STORES)


def test_alertmanagers_find_each_other(laid: Laid) -> None:
    """Where there are several, each has the others as peers; alone it listens for none."""
    laid.run()
    assert laid.text("alertmanager/mesh") == "--cluster.listen-address="
    laid.run(SETTINGS + 'scale: {cluster: crm, alertmanagers: ["a:9093", "b:9093"]}\n')
    peers = "--cluster.peer=a:9094 --cluster.peer=b:9094"
    assert laid.text("alertmanager/mesh") == f"--cluster.listen-address=0.0.0.0:9094 {peers}"
