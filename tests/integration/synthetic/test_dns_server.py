"""DNS checks of a real name server, NSD."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import pytest

from exporters.core.errors import ErrorClass
from tests.support.peers import Check
from tests.support.servers import free_port, process, wait_until

KEY = "v=DKIM1; k=rsa; p=" + "".join(f"{index:04d}ABCDEFGH" for index in range(60))
ZONE = f"""
$ORIGIN crm.test.
$TTL 60
@ SOA ns.crm.test. admin.crm.test. 2026112801 3600 600 86400 60
@ NS ns
@ MX 10 mail
@ TXT "v=spf1 mx " "-all"
ns A 127.0.0.1
www A 10.0.0.10
www AAAA 2001:db8::10
mail A 10.0.0.25
alias CNAME www
long CNAME alias
dangling CNAME gone.example.net.
broken CNAME gone
_sip._tcp SRV 0 5 5060 www
many TXT {" ".join(f'"{KEY[start : start + 255]}"' for start in range(0, len(KEY), 255))}
old DNAME crm.test.
sub NS ns.elsewhere.test.
*.wild A 10.0.0.7
"""
_SETTINGS = """
server:
  ip-address: 127.0.0.1@{port}
  username: ""
  zonesdir: "{folder}"
  pidfile: "{folder}/pid"
  database: ""
  zonelistfile: "{folder}/zones"
  xfrdfile: "{folder}/xfrd"
  xfrdir: "{folder}"
  server-count: 1
remote-control:
  control-enable: no
zone:
  name: crm.test
  zonefile: crm.zone
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """NSD with the zone crm.test; gives its address."""
    folder: Path = tmp_path_factory.mktemp("nsd")
    port = free_port()
    (folder / "crm.zone").write_text(ZONE)
    (folder / "nsd.conf").write_text(_SETTINGS.format(port=port, folder=folder))

    def answers() -> bool:
        try:
            dns.query.udp(dns.message.make_query("crm.test", "SOA"), "127.0.0.1", 1, port)
        except (OSError, dns.exception.DNSException):
            return False
        return True

    with process(["/usr/sbin/nsd", "-d", "-c", str(folder / "nsd.conf")], folder / "log"):
        wait_until(answers, 15, "NSD answers")
        yield f"127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("name", "record_type", "expect"),
    [
        ("www.crm.test", "A", "10.0.0.10"),
        ("WWW.crm.test.", "AAAA", "2001:DB8:0::10"),
        ("alias.crm.test", "A", "10.0.0.10"),
        ("long.crm.test", "AAAA", "2001:db8::10"),
        ("long.crm.test", "CNAME", "ALIAS.crm.test"),
        ("www.old.crm.test", "A", "10.0.0.10"),
        ("any.wild.crm.test", "A", "10.0.0.7"),
        ("crm.test", "MX", "10 mail.crm.test"),
        ("crm.test", "NS", "ns.crm.test."),
        ("crm.test", "TXT", "v=spf1 mx -all"),
        ("many.crm.test", "TXT", KEY),
        ("_sip._tcp.crm.test", "SRV", "0 5 5060 www.crm.test"),
        ("crm.test", "SOA", "ns.crm.test admin.crm.test 2026112801 3600 600 86400 60"),
    ],
)
def test_record_is_there(check: Check, server: str, name: str, record_type: str, expect: str) -> None:
    """A record that the server has passes, through aliases of every kind."""
    result = check(kind="dns", query_name=name, record_type=record_type, server=server, expect=[expect])
    assert (result.error_class, result.detail) == (None, "")


@pytest.mark.parametrize(
    ("question", "error_class", "detail"),
    [
        ("dangling.crm.test A", ErrorClass.PROTOCOL, "no record of this type"),
        ("broken.crm.test A", ErrorClass.DNS, "the name does not exist"),
        ("none.crm.test A", ErrorClass.DNS, "the name does not exist"),
        ("mail.crm.test AAAA", ErrorClass.PROTOCOL, "no record of this type"),
        ("www.elsewhere.test A", ErrorClass.PERMISSION, "the server answered REFUSED"),
        (
            "www.sub.crm.test A",
            ErrorClass.PROTOCOL,
            "the server does not answer for this name, and refers to other servers",
        ),
    ],
)
def test_record_is_not_there(check: Check, server: str, question: str, error_class: ErrorClass, detail: str) -> None:
    """An alias to nowhere, a name or type that is not there, a zone of others: each fails with its own reason."""
    name, record_type = question.split()
    result = check(kind="dns", query_name=name, record_type=record_type, server=server)
    assert (result.error_class, result.detail) == (error_class, detail)
