"""The inbox as `./run up` runs it: a process of its own, asked over HTTP and SMTP."""

from __future__ import annotations

import smtplib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import psutil
import requests

from tests.support import guards
from tests.support.exporter import ROOT
from tests.support.servers import free_port, process, wait_until


@dataclass(frozen=True, slots=True)
class Inbox:
    """A running inbox."""

    port: int
    mail_port: int
    process: psutil.Process
    log: Path
    http: requests.Session = field(default_factory=requests.Session)
    scheme: str = "http"

    @property
    def url(self) -> str:
        """Return its base URL."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def messages(self, after: int = 0) -> list[dict[str, Any]]:
        """Return the messages after the one with this id, oldest first."""
        answer = self.http.get(f"{self.url}/api/messages", params={"after": after}, timeout=10)
        found: list[dict[str, Any]] = answer.json()["messages"]
        return found

    def last_id(self) -> int:
        """Return the id of the newest message, or 0."""
        return max((message["id"] for message in self.messages()), default=0)

    def wait_for(self, wanted: Callable[[dict[str, Any]], bool], seconds: float, what: str) -> dict[str, Any]:
        """Wait for the first wanted message and return it; AssertionError naming `what` at the deadline."""
        wait_until(lambda: any(map(wanted, self.messages())), seconds, what)
        return next(filter(wanted, self.messages()))

    def post(self, path: str, document: Any) -> requests.Response:
        """Post JSON."""
        return self.http.post(f"{self.url}{path}", json=document, timeout=30)

    def mail(self, content: bytes | EmailMessage, recipients: Sequence[str] = ("on-call@pantry.example",)) -> None:
        """Send a mail; smtplib's exception if it is refused."""
        text = content.as_bytes(policy=SMTP) if isinstance(content, EmailMessage) else content
        with smtplib.SMTP("127.0.0.1", self.mail_port, timeout=30) as client:
            client.sendmail("alertmanager@pantry.example", list(recipients), text)


@contextmanager
def inbox(
    directory: Path,
    *,
    port: int | None = None,
    mail_port: int | None = None,
    guarded: Path | None = None,
    log: Path | None = None,
) -> Iterator[Inbox]:
    """Run an inbox that keeps its messages in `directory` until the block ends.

    `guarded`: a folder with the files of `guards.WEB`, for an inbox with TLS and login.
    """
    directory.mkdir(parents=True, exist_ok=True)
    port, mail_port, log = port or free_port(), mail_port or free_port(), log or directory / "inbox.log"
    command = [
        sys.executable, "-m", "pantrywatch", "inbox", "--listen", f"127.0.0.1:{port}",
        "--smtp", f"127.0.0.1:{mail_port}", "--keep", str(directory / "kept"),
    ]  # fmt: skip
    http, scheme = requests.Session(), "http"
    if guarded:
        (guarded / "inbox.yaml").write_text(f"environment: test\n{guards.WEB}")
        command += ["--settings", str(guarded / "inbox.yaml")]
        http, scheme = guards.client(guarded), "https"
    with process(command, log, environment={"PYTHONPATH": str(ROOT)}, cwd=directory) as child:

        def answers() -> bool:
            assert child.poll() is None, f"the inbox ended:\n{log.read_text()[-2000:]}"
            try:
                return http.get(f"{scheme}://127.0.0.1:{port}/healthz", timeout=2).ok
            except requests.RequestException:
                return False

        wait_until(answers, 30, "the inbox answers")
        yield Inbox(port, mail_port, psutil.Process(child.pid), log, http, scheme)
