"""A deadline for a database conversation that no setting of the server can give: the server may be frozen."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg


@contextmanager
def cut_after(connection: psycopg.Connection[Any], seconds: float) -> Iterator[None]:
    """Shut the connection's socket when the block is not through in time: whoever waits on it gets OperationalError."""
    timer = threading.Timer(seconds, _shut, (connection,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _shut(connection: psycopg.Connection[Any]) -> None:
    # A copy of the descriptor, so that the driver stays the owner of its own.
    with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(connection.fileno())) as copy:
        copy.shutdown(socket.SHUT_RDWR)
