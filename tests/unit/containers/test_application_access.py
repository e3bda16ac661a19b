"""What the first container lays out for `application.access`: files that Prometheus alone reads."""

from __future__ import annotations

import subprocess

import pytest

from exporters.core.errors import ConfigError
from tests.support.peers import Certificates, make_certificate
from tests.unit.containers.conftest import SETTINGS, Laid

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
    laid.run(SETTINGS + _APPLICATION)
    assert laid.text("prometheus/secrets/crm-token") == "t0ken"
    assert "crm-token" not in laid.secrets_of("database")
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
        laid.run(SETTINGS + _APPLICATION)
    assert expected in str(caught.value)
    assert not (laid.folder / "volume/prometheus").exists()
