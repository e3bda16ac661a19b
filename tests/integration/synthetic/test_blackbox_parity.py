"""What our checks and Debian's blackbox_exporter say of the same targets is the same."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.support import exporter, servers
from tests.support.peers import Certificates, TlsWeb, Web

# Names both have whose values differ by nature, and why.
_MEASURED = {
    "probe_duration_seconds": "time measured in each run",
    "probe_dns_lookup_time_seconds": "time measured in each run",
    "probe_http_duration_seconds": "time measured in each run",
    "probe_dns_duration_seconds": "time measured in each run",
}

# What blackbox_exporter writes and we do not, and why.
_THEIRS_ALONE = {
    "probe_ssl_last_chain_info": "its labels hold names and fingerprints out of the certificate: not bounded",
}

# What blackbox_exporter writes as 0 where it was not seen; with us what was not seen is missing.
_ZERO_IF_UNSEEN = {
    "probe_failed_due_to_regex",
    "probe_http_content_length",
    "probe_http_ssl",
    "probe_http_status_code",
    "probe_http_uncompressed_body_length",
    "probe_http_version",
    "probe_dns_answer_rrs",
    "probe_dns_authority_rrs",
    "probe_dns_additional_rrs",
}

_LINE = b"\r\n"
_FIVE = b"\r\nContent-Length: 5\r\n\r\nhello"
_CHUNKED = b"\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Target:
    """One target as our check has it, and as blackbox_exporter: what it is to probe, and the module."""

    ours: Mapping[str, object]
    theirs: str
    module: Mapping[str, object]


def http(url: str, ours: dict[str, object] | None = None, theirs: dict[str, object] | None = None) -> Target:
    """Return a target over HTTP with options of either side."""
    module: dict[str, object] = {"prober": "http", "http": {"preferred_ip_protocol": "ip4", **(theirs or {})}}
    return Target({"kind": "http", "url": url, **(ours or {})}, url, module)


def dns(server: str, name: str) -> Target:
    """Return a question to a name server."""
    options = {"preferred_ip_protocol": "ip4", "query_type": "A", "query_name": name}
    return Target({"kind": "dns", "query_name": name, "server": server}, server, {"prober": "dns", "dns": options})


def tcp(address: str) -> Target:
    """Return a TCP connection."""
    return Target({"kind": "tcp", "address": address}, address, {"prober": "tcp"})


@pytest.fixture
def targets(web: Web, tls_web: TlsWeb, certificates: Certificates, name_server: int) -> dict[str, Target]:
    """Check name → target: good ones and bad ones of each kind that both have."""
    good = f"127.0.0.1:{web(b'HTTP/1.1 200 OK' + _FIVE)}"
    missing = f"127.0.0.1:{web(b'HTTP/1.1 404 Not Found' + _CHUNKED)}"
    head = f"127.0.0.1:{web(b'HTTP/1.1 200 OK' + _FIVE.removesuffix(b'hello'))}"
    redirect = f"127.0.0.1:{web(b'HTTP/1.1 302 Found%bLocation: http://%b/' % (_LINE, good.encode()) + _CHUNKED)}"
    secure, closed = f"127.0.0.1:{tls_web('chain')}", f"127.0.0.1:{servers.free_port()}"
    ca: dict[str, object] = {"ca_file": certificates.ca}
    trust: dict[str, object] = {"tls_config": ca}
    return {
        "http": http(f"http://{good}/"),
        "http-missing": http(f"http://{missing}/"),
        "http-head": http(f"http://{head}/", {"method": "HEAD"}, {"method": "HEAD"}),
        "http-redirect": http(f"http://{redirect}/"),
        "http-closed": http(f"http://{closed}/"),
        "http-body": http(f"http://{good}/", {"expect_body": "bye"}, {"fail_if_body_not_matches_regexp": ["bye"]}),
        "https": http(f"https://{secure}/", ca, trust),
        "tcp": tcp(good),
        "tcp-closed": tcp(closed),
        "tls": Target(
            {"kind": "tls", "address": secure, **ca}, secure, {"prober": "tcp", "tcp": {"tls": True, **trust}}
        ),
        "dns": dns(f"127.0.0.1:{name_server}", "good.test"),
        "dns-missing": dns(f"127.0.0.1:{name_server}", "missing.test"),
    }


@pytest.fixture
def blackbox(tmp_path: Path, targets: dict[str, Target]) -> Iterator[int]:
    """blackbox_exporter with a module for each target; gives its port."""
    modules = {name: target.module for name, target in targets.items()}
    (tmp_path / "blackbox.yml").write_text(json.dumps({"modules": modules}))
    port = servers.free_port()
    command = ["prometheus-blackbox-exporter", f"--config.file={tmp_path / 'blackbox.yml'}"]
    with servers.process([*command, f"--web.listen-address=127.0.0.1:{port}"], tmp_path / "blackbox.log"):

        def answers() -> bool:
            try:
                exporter.fetch(f"http://127.0.0.1:{port}/metrics")
            except OSError:
                return False
            return True

        servers.wait_until(answers, 15, "blackbox_exporter answers")
        yield port


def test_shared_names_agree(tmp_path: Path, targets: dict[str, Target], blackbox: int) -> None:
    """Every name both have is of the same type, with the same labels beside ours, and the same values."""
    schedule = {"interval_seconds": 2, "timeout_seconds": 1.5}
    checks = [{"name": name, **schedule, **target.ours} for name, target in targets.items()]
    text = f'environment: "test"\nsynthetic: {json.dumps({"checks": checks})}\n'
    with exporter.exporter(tmp_path / "exporter", text, ["synthetic"]) as running:

        def ran() -> int:
            return len(running.scrape("/metrics/synthetic").samples("probe_success"))

        servers.wait_until(lambda: ran() == len(targets), 15, "every check has run")
        ours = running.scrape("/metrics/synthetic")
    compared = 0
    for name, target in targets.items():
        query = urlencode({"module": name, "target": target.theirs})
        theirs = exporter.fetch(f"http://127.0.0.1:{blackbox}/probe?{query}")
        compared += _compare(name, ours, theirs)
    assert compared > 100, "most of what they say was compared"


def _compare(check: str, ours: exporter.Page, theirs: exporter.Page) -> int:
    compared = 0
    for family in theirs.families.values():
        if family.name in _THEIRS_ALONE:
            continue
        assert family.name in ours.families, family.name
        assert ours.families[family.name].type == family.type
        for sample in family.samples:
            where = f"{sample.name}{sample.labels} of {check}"
            of_check = {"check": check, **sample.labels}.items()
            found = [(labels, value) for labels, value in ours.samples(sample.name) if of_check <= labels.items()]
            if not found:
                assert sample.name in _ZERO_IF_UNSEEN, where
                assert sample.value == 0, where
                continue
            ((labels, value),) = found
            assert labels.keys() == {"check", "kind", "target", *sample.labels}, where
            if family.name not in _MEASURED:
                assert value == sample.value, where
            compared += 1
    return compared
