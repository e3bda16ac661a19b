"""Fetches an application's page of metrics as Prometheus would, and says what is wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message

import requests
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families

from exporters.core.deadline import Deadline
from pantrywatch.application.relabelled import Sample
from pantrywatch.application.session import application_session
from pantrywatch.config.application import Access

_ACCEPT = "text/plain;version=0.0.4;q=1,*/*;q=0.1"
_LONGEST_SECONDS = 10.0
_LARGEST_BYTES = 64 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024
# What Prometheus 3 takes (model/textparse/interface.go); Prometheus 2 takes anything for the text format.
_KNOWN_TYPES = ("text/plain", "application/openmetrics-text", "application/vnd.google.protobuf")


@dataclass(frozen=True, slots=True)
class Page:
    """Its samples; `fault`: why there are none, `refused`: why Prometheus 3 would refuse it. Empty: all is right."""

    url: str
    samples: tuple[Sample, ...] = ()
    fault: str = ""
    refused: str = ""


def fetch(url: str, access: Access) -> Page:
    """Return the page at a URL; the paths of `access` are absolute. Never raises; takes at most 10 s."""
    deadline = Deadline.after(_LONGEST_SECONDS)
    try:
        with application_session(access) as session:
            answer = session.get(url, headers={"Accept": _ACCEPT}, timeout=_LONGEST_SECONDS, stream=True)
            if not answer.ok:
                return Page(url, fault=f"answers with status {answer.status_code}{_hint(answer.status_code)}")
            body = _body(answer, deadline)
    except requests.Timeout:
        return Page(url, fault=f"does not answer within {_LONGEST_SECONDS:g} s")
    except requests.RequestException as error:
        return Page(url, fault=_reason(error))
    except ValueError:  # a token that was changed since the start
        return Page(url, fault="cannot be asked: the token is no text that a header can hold")
    if body is None:
        return Page(url, fault=f"takes longer than {_LONGEST_SECONDS:g} s or is larger than 64 MiB")
    return read(url, body.decode("utf-8", errors="replace"), answer.headers.get("Content-Type", ""))


def read(url: str, text: str, content_type: str) -> Page:
    """Return the page with this body and Content-Type."""
    parse = openmetrics_families if media_type(content_type) == _KNOWN_TYPES[1] else text_string_to_metric_families
    try:
        samples = tuple(Sample(one.name, one.labels, one.value) for family in parse(text) for one in family.samples)
    except (ValueError, KeyError, IndexError, AttributeError, TypeError) as error:
        return Page(url, fault=f"is no page of metrics: {_first_line(error)}")
    if not samples:
        return Page(url, fault="has no metrics")
    return Page(url, samples, refused=refusal(content_type))


def refusal(content_type: str) -> str:
    """Return why Prometheus 3 would refuse a page with this Content-Type, or nothing."""
    if media_type(content_type) in _KNOWN_TYPES:
        return ""
    shown = f"the Content-Type {content_type[:60]!r}" if content_type else "no Content-Type"
    return (
        f"Prometheus 3 refuses a page with {shown}: let the application send text/plain; version=0.0.4, or set"
        " fallback_scrape_protocol: PrometheusText0.0.4"
    )


def media_type(content_type: str) -> str:
    """Return the media type without its parameters, in lower case; empty if there is none."""
    if not content_type:
        return ""
    message = Message()
    message["Content-Type"] = content_type.replace("\n", " ").replace("\r", " ")
    return message.get_content_type() if "/" in content_type else ""


def _body(answer: requests.Response, deadline: Deadline) -> bytes | None:
    """Return the body, or None where it takes too long or is too large."""
    found = bytearray()
    for chunk in answer.iter_content(_CHUNK_BYTES):
        found += chunk
        if deadline.passed() or len(found) > _LARGEST_BYTES:
            return None
    return bytes(found)


def _reason(error: requests.RequestException) -> str:
    """Return the innermost cause in words; no address, which stands next to it."""
    text = str(error).lower()
    if "refused" in text:
        return "refuses connections"
    if "resolve" in text or "name or service" in text:
        return "has a name that does not resolve"
    if isinstance(error, requests.exceptions.SSLError) or "certificate" in text:
        is_plain = "wrong_version_number" in text or "record layer" in text
        return (
            "does not speak TLS (`access.scheme`)" if is_plain else f"has no certificate that is trusted: {_tls(text)}"
        )
    if isinstance(error, requests.exceptions.InvalidURL):
        return "has an address that is none"
    return f"cannot be fetched ({type(error).__name__})"


def _hint(status: int) -> str:
    return ": it wants a login or a token (`access` in the settings)" if status in (401, 403) else ""


def _tls(text: str) -> str:
    """Return what OpenSSL says of the certificate."""
    found = re.search(r"verify failed: ([^(\]]+)", text)
    return found[1].strip() if found else "the handshake failed"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120]
