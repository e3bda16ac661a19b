"""The end of a certificate's validity, read from DER."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import pytest

from exporters.core.certificate import not_after


def make(directory: Path, days: int) -> tuple[bytes, float]:
    """Return a new certificate and when openssl says that it ends."""
    key, pem = directory / "key", directory / "pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-subj", "/CN=one", "-days", str(days), "-keyout", str(key), "-out", str(pem)]
    subprocess.run(command, check=True, capture_output=True)
    command = ["openssl", "x509", "-in", str(pem), "-noout", "-enddate"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return ssl.PEM_cert_to_DER_cert(pem.read_text()), ssl.cert_time_to_seconds(text.strip().removeprefix("notAfter="))


@pytest.mark.parametrize("days", [30, 20_000])  # from 2050 on the time has another form
def test_same_as_openssl(tmp_path: Path, days: int) -> None:
    """The end is what openssl says, in both forms of time."""
    der, expected = make(tmp_path, days)
    assert not_after(der) == expected


def test_broken_certificate(tmp_path: Path) -> None:
    """Bytes that end before the validity are a ValueError, wherever they end."""
    der, expected = make(tmp_path, 30)
    for length in range(len(der)):
        try:
            assert not_after(der[:length]) == expected  # long enough to hold the validity
        except ValueError:
            assert length < 200
