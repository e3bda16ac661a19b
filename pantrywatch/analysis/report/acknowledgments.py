"""Who acknowledged an incident: the silences that Alertmanager still knows, for a few days after they have ended."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import requests

from exporters.core.access import WebSettings
from pantrywatch.analysis.report.incidents import Incident
from pantrywatch.web.client import session

_TIMEOUT_SECONDS = 5.0
_MOST_BYTES = 8 * 1024 * 1024
_BEFORE_SECONDS = 60.0  # clocks differ, and a silence may be there before a rule's next evaluation


@dataclass(frozen=True, slots=True)
class Silence:
    """When a silence starts, in Unix seconds, and its matchers: label, value, whether it is a pattern, and equal."""

    starts: float
    matchers: tuple[tuple[str, str, bool, bool], ...]

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Return whether it silences an alert. A pattern that Python cannot read matches nothing."""
        try:
            return all(
                _is_equal(labels.get(name, ""), value, is_regex) == equal
                for name, value, is_regex, equal in self.matchers
            )
        except re.error:
            return False


def _is_equal(value: str, wanted: str, is_regex: bool) -> bool:  # noqa: FBT001 - as Alertmanager names it
    return re.fullmatch(wanted, value) is not None if is_regex else value == wanted


def first_silences(urls: Sequence[str], web: WebSettings) -> list[Silence]:
    """Return the silences of the first Alertmanager of a cluster that answers: all of it have them.

    Raises as `read_silences` for the last one.
    """
    *others, last = urls
    for url in others:
        with suppress(OSError, ValueError):
            return read_silences(url, web)
    return read_silences(last, web)


def read_silences(url: str, web: WebSettings) -> list[Silence]:
    """Return the silences of an Alertmanager. Raises OSError if it does not answer, ValueError for another answer."""
    with (
        session(web) as http,
        http.get(f"{url.rstrip('/')}/api/v2/silences", timeout=_TIMEOUT_SECONDS, stream=True) as answer,
    ):
        if answer.status_code != requests.codes.ok:
            raise ConnectionError(f"status {answer.status_code}")
        body = answer.raw.read(_MOST_BYTES + 1, decode_content=True)
    if len(body) > _MOST_BYTES:
        raise ValueError(f"expected at most {_MOST_BYTES} bytes")
    return silences_of(json.loads(body))


def silences_of(document: Any) -> list[Silence]:
    """Return the silences of an answer of /api/v2/silences. Raises ValueError."""
    try:
        return [
            Silence(
                datetime.fromisoformat(one["startsAt"]).timestamp(),
                tuple(
                    (str(each["name"]), str(each["value"]), bool(each["isRegex"]), bool(each.get("isEqual", True)))
                    for each in one["matchers"]
                ),
            )
            for one in document
        ]
    except (AttributeError, LookupError, TypeError) as error:
        raise ValueError("expected a list of silences") from error


def acknowledged(incidents: Sequence[Incident], silences: Sequence[Silence]) -> list[Incident]:
    """Return the incidents with the time from their alert to the first silence of one of their alerts."""
    return [replace(one, acknowledged=_first(one, silences)) for one in incidents]


def _first(incident: Incident, silences: Sequence[Silence]) -> float | None:
    starts = [
        silence.starts
        for silence in silences
        if silence.starts >= incident.fired - _BEFORE_SECONDS
        and (incident.ended is None or silence.starts <= incident.ended)
        and any(silence.matches(labels) for labels in incident.labels)
    ]
    return max(0.0, min(starts) - incident.fired) if starts else None
