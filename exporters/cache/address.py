"""Where a cache server is and how to log in: from the settings to the parameters of a connection."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from exporters.cache.settings import CacheTarget
from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.redis_client import RedisAddress
from exporters.core.settings import secret_from

_TLS_BY_SCHEME = {"redis": False, "valkey": False, "rediss": True, "valkeys": True}
_DEFAULT_PORT = 6379


def address_of(target: CacheTarget, entry: str, settings_file: str) -> RedisAddress:
    """Return the address in a settings entry. Raises ConfigError; the URL's text is never in the message."""
    secret = secret_from(target.url, target.url_file, f"{entry}.url", settings_file)
    try:
        url = urlsplit(secret.reveal())
        tls = _TLS_BY_SCHEME[url.scheme]
        host, port = url.hostname, url.port or _DEFAULT_PORT
    except (ValueError, KeyError):
        host, port, tls = None, _DEFAULT_PORT, False
    if host is None:
        expected = "expected redis://[[USER]:PASSWORD@]HOST[:PORT], or rediss:// for TLS"
        raise ConfigError([ConfigProblem(settings_file, f"{entry}.url", expected)])
    password = secret.part(_password) if url.password else None
    context = _tls_context(target, entry, settings_file) if tls else None
    return RedisAddress(host, port, unquote(url.username or ""), password, context)


def followed(target: CacheTarget, entry: str, settings_file: str) -> Callable[[], RedisAddress]:
    """Return what gives the address as the files say at that moment: host, user and certificates may be new as well.

    While a file is gone or wrong, the last address that was right holds. Raises ConfigError, now and not later.
    """
    last = address_of(target, entry, settings_file)

    def current() -> RedisAddress:
        nonlocal last
        with contextlib.suppress(ConfigError):
            last = address_of(target, entry, settings_file)
        return last

    return current


def _password(url: str) -> str:
    try:
        return unquote(urlsplit(url).password or "")
    except ValueError:  # its file has changed and is no longer a URL: the server will refuse the login
        return ""


def _tls_context(target: CacheTarget, entry: str, settings_file: str) -> ssl.SSLContext:
    base = Path(settings_file).parent
    try:
        context = ssl.create_default_context(cafile=str(base / target.ca_file) if target.ca_file else None)
        if target.certificate_file and target.key_file:
            context.load_cert_chain(base / target.certificate_file, base / target.key_file)
    except OSError as error:  # ssl.SSLError is one
        reason = error.strerror or "not PEM"
        expected = f"expected readable PEM files in ca_file, certificate_file and key_file: {reason}"
        raise ConfigError([ConfigProblem(settings_file, entry, expected)]) from None
    return context
