"""Checks of TCP connections and of certificates."""

from __future__ import annotations

import resource
import socket
import ssl
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from exporters.core.checks.check import Observation
from exporters.core.deadline import Deadline
from exporters.core.errors import ConfigError, ErrorClass
from exporters.synthetic.sockets import Address, both_families, connect_first
from tests.support.peers import Certificates, Check, Handler, Listen, TlsWeb, make_certificate
from tests.support.servers import free_port


def shout(connection: socket.socket) -> None:
    """Answer with what came, in capitals, in two parts."""
    text = connection.recv(100).upper()
    connection.sendall(text[:2])
    connection.sendall(text[2:])


def silent(connection: socket.socket) -> None:
    """Read until the client leaves."""
    while connection.recv(4096):
        pass


@contextmanager
def full(family: socket.AddressFamily, address: str) -> Iterator[int]:
    """Give a port whose queue of connections is full: a connection attempt is not answered."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket(family))
        server.bind((address, 0))
        server.listen(0)
        for _ in range(4):
            client = stack.enter_context(socket.socket(family))
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield int(server.getsockname()[1])


@pytest.fixture
def half_open() -> Iterator[int]:
    """A port over IPv4 that does not answer."""
    with full(socket.AF_INET, "127.0.0.1") as port:
        yield port


@pytest.fixture
def half_open_6() -> Iterator[int]:
    """A port over IPv6 that does not answer."""
    with full(socket.AF_INET6, "::1") as port:
        yield port


def test_open_port_passes(check: Check, listen: Listen) -> None:
    """A port that accepts is enough."""
    result = check(kind="tcp", address=f"127.0.0.1:{listen(silent)}")
    assert result.error_class is None
    assert list(result.phases) == ["resolve", "connect", "transfer"]


def test_question_and_answer(check: Check, listen: Listen) -> None:
    """What comes back must match; another answer is protocol and shown as such."""
    address = f"127.0.0.1:{listen(shout)}"
    assert check(kind="tcp", address=address, send="ping", expect="^PING$").error_class is None
    result = check(kind="tcp", address=address, send="ping", expect="PONG")
    assert result.error_class is ErrorClass.PROTOCOL
    assert result.gauges["probe_failed_due_to_regex", ()] == 1


def test_closed_port_is_refused(check: Check) -> None:
    """Nobody listens: refused."""
    assert check(kind="tcp", address=f"127.0.0.1:{free_port()}").error_class is ErrorClass.REFUSED


def test_silence_is_a_timeout(check: Check, listen: Listen, half_open: int) -> None:
    """No answer to the connection or to the question: timeout, with the phase that took the time."""
    result = check(kind="tcp", address=f"127.0.0.1:{half_open}", timeout_seconds=0.4)
    assert result.error_class is ErrorClass.TIMEOUT
    assert max(result.phases, key=lambda phase: result.phases[phase]) == "connect"
    port = listen(silent)
    result = check(kind="tcp", address=f"127.0.0.1:{port}", expect="never", timeout_seconds=0.4)
    assert result.error_class is ErrorClass.TIMEOUT
    assert max(result.phases, key=lambda phase: result.phases[phase]) == "transfer"


def test_second_address_of_a_host_is_tried(listen: Listen, half_open: int) -> None:
    """Where the first address of a host is closed and the second does not answer, there is time left for the third."""
    ports = free_port(), half_open, listen(silent)
    addresses: list[Address] = [(socket.AF_INET, ("127.0.0.1", port)) for port in ports]
    with connect_first(addresses, Observation(), Deadline.after(1)) as sock:
        assert sock.getpeername()[1] == ports[-1]


def test_good_certificate(check: Check, tls_web: TlsWeb, certificates: Certificates) -> None:
    """A certificate of the trusted CA, for this host and valid today passes; its end is seen."""
    result = check(kind="tls", address=f"127.0.0.1:{tls_web('good')}", ca_file=certificates.ca)
    assert result.error_class is None
    assert result.gauges["probe_ssl_earliest_cert_expiry", ()] == certificates.ends("good")
    assert result.gauges["probe_ssl_last_chain_expiry_timestamp_seconds", ()] == certificates.ends("good")


def test_intermediate_certificate_that_ends_first(check: Check, tls_web: TlsWeb, certificates: Certificates) -> None:
    """The earliest end is that of any certificate the server sends, not of its own alone."""
    result = check(kind="tls", address=f"127.0.0.1:{tls_web('chain')}", ca_file=certificates.ca)
    assert result.error_class is None
    assert result.gauges["probe_ssl_earliest_cert_expiry", ()] == certificates.ends("intermediate")


@pytest.mark.parametrize("name", ["expired", "elsewhere", "self"])
def test_bad_certificate(check: Check, tls_web: TlsWeb, certificates: Certificates, name: str) -> None:
    """Expired, for another host or signed by nobody we trust: tls, and when it ends is seen all the same."""
    result = check(kind="tls", address=f"127.0.0.1:{tls_web(name)}", ca_file=certificates.ca)
    assert result.error_class is ErrorClass.TLS
    assert result.gauges["probe_ssl_earliest_cert_expiry", ()] == certificates.ends(name)


def test_server_name(check: Check, tls_web: TlsWeb, certificates: Certificates) -> None:
    """The name to be certified may differ from the address."""
    settings = {"address": f"127.0.0.1:{tls_web('elsewhere')}", "server_name": "elsewhere.test"}
    assert check(kind="tls", ca_file=certificates.ca, **settings).error_class is None


def test_no_tls(check: Check, listen: Listen) -> None:
    """A peer that speaks no TLS is tls; one that says nothing is a timeout."""
    port = listen(lambda connection: connection.sendall(b"220 mail.test ESMTP\r\n"))
    assert check(kind="tls", address=f"127.0.0.1:{port}").error_class is ErrorClass.TLS
    port = listen(silent)
    assert check(kind="tls", address=f"127.0.0.1:{port}", timeout_seconds=0.4).error_class is ErrorClass.TIMEOUT


def _secure(context: ssl.SSLContext) -> Handler:
    """Return a handler that shakes hands and then says nothing."""

    def handle(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            silent(wrapped)

    return handle


def test_certificate_that_nobody_needs(check: Check, listen: Listen, tmp_path: Path) -> None:
    """A cross-signed issuer that has ended, sent along, is the first end, and not that of the verified chain."""
    made = Certificates(tmp_path)
    make_certificate(made, "old", 400, "basicConstraints=critical,CA:TRUE")
    make_certificate(made, "ca", 300, "basicConstraints=critical,CA:TRUE")
    make_certificate(made, "leaf", 90, "subjectAltName=IP:127.0.0.1", "ca")
    cross = [
        "openssl", "x509", "-req", "-in", "ca.csr", "-out", "cross.pem", "-days", "-1", "-extfile", "ca.ext",
        "-CA", "old.pem", "-CAkey", "old.key", "-CAcreateserial",
    ]  # fmt: skip
    subprocess.run(cross, cwd=tmp_path, check=True, capture_output=True)
    leaf, ends = tmp_path / "leaf.pem", made.ends("leaf")
    leaf.write_text(leaf.read_text() + (tmp_path / "cross.pem").read_text())
    result = check(kind="tls", address=f"127.0.0.1:{listen(_secure(made.server('leaf')))}", ca_file=made.ca)
    assert result.error_class is None
    assert result.gauges["probe_ssl_earliest_cert_expiry", ()] == made.ends("cross")
    assert result.gauges["probe_ssl_last_chain_expiry_timestamp_seconds", ()] == ends


@pytest.mark.parametrize("sent_along", [("dead",), ("dead", "ca"), ("stranger", "dead"), ("good", "good")])
def test_whatever_is_sent_along_only_the_verified_chain_counts(
    check: Check, listen: Listen, certificates: Certificates, tmp_path: Path, sent_along: Sequence[str]
) -> None:
    """An old issuer of the same key that has ended, one of strangers, the root, the leaf twice: none is needed."""
    folder = certificates.directory
    for name in ("stranger", "dead"):
        make_certificate(certificates, name, 5 if name == "stranger" else -1, "basicConstraints=critical,CA:TRUE")
    chain = "".join((folder / f"{name}.pem").read_text() for name in ("good", *sent_along))
    (tmp_path / "sent.pem").write_text(chain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "sent.pem", folder / "good.key")
    result = check(kind="tls", address=f"127.0.0.1:{listen(_secure(context))}", ca_file=certificates.ca)
    assert result.error_class is None
    assert result.gauges["probe_ssl_last_chain_expiry_timestamp_seconds", ()] == certificates.ends("good")
    first = min(certificates.ends(name) for name in ("good", *sent_along))
    assert result.gauges["probe_ssl_earliest_cert_expiry", ()] == first


def test_certificate_that_is_not_valid_yet(check: Check, listen: Listen, tmp_path: Path) -> None:
    """A certificate that begins tomorrow is tls, says so, and when it ends is seen."""
    made = Certificates(tmp_path)
    make_certificate(made, "ca", 400, "basicConstraints=critical,CA:TRUE")
    make_certificate(made, "early", 90, "subjectAltName=IP:127.0.0.1", "ca")
    again = ["openssl", "x509", "-req", "-in", "early.csr", "-out", "early.pem", "-days", "90", "-extfile", "early.ext"]
    again += ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"]
    subprocess.run(["faketime", "-f", "+1d", *again], cwd=tmp_path, check=True, capture_output=True)
    result = check(kind="tls", address=f"127.0.0.1:{listen(_secure(made.server('early')))}", ca_file=made.ca)
    assert result.error_class is ErrorClass.TLS
    assert "not yet valid" in result.detail
    assert result.gauges["probe_ssl_earliest_cert_expiry", ()] == made.ends("early")
    assert ("probe_ssl_last_chain_expiry_timestamp_seconds", ()) not in result.gauges


@pytest.mark.parametrize(
    ("names", "verifies"),
    [
        ("IP:127.0.0.1", True), ("IP:127.0.0.2", False), ("DNS:127.0.0.1", False), ("IP:127.0.0.2,IP:127.0.0.1", True),
        ("DNS:*.0.0.1", False),
    ],
)  # fmt: skip
def test_an_address_is_certified_as_an_address(
    check: Check, listen: Listen, tmp_path: Path, names: str, *, verifies: bool
) -> None:
    """A host given as an address needs that address in the certificate: a name that looks like it is none."""
    made = Certificates(tmp_path)
    make_certificate(made, "ca", 400, "basicConstraints=critical,CA:TRUE")
    make_certificate(made, "leaf", 90, f"subjectAltName={names}", "ca")
    result = check(kind="tls", address=f"127.0.0.1:{listen(_secure(made.server('leaf')))}", ca_file=made.ca)
    assert result.error_class is (None if verifies else ErrorClass.TLS)


def test_chain_of_another_server_is_forgotten(check: Check, tls_web: TlsWeb, certificates: Certificates) -> None:
    """Where a later step is refused, there is no verified chain, though an earlier one had its own."""
    urls = {name: f"https://127.0.0.1:{tls_web(name)}/" for name in ("good", "expired")}
    steps = [{"name": name, "url": url} for name, url in urls.items()]
    result = check(kind="journey", steps=steps, ca_file=certificates.ca)
    assert result.error_class is ErrorClass.TLS
    assert result.gauges["probe_ssl_earliest_cert_expiry", ()] == certificates.ends("expired")
    assert ("probe_ssl_last_chain_expiry_timestamp_seconds", ()) not in result.gauges


def test_server_name_that_cannot_be(check: Check) -> None:
    """A name that cannot be asked for is an error of the settings, not of the run."""
    with pytest.raises(ConfigError, match="a host name"):
        check(kind="tls", address="127.0.0.1:443", server_name=".crm.test")


def test_both_families_are_tried(listen: Listen, half_open_6: int) -> None:
    """Where IPv6 comes first and leads nowhere, IPv4 has its time: by turns, however many addresses there are."""
    found = [(socket.AF_INET6, ("::1", half_open_6, 0, 0))] * 6 + [(socket.AF_INET, ("127.0.0.1", listen(silent)))]
    addresses = both_families(found)
    assert [family for family, _ in addresses] == [socket.AF_INET6, socket.AF_INET, *[socket.AF_INET6] * 2]
    observation = Observation()
    with connect_first(addresses, observation, Deadline.after(2)) as sock:
        assert sock.family == socket.AF_INET
    assert observation.gauges["probe_ip_protocol", ()] == 4


def test_no_descriptor_left_is_no_fault_of_the_target(check: Check, listen: Listen) -> None:
    """Where this process has no descriptor left, the run says nothing of the target: as if it had not run."""
    address = f"127.0.0.1:{listen(silent)}"
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        result = check(kind="tcp", address=address)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert result.error_class is ErrorClass.INTERNAL
