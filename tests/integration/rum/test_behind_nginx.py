"""Two receivers behind nginx, as docs/deploy.md says: they add up, and a restart of one loses what was not scraped."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.exporter import ROOT, Exporter, exporter
from tests.support.servers import free_port, process, wait_until

pytestmark = pytest.mark.long

_CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
_NGINX = """daemon off;
user root;  # the temporary directory is closed to others
pid nginx.pid;
error_log stderr;
events {}
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    upstream receivers { %s }
    server {
        listen 127.0.0.1:%d;
        %s
    }
}
"""


@dataclass(slots=True)
class _Site:
    """nginx and the receivers behind it."""

    folder: Path
    front: int
    ports: list[int]
    receivers: dict[int, tuple[ExitStack, Exporter]] = field(default_factory=dict)

    def start(self, number: int) -> None:
        stack = ExitStack()
        listen = f"127.0.0.1:{self.ports[number]}"
        settings = f'environment: test\nrum: {{name: "r{number}", listen: "{listen}", client_rate: 1000}}\n'
        self.receivers[number] = (
            stack, stack.enter_context(exporter(self.folder / f"r{number}", settings, ["rum"])),
        )  # fmt: skip

    def stop(self, number: int) -> None:
        self.receivers.pop(number)[0].close()

    def scraped(self, number: int) -> float:
        page = self.receivers[number][1].scrape("/metrics/rum")
        return sum(value for _, value in page.samples("browser_lcp_seconds_count"))

    def send(self, count: int) -> None:
        """Send beacons as pages of this site do; nginx gives each to one receiver or to the next that is there."""
        for _ in range(count):
            body = {"id": secrets.token_hex(8), "navigation": "hard", "vitals": {"lcp": 1200}}
            headers = {"Origin": f"http://127.0.0.1:{self.front}", "User-Agent": _CHROME, "Content-Type": "text/plain"}
            url = f"http://127.0.0.1:{self.front}/rum"
            asked = urllib.request.Request(url, json.dumps(body).encode(), headers)
            with urllib.request.urlopen(asked) as answer:  # noqa: S310 - loopback
                assert answer.status == 204


@pytest.fixture
def site(tmp_path: Path) -> Iterator[_Site]:
    """The location of docs/deploy.md, with two receivers."""
    found = re.search(r"```nginx\n(location = /rum .+?)```", (ROOT / "docs/deploy.md").read_text(), re.DOTALL)
    assert found
    site = _Site(tmp_path, free_port(), [free_port(), free_port()])
    upstream = "".join(f"server 127.0.0.1:{port}; " for port in site.ports)
    location = found[1].replace("http://127.0.0.1:9691", "http://receivers")
    (tmp_path / "nginx.conf").write_text(_NGINX % (upstream, site.front, location))
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    with process([nginx, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")], tmp_path / "nginx.log"):
        for number in (0, 1):
            site.start(number)
        wait_until((tmp_path / "nginx.pid").exists, 60, "nginx is up")
        yield site
        for number in list(site.receivers):
            site.stop(number)


def test_receivers_add_up_and_a_restart_loses_no_more_than_was_not_scraped(site: _Site) -> None:
    """One receiver counts each beacon; after a restart of one, what both were scraped for is all that was sent."""
    site.send(40)
    first = {number: site.scraped(number) for number in (0, 1)}
    assert sum(first.values()) == 40
    assert all(first.values()), "nginx gives some to each"
    site.stop(1)
    site.send(10)
    site.start(1)
    assert site.scraped(1) == 0, "a counter that starts again: `increase` adds what follows"
    assert site.scraped(0) + first[1] == 50
    site.send(10)
    assert first[1] + site.scraped(0) + site.scraped(1) == 60
