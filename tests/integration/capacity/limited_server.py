"""A server that answers one request at a time: PORT SERVICE_SECONDS AFTER STATUS; from AFTER (-1: never) on STATUS."""

from __future__ import annotations

import asyncio
import sys
import time

_PORT, _SERVICE_SECONDS, _AFTER = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
_STATUS = sys.argv[4].encode()
_one_at_a_time = asyncio.Lock()
_count = 0


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    global _count  # noqa: PLW0603 - a script
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = 0
            for line in head.lower().splitlines():
                if line.startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            await reader.readexactly(length)
            _count += 1
            failing = -1 < _AFTER < _count
            async with _one_at_a_time:
                start = time.monotonic()
                if _SERVICE_SECONDS and not failing:
                    await asyncio.sleep(_SERVICE_SECONDS)
                print(f"request {time.monotonic() - start:.6f}", flush=True)
            status = _STATUS if failing else b"200 OK"
            writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\n{}")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def _serve() -> None:
    server = await asyncio.start_server(_answer, "127.0.0.1", _PORT, backlog=2048)
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(_serve())
