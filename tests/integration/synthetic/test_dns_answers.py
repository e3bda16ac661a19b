"""Answers of name servers: aliases, whole records, long texts, refusals, and addresses that do not answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from exporters.core.checks.check import Entry, Observation
from exporters.core.checks.probe_run import classify
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ConfigError, ErrorClass
from exporters.synthetic.dns_exchange import Question, ask
from exporters.synthetic.kinds.dns import DnsCheck, prepare
from tests.support.peers import Check, accept
from tests.support.properties import cases

# What a server does with a question over UDP (False) or TCP (True): the answers it sends, as bytes.
Serve = Callable[[dns.message.Message, bool], list[bytes]]
Served = Callable[[Serve], int]


@pytest.fixture
def serve() -> Iterator[Served]:
    """Start a name server that answers as the function says; gives its port."""
    with ExitStack() as stack:

        def start(answer: Serve) -> int:
            tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            udp.bind(tcp.getsockname())

            def over_udp() -> None:
                while (received := udp.recvfrom(65535))[0]:
                    for wire in answer(dns.message.from_wire(received[0]), False):
                        udp.sendto(wire, received[1])

            def over_tcp(connection: socket.socket) -> None:
                for wire in answer(dns.message.from_wire(connection.recv(65535)[2:]), True):
                    connection.sendall(len(wire).to_bytes(2, "big") + wire)

            threads = [
                threading.Thread(target=over_udp, daemon=True),
                threading.Thread(target=accept, args=(tcp, over_tcp), daemon=True),
            ]

            def stop() -> None:
                tcp.shutdown(socket.SHUT_RDWR)
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                    last.sendto(b"", udp.getsockname())
                for thread in threads:
                    thread.join(5)

            stack.callback(stop)
            for thread in threads:
                thread.start()
            return int(tcp.getsockname()[1])

        yield start


def zone(*lines: str, rcode: str = "NOERROR", authority: str = "", flags: int = dns.flags.AA) -> Serve:
    """Return a server with one answer: each line is a record set, in the form of a zone file."""

    def answer(question: dns.message.Message, _over_tcp: bool) -> list[bytes]:  # noqa: FBT001
        response = dns.message.make_response(question)
        response.flags |= flags
        response.set_rcode(dns.rcode.from_text(rcode))
        response.answer = [_records(line) for line in lines]
        response.authority = [_records(authority)] if authority else []
        return [response.to_wire(max_size=65535)]

    return answer


def _records(line: str) -> dns.rrset.RRset:
    name, record_type, *records = line.split("|")
    return dns.rrset.from_text(name, 60, "IN", record_type, *records)


@pytest.mark.parametrize(
    ("record_type", "line", "expect"),
    [
        ("A", "crm.test.|A|10.0.0.1|10.0.0.2", ["10.0.0.2", "10.0.0.1"]),
        ("AAAA", "crm.test.|AAAA|2001:db8::1", ["2001:DB8:0:0:0:0:0:1"]),
        ("MX", "crm.test.|MX|10 Mail.test.", ["10 mail.test"]),
        ("MX", "crm.test.|MX|10 mail.test.", ["10 mail.test."]),
        ("NS", "crm.test.|NS|ns1.test.|ns2.test.", ["NS2.test"]),
        ("PTR", "crm.test.|PTR|host.test.", ["host.test."]),
        ("SRV", "crm.test.|SRV|0 5 5060 sip.test.", ["0 5 5060 sip.test"]),
        ("CNAME", "crm.test.|CNAME|other.test.", ["other.test"]),
        ("SOA", "crm.test.|SOA|ns.test. root.test. 7 1 1 1 1", ["ns.test root.test 7 1 1 1 1"]),
        ("TXT", 'crm.test.|TXT|"v=spf1 " "-all"', ["v=spf1 -all"]),
        ("TXT", f'crm.test.|TXT|"{"k" * 250}ABCDE" "FGH{"x" * 200}"', ["BCDEFGH", f"{'k' * 250}ABCDEFGH{'x' * 200}"]),
        ("A", "CRM.TEST.|A|10.0.0.1", ["10.0.0.1"]),
    ],
)
def test_record_is_there(check: Check, serve: Served, record_type: str, line: str, expect: list[str]) -> None:
    """A whole record matches, however its names and addresses are written; the strings of a TXT record are one."""
    server = f"127.0.0.1:{serve(zone(line))}"
    result = check(kind="dns", query_name="crm.test", record_type=record_type, server=server, expect=expect)
    assert (result.error_class, result.detail) == (None, "")


@pytest.mark.parametrize(
    ("record_type", "line", "expect"),
    [
        ("A", "crm.test.|A|10.0.0.10", "10.0.0.1"),
        ("A", "crm.test.|A|110.0.0.1", "10.0.0.1"),
        ("AAAA", "crm.test.|AAAA|2001:db8::10", "2001:db8::1"),
        ("MX", "crm.test.|MX|110 mail.test.", "10 mail.test."),
        ("NS", "crm.test.|NS|ns1.test.example.", "ns1.test."),
        ("TXT", 'crm.test.|TXT|"v=spf1 " "-all"', "V=SPF1"),
    ],
)
def test_record_is_not_there(check: Check, serve: Served, record_type: str, line: str, expect: str) -> None:
    """A record that only holds the expected one as a part of its text does not match, and it is said which."""
    server = f"127.0.0.1:{serve(zone(line))}"
    result = check(kind="dns", query_name="crm.test", record_type=record_type, server=server, expect=[expect])
    assert (result.error_class, result.detail) == (ErrorClass.PROTOCOL, f"not among the records: {expect}")


def test_part_of_a_record(check: Check, serve: Served) -> None:
    """expect_contains is met by a part of a record, and only then."""
    server = f"127.0.0.1:{serve(zone('crm.test.|SOA|ns.test. root.test. 2026112301 1 1 1 1'))}"
    for text, detail in (("2026112301", ""), ("NS.test", ""), ("2026112302", "not among the records: 2026112302")):
        result = check(kind="dns", query_name="crm.test", record_type="SOA", server=server, expect_contains=[text])
        assert result.detail == detail


@pytest.mark.parametrize(
    ("record_type", "text"), [("A", "10.0.0"), ("MX", "mail.test"), ("AAAA", "10.0.0.1"), ("A", "")]
)
def test_expected_record_that_cannot_be(check: Check, record_type: str, text: str) -> None:
    """What can be no record of the type is an error of the settings, which names the field for a part."""
    with pytest.raises(ConfigError, match=r"expect_contains|expected a text"):
        check(kind="dns", query_name="crm.test", record_type=record_type, server="127.0.0.1:53", expect=[text])


def test_aliases_are_followed(check: Check, serve: Served) -> None:
    """An alias whose end the answer holds passes, and its record is the expected one."""
    lines = ("crm.test.|CNAME|one.test.", "one.test.|CNAME|two.test.", "two.test.|A|10.0.0.1")
    server = f"127.0.0.1:{serve(zone(*lines))}"
    result = check(kind="dns", query_name="crm.test", server=server, expect=["10.0.0.1"])
    assert (result.detail, result.gauges["probe_dns_answer_rrs", ()]) == ("", 3)


@pytest.mark.parametrize(
    ("served", "error_class", "detail"),
    [
        (zone("crm.test.|CNAME|gone.example.net."), ErrorClass.PROTOCOL, "no record of this type"),
        (zone("crm.test.|CNAME|x.test.", "y.test.|A|10.0.0.1"), ErrorClass.PROTOCOL, "no record of this type"),
        (zone("crm.test.|AAAA|2001:db8::1"), ErrorClass.PROTOCOL, "no record of this type"),
        (zone("other.test.|A|10.0.0.1"), ErrorClass.PROTOCOL, "no record of this type"),
        (zone(authority="test.|SOA|ns.test. root.test. 1 1 1 1 1"), ErrorClass.PROTOCOL, "no record of this type"),
        (zone("crm.test.|CNAME|gone.test.", rcode="NXDOMAIN"), ErrorClass.DNS, "the name does not exist"),
        (zone(rcode="SERVFAIL"), ErrorClass.PROTOCOL, "the server answered SERVFAIL"),
        (zone(rcode="REFUSED"), ErrorClass.PERMISSION, "the server answered REFUSED"),
        (zone(rcode="NOTIMP"), ErrorClass.PROTOCOL, "the server answered NOTIMP"),
        (zone(authority="test.|NS|ns.other.", flags=0), ErrorClass.PROTOCOL,
         "the server does not answer for this name, and refers to other servers"),
        (zone("crm.test.|CNAME|b.test.", "b.test.|CNAME|crm.test."), ErrorClass.PROTOCOL,
         "the aliases of the name form a loop, or a chain that is too long"),
    ],
    ids=["alias", "elsewhere", "type", "name", "nodata", "nxdomain", "servfail", "refused", "notimp", "lame", "circle"],
)  # fmt: skip
def test_answer_without_the_record(
    check: Check, serve: Served, served: Serve, error_class: ErrorClass, detail: str
) -> None:
    """Whatever the reason that there is no record, it fails, and each reason is told from the others."""
    result = check(kind="dns", query_name="crm.test", server=f"127.0.0.1:{serve(served)}")
    assert (result.error_class, result.detail) == (error_class, detail)
    assert result.gauges["probe_dns_query_succeeded", ()] == 1


def test_long_answer(check: Check, serve: Served) -> None:
    """A TXT record of 2 kB comes over TCP where the server truncates, and over UDP up to the size that we announce."""
    asked: list[tuple[bool, int]] = []
    key = "".join(f'"{letter * 255}"' for letter in "abcdefgh")

    def answer(question: dns.message.Message, over_tcp: bool) -> list[bytes]:  # noqa: FBT001
        asked.append((over_tcp, question.payload))
        response = dns.message.make_response(question)
        response.answer = [_records(f"crm.test.|TXT|{key if 'crm' in str(question.question[0]) else key[:1028]}")]
        if over_tcp:
            return [response.to_wire(max_size=65535)]
        try:
            return [response.to_wire(max_size=question.payload)]
        except dns.exception.TooBig:
            response.answer = []
            response.flags |= dns.flags.TC
            return [response.to_wire()]

    server = f"127.0.0.1:{serve(answer)}"
    expect = ["ab", "gh", "".join(letter * 255 for letter in "abcdefgh")]
    assert check(kind="dns", query_name="crm.test", record_type="TXT", server=server, expect=expect).detail == ""
    assert asked == [(False, 1232), (True, 1232)]


def test_truncated_answer_and_nobody_on_tcp(check: Check, serve: Served) -> None:
    """A truncated answer alone is none: where nobody answers over TCP, the check says so."""

    def answer(question: dns.message.Message, over_tcp: bool) -> list[bytes]:  # noqa: FBT001
        response = dns.message.make_response(question)
        response.flags |= dns.flags.TC
        response.answer = [_records("crm.test.|A|10.0.0.1")]
        return [] if over_tcp else [response.to_wire()]

    result = check(kind="dns", query_name="crm.test", server=f"127.0.0.1:{serve(answer)}")
    assert (result.error_class, result.detail) == (ErrorClass.PROTOCOL, "the connection ended within the answer")


@pytest.mark.parametrize("rcode", [dns.rcode.FORMERR, dns.rcode.NOTIMP])
def test_server_that_knows_no_edns(check: Check, serve: Served, rcode: dns.rcode.Rcode) -> None:
    """A server that does not know EDNS is asked again without."""

    def answer(question: dns.message.Message, over_tcp: bool) -> list[bytes]:  # noqa: FBT001
        if question.edns < 0:
            return zone("crm.test.|A|10.0.0.1")(question, over_tcp)
        response = dns.message.make_response(question)
        response.use_edns(-1)
        response.set_rcode(rcode)
        return [response.to_wire()]

    assert check(kind="dns", query_name="crm.test", server=f"127.0.0.1:{serve(answer)}").detail == ""


def test_answer_to_another_question(check: Check, serve: Served) -> None:
    """An answer to another question is none."""

    def answer(_question: dns.message.Message, over_tcp: bool) -> list[bytes]:  # noqa: FBT001
        return zone("crm.test.|A|10.0.0.1")(dns.message.make_query("crm.test", "A"), over_tcp)

    result = check(kind="dns", query_name="crm.test", server=f"127.0.0.1:{serve(answer)}")
    assert (result.error_class, result.detail) == (ErrorClass.PROTOCOL, "the answer is to another question")
    assert result.gauges["probe_dns_query_succeeded", ()] == 0


def test_silent_address_leaves_time_for_the_next(serve: Served) -> None:
    """Of several addresses of a server, one that swallows packets and one that is closed leave time for the third."""
    port = serve(zone("crm.test.|A|10.0.0.1"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent, socket.socket(socket.AF_INET6) as closed:
        silent.bind(("127.0.0.1", 0))
        closed.bind(("::1", 0))
        servers = [
            (socket.AF_INET, silent.getsockname()),
            (socket.AF_INET6, closed.getsockname()),
            (socket.AF_INET, ("127.0.0.1", port)),
        ]
        observation = Observation()
        answer = ask(Question("crm.test", "A"), servers, observation, Deadline.after(1.5))
    assert answer.rcode() == dns.rcode.NOERROR
    assert observation.gauges["probe_ip_protocol", ()] == 4


def test_server_over_ipv6(check: Check) -> None:
    """A name server is asked over IPv6 as over IPv4."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as udp:
        udp.bind(("::1", 0))

        def once() -> None:
            wire, client = udp.recvfrom(65535)
            udp.sendto(zone("crm.test.|A|10.0.0.1")(dns.message.from_wire(wire), False)[0], client)

        thread = threading.Thread(target=once, daemon=True)
        thread.start()
        result = check(kind="dns", query_name="crm.test", server=f"[::1]:{udp.getsockname()[1]}", expect=["10.0.0.1"])
        thread.join(5)
    assert (result.detail, result.gauges["probe_ip_protocol", ()]) == ("", 6)


