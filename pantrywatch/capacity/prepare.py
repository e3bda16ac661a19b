"""From the section `capacity` of settings.yaml to the requests of a run: secrets read, logged in, each tried once."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from exporters.core.checks.templating import fill
from exporters.core.errors import ConfigError, ConfigProblem, ProblemList
from exporters.core.settings import Secret, secret_from
from pantrywatch.capacity.load import Client, Prepared
from pantrywatch.config.capacity import CapacityRequest, CapacitySettings, LogIn

_JSON = "application/json"


class NotReadyError(Exception):
    """The server does not answer the requests as it should; the text says which and how. Nothing was loaded."""


def origin_of(settings: CapacitySettings, url: str | None, file: Path) -> str:
    """Return the server to load. Raises ConfigError for one that the settings do not list."""
    allowed = ", ".join(settings.origins)
    if url is None:
        if len(settings.origins) > 1:
            raise ConfigError([ConfigProblem("command line", "--url", f"expected one of {allowed}")])
        return settings.origins[0]
    if (origin := url.rstrip("/")) not in settings.origins:
        expected = f"expected one of `capacity.origins` in {file}, {allowed}: nothing else is loaded"
        raise ConfigError([ConfigProblem("command line", "--url", expected)])
    return origin


def secrets_of(settings: CapacitySettings, file: Path) -> dict[str, Secret]:
    """Return the secrets by name. Raises ConfigError naming every file that cannot be read."""
    problems = ProblemList()
    secrets = {}
    for name, path in settings.secret_files.items():
        with problems.collecting():
            secrets[name] = secret_from(None, path, f"capacity.secret_files.{name}", str(file))
    problems.raise_if_any()
    return secrets


def tls_of(settings: CapacitySettings, file: Path) -> ssl.SSLContext | None:
    """Return the context that trusts `ca_file`, None for the system's CAs. Raises ConfigError."""
    if settings.ca_file is None:
        return None
    path = file.parent / settings.ca_file
    try:
        return ssl.create_default_context(cafile=path)
    except (ssl.SSLError, OSError):
        expected = f"expected certificates in PEM form in {path}"
        raise ConfigError([ConfigProblem(str(file), "capacity.ca_file", expected)]) from None


async def ready(
    client: Client, origin: str, settings: CapacitySettings, secrets: Mapping[str, Secret]
) -> list[Prepared]:
    """Return the requests of the load, after logging in and sending each of them once. Raises NotReadyError."""
    values = {name: secret.reveal() for name, secret in secrets.items()}
    if settings.log_in:
        values |= await _log_in(client, origin, settings.log_in, values)
    requests = [_prepared(origin, request, settings.headers, values) for request in settings.requests]
    for request, described in zip(requests, settings.requests, strict=True):
        error, _ = await client.exchange(request, client.timeout_seconds)
        if error:
            raise NotReadyError(f"{described.method} {described.path}: {error}, before any load")
    return requests


async def _log_in(client: Client, origin: str, log_in: LogIn, values: Mapping[str, str]) -> dict[str, str]:
    described = CapacityRequest(path=log_in.path, method="POST", body=log_in.body)
    request = _prepared(origin, described, {}, values)
    error, body = await client.exchange(request, client.timeout_seconds)
    if error:
        raise NotReadyError(f"log-in at {log_in.path}: {error}")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise NotReadyError(f"log-in at {log_in.path}: the answer is not JSON") from None
    return {name: _value(document, place, log_in) for name, place in log_in.save.items()}


def _value(document: Any, place: str, log_in: LogIn) -> str:
    for part in place.split("."):
        if isinstance(document, list) and part.isdigit() and int(part) < len(document):
            document = document[int(part)]
        elif isinstance(document, dict) and part in document:
            document = document[part]
        else:
            raise NotReadyError(f"log-in at {log_in.path}: the answer has no {place}")
    if not isinstance(document, str | int | float):
        raise NotReadyError(f"log-in at {log_in.path}: {place} is neither a text nor a number")
    return str(document)


def _prepared(origin: str, request: CapacityRequest, headers: Mapping[str, str], values: Mapping[str, str]) -> Prepared:
    filled = {name: fill(text, values) for name, text in headers.items()}
    if not all(text.isprintable() and text.isascii() for text in filled.values()):
        raise NotReadyError("a value that is not allowed in a header")
    body = None
    if request.body is not None:
        body = fill(request.body, values, lambda value: json.dumps(value)[1:-1]).encode()
        filled = {"Content-Type": _JSON} | filled
    path = fill(request.path, values, lambda value: quote(value, safe=""))
    return Prepared(request.method, origin + path, filled, body, request.weight)
