"""What our checks and Debian's blackbox_exporter say of the same targets is the same."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.support import exporter, servers
from tests.support.peers import Certificates, TlsWeb, Web
from tests.support.suites import Suite
from tools.record_metrics import without

# Names both have whose values differ by nature, and why.
_MEASURED = {
    "probe_duration_seconds": "time measured in each run",
    "probe_dns_lookup_time_seconds": "time measured in each run",
    "probe_http_duration_seconds": "time measured in each run",
    "probe_dns_duration_seconds": "time measured in each run",
}

# What blackbox_exporter writes and we do not: name → why, as docs/metrics.md says it.
_THEIRS_ALONE = without()["blackbox_exporter"]

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
_GZIP = gzip.compress(b"hello", mtime=0)
_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n" * 3
_MODIFIED = b"\r\nLast-Modified: Fri, 01 Nov 2024 10:00:00 GMT"
_COOKIES = b"\r\nSet-Cookie: a=b" * 200
_CUT_CHUNKS = b"\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n9\r\nde"
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
    coded = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip"
    gzipped = f"127.0.0.1:{web(coded + b'%bContent-Length: %d%b%b' % (_LINE, len(_GZIP), _LINE * 2, _GZIP))}"
    garbage = f"127.0.0.1:{web(coded + _FIVE)}"
    secure, closed = f"127.0.0.1:{tls_web('chain')}", f"127.0.0.1:{servers.free_port()}"
    ca: dict[str, object] = {"ca_file": certificates.ca}
    trust: dict[str, object] = {"tls_config": ca}
    return {
        "http": http(f"http://{good}/"),
        "http-missing": http(f"http://{missing}/"),
        "http-head": http(f"http://{head}/", {"method": "HEAD"}, {"method": "HEAD"}),
        "http-redirect": http(f"http://{redirect}/"),
        "http-hints": http(f"http://127.0.0.1:{web(_HINTS + b'HTTP/1.1 200 OK' + _MODIFIED + _FIVE)}/"),
        "http-empty": http(f"http://127.0.0.1:{web(b'HTTP/1.1 204 No Content' + _FIVE.removesuffix(b'hello'))}/"),
        "http-headers": http(f"http://127.0.0.1:{web(b'HTTP/1.1 200 OK' + _COOKIES + _FIVE)}/"),
        # It decodes where its module says so, we where the answer does.
        "http-gzip": http(f"http://{gzipped}/", {"expect_body": "^hello$"}, {"compression": "gzip"}),
        "http-garbage": http(f"http://{garbage}/", {}, {"compression": "gzip"}),
        "http-cut": http(f"http://127.0.0.1:{web(b'HTTP/1.1 200 OK' + _FIVE.replace(b': 5', b': 9'))}/"),
        "http-cut-chunks": http(f"http://127.0.0.1:{web(b'HTTP/1.1 200 OK' + _CUT_CHUNKS)}/"),
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


@contextmanager
def blackbox(program: str, folder: Path, targets: Mapping[str, Target]) -> Iterator[int]:
    """Run blackbox_exporter with a module for each target; gives its port."""
    modules = {name: target.module for name, target in targets.items()}
    (folder / "blackbox.yml").write_text(json.dumps({"modules": modules}))
    port = servers.free_port()
    command = [program, f"--config.file={folder / 'blackbox.yml'}", f"--web.listen-address=127.0.0.1:{port}"]
    with servers.process(command, folder / "blackbox.log"):

        def answers() -> bool:
            try:
                exporter.fetch(f"http://127.0.0.1:{port}/metrics")
            except OSError:
                return False
            return True

        servers.wait_until(answers, 15, "blackbox_exporter answers")
        yield port


def test_shared_names_agree(tmp_path: Path, targets: dict[str, Target]) -> None:
    """Every name both have agrees in type, labels and value; what we have not is listed with its reason."""
    assert _unlisted("prometheus-blackbox-exporter", tmp_path, targets) == set()


@pytest.mark.long
@pytest.mark.timeout(900)
def test_shared_names_agree_with_the_current_release(
    tmp_path: Path, targets: dict[str, Target], current_suite: Suite, capsys: pytest.CaptureFixture[str]
) -> None:
    """So it is with the current release; what that has beyond, and nobody has judged yet, is printed."""
    unlisted = _unlisted(str(current_suite.programs / "prometheus-blackbox-exporter"), tmp_path, targets)
    with capsys.disabled():
        print(f"\nblackbox_exporter of {current_suite.describe()}: without a counterpart here: {sorted(unlisted)}")


def _unlisted(program: str, folder: Path, targets: Mapping[str, Target]) -> set[str]:
    """Return the families that only blackbox_exporter has, and are not listed; fails where a shared one differs."""
    schedule = {"interval_seconds": 2, "timeout_seconds": 1.5}
    checks = [{"name": name, **schedule, **target.ours} for name, target in targets.items()]
    text = f'environment: "test"\nsynthetic: {json.dumps({"checks": checks})}\n'
    with exporter.exporter(folder / "exporter", text, ["synthetic"]) as running:

        def ran() -> int:
            return len(running.scrape("/metrics/synthetic").samples("probe_success"))

        servers.wait_until(lambda: ran() == len(targets), 15, "every check has run")
        ours = running.scrape("/metrics/synthetic")
    unlisted, compared = set(), 0
    with blackbox(program, folder, targets) as port:
        for name, target in targets.items():
            query = urlencode({"module": name, "target": target.theirs})
            theirs = exporter.fetch(f"http://127.0.0.1:{port}/probe?{query}")
            unlisted |= theirs.families.keys() - ours.families.keys() - _THEIRS_ALONE.keys()
            compared += _compare(name, ours, theirs)
    assert compared > 150, "most of what they say was compared"
    return unlisted


def _compare(check: str, ours: exporter.Page, theirs: exporter.Page) -> int:
    compared = 0
    for name in theirs.families.keys() & ours.families.keys():
        family = theirs.families[name]
        assert ours.families[name].type == family.type
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
