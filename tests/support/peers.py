"""Peers for checks: TCP and name servers that behave and misbehave, and certificates."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from exporters.core.checks.probe_run import Result

Handler = Callable[[socket.socket], None]
Listen = Callable[[Handler], int]
Check = Callable[..., Result]
Web = Callable[[bytes], int]  # the answer to every request → port
TlsWeb = Callable[[str], int]  # the certificate to show → port


def accept(server: socket.socket, handler: Handler) -> None:
    """Serve each connection with the handler, in a thread, until the server is shut down."""
    with contextlib.suppress(OSError):  # shut down at the end of the test
        while True:
            connection = server.accept()[0]
            threading.Thread(target=_serve, args=(connection, handler), daemon=True).start()


def _serve(connection: socket.socket, handler: Handler) -> None:
    with connection, contextlib.suppress(OSError):  # the client may disconnect early
        connection.settimeout(10)
        handler(connection)


def read_head(connection: socket.socket) -> str:
    """Return an HTTP request, up to the empty line and whatever arrived with it."""
    head = b""
    while b"\r\n\r\n" not in head:
        part = connection.recv(65536)
        if not part:
            raise ConnectionResetError
        head += part
    return head.decode()


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files made by openssl: NAME.pem, NAME.key, and ca.pem that signed them."""

    directory: Path

    @property
    def ca(self) -> str:
        """Return the path of the CA's certificate."""
        return str(self.directory / "ca.pem")

    def server(self, name: str) -> ssl.SSLContext:
        """Return the context of a server with this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.directory / f"{name}.pem", self.directory / f"{name}.key")
        return context

    def ends(self, name: str) -> float:
        """Return the expiry of the first certificate in the file, from openssl."""
        command = ["openssl", "x509", "-in", str(self.directory / f"{name}.pem"), "-noout", "-enddate"]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return ssl.cert_time_to_seconds(text.strip().removeprefix("notAfter="))


def make_certificate(made: Certificates, name: str, days: int, extension: str, signer: str | None = None) -> None:
    """Make NAME.pem and NAME.key with an X.509 extension; self-signed without a signer."""

    def file(what: str, suffix: str) -> str:
        return str(made.directory / f"{what}.{suffix}")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)

    # Required by clients that are strict about RFC 5280, such as Python 3.13.
    more = ["subjectKeyIdentifier=hash"]
    if signer:
        more.append("authorityKeyIdentifier=keyid:always")
    if "CA:TRUE" in extension.upper():
        more.append("keyUsage=critical,keyCertSign,cRLSign")
    Path(file(name, "ext")).write_text("\n".join([extension, *more, ""]))
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-subj", f"/CN={name}", "-keyout", file(name, "key"), "-out", file(name, "csr"))  # fmt: skip
    by = ["-signkey", file(name, "key")]
    if signer:
        by = ["-CA", file(signer, "pem"), "-CAkey", file(signer, "key"), "-CAcreateserial"]
    openssl("x509", "-req", "-in", file(name, "csr"), "-out", file(name, "pem"), "-days", str(days),
            "-extfile", file(name, "ext"), *by)  # fmt: skip


def answer_udp(udp: socket.socket) -> None:
    """Answer queries until an empty datagram arrives."""
    while True:
        data, client = udp.recvfrom(65535)
        if not data:
            return
        for answer in _answers(data, over_tcp=False):
            udp.sendto(answer, client)


def answer_tcp(connection: socket.socket) -> None:
    """Answer one query."""
    data = connection.recv(65535)
    for answer in _answers(data[2:], over_tcp=True):
        connection.sendall(len(answer).to_bytes(2, "big") + answer)


def _answers(data: bytes, *, over_tcp: bool) -> list[bytes]:
    question = dns.message.from_wire(data)
    name = question.question[0].name.to_text()
    answer = dns.message.make_response(question)
    if name == "good.test.":
        answer.answer = [dns.rrset.from_text(name, 60, "IN", "A", "192.0.2.1", "192.0.2.2")]
    elif name == "zone.test.":
        answer.answer = [dns.rrset.from_text(name, 60, "IN", "SOA", "ns.test. root.test. 2026112301 1 1 1 1")]
    elif name == "big.test." and over_tcp:
        answer.answer = [dns.rrset.from_text(name, 60, "IN", "A", *(f"192.0.2.{i}" for i in range(1, 101)))]
    elif name == "big.test.":
        answer.flags |= dns.flags.TC
    elif name == "missing.test.":
        answer.set_rcode(dns.rcode.NXDOMAIN)
    elif name == "broken.test.":
        answer.set_rcode(dns.rcode.SERVFAIL)
    elif name == "garbage.test.":
        return [b"\x00garbage"]
    elif name == "silent.test.":
        return []
    return [answer.to_wire(max_size=65535)]


@contextlib.contextmanager
def silent_port() -> Iterator[int]:
    """A port that never responds: nobody accepts, and the queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(listener.getsockname())
        yield int(listener.getsockname()[1])
