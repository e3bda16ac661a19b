"""Passes beacons on to the receiver, as the web server of a real application does: the page needs one origin."""

from __future__ import annotations

import anyio
import anyio.to_thread
import requests
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from demo.api.endpoints import Endpoint, refusal

_MOST_BYTES = 16 * 1024
_TIMEOUT_SECONDS = 2.0
# What the receiver decides by; it believes a proxy about the client.
_PASSED_ON = ("host", "origin", "content-type", "content-encoding", "sec-fetch-site", "user-agent")


def beacons_endpoint(receiver_url: str) -> Endpoint:
    """An endpoint with the receiver's own status; 502 if it is away, 404 if there is none."""
    threads = anyio.CapacityLimiter(4)

    def pass_on(headers: dict[str, str], body: bytes) -> int:
        with requests.Session() as http:
            http.trust_env = False
            try:
                return http.post(receiver_url, data=body, headers=headers, timeout=_TIMEOUT_SECONDS).status_code
            except requests.RequestException:
                return 502

    async def answer(request: Request) -> Response:
        if not receiver_url:
            return refusal(404, "there is no receiver of beacons")
        try:
            body = await _body(request)
        except ClientDisconnect:
            return Response(status_code=400)
        if body is None:
            return Response(status_code=413)
        headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
        headers |= {"X-Forwarded-For": request.client.host if request.client else "", "X-Forwarded-Proto": "http"}
        return Response(status_code=await anyio.to_thread.run_sync(pass_on, headers, body, limiter=threads))

    return answer


async def _body(request: Request) -> bytes | None:
    """The body, or None if it is too large."""
    received = bytearray()
    async for part in request.stream():
        received += part
        if len(received) > _MOST_BYTES:
            return None
    return bytes(received)
