"""`python -m exporters.core.healthcheck PORT`: whether the server on this local port answers /healthz.

For container health checks: a separate process that loads almost nothing and needs no login.
"""

from __future__ import annotations

import contextlib
import http.client
import ssl
import sys

_TIMEOUT_SECONDS = 8.0  # twice that is less than docker-compose.yml allows a check


def alive(port: int) -> bool:
    """Return whether it answers 200, with or without TLS. The certificate is not verified: the server is our own."""
    unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    plain = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
    secure = http.client.HTTPSConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS, context=unverified)
    return _answers(plain) or _answers(secure)


def _answers(connection: http.client.HTTPConnection) -> bool:
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    return False


if __name__ == "__main__":
    sys.exit(0 if alive(int(sys.argv[1])) else 1)
