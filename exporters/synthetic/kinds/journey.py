"""What a user does, as a few requests in sequence: log in, read, write, and clean up.

A later step uses what an earlier one saved, secrets from files and the settings' own values, as `<<name>>` in its url,
headers and body; `<<run>>` is different in each run. Braces are literal, so that JSON can be written as it is; `<<…>>`
is always a placeholder. A value is escaped so that it cannot change its context: percent-encoded in a url and in a
form, escaped as in a JSON string in a JSON body. It is never part of the host of a url, so that an answer cannot choose
where a secret is sent. Cookies are kept and sent as a browser does, within the run.

Use an account and records that exist only for this check: each run writes.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal
from urllib.parse import quote

from exporters.core.checks.check import Entry, Observation, Probe
from exporters.core.checks.http_url import parse_url
from exporters.core.checks.templating import SecretFiles, expect_placeholder_names, fill, names_in
from exporters.core.deadline import Deadline
from exporters.core.decoder import Problems, RecordCheck
from exporters.core.errors import CollectError, ErrorClass, classify_network_error
from exporters.core.field_checks import (
    at_most_entries,
    each_value,
    expect,
    expect_name,
    expect_regex,
    optional,
    some_entries,
    unique_names,
)
from exporters.core.settings import Secret
from exporters.synthetic.cookies import Cookies
from exporters.synthetic.dependency import ConnectingCheck
from exporters.synthetic.http_client import (
    Request,
    all_headers,
    exchange,
    expect_headers,
    expect_status,
    judge,
    sendable,
)
from exporters.synthetic.metrics import STEP_SECONDS
from exporters.synthetic.saved_values import expect_place, save_values
from exporters.synthetic.tls import client_context

_MAXIMUM_STEPS = 10
_DEFAULT_STATUSES = range(200, 300)  # a redirect is not followed, and is often the way back to the login page
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
_RUN = "run"
# Shares of `timeout_seconds` before its end: from when the steps may not go on, and the clean-up.
_CLEANUP_SHARE, _REST_SHARE = 0.2, 0.02


def _expect_plain_host(url: str) -> None:
    origin = parse_url(url).netloc
    expect(not names_in(origin), "no placeholder in the host of a url", origin)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One request of a journey; redirects are not followed. `<<name>>` in its texts is a secret or another value."""

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
        dict[str, str],
        "Name → place of its value in the answer: in JSON, such as `data.items.0.id`; `field:csrf_token`, of an input "
        "of the page; `meta:csrf-token`, of a meta element; `cookie:XSRF-TOKEN`; `header:Location`.",
        expect_placeholder_names,
        each_value(expect_place),
    ] = field(default_factory=dict)


def _distinct_values(
    steps: tuple[Step, ...], cleanup: tuple[Step, ...], secret_files: dict[str, str], variables: dict[str, str]
) -> Problems:
    known = {_RUN, *secret_files}
    for entry, names in (("variables", variables), *_saves("steps", steps), *_saves("cleanup", cleanup)):
        for name in names:
            if name in known:
                yield f"{entry}.{name}", f"expected a name of its own, got {name!r} again"
        known |= names.keys()


def _saves(entry: str, steps: tuple[Step, ...]) -> list[tuple[str, dict[str, str]]]:
    return [(f"{entry}[{index}].save", getattr(step, "save", {})) for index, step in enumerate(steps)]


def _distinct_steps(steps: tuple[Step, ...], cleanup: tuple[Step, ...]) -> Problems:
    names = {getattr(step, "name", "") for step in steps}
    for index, step in enumerate(cleanup):
        if getattr(step, "name", None) in names:
            yield f"cleanup[{index}].name", f"expected a name of its own, got {step.name!r} again"


def _no_secret_of_that_name(secret_files: dict[str, str]) -> Problems:
    if _RUN in secret_files:
        yield f"secret_files.{_RUN}", f"expected another name: <<{_RUN}>> is the text that is different in each run"


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyCheck(ConnectingCheck):
    """Passes if every step does, in order, all within `timeout_seconds`; with `cleanup` within four fifths of it."""

    kind: Annotated[Literal["journey"], "What a user does, as a few requests in sequence."]
    steps: Annotated[
        tuple[Step, ...], f"1 to {_MAXIMUM_STEPS} requests, in order.", some_entries("step"),
        at_most_entries(_MAXIMUM_STEPS, "steps"), unique_names,
    ]  # fmt: skip
    cleanup: Annotated[
        tuple[Step, ...],
        f"At most {_MAXIMUM_STEPS} requests after the others, whether those passed or not, but for those that need a "
        "value which was not saved. One that fails is seen in its metrics, and does not fail the check.",
        at_most_entries(_MAXIMUM_STEPS, "steps"), unique_names,
    ] = ()  # fmt: skip
    secret_files: SecretFiles = field(default_factory=dict)
    variables: Annotated[
        dict[str, str], "Placeholder name → value; `<<run>>` is there without: a text that is different in each run.",
        expect_placeholder_names,
    ] = field(default_factory=dict)  # fmt: skip
    tls_verify: Annotated[bool, "Whether to verify the servers' certificates."] = True
    ca_file: Annotated[str | None, "The CA that signed the certificates (PEM); default: the system's CAs."] = None

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (_distinct_values, _distinct_steps, _no_secret_of_that_name)

    def all_steps(self) -> tuple[Step, ...]:
        """Return the steps and those of the clean-up."""
        return (*self.steps, *self.cleanup)


