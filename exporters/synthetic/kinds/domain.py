"""When the domain of a host expires, as its registry says: asked at most daily, remembered over restarts."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from exporters.core.checks.check import CheckSettings, Entry, Observation, Probe
from exporters.core.checks.http_url import parse_url, plain_host
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.field_checks import at_least, between, expect
from exporters.synthetic.domain_memory import DAY_SECONDS, DomainMemory, Known
from exporters.synthetic.rdap import Registration, is_public, is_trusted, look
from exporters.synthetic.tls import client_context

_OLDEST_SECONDS = 3 * DAY_SECONDS


def _expect_host(host: str) -> None:
    try:
        name = plain_host(host)
    except ValueError:
        name = ""
    expect(0 < len(name) <= 253 and not set(name) & set("/ @:?#"), "a host name", host)


def _expect_trusted_url(url: str) -> None:
    if not is_trusted(parse_url(url)):
        raise ValueError("expected an https address")


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainCheck(CheckSettings):
    """Passes while what the registry said of the domain of `host` is at most three days old.

    The registry is asked over RDAP at most once a day, six hours after a failure; a run in between only shows what is
    known. A private name, or one whose registry does not say, passes as not measured. Early warning is left to the
    alert rules.
    """

    kind: Annotated[Literal["domain"], "When a domain expires."]
    host: Annotated[str, "A host name in the domain, such as `crm.example.org`.", _expect_host]
    state: Annotated[str, "The folder where the last answer is kept over restarts."]
    bootstrap_url: Annotated[
        str, "Where the list of registries is: IANA's, or a copy of it.", _expect_trusted_url
    ] = "https://data.iana.org/rdap/dns.json"  # fmt: skip
    ca_file: Annotated[str | None, "The CA that signed their certificates (PEM); default: the system's CAs."] = None
    interval_seconds: Annotated[float, "Seconds from the start of one run to the next.", between(1, 86400)] = 300.0
    timeout_seconds: Annotated[
        float, "Seconds after which a run has failed; less than `interval_seconds`.", at_least(0.1)
    ] = 60.0


def prepare(settings: DomainCheck, entry: Entry) -> Probe:
    """Return the check, with what is known of its domain. Raises ConfigError."""
    if not is_public(settings.host):
        return _not_measured
    folder = Path(entry.settings_file).parent / settings.state
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise entry.error("state", f"expected a folder that this user may write to, at {folder}")
    memory = DomainMemory(settings.host, folder / f"domain-{settings.name}.json")
    context = client_context(entry, settings.ca_file, verify=True)
    return partial(check, memory, partial(look, settings.host, settings.bootstrap_url, context))


def _not_measured(observation: Observation, _deadline: Deadline) -> None:
    observation.set("pantrywatch_domain_known", 0)


def check(
    memory: DomainMemory, ask: Callable[[Deadline], Registration], observation: Observation, deadline: Deadline
) -> None:
    """Look if it is due, and show what is known. Raises CollectError once that is too old."""
    known = memory.refresh(lambda: ask(deadline))
    _show(known, observation)
    if known.answered_at is None or memory.now() - known.answered_at > _OLDEST_SECONDS:
        raise CollectError(known.error or ErrorClass.TIMEOUT, "the registry has not answered for three days")


def _show(known: Known, observation: Observation) -> None:
    if known.error:
        observation.set("pantrywatch_domain_error", 1, known.error.value)
    if known.answered_at is not None:
        observation.set("pantrywatch_domain_known", int(known.expires_at is not None))
        observation.set("pantrywatch_domain_answer_timestamp_seconds", known.answered_at)
    if known.expires_at is not None:
        observation.set("pantrywatch_domain_expiry_timestamp_seconds", known.expires_at)
