"""The Go exporters of Debian's packages, started beside ours on the same servers."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.support.servers import free_port, process, wait_until


@dataclass(frozen=True, slots=True)
class Peer:
    """A running exporter that is not ours."""

    url: str
    process: psutil.Process


@contextmanager
def peer(
    directory: Path, command: Sequence[str], environment: Mapping[str, str], until: str = "/metrics"
) -> Iterator[Peer]:
    """Run `command`, in which PORT stands for the port to listen on; yields once it answers the path `until`."""
    port = free_port()
    arguments = [part.replace("PORT", str(port)) for part in command]
    url = f"http://127.0.0.1:{port}/metrics"
    with process(arguments, directory / f"{Path(command[0]).name}.log", environment=environment) as child:

        def answers() -> bool:
            assert child.poll() is None, f"{command[0]} ended"
            try:
                urllib.request.urlopen(url.replace("/metrics", until), timeout=20).close()  # noqa: S310 - loopback
            except OSError:
                return False
            return True

        wait_until(answers, 30, f"{command[0]} answers")
        yield Peer(url, psutil.Process(child.pid))
