"""What a user does, as a few requests in sequence: log in, read, write.

A later step uses what an earlier one saved, and secrets from files, as `<<name>>` in its url, headers and body. Braces
are literal, so that JSON can be written as it is; `<<…>>` is always a placeholder. A value is escaped so that it cannot
change its context: percent-encoded in a url and in a form, escaped as in a JSON string in a JSON body. It is never part
of the host of a url, so that an answer cannot choose where a secret is sent.

Use an account and records that exist only for this check: each run writes.
"""

from __future__ import annotations

import json
import re
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import quote

from exporters.core.checks.check import CheckSettings, Entry, Observation, Probe
from exporters.core.checks.http_url import parse_url
from exporters.core.checks.templating import expect_placeholder_names, fill, names_in
from exporters.core.deadline import Deadline
from exporters.core.decoder import Problems, RecordCheck
from exporters.core.errors import CollectError, ErrorClass, classify_network_error
from exporters.core.field_checks import (
    at_most_entries,
    expect,
    expect_name,
    expect_regex,
    optional,
    some_entries,
    unique_names,
)
from exporters.core.settings import Secret
from exporters.synthetic.http_body import text_of
from exporters.synthetic.http_client import (
    Answer,
    Request,
    all_headers,
    exchange,
    expect_headers,
    expect_status,
    judge,
    sendable,
)
from exporters.synthetic.tls import client_context

_MAXIMUM_STEPS = 10
_DEFAULT_STATUSES = range(200, 300)  # a redirect is not followed, and is often the way back to the login page
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"


def _expect_plain_host(url: str) -> None:
    origin = parse_url(url).netloc
    expect(not names_in(origin), "no placeholder in the host of a url", origin)


