"""DNS checks of a name server at a link-local IPv6 address."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import dns.message
import pytest

from exporters.core.checks.check import Observation
from exporters.core.deadline import Deadline
from exporters.synthetic.dns_exchange import Question, ask


def _link_local() -> tuple[str, int]:
    """Return a link-local address of this machine and its interface's number; skip without one."""
    for line in Path("/proc/net/if_inet6").read_text(encoding="ascii").splitlines():
        digits, index, _, scope, *_ = line.split()
        if scope == "20":
            return socket.inet_ntop(socket.AF_INET6, bytes.fromhex(digits)), int(index, 16)
    pytest.skip("no link-local address")


def _answer_once(sock: socket.socket) -> None:
    query, sender = sock.recvfrom(4096)
    sock.sendto(dns.message.make_response(dns.message.from_wire(query)).to_wire(), sender)


def test_the_answer_of_a_link_local_name_server_counts() -> None:
    """A router announces itself as name server by such an address; its zone is part of the sender's address."""
    host, index = _link_local()
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server:
        server.settimeout(10)
        server.bind((host, 0, 0, index))
        address = (host, server.getsockname()[1], 0, index)
        thread = threading.Thread(target=_answer_once, args=(server,), daemon=True)
        thread.start()
        found = ask(Question("crm.test", "A"), [(socket.AF_INET6, address)], Observation(), Deadline.after(10))
        thread.join(10)
    assert found.question[0].name.to_text() == "crm.test."
