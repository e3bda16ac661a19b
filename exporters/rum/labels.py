"""Closed sets of label values: whatever a client sends, a label is one of these or `other`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from exporters.core.cardinality import OTHER
from exporters.rum.remembered import Remembered

_DEVICES = frozenset({"phone", "tablet", "desktop"})
_CONNECTIONS = frozenset({"slow-2g", "2g", "3g", "4g"})

# In this order: browsers name those they are descended from as well.
_BROWSERS = (
    (b"edg/", "edge"),
    (b"edge/", "edge"),
    (b"edga/", "edge"),
    (b"edgios/", "edge"),
    (b"firefox/", "firefox"),
    (b"fxios/", "firefox"),
    (b"chrome/", "chrome"),
    (b"crios/", "chrome"),
    (b"safari/", "safari"),
)
BROWSERS = ("chrome", "edge", "firefox", "safari", OTHER)

# Programs that say what they are: crawlers, previews, scripts, browsers without a window. "Cubot" is a make of phones.
_BOTS = re.compile(
    rb"(?<!cu)bot\b|crawl|spider|slurp|headless|phantomjs|lighthouse|pagespeed|pingdom|uptime|preview|"
    rb"facebookexternalhit|curl/|wget/|python|java/|okhttp|go-http-client|libwww|httpclient|axios|node-fetch|"
    rb"puppeteer|playwright|selenium|cypress/|ptst/|synthetics|checkly|gtmetrix|statuscake|site24x7|"
    rb"google-inspectiontool|googleother|mediapartners-google"
)

Visitor = Literal["user", "bot", "own"]


def device(name: str) -> str:
    """Return the device class: phone, tablet, desktop or other."""
    return name if name in _DEVICES else OTHER


def connection(name: str) -> str:
    """Return the effective connection type: slow-2g, 2g, 3g, 4g or other."""
    return name if name in _CONNECTIONS else OTHER


def browser(user_agent: bytes) -> str:
    """Return the family of a browser, by its user agent in small letters."""
    return next((name for mark, name in _BROWSERS if mark in user_agent), OTHER)


class Visitors:
    """Tells users from programs."""

    def __init__(self, own_user_agents: Iterable[str]) -> None:
        """Take the texts in the user agents of this installation's own checks."""
        self._own = tuple(text.lower().encode() for text in own_user_agents)
        self._seen: Remembered[tuple[Visitor, str]] = Remembered()

    def of(self, user_agent: bytes, *, webdriver: bool) -> tuple[Visitor, str]:
        """Return who sent a beacon, and the family of the browser. One without a user agent is a bot."""
        key = hash(user_agent)
        found = self._seen.get(key)
        if found is None:
            found = self._seen.keep(key, self._look_at(user_agent.lower()))
        return ("bot", found[1]) if webdriver and found[0] == "user" else found

    def _look_at(self, user_agent: bytes) -> tuple[Visitor, str]:
        visitor: Visitor = "bot" if not user_agent or _BOTS.search(user_agent) else "user"
        return "own" if any(text in user_agent for text in self._own) else visitor, browser(user_agent)


class Routes:
    """The templates of the allow-list; a path or a template that fits none is `other`."""

    def __init__(self, templates: Iterable[str]) -> None:
        """Take templates such as /contacts/:id."""
        self._exact: set[str] = set()
        self._by_length: dict[int, list[tuple[str, tuple[str, ...]]]] = {}
        for template in templates:
            self._exact.add(template)
            parts = tuple(template.split("/"))
            self._by_length.setdefault(len(parts), []).append((template, parts))

    def fold(self, route: str) -> str:
        """Return the template that a route has or fits, the first of the list; query and fragment are ignored."""
        path = re.split("[?#]", route, maxsplit=1)[0]
        if path in self._exact:
            return path
        parts = path.split("/")
        for template, expected in self._by_length.get(len(parts), ()):
            if all(want == part or (want[:1] == ":" and part) for want, part in zip(expected, parts, strict=True)):
                return template
        return OTHER