# Answers of servers that are well, to be spoilt.
_WELL = [
    zone("crm.test.|A|10.0.0.1"),
    zone("crm.test.|CNAME|b.test.", "b.test.|MX|10 mail.test."),
    zone('crm.test.|TXT|"one" "two"'),
    zone(authority="test.|SOA|ns.test. root.test. 1 1 1 1 1", rcode="NXDOMAIN"),
    zone(authority="test.|NS|ns.other.", flags=0),
]


@pytest.fixture(scope="module")
def spoilt() -> Iterator[tuple[list[bytes], int]]:
    """A name server that gives what the list holds, with the id of the question; gives its port."""
    answer: list[bytes] = [b""]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.create_server(("127.0.0.1", 0)) as tcp:
        udp.bind(tcp.getsockname())

        def over_udp() -> None:
            while (received := udp.recvfrom(65535))[0]:
                udp.sendto(received[0][:2] + answer[0][2:] or b"\x00", received[1])

        def over_tcp(connection: socket.socket) -> None:
            question = connection.recv(65535)[2:]
            connection.sendall(len(answer[0]).to_bytes(2, "big") + question[:2] + answer[0][2:])

        threads = [
            threading.Thread(target=over_udp, daemon=True),
            threading.Thread(target=accept, args=(tcp, over_tcp), daemon=True),
        ]
        for thread in threads:
            thread.start()
        yield answer, int(udp.getsockname()[1])
        tcp.shutdown(socket.SHUT_RDWR)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", udp.getsockname())
        for thread in threads:
            thread.join(5)


