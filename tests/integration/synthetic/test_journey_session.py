"""The journey check against an application that renders its pages: a session in a cookie, a token in each form."""

from __future__ import annotations

import html
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from exporters.core.checks.probe_run import Result
from exporters.core.errors import ErrorClass
from exporters.synthetic.metrics import STEP_SECONDS
from tests.integration.synthetic.test_journey import step_states
from tests.support.peers import Check

TOKEN = 'a+b/="<&%25'
_XSRF = "XSRF=a%2Bb%2F%3D%22%3C%26%2525; Path=/"
_PAGE = """<!doctype html><meta name="csrf-token" content="{token}"><form method=post>
<input type=hidden name=csrf value="{token}"><INPUT name=note></form>"""


@dataclass(slots=True)
class Pages:
    """The application: who is logged in, what was written, and what it does wrong."""

    port: int = 0
    sessions: set[str] = field(default_factory=set)
    notes: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    deletes_with: int = 204
    hangs: bool = False
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(
        self, request: str, cookies: dict[str, str], given: str, fields: dict[str, str]
    ) -> tuple[int, str, list[str]]:
        """Return status, body and the values of Set-Cookie."""
        self.asked.append(request)
        if request == "GET /login":
            token = html.escape(TOKEN)
            return 200, _PAGE.format(token=token), ["visitor=1; Path=/; HttpOnly", _XSRF, "other=1; Path=/admin"]
        if TOKEN not in {fields.get("csrf"), given}:
            return 403, "", []
        if request == "POST /login":
            if cookies.keys() != {"visitor", "XSRF"} or fields["password"] != "s3cr3t":
                return 403, "", []
            self.sessions.add("4711")
            return 302, "", ["session=4711; Path=/", "visitor=; Max-Age=0; Path=/"]
        is_known = cookies.get("session") in self.sessions and "visitor" not in cookies
        return (self._change(request, fields) if is_known else 401), "", []

    def _change(self, request: str, fields: dict[str, str]) -> int:
        if request == "POST /notes":
            self.notes["17"] = fields["note"]
            if self.hangs:
                self.over.wait(60)
            return 303
        if request == "DELETE /notes/17" and self.deletes_with == 204:
            self.notes.pop("17")
        return self.deletes_with


@pytest.fixture
def pages() -> Iterator[Pages]:
    """Serve the application."""
    pages = Pages()

    class Handler(BaseHTTPRequestHandler):
        def _reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            cookies = {name: found.value for name, found in SimpleCookie(self.headers.get("Cookie", "")).items()}
            fields = {name: values[0] for name, values in parse_qs(body).items()}
            given = self.headers.get("X-Csrf-Token", "")
            status, text, set_cookies = pages.answer(f"{self.command} {self.path}", cookies, given, fields)
            self.send_response(status)
            for one in set_cookies:
                self.send_header("Set-Cookie", one)
            if status == 303:
                self.send_header("X-Note", "17")
            if status != 204:
                self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = do_DELETE = _reply  # noqa: N815 - names of the standard library

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        pages.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield pages
        pages.over.set()
        server.shutdown()
        thread.join(5)


