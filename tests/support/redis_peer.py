"""A peer that implements as much of the Redis protocol as a test needs, on a loopback port."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import hiredis

Command = list[bytes]
Answer = Callable[[Command], bytes]

INFO_FIELDS = "# Server\r\nredis_version:7.0.15\r\nuptime_in_seconds:10\r\n"


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.commands: list[Command] = []
        super().__init__(("127.0.0.1", 0), _Connection)


class _Connection(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, _Server)
        reader = hiredis.Reader(notEnoughData=None)
        while received := self.request.recv(64 * 1024):
            reader.feed(received)
            while (command := reader.gets()) is not None:
                self.server.commands.append(command)
                try:
                    self.request.sendall(self.server.answer(command))
                except OSError:
                    return  # the other side gave up, which is allowed


@contextmanager
def redis_peer(answer: Answer) -> Iterator[tuple[int, list[Command]]]:
    """Reply to each command with the bytes from `answer`, until the block ends; yields port and commands so far."""
    with _Server(answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server.server_address[1], server.commands
        server.shutdown()


def bulk(text: str | bytes) -> bytes:
    """Return a text as a reply."""
    data = text.encode() if isinstance(text, str) else text
    return b"$%d\r\n%b\r\n" % (len(data), data)


def healthy(command: Command) -> bytes:
    """Reply to the commands of the cache exporter and the check like a small Redis 7."""
    match [word.upper() for word in command[:2]]:
        case [b"INFO", *_]:
            return bulk(INFO_FIELDS)
        case [b"CONFIG", _]:
            return b"*2\r\n" + bulk(command[2]) + bulk("16")
        case [b"SLOWLOG", b"LEN"]:
            return b":0\r\n"
        case [b"SLOWLOG" | b"LATENCY", _]:
            return b"*0\r\n"
        case [b"PING", *_]:
            return b"+PONG\r\n"
        case _:
            return b"+OK\r\n"