def prepare(settings: JourneyCheck, entry: Entry) -> Probe:
    """Return the check, with its secrets and CAs loaded. Raises ConfigError."""
    known = {_RUN, *settings.secret_files, *settings.variables}
    for name, steps in (("steps", settings.steps), ("cleanup", settings.cleanup)):
        for index, step in enumerate(steps):
            _expect_known(step, known, entry, f"{name}[{index}]")
            known |= step.save.keys()
    files = settings.secret_files.items()
    own_secrets = {name: entry.secret_file(f"secret_files.{name}", file) for name, file in files}
    context = client_context(entry, settings.ca_file, verify=settings.tls_verify)

    def probe(observation: Observation, deadline: Deadline) -> None:
        _Run(settings, own_secrets, context, observation).make(deadline)

    return probe


def _texts(step: Step) -> dict[str, str]:
    return {"url": step.url, "body": step.body or ""} | {f"headers.{k}": text for k, text in step.headers.items()}


def _expect_known(step: Step, known: set[str], entry: Entry, path: str) -> None:
    for name, text in _texts(step).items():
        if unknown := sorted(names_in(text) - known):
            placeholders = ", ".join(f"<<{name}>>" for name in unknown)
            expected = f"expected names of secret_files, variables or saved by an earlier step, got {placeholders}"
            raise entry.error(f"{path}.{name}", expected)


class _Run:
    """One run of a journey: its cookies, and the values known so far."""

    def __init__(
        self, settings: JourneyCheck, own_secrets: Mapping[str, Secret], context: ssl.SSLContext, seen: Observation
    ) -> None:
        self._settings = settings
        self._context = context
        self._observation = seen
        self._cookies = Cookies()
        revealed = {name: secret.reveal() for name, secret in own_secrets.items()}
        self._values = {_RUN: secrets.token_hex(8), **settings.variables, **revealed}

    def make(self, deadline: Deadline) -> None:
        """Take all steps. Raises CollectError with the first that fails."""
        seconds = self._settings.timeout_seconds
        if not self._settings.cleanup:
            self._take_all(self._settings.steps, deadline)
            return
        try:
            self._take_all(self._settings.steps, deadline.earlier(seconds * _CLEANUP_SHARE))
        finally:
            self._clean_up(deadline.earlier(seconds * _REST_SHARE))

    def _take_all(self, steps: Sequence[Step], deadline: Deadline) -> None:
        for step in steps:
            self._take(step, deadline)

    def _clean_up(self, deadline: Deadline) -> None:
        for step in self._settings.cleanup:
            if set().union(*map(names_in, _texts(step).values())) <= self._values.keys():
                with contextlib.suppress(CollectError):
                    self._take(step, deadline)

    def _take(self, step: Step, deadline: Deadline) -> None:
        """Take a step. Raises CollectError with its name."""
        start = time.monotonic()
        # Failed until it passes: a run abandoned at its deadline shows the step that it hangs in.
        self._observation.set("pantrywatch_check_step_success", 0, step.name)
        try:
            self._exchange(step, deadline)
        except (CollectError, OSError) as error:
            raise _named(step, error) from None
        finally:
            seconds = time.monotonic() - start
            self._observation.set("pantrywatch_check_step_duration_seconds", seconds, step.name)
        self._observation.set("pantrywatch_check_step_success", 1, step.name)
        self._observation.observe(STEP_SECONDS, seconds, seconds, step.name)

    def _exchange(self, step: Step, deadline: Deadline) -> None:
        """Make the request of a step, and keep the values it saves.

        With an expected status also those of an answer whose body is wrong: what was written must be cleaned up.
        """
        request = _request(step, self._values, self._cookies)
        answer = exchange(request, self._context, self._observation, deadline)
        self._cookies.take(request.url, answer.head)
        pattern = re.compile(step.expect_body) if step.expect_body else None
        statuses = step.expect_status or _DEFAULT_STATUSES
        try:
            judge(answer, statuses, pattern, self._observation)
        except CollectError:
            if answer.status in statuses:
                with contextlib.suppress(CollectError):
                    save_values(step.save, answer, self._cookies, self._values)
            raise
        save_values(step.save, answer, self._cookies, self._values)


def _request(step: Step, values: Mapping[str, str], cookies: Cookies) -> Request:
    url = parse_url(fill(step.url, values, _in_url))
    headers = all_headers({"Content-Type": _JSON} if step.body is not None else {})
    if kept := cookies.header(url):
        headers["Cookie"] = kept
    headers = all_headers(headers | {name.title(): fill(text, values) for name, text in step.headers.items()})
    if not all(map(sendable, headers.values())):
        raise CollectError(ErrorClass.PROTOCOL, "a value that is not allowed in a header")
    body = None if step.body is None else fill(step.body, values, _escape(headers.get("Content-Type", "")))
    return Request(step.method, url, headers, None if body is None else body.encode())


def _in_url(value: str) -> str:
    return quote(value, safe="")


def _escape(content_type: str) -> Callable[[str], str]:
    """Return the function that escapes a value for a body of this kind."""
    if content_type.startswith(_FORM):
        return _in_url
    return (lambda value: json.dumps(value)[1:-1]) if "json" in content_type else str


def _named(step: Step, error: CollectError | OSError) -> CollectError:
    """Return the error with the name of its step, in words that contain nothing that the server sent."""
    if isinstance(error, CollectError):
        return CollectError(error.error_class, f"step {step.name}: {error}")
    why = "no answer in time" if isinstance(error, TimeoutError) else error.strerror or type(error).__name__
    return CollectError(classify_network_error(error), f"step {step.name}: {why}")
