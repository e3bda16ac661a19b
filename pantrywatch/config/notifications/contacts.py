"""Who can be told, and by which channels."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from pantrywatch.config.notifications.validation import expect, expect_url

CHANNELS = ("email", "slack", "webhook", "pagerduty")

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")


@dataclass(frozen=True, slots=True)
class MailServer:
    """The server that takes our mail; `tls` asks for STARTTLS (port 465 is TLS from the beginning)."""

    server: str
    sender: str
    tls: bool = True
    user: str | None = None
    password_file: str | None = None

    def __post_init__(self) -> None:
        """Raise ValueError saying what was expected."""
        host, _, port = self.server.rpartition(":")
        expect(bool(host) and port.isdigit() and 0 < int(port) < 65536, f"host:port in server, got {self.server!r}")
        expect("@" in self.sender, f"a mail address in sender, got {self.sender!r}")
        expect((self.user is None) == (self.password_file is None), "user and password_file together, or neither")
        expect(self.tls or self.user is None, "tls: true where a password is sent")


@dataclass(frozen=True, slots=True)
class Slack:
    """A Slack channel. The address of a Slack webhook is a secret: `url_file`; `url` is for relays that need none."""

    channel: str
    url: str | None = None
    url_file: str | None = None

    def __post_init__(self) -> None:
        """Raise ValueError saying what was expected."""
        expect(self.channel.startswith(("#", "@")), f"#channel or @person in channel, got {self.channel!r}")
        expect((self.url is None) != (self.url_file is None), "exactly one of url and url_file")
        if self.url is not None:
            expect_url(self.url, "url")
            host = urlsplit(self.url).hostname or ""
            expect(not host.endswith("slack.com"), "url_file: the address of a Slack webhook is a secret")


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that takes Alertmanager's JSON; with a token, or a user and a password, from files."""

    url: str
    token_file: str | None = None
    user: str | None = None
    password_file: str | None = None

    def __post_init__(self) -> None:
        """Raise ValueError saying what was expected."""
        expect_url(self.url, "url")
        expect((self.user is None) == (self.password_file is None), "user and password_file together, or neither")
        expect(self.token_file is None or self.user is None, "token_file or user, not both")


@dataclass(frozen=True, slots=True)
class PagerDuty:
    """A service of PagerDuty (events v2), or of anything that takes the same at `url`."""

    key_file: str
    url: str = "https://events.pagerduty.com/v2/enqueue"

    def __post_init__(self) -> None:
        """Raise ValueError saying what was expected."""
        expect_url(self.url, "url")


@dataclass(frozen=True, slots=True)
class Contact:
    """A person, a rota or a team, and the channels that reach them."""

    name: str
    email: str | None = None
    slack: Slack | None = None
    webhook: Webhook | None = None
    pagerduty: PagerDuty | None = None

    def __post_init__(self) -> None:
        """Raise ValueError saying what was expected."""
        expect(bool(_NAME.match(self.name)), f"a name of a-z, 0-9 and -, got {self.name!r}")
        expect(self.email is None or "@" in self.email, f"a mail address in email, got {self.email!r}")
        expect(bool(self.channels), f"a channel for {self.name}: {', '.join(CHANNELS)}")

    @property
    def channels(self) -> tuple[str, ...]:
        """The kinds of channels this contact has."""
        return tuple(channel for channel in CHANNELS if getattr(self, channel) is not None)
