"""The heartbeat's mail goes only to a server whose certificate verifies: with STARTTLS, and with TLS from the start."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import pytest

from exporters.core.settings import Secret
from pantrywatch.config.notifications.contacts import MailServer
from pantrywatch.heartbeat.channels import Mail
from pantrywatch.heartbeat.message import Notice
from pantrywatch.heartbeat.state import Record
from pantrywatch.heartbeat.watch import Timing, Watch
from tests.support.peers import Certificates, accept, make_certificate

_SILENCE = Notice(since=1_790_000_000.0, returned=False)


class _Server:
    """A mail server on loopback that shows a certificate and keeps every line it gets in clear text or decrypted."""

    def __init__(self, tls: ssl.SSLContext, *, at_once: bool) -> None:
        self._tls, self._at_once = tls, at_once
        self.lines: list[str] = []

    def serve(self, connection: socket.socket) -> None:
        """Talk to one client until it leaves or the handshake fails."""
        with contextlib.suppress(OSError):
            if self._at_once:
                self._talk_encrypted(connection, b"220 mail.test\r\n")
            else:
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        connection.sendall(b"220 mail.test\r\n")
        with connection.makefile("rb") as lines:
            for line in lines:
                self.lines.append(line.decode().strip())
                if self.lines[-1].upper() == "STARTTLS":
                    connection.sendall(b"220 go ahead\r\n")
                    return self._talk_encrypted(connection, b"")
                connection.sendall(_reply(self.lines[-1]))
        return None

    def _talk_encrypted(self, connection: socket.socket, greeting: bytes) -> None:
        with self._tls.wrap_socket(connection, server_side=True) as secure, secure.makefile("rb") as lines:
            secure.sendall(greeting)
            for line in lines:
                self.lines.append(line.decode().strip())
                secure.sendall(_reply(self.lines[-1]))


def _reply(words: str) -> bytes:
    replies = {
        "EHLO": b"250-mail.test\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n",
        "AUTH": b"235 ok\r\n",
        "DATA": b"354 go\r\n",
    }
    if words in {".", "quit", "QUIT"}:  # some servers say goodbye with another code than 221: the mail is taken
        return b"250 ok\r\n"
    head = words.partition(" ")[0].upper()
    known = {"MAIL": b"250 ok\r\n", "RCPT": b"250 ok\r\n", "RSET": b"250 ok\r\n", **replies}
    return known.get(head, b"")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A CA and what it signed: a certificate of this address, one of another name; and one that signed itself."""
    made = Certificates(tmp_path_factory.mktemp("certificates"))
    make_certificate(made, "ca", 30, "basicConstraints=critical,CA:TRUE")
    make_certificate(made, "good", 30, "subjectAltName=IP:127.0.0.1", "ca")
    make_certificate(made, "other-name", 30, "subjectAltName=DNS:elsewhere.test", "ca")
    make_certificate(made, "unknown", 30, "subjectAltName=IP:127.0.0.1")
    return made


@pytest.fixture(params=[False, True], ids=["STARTTLS", "TLS from the start"])
def mail(
    request: pytest.FixtureRequest, made: Certificates, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], tuple[Mail, _Server]]]:
    """Start a server with a certificate; the machine trusts the CA alone."""
    monkeypatch.setenv("SSL_CERT_FILE", made.ca)
    monkeypatch.setenv("SSL_CERT_DIR", str(made.directory / "none"))
    with contextlib.ExitStack() as opened:

        def start(certificate: str) -> tuple[Mail, _Server]:
            listener = opened.enter_context(socket.create_server(("127.0.0.1", 0)))
            opened.callback(listener.shutdown, socket.SHUT_RDWR)
            port = listener.getsockname()[1]
            if request.param:
                monkeypatch.setattr("pantrywatch.web.mail._TLS_PORT", port)
            server = _Server(made.server(certificate), at_once=request.param)
            threading.Thread(target=accept, args=(listener, server.serve), daemon=True).start()
            settings = MailServer(f"127.0.0.1:{port}", "from@pantry.test", user="me", password_file="x")
            return Mail("email on-call", settings, "to@pantry.test", Secret("hush")), server

        yield start


def test_a_server_whose_certificate_verifies_gets_the_mail(mail: Callable[[str], tuple[Mail, _Server]]) -> None:
    """After the handshake: log-in, sender, recipient and text."""
    channel, server = mail("good")
    channel.tell(_SILENCE)
    assert any(line.startswith("AUTH PLAIN") for line in server.lines)
    assert "rcpt TO:<to@pantry.test>" in server.lines


@pytest.mark.parametrize("certificate", ["unknown", "other-name"])
def test_a_server_whose_certificate_does_not_verify_gets_nothing(
    mail: Callable[[str], tuple[Mail, _Server]], certificate: str
) -> None:
    """Neither password nor mail, and the failure is one of the certificate."""
    channel, server = mail(certificate)
    with pytest.raises(ssl.SSLCertVerificationError):
        channel.tell(_SILENCE)
    assert [line for line in server.lines if not line.upper().startswith(("EHLO", "STARTTLS"))] == []


def test_it_is_said_and_counted_and_the_notice_stays_due(
    mail: Callable[[str], tuple[Mail, _Server]], caplog: pytest.LogCaptureFixture
) -> None:
    """The log names the channel and the error once; the page counts each attempt; the notice is sent again later."""
    channel, _ = mail("unknown")
    watch = Watch(Record(began_at=0.0), [channel], Timing(60.0, 3600.0))
    with caplog.at_level(logging.INFO):
        for _ in range(2):
            assert not asyncio.run(watch._told(channel, _SILENCE))  # noqa: SLF001 - run() repeats it for ever
    assert caplog.text.count("SSLCertVerificationError") == 1
    labels = {"channel": "email on-call", "taken": "no"}
    assert watch.metrics.registry.get_sample_value("pantrywatch_heartbeat_notices_total", labels) == 2
    assert "email on-call" not in watch._record.notified  # noqa: SLF001
