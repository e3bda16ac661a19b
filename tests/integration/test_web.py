"""TLS and a login on the exporters' port, as a scraper with and without the right ones meets them."""

from __future__ import annotations

import base64
import os
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.exporter import ROOT
from tests.support.guards import certificate, set_password
from tests.support.servers import free_port, process, wait_until

_SETTINGS = (
    "environment: test\n"
    "host: {name: here}\n"
    "web:\n"
    "  certificate_file: server.pem\n"
    "  key_file: server.key\n"
    "  users: [{name: prometheus, password_hash_file: hash}]\n"
)


@dataclass(frozen=True, slots=True)
class Guarded:
    """An exporter behind TLS and a login."""

    folder: Path
    port: int
    log: Path

    def status(self, credentials: str | None, path: str = "/metrics/self") -> int:
        """Return the status of a request with these credentials, over a connection of its own."""
        request = urllib.request.Request(f"https://localhost:{self.port}{path}")
        if credentials is not None:
            request.add_header("Authorization", "Basic " + base64.b64encode(credentials.encode()).decode())
        trusting = ssl.create_default_context(cafile=self.folder / "ca.pem")
        try:
            with urllib.request.urlopen(request, timeout=10, context=trusting) as answer:  # noqa: S310 - loopback
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def serial(self) -> str:
        """Return the serial number of the certificate it shows."""
        shown = ssl.get_server_certificate(("127.0.0.1", self.port), timeout=10)
        command = ["openssl", "x509", "-noout", "-serial"]
        return subprocess.run(command, input=shown, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Guarded]:
    """A host exporter whose login is prometheus / right."""
    certificate(tmp_path)
    set_password(tmp_path, "right")
    (tmp_path / "settings.yaml").write_text(_SETTINGS)
    port, log = free_port(), tmp_path / "exporter.log"
    command = [sys.executable, "-m", "exporters", "--settings", str(tmp_path / "settings.yaml"), "serve", "host"]
    with process([*command, "--listen", f"127.0.0.1:{port}"], log, environment={"PYTHONPATH": str(ROOT)}):
        wait_until(lambda: _alive(port), 20, "the exporter answers its health check")
        yield Guarded(tmp_path, port, log)


def _alive(port: int) -> bool:
    command = [sys.executable, "-m", "exporters.core.healthcheck", str(port)]
    return subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False).returncode == 0


def test_only_the_right_name_and_password_get_in(guarded: Guarded) -> None:
    """The right login gets the page, any other and none a 401; whether somebody is alive is told to all."""
    assert guarded.status("prometheus:right") == 200
    wrong = (None, "prometheus:wrong", "prometheus:", "someone:right", "prometheus", "prometheus:" + 80 * "x")
    assert [guarded.status(credentials) for credentials in wrong] == [401] * len(wrong)
    assert [guarded.status(None, path) for path in ("/", "/metrics", "/readyz")] == [401] * 3
    assert guarded.status(None, "/healthz") == 200


def test_a_client_without_tls_or_trust_gets_nothing(guarded: Guarded) -> None:
    """Plain HTTP is not answered, and who does not know the signer is told so by TLS; the exporter goes on silently."""
    with pytest.raises((urllib.error.URLError, OSError)):
        urllib.request.urlopen(f"http://127.0.0.1:{guarded.port}/healthz", timeout=5)
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(f"https://localhost:{guarded.port}/healthz", timeout=5)
    assert guarded.status("prometheus:right") == 200
    assert [line for line in guarded.log.read_text().splitlines() if "serving" not in line] == []


def test_a_new_password_and_certificate_need_no_restart(guarded: Guarded) -> None:
    """Once the files are replaced, the new ones hold and the old password does not; broken ones change nothing."""
    assert guarded.status("prometheus:right") == 200
    before = guarded.serial()
    set_password(guarded.folder, "newer")
    certificate(guarded.folder)
    assert [guarded.status(f"prometheus:{password}") for password in ("right", "newer")] == [401, 200]
    after = guarded.serial()
    assert after != before
    (guarded.folder / "hash").write_text("not a hash")
    (guarded.folder / "server.pem").write_text("not a certificate")
    assert guarded.status("prometheus:newer") == 200
    assert guarded.serial() == after
    log = guarded.log.read_text()
    assert log.count("web=login") == log.count("web=certificate") == 1, log
    assert "$2" not in log


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda folder: (folder / "server.pem").unlink(), "web.certificate_file: expected readable, valid files at"),
        (lambda folder: certificate(folder, days=-1), "it expired on 20"),
        (lambda folder: (folder / "server.pem").write_text("x"), "no certificate in it"),
        (lambda folder: (folder / "server.key").write_bytes((folder / "ca.key").read_bytes()), "another certificate"),
        (lambda folder: (folder / "hash").write_text("secret-in-clear"), "web.users[0].password_hash_file: expected"),
        (lambda folder: (folder / "hash").unlink(), "No such file"),
    ],
)  # fmt: skip
def test_what_is_wrong_at_the_start_is_said_and_nothing_starts(tmp_path: Path, spoil: object, expected: str) -> None:
    """A missing, ended or foreign certificate and a missing or clear-text hash are named; the exit code is 2."""
    certificate(tmp_path)
    set_password(tmp_path, "right")
    (tmp_path / "settings.yaml").write_text(_SETTINGS)
    spoil(tmp_path)  # type: ignore[operator]
    command = [sys.executable, "-m", "exporters", "--settings", str(tmp_path / "settings.yaml"), "serve", "host"]
    done = subprocess.run(
        [*command, "--listen", f"127.0.0.1:{free_port()}"],
        capture_output=True, text=True, timeout=30, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert expected in done.stderr
    assert "secret-in-clear" not in done.stderr
    assert "Traceback" not in done.stderr
