"""The Go exporter for Redis; the cache exporter uses the same names, types and labels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

from tests.support import servers
from tests.support.exporter import Page, fetch
from tools.record_metrics import without


@contextmanager
def redis_exporter(program: str | Path, server: servers.Redis, log: Path) -> Iterator[str]:
    """Watch a server with redis_exporter until the block ends; yields the URL of its page."""
    port = servers.free_port()
    command = [str(program), "-redis.addr", f"redis://127.0.0.1:{server.port}",
               "-web.listen-address", f"127.0.0.1:{port}"]  # fmt: skip
    url = f"http://127.0.0.1:{port}/metrics"
    with servers.process(command, log, environment={"REDIS_PASSWORD": servers.PASSWORD}):
        servers.wait_until(lambda: _answers(url), 10, "redis_exporter answers")
        yield url


def unlisted(our_page: Page, their_page: Page) -> list[str]:
    """Return redis_exporter's families that we neither export nor list with a reason."""
    missing = {name for name in their_page.types if name.startswith("redis_")} - our_page.types.keys()
    listed = without()["redis_exporter"]
    return sorted(name for name in missing if not any(fnmatch(name, pattern) for pattern in listed))


def differences_of_type(our_page: Page, their_page: Page) -> dict[str, tuple[str, str]]:
    """Return the names on both pages whose types differ, with ours and theirs."""
    shared = our_page.types.keys() & their_page.types.keys()
    pairs = {name: (our_page.types[name], their_page.types[name]) for name in shared if name.startswith("redis_")}
    return {name: types for name, types in pairs.items() if types[0] != types[1]}


def _answers(url: str) -> bool:
    try:
        fetch(url)
    except OSError:
        return False
    return True
