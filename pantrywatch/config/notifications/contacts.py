"""Who can be notified, and by which channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from exporters.core.decoder import Problems, RecordCheck
from exporters.core.field_checks import expect_address, matching, optional
from pantrywatch.config.notifications.validation import expect_mail_address, expect_url

CHANNELS = ("email", "slack", "webhook", "pagerduty", "opsgenie", "msteams")


def _user_with_password(user: str | None, password_file: str | None) -> Problems:
    if (user is None) != (password_file is None):
        given, missing = ("user", "password_file") if user is not None else ("password_file", "user")
        yield given, f"expected user and password_file together, got no {missing}"


def _password_over_tls(tls: bool, user: str | None) -> Problems:  # noqa: FBT001 - named as the field
    if user is not None and not tls:
        yield "tls", "expected tls: true where a password is sent, got false"


@dataclass(frozen=True, slots=True)
class MailServer:
    """The server that takes the mail."""

    server: Annotated[str, "`host:port`; with port 465 the connection is TLS from the start.", expect_address]
    sender: Annotated[str, "The mail address that messages come from.", expect_mail_address]
    tls: Annotated[bool, "Whether to ask for STARTTLS."] = True
    user: Annotated[str | None, "The user to log in as; needs `password_file`."] = None
    password_file: Annotated[str | None, "The file with the password of `user`."] = None

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (_user_with_password, _password_over_tls)


def _one_url(url: str | None, url_file: str | None) -> Problems:
    if (url is None) == (url_file is None):
        yield "url", f"expected exactly one of url and url_file, got {'neither' if url is None else 'both'}"


def _expect_relay(url: str) -> None:
    expect_url(url)
    if (urlsplit(url).hostname or "").endswith("slack.com"):
        raise ValueError("expected url_file: the URL of a Slack webhook is a secret")


@dataclass(frozen=True, slots=True)
class Slack:
    """A Slack channel; exactly one of `url` and `url_file` is given."""

    channel: Annotated[str, "`#channel` or `@person`.", matching("[#@].+", "#channel or @person")]
    url: Annotated[str | None, "The URL of a relay that needs no secret.", optional(_expect_relay)] = None
    url_file: Annotated[str | None, "The file with the URL of the webhook, which is a secret."] = None

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (_one_url,)


def _one_login(token_file: str | None, user: str | None) -> Problems:
    if token_file is not None and user is not None:
        yield "token_file", "expected either token_file or user, got both"


@dataclass(frozen=True, slots=True)
class Webhook:
    """A URL that takes Alertmanager's JSON."""

    url: Annotated[str, "The URL to post to.", expect_url]
    token_file: Annotated[str | None, "The file with a token, sent as `Authorization: Bearer …`."] = None
    user: Annotated[str | None, "The user for basic authentication; needs `password_file`."] = None
    password_file: Annotated[str | None, "The file with the password of `user`."] = None

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (_user_with_password, _one_login)


@dataclass(frozen=True, slots=True)
class PagerDuty:
    """A service of PagerDuty (Events API v2), or of anything that takes the same at `url`."""

    key_file: Annotated[str, "The file with the integration key."]
    url: Annotated[str, "The URL to post events to.", expect_url] = "https://events.pagerduty.com/v2/enqueue"


@dataclass(frozen=True, slots=True)
class Opsgenie:
    """An API integration of Opsgenie, or of anything that takes the same at `url`."""

    key_file: Annotated[str, "The file with the API key of the integration."]
    url: Annotated[str, "The address of the API: `https://api.eu.opsgenie.com/` in Europe.", expect_url] = (
        "https://api.opsgenie.com/"
    )


@dataclass(frozen=True, slots=True)
class MsTeams:
    """A channel of Microsoft Teams, by a workflow that takes webhook requests; needs Alertmanager 0.28."""

    url_file: Annotated[str, "The file with the address of the workflow, which is a secret."]


def _some_channel(  # noqa: PLR0913, PLR0917 - each named as the field it reads
    email: str | None,
    slack: Slack | None,
    webhook: Webhook | None,
    pagerduty: PagerDuty | None,
    opsgenie: Opsgenie | None,
    msteams: MsTeams | None,
) -> Problems:
    if all(channel is None for channel in (email, slack, webhook, pagerduty, opsgenie, msteams)):
        yield "", f"expected at least one channel of {', '.join(CHANNELS)}, got none"


@dataclass(frozen=True, slots=True)
class Contact:
    """A person, a rota or a team, and the channels that reach them; at least one."""

    name: Annotated[
        str,
        "What steps, routes and the heartbeat call it.",
        matching("[a-z0-9]+(-[a-z0-9]+)*", "a name of a-z, 0-9 and -"),
    ]
    email: Annotated[str | None, "A mail address.", optional(expect_mail_address)] = None
    slack: Annotated[Slack | None, "A Slack channel."] = None
    webhook: Annotated[Webhook | None, "A webhook."] = None
    pagerduty: Annotated[PagerDuty | None, "A PagerDuty service."] = None
    opsgenie: Annotated[Opsgenie | None, "An Opsgenie integration."] = None
    msteams: Annotated[MsTeams | None, "A channel of Microsoft Teams."] = None

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (_some_channel,)

    @property
    def channels(self) -> tuple[str, ...]:
        """The kinds of channels this contact has."""
        return tuple(channel for channel in CHANNELS if getattr(self, channel) is not None)
