"""The Go exporters of Debian's packages, started beside ours on the same servers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.support.exporter import fetch
from tests.support.servers import free_port, process, wait_until


@dataclass(frozen=True, slots=True)
class Peer:
    """A running exporter that is not ours."""

    url: str
    process: psutil.Process


@contextmanager
def peer(directory: Path, command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Peer]:
    """Run `command` with `--web.listen-address`-style flags already in it, PORT standing for the port."""
    port = free_port()
    arguments = [part.replace("PORT", str(port)) for part in command]
    url = f"http://127.0.0.1:{port}/metrics"
    with process(arguments, directory / f"{command[0]}.log", environment=environment) as child:

        def answers() -> bool:
            assert child.poll() is None, f"{command[0]} ended"
            try:
                fetch(url, 20)
            except OSError:
                return False
            return True

        wait_until(answers, 30, f"{command[0]} answers")
        yield Peer(url, psutil.Process(child.pid))