def _expect_places(save: Mapping[str, str]) -> None:
    expect_placeholder_names(save)
    if not all(save.values()):
        raise ValueError("expected the place of each saved value in the answer, got an empty text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One request of a journey; redirects are not followed. `<<name>>` in its texts is a secret or a saved value."""

    name: Annotated[str, "The value of the label `step`; unique in the journey.", expect_name]
    url: Annotated[str, "The URL to request; its host must not contain a placeholder.", _expect_plain_host]
    method: Annotated[Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"], "The method of the request."] = "GET"
    headers: Annotated[dict[str, str], "Headers to send, by name.", expect_headers] = field(default_factory=dict)
    body: Annotated[str | None, "The body to send: JSON, unless a header Content-Type says otherwise."] = None
    expect_status: Annotated[
        tuple[Annotated[int, expect_status], ...], "The statuses that pass; default: 200 to 299."
    ] = ()
    expect_body: Annotated[str | None, "A regular expression that the body must match.", optional(expect_regex)] = None
    save: Annotated[
        dict[str, str], "Name → place of its value in the JSON answer, such as `data.items.0.id`.", _expect_places
    ] = field(default_factory=dict)


def _distinct_values(steps: tuple[Step, ...], secret_files: dict[str, str]) -> Problems:
    known = set(secret_files)
    for index, step in enumerate(steps):
        saved = getattr(step, "save", {})
        for name in saved:
            if name in known:
                yield f"steps[{index}].save.{name}", f"expected a name of its own, got {name!r} again"
        known |= saved.keys()


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyCheck(CheckSettings):
    """Passes if every step does, in order, all within `timeout_seconds`."""

    kind: Annotated[Literal["journey"], "What a user does, as a few requests in sequence."]
    steps: Annotated[
        tuple[Step, ...], f"1 to {_MAXIMUM_STEPS} requests, in order.", some_entries("step"),
        at_most_entries(_MAXIMUM_STEPS, "steps"), unique_names,
    ]  # fmt: skip
    secret_files: Annotated[dict[str, str], "Placeholder name → file with its value.", expect_placeholder_names] = (
        field(default_factory=dict)
    )
    tls_verify: Annotated[bool, "Whether to verify the servers' certificates."] = True
    ca_file: Annotated[str | None, "The CA that signed the certificates (PEM); default: the system's CAs."] = None

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (_distinct_values,)


def prepare(settings: JourneyCheck, entry: Entry) -> Probe:
    """Return the check, with its secrets and CAs loaded. Raises ConfigError."""
    known = set(settings.secret_files)
    for index, step in enumerate(settings.steps):
        _expect_known(step, known, entry, f"steps[{index}]")
        known |= step.save.keys()
    files = settings.secret_files.items()
    secrets = {name: entry.secret_file(f"secret_files.{name}", file) for name, file in files}
    context = client_context(entry, settings.ca_file, verify=settings.tls_verify)
    return partial(_check, settings.steps, secrets, context)


def _expect_known(step: Step, known: set[str], entry: Entry, path: str) -> None:
    texts = {"url": step.url, "body": step.body or ""} | {f"headers.{k}": text for k, text in step.headers.items()}
    for name, text in texts.items():
        if unknown := sorted(names_in(text) - known):
            placeholders = ", ".join(f"<<{name}>>" for name in unknown)
            expected = f"expected names of secret_files or saved by an earlier step, got {placeholders}"
            raise entry.error(f"{path}.{name}", expected)


def _check(
    steps: Sequence[Step],
    secrets: Mapping[str, Secret],
    context: ssl.SSLContext,
    observation: Observation,
    deadline: Deadline,
) -> None:
    values = {name: secret.reveal() for name, secret in secrets.items()}
    for step in steps:
        start = time.monotonic()
        # Failed until it passes: a run abandoned at its deadline shows the step that it hangs in.
        observation.set("pantrywatch_check_step_success", 0, step.name)
        try:
            values |= _take(step, values, context, observation, deadline)
        except (CollectError, OSError) as error:
            raise _named(step, error) from None
        finally:
            observation.set("pantrywatch_check_step_duration_seconds", time.monotonic() - start, step.name)
        observation.set("pantrywatch_check_step_success", 1, step.name)


def _take(
    step: Step, values: Mapping[str, str], context: ssl.SSLContext, observation: Observation, deadline: Deadline
) -> dict[str, str]:
    """Make the request of a step; return the values it saves."""
    answer = exchange(_request(step, values), context, observation, deadline)
    pattern = re.compile(step.expect_body) if step.expect_body else None
    judge(answer, step.expect_status or _DEFAULT_STATUSES, pattern, observation)
    return saved_values(step, answer)


def _request(step: Step, values: Mapping[str, str]) -> Request:
    headers = all_headers({"Content-Type": _JSON} if step.body is not None else {})
    headers = all_headers(headers | {name.title(): fill(text, values) for name, text in step.headers.items()})
    if not all(map(sendable, headers.values())):
        raise CollectError(ErrorClass.PROTOCOL, "a value that is not allowed in a header")
    url = parse_url(fill(step.url, values, _in_url))
    body = None if step.body is None else fill(step.body, values, _escape(headers.get("Content-Type", "")))
    return Request(step.method, url, headers, None if body is None else body.encode())


def _in_url(value: str) -> str:
    return quote(value, safe="")


def _escape(content_type: str) -> Callable[[str], str]:
    """Return the function that escapes a value for a body of this kind."""
    if content_type.startswith(_FORM):
        return _in_url
    return (lambda value: json.dumps(value)[1:-1]) if "json" in content_type else str


def saved_values(step: Step, answer: Answer) -> dict[str, str]:
    """Return the values that a step saves from its answer. Raises CollectError (protocol) if one is missing."""
    if not step.save:
        return {}
    document = _document(answer)
    return {name: _value(document, place) for name, place in step.save.items()}


def _document(answer: Answer) -> Any:
    """Return the JSON of an answer, with numbers as written: an id may exceed the precision of a float."""
    text = answer.body.content(), answer.body.content_type
    try:
        return json.loads(text_of(*text, errors="strict"), parse_int=str, parse_float=str, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise CollectError(ErrorClass.PROTOCOL, "the answer is not JSON") from None


def _refuse(constant: str) -> None:
    raise ValueError(f"JSON has no {constant}")


def _value(document: Any, place: str) -> str:
    """Return the text, number or truth value at a place; its parts are keys, and indexes in a list."""
    for part in place.split("."):
        try:
            document = document[int(part) if isinstance(document, list) else part]
        except (KeyError, IndexError, ValueError, TypeError):
            raise CollectError(ErrorClass.PROTOCOL, f"nothing at {place} in the answer") from None
    text = {True: "true", False: "false"}[document] if isinstance(document, bool) else document
    # Unprintable text cannot be an id or a token, and a lone surrogate cannot be sent.
    if not isinstance(text, str) or not text.isprintable():
        raise CollectError(ErrorClass.PROTOCOL, f"no plain value at {place} in the answer")
    return text


def _named(step: Step, error: CollectError | OSError) -> CollectError:
    """Return the error with the name of its step, in words that contain nothing that the server sent."""
    if isinstance(error, CollectError):
        return CollectError(error.error_class, f"step {step.name}: {error}")
    why = "no answer in time" if isinstance(error, TimeoutError) else error.strerror or type(error).__name__
    return CollectError(classify_network_error(error), f"step {step.name}: {why}")