@cases(200, suppress=(HealthCheck.function_scoped_fixture,))
@given(st.one_of(st.sampled_from(_WELL), st.binary(max_size=80)), st.data())
def test_any_answer_passes_or_has_its_class(
    spoilt: tuple[list[bytes], int], served: Serve | bytes, data: st.DataObject
) -> None:
    """Any bytes with the id of the question, and any answer with bytes changed, are an answer or have a class."""
    answer, port = spoilt
    wire = served if isinstance(served, bytes) else served(dns.message.make_query("crm.test", "A"), False)[0]
    spoiling = bytearray(wire)
    for _ in range(data.draw(st.integers(0, 3)) if wire else 0):
        spoiling[data.draw(st.integers(0, len(wire) - 1))] = data.draw(st.integers(0, 255))
    answer[0] = bytes(spoiling[: data.draw(st.integers(len(wire) // 2, len(wire)))]) or b"\x00"
    settings_of_check = DnsCheck(kind="dns", name="one", query_name="crm.test", server=f"127.0.0.1:{port}")
    try:
        prepare(settings_of_check, Entry("settings.yaml", "one"))(Observation(), Deadline.after(5))
    except (CollectError, OSError) as error:
        found = classify(error)
        assert found in {ErrorClass.PROTOCOL, ErrorClass.DNS, ErrorClass.PERMISSION}
