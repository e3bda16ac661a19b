"""Beacons at a fixed rate, whatever the server does: how long each took from the moment it was due."""

from __future__ import annotations

import select
import socket
import time
from collections import deque

_CONNECTIONS = 32


def paced(port: int, parts: tuple[bytes, bytes, bytes], rate: int, seconds: float) -> list[float]:
    """Return the seconds from when each beacon was due to its answer; `parts`: head, body before and after the id."""
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(_CONNECTIONS)]
    waiting: dict[int, deque[float]] = {one.fileno(): deque() for one in connections}
    by_number = {one.fileno(): one for one in connections}
    poll = select.epoll()
    for one in connections:
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        poll.register(one.fileno(), select.EPOLLIN)
    head, before, after = parts
    took: list[float] = []
    sent, total, run = 0, int(rate * seconds), time.monotonic_ns()
    start = time.perf_counter()
    while len(took) < total:
        now = time.perf_counter()
        while sent < total and (due := start + sent / rate) <= now:
            one = connections[sent % _CONNECTIONS]
            waiting[one.fileno()].append(due)
            one.sendall(b"%s%s%016x%s" % (head, before, (run + sent) & (2**64 - 1), after))
            sent += 1
        for number, _ in poll.poll(0.0005):
            answers = by_number[number].recv(65536).count(b"\r\n\r\n")
            arrived = time.perf_counter()
            took += [arrived - waiting[number].popleft() for _ in range(answers)]
    for one in connections:
        one.close()
    return took
