"""Checks before startup whether a client configured by the `web` section would accept the certificate."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterable
from pathlib import Path

from exporters.core.access import Certificate, WebSettings
from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.server_name import server_name

_ROUNDS = 8  # a handshake takes two or three


def require_trusted(web: WebSettings, settings_file: str, hosts: Iterable[str]) -> None:
    """Raise ConfigError unless the certificate is signed by `ca_file`, for `server_name` or else each host's name."""
    client, server = _client(web, settings_file), Certificate(web, settings_file).context()
    signer = f"an authority in {web.ca_file}" if web.ca_file else "an authority of this system"
    faults = []
    for name in [web.server_name] if web.server_name else sorted(hosts):
        try:
            _shake_hands(client, server, name)
        except ssl.SSLError as error:
            reason = getattr(error, "verify_message", "") or error.reason or "no handshake"
            expected = f"expected a certificate for {name}, signed by {signer}: {reason}"
            faults.append(ConfigProblem(settings_file, "web.certificate_file", expected))
    if faults:
        raise ConfigError(faults)


def _client(web: WebSettings, settings_file: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if web.ca_file is None:
        context.load_default_certs()
        return context
    file = Path(settings_file).parent / web.ca_file
    try:
        context.load_verify_locations(file)
    except OSError as error:  # SSLError is a subclass: no certificate in it
        reason = "no certificate in it" if isinstance(error, ssl.SSLError) else error.strerror
        raise ConfigError([ConfigProblem(settings_file, "web.ca_file", f"expected PEM in {file}: {reason}")]) from None
    return context


def _shake_hands(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> None:
    """Raise SSLError as the client would: a handshake in memory, without a port."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(to_client, to_server, server_hostname=server_name(name))
    answering = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(_ROUNDS):
        for side in (asking, answering):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
    asking.do_handshake()