def journey(pages: Pages, **more: Any) -> dict[str, Any]:
    """Return log in, write, and delete what was written."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return {
        "kind": "journey",
        "secret_files": {"password": "password"},
        "variables": {"greeting": "hello & bye"},
        "steps": [
            {
                "name": "form",
                "url": f"{pages.url}/login",
                "save": {"in_form": "field:csrf", "in_head": "meta:csrf-token", "in_cookie": "cookie:XSRF"},
            },
            {
                "name": "log-in",
                "method": "POST",
                "url": f"{pages.url}/login",
                "headers": form,
                "body": "csrf=<<in_form>>&password=<<password>>",
                "expect_status": [302],
            },
            {
                "name": "write",
                "method": "POST",
                "url": f"{pages.url}/notes",
                "headers": {**form, "X-CSRF-Token": "<<in_head>>"},
                "body": "note=<<greeting>> <<run>>",
                "expect_status": [303],
                "save": {"note": "header:X-Note"},
            },
        ],
        "cleanup": [
            {
                "name": "delete",
                "method": "DELETE",
                "url": f"{pages.url}/notes/<<note>>",
                "headers": {"X-CSRF-Token": "<<in_cookie>>"},
            }
        ],
        **more,
    }


@pytest.fixture(autouse=True)
def _password(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s3cr3t\n")


def measured(result: Result) -> set[str]:
    """Return the steps that have a time in the histogram."""
    return {labels[0] for name, labels in result.measured if name == STEP_SECONDS}


def test_a_session_and_its_tokens(check: Check, pages: Pages) -> None:
    """Cookies are kept by path and lifetime; tokens come from a form, a meta element and a cookie; it is cleaned up."""
    result = check(**journey(pages))
    assert (result.error_class, result.detail) == (None, "")
    assert step_states(result) == {"form": 1, "log-in": 1, "write": 1, "delete": 1}
    assert measured(result) == {"form", "log-in", "write", "delete"}
    assert pages.asked == ["GET /login", "POST /login", "POST /notes", "DELETE /notes/17"]
    assert pages.notes == {}


def test_no_cookie_outlives_its_run_and_each_run_has_a_text_of_its_own(check: Check, pages: Pages) -> None:
    """The second run logs in as a stranger, and what it writes can be told from the first's."""
    written = []
    for _ in range(2):
        assert check(**journey(pages, cleanup=[])).error_class is None
        written.append(pages.notes.pop("17"))
    texts = [text.removeprefix("hello & bye ") for text in written]
    assert all(len(text) == 16 and text.isalnum() for text in texts)
    assert len(set(texts)) == 2


def test_it_is_cleaned_up_after_a_refusal(check: Check, pages: Pages) -> None:
    """The check fails with the step that was refused; what was written before is deleted all the same."""
    steps = [*journey(pages)["steps"], {"name": "refused", "url": f"{pages.url}/never"}]
    result = check(**journey(pages, steps=steps))
    assert (result.error_class, result.detail) == (ErrorClass.PERMISSION, "step refused: status 403")
    assert step_states(result) == {"form": 1, "log-in": 1, "write": 1, "refused": 0, "delete": 1}
    assert pages.notes == {}


@pytest.mark.parametrize("more", [{"expect_body": "done"}, {"save": {"etag": "header:ETag", "note": "header:X-Note"}}])
def test_what_an_unexpected_answer_says_of_a_record_is_enough_to_clean_up(
    check: Check, pages: Pages, more: dict[str, Any]
) -> None:
    """The note is written, but the body or another value is not as expected: it is deleted all the same."""
    *steps, write = journey(pages)["steps"]
    result = check(**journey(pages, steps=[*steps, write | more]))
    assert result.error_class is ErrorClass.PROTOCOL
    assert step_states(result) == {"form": 1, "log-in": 1, "write": 0, "delete": 1}
    assert pages.notes == {}


def test_it_is_cleaned_up_after_a_hang(check: Check, pages: Pages) -> None:
    """The steps end before the check must, so that there is time; a clean-up for want of a value is left out."""
    pages.hangs = True
    delete = {
        "name": "all",
        "method": "DELETE",
        "url": f"{pages.url}/notes/17",
        "headers": {"X-CSRF-Token": "<<in_head>>"},
    }
    result = check(**journey(pages, cleanup=[*journey(pages)["cleanup"], delete]))
    assert (result.error_class, result.detail) == (ErrorClass.TIMEOUT, "step write: no answer in time")
    assert step_states(result) == {"form": 1, "log-in": 1, "write": 0, "all": 1}
    assert pages.notes == {}


def test_a_clean_up_that_fails_is_seen_and_fails_nothing(check: Check, pages: Pages) -> None:
    """The user did everything; the step says that the record stays."""
    pages.deletes_with = 500
    result = check(**journey(pages))
    assert result.error_class is None
    assert step_states(result)["delete"] == 0
    assert "delete" not in measured(result)


@pytest.mark.parametrize("place", ["field:nothing", "meta:nothing", "cookie:nothing", "header:X-Nothing"])
def test_a_value_that_is_not_there(check: Check, pages: Pages, place: str) -> None:
    """It is protocol, and the step and the place are named."""
    step = {"name": "form", "url": f"{pages.url}/login", "save": {"it": place}}
    result = check(kind="journey", steps=[step])
    assert (result.error_class, result.detail) == (ErrorClass.PROTOCOL, f"step form: nothing at {place} in the answer")
