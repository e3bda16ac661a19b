"""Private CAs that a browser shall trust besides its own: in the certificate database of its throw-away home.

Chromium on Linux ignores SSL_CERT_FILE. It reads the user's NSS database, which NSS' tool `certutil` writes. It
verifies names, dates and chains as strictly as for any other CA.
https://chromium.googlesource.com/chromium/src/+/main/docs/linux/cert_management.md
"""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Sequence
from pathlib import Path

from exporters.core.checks.check import Entry
from exporters.core.errors import CollectError, ErrorClass

_TOOL = "certutil"
_MOST = 20  # a file of all the world's CAs takes certutil seconds, at each run
_SECONDS = 5.0


def read_authorities(entry: Entry, ca_file: str | None) -> tuple[bytes, ...]:
    """Return the certificates of a file in DER form, none without a file. Raises ConfigError."""
    if ca_file is None:
        return ()
    path = entry.file("ca_file", ca_file)
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(path)
    except (ssl.SSLError, OSError):
        raise entry.error("ca_file", f"expected certificates in PEM form in {path}") from None
    found = context.get_ca_certs(binary_form=True)
    if not 0 < len(found) <= _MOST:
        raise entry.error("ca_file", f"expected certificates of 1 to {_MOST} CAs in {path}, got {len(found)}")
    if shutil.which(_TOOL) is None:
        raise entry.error("ca_file", f"expected {_TOOL} on the PATH, of the package libnss3-tools: a browser needs it")
    return tuple(found)


def trust(home: Path, authorities: Sequence[bytes]) -> None:
    """Let browsers with this home trust the CAs. Raises CollectError (internal)."""
    if not authorities:
        return
    database = home / ".pki/nssdb"
    database.mkdir(parents=True)
    _certutil(database, "-N", "--empty-password")
    for number, certificate in enumerate(authorities):
        # C: trusted to sign servers' certificates, and for nothing else.
        _certutil(database, "-A", "-n", f"ca-{number}", "-t", "C,,", stdin=certificate)


def _certutil(database: Path, *arguments: str, stdin: bytes = b"") -> None:
    command = [_TOOL, "-d", f"sql:{database}", *arguments]
    try:
        subprocess.run(command, input=stdin, capture_output=True, check=True, timeout=_SECONDS)
    except (OSError, subprocess.SubprocessError):
        raise CollectError(ErrorClass.INTERNAL, f"{_TOOL} could not add the CAs of ca_file") from None
