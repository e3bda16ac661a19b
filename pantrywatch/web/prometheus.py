"""Proxy from the page to one Prometheus: a few API calls, bounded in size and time."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import requests

from exporters.core.access import WebSettings
from pantrywatch.web.alerts import merged
from pantrywatch.web.client import session

_PATHS = re.compile(r"query|query_range|series|alerts|label/[a-zA-Z_][a-zA-Z0-9_]*/values")
_PARAMETERS = frozenset({"query", "time", "start", "end", "step", "match[]"})
_MAXIMUM_ANSWER_BYTES = 32 * 1024 * 1024
_MAXIMUM_QUESTION_BYTES = 64 * 1024
_LOGIN = "see `web` in the settings, and `--settings` of this command"
_TIMEOUT_SECONDS = 25.0  # the page's own connection ends after 30 s


@dataclass(frozen=True, slots=True)
class Answer:
    """The response of Prometheus, or an error in the same format."""

    status: int
    body: bytes


class NoAnswerError(Exception):
    """Prometheus did not answer, or not as expected; the text says so in words."""


class Prometheus:
    """One server. Only the API paths on a fixed list are passed on, so this is not an open proxy."""

    def __init__(
        self,
        url: str,
        web: WebSettings | None = None,
        timeout_seconds: float = _TIMEOUT_SECONDS,
        evaluating: Sequence[str] = (),
    ) -> None:
        """Take the base URL, and the login and trust settings.

        The URL may have a path before /api, and a query that each question gets, such as `?extra_label=cluster=crm`.
        `evaluating`: where it is a store or one of a pair, the URLs of those that evaluate the rules: which alerts fire
        is asked of all of them. A store says that none does.
        """
        base, _, query = url.partition("?")
        self._evaluating = [Prometheus(one, web, timeout_seconds) for one in evaluating]
        self.url, self._always = base.rstrip("/"), parse_qsl(query)
        self._web = web or WebSettings()
        self._timeout_seconds = timeout_seconds

    def query(self, path: str, parameters: list[tuple[str, str]]) -> Answer:
        """Return the response to /api/v1/<path>. Blocks, so it must not be called in the event loop."""
        if not _PATHS.fullmatch(path):
            return _refusal(404, "bad_data", f"not passed on: /api/v1/{path[:100]}")
        unknown = sorted({name for name, _ in parameters} - _PARAMETERS)
        if unknown or sum(len(value) for _, value in parameters) > _MAXIMUM_QUESTION_BYTES:
            reason = f"unknown parameters {unknown}" if unknown else f"longer than {_MAXIMUM_QUESTION_BYTES} bytes"
            return _refusal(400, "bad_data", f"not passed on: {reason}")
        return self._ask_evaluating() if path == "alerts" and self._evaluating else self._ask_safely(path, parameters)

    def data(self, path: str, parameters: list[tuple[str, str]]) -> Any:
        """Return the field `data` of the response to /api/v1/<path>. Raises NoAnswerError."""
        return self._document(path, parameters).get("data")

    def alerts(self) -> tuple[Any, list[str]]:
        """Return `data` of the response to /api/v1/alerts, and what it lacks, in words. Raises NoAnswerError."""
        document = self._document("alerts", [])
        warnings = document.get("warnings")
        return document.get("data"), [str(one) for one in warnings] if isinstance(warnings, list) else []

    def _document(self, path: str, parameters: list[tuple[str, str]]) -> dict[str, Any]:
        answer = self.query(path, parameters)
        try:
            document = json.loads(answer.body)
        except (ValueError, RecursionError) as error:
            raise NoAnswerError(f"its answer, status {answer.status}, is not JSON") from error
        if not isinstance(document, dict) or document.get("status") != "success":
            text = document.get("error", "") if isinstance(document, dict) else ""
            raise NoAnswerError(str(text)[:200] or f"its answer has the status {answer.status}")
        return document

    def _ask_evaluating(self) -> Answer:
        with ThreadPoolExecutor(len(self._evaluating)) as pool:
            answers = list(pool.map(lambda one: one.query("alerts", []), self._evaluating))
        names = [one.shown_url for one in self._evaluating]
        body = merged({name: answer.body for name, answer in zip(names, answers, strict=True)})
        return answers[0] if body is None else Answer(200, body)

    def _ask_safely(self, path: str, parameters: list[tuple[str, str]]) -> Answer:
        try:
            return self._ask(path, [*parameters, *self._always])
        except requests.Timeout:
            return _refusal(504, "timeout", f"Prometheus did not answer within {self._timeout_seconds:g} s")
        except requests.exceptions.SSLError:
            return _refusal(502, "unavailable", f"The certificate of Prometheus at {self.shown_url} is not trusted.")
        except OSError:  # includes a CA file that is gone
            return _refusal(502, "unavailable", f"Prometheus does not answer at {self.shown_url}. Is it running?")

    @property
    def shown_url(self) -> str:
        """The URL without any credentials."""
        return re.sub(r"//[^/@]*@", "//", self.url)

    def _ask(self, path: str, parameters: list[tuple[str, str]]) -> Answer:
        # Long queries fit into a form, not into an address.
        in_form = path.startswith("query")
        with (
            session(self._web) as ours,
            ours.request(
                "POST" if in_form else "GET",
                f"{self.url}/api/v1/{path}",
                data=parameters if in_form else None,
                params=None if in_form else parameters,
                timeout=self._timeout_seconds,
                stream=True,
                allow_redirects=False,
            ) as got,
        ):
            if got.status_code == requests.codes.unauthorized:
                return _refusal(502, "unavailable", f"Prometheus at {self.shown_url} rejected the login: {_LOGIN}")
            body = bytearray()
            for part in got.iter_content(64 * 1024):
                body += part
                if len(body) > _MAXIMUM_ANSWER_BYTES:
                    return _refusal(502, "too_large", f"the answer is larger than {_MAXIMUM_ANSWER_BYTES} bytes")
            return Answer(got.status_code, bytes(body))


def _refusal(status: int, kind: str, text: str) -> Answer:
    return Answer(status, json.dumps({"status": "error", "errorType": kind, "error": text}).encode())
