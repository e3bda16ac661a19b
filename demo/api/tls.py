"""The CRM's address with TLS: it only says where the CRM is, with a certificate that a fault lets end soon."""

from __future__ import annotations

import logging
import socket
import ssl
import subprocess
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

from demo.flags import Flags

FAULT = "certificate-ending"
_USUAL_DAYS = 3650
# Less than the week of CrmSyntheticCertificateSoonExpired, more than the day of CrmSyntheticCertificateExpired.
_ENDING_DAYS = 5
_CLIENT_SECONDS = 5.0
# As a browser's window: nobody asks for more here.
_CLIENTS_WAITING = 16

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Certificates:
    """The certificate in use: one for ten years, or one for five days while the fault is on."""

    flags: Flags
    usual: ssl.SSLContext
    ending: ssl.SSLContext | None = None

    def now(self) -> ssl.SSLContext:
        if not self.flags.fresh(FAULT):
            self.ending = None
            return self.usual
        self.ending = self.ending or _self_signed(_ENDING_DAYS)
        return self.ending


def serve_in_background(address: tuple[str, int], flags: Flags) -> None:
    """Serve until the process ends; without the program openssl, which makes the certificates, not at all."""
    try:
        certificates = Certificates(flags, _self_signed(_USUAL_DAYS))
    except (OSError, subprocess.SubprocessError) as error:
        _log.warning("address_with_tls=off error=%s", type(error).__name__)
        return
    server = _Server(address, certificates)
    threading.Thread(target=server.serve_forever, name="tls", daemon=True).start()


def _self_signed(days: int) -> ssl.SSLContext:
    """A context with a new key and certificate; neither stays on disk."""
    with TemporaryDirectory() as folder:
        key, certificate = Path(folder) / "key.pem", Path(folder) / "certificate.pem"
        command = [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", str(days), "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-keyout", str(key), "-out", str(certificate),
        ]  # fmt: skip
        subprocess.run(command, capture_output=True, check=True, timeout=20)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
    return context


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        content = b"The demo's CRM is served without TLS, on its own port.\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name in the base class
        """Log nothing: these are not requests to the CRM itself."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = _CLIENTS_WAITING

    def __init__(self, address: tuple[str, int], certificates: Certificates) -> None:
        super().__init__(address, _Answer)
        self._certificates = certificates

    def finish_request(self, request: socket.socket, client_address: tuple[str, int]) -> None:  # type: ignore[override]
        """The handshake is done in the client's own thread: one that never ends it delays nobody."""
        request.settimeout(_CLIENT_SECONDS)
        with self._certificates.now().wrap_socket(request, server_side=True) as secure:
            super().finish_request(secure, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore a client that breaks off."""
