"""What our checks and Debian's blackbox_exporter say of the same targets is the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import exporter
import pytest
import servers
from peers import Certificates, TlsWeb, Web

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

_HTTP = {"prober": "http", "http": {"preferred_ip_protocol": "ip4"}}
_DNS = {"prober": "dns", "dns": {"preferred_ip_protocol": "ip4", "query_type": "A"}}


@pytest.fixture
def targets(web: Web, tls_web: TlsWeb, certificates: Certificates, name_server: int) -> dict[str, tuple[str, object]]:
    """Check name → the settings of ours after name and kind, the target for blackbox_exporter, and its module."""
    http = web(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
    missing = web(b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
    tls, closed = tls_web("chain"), servers.free_port()
    trust = {"tls_config": {"ca_file": certificates.ca}}
    regex = {**_HTTP, "http": {"preferred_ip_protocol": "ip4", "fail_if_body_not_matches_regexp": ["bye"]}}

    def url(port: int, scheme: str = "http") -> tuple[dict[str, object], str]:
        return {"kind": "http", "url": f"{scheme}://127.0.0.1:{port}/"}, f"{scheme}://127.0.0.1:{port}/"

    def address(kind: str, port: int) -> tuple[dict[str, object], str]:
        return {"kind": kind, "address": f"127.0.0.1:{port}"}, f"127.0.0.1:{port}"

    def dns(name: str) -> tuple[dict[str, object], str]:
        server = f"127.0.0.1:{name_server}"
        return {"kind": "dns", "query_name": name, "server": server}, server

    ca = {"ca_file": certificates.ca}
    https, plain_url = url(tls, "https")
    handshake, plain_address = address("tls", tls)
    body, body_url = url(http)
    return {
        "http": (*url(http), _HTTP),
        "http-missing": (*url(missing), _HTTP),
        "http-closed": (*url(closed), _HTTP),
        "http-body": ({**body, "expect_body": "bye"}, body_url, regex),
        "https": ({**https, **ca}, plain_url, {**_HTTP, "http": {"preferred_ip_protocol": "ip4", **trust}}),
        "tcp": (*address("tcp", http), {"prober": "tcp"}),
        "tcp-closed": (*address("tcp", closed), {"prober": "tcp"}),
        "tls": ({**handshake, **ca}, plain_address, {"prober": "tcp", "tcp": {"tls": True, **trust}}),
        "dns": (*dns("good.test"), {**_DNS, "dns": {**_DNS["dns"], "query_name": "good.test"}}),
        "dns-missing": (*dns("missing.test"), {**_DNS, "dns": {**_DNS["dns"], "query_name": "missing.test"}}),
    }


@pytest.fixture
def blackbox(tmp_path: Path, targets: dict[str, tuple[object, str, object]]) -> Iterator[int]:
    """blackbox_exporter with a module for each target; gives its port."""
    modules = {name: module for name, (_, _, module) in targets.items()}
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


def test_shared_names_agree(
    tmp_path: Path, targets: dict[str, tuple[dict[str, object], str, object]], blackbox: int
) -> None:
    """Every name both have is of the same type, with the same labels beside ours, and the same values."""
    checks = [
        {"name": name, "interval_seconds": 2, "timeout_seconds": 1.5, **own} for name, (own, _, _) in targets.items()
    ]
    text = f'environment: "test"\nsynthetic: {json.dumps({"checks": checks})}\n'
    with exporter.exporter(tmp_path / "exporter", text, ["synthetic"]) as running:

        def ran() -> int:
            return len(running.scrape("/metrics/synthetic").samples("probe_success"))

        servers.wait_until(lambda: ran() == len(targets), 15, "every check has run")
        ours = running.scrape("/metrics/synthetic")
    compared = 0
    for name, (_, target, _) in targets.items():
        query = urlencode({"module": name, "target": target})
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
